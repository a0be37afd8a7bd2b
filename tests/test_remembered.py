"""What is made once for an object lives as long as one test does, so that a table changed in place is seen."""

from __future__ import annotations

import gc

import numpy as np

import hotmess as hm
from hotmess.decompose.grouping import question_index
from hotmess.laws.length_relations import _arms
from hotmess.remembered import remembered, remembering


def test_a_table_changed_in_place_between_two_calls_is_seen():
    responses = hm.example()
    with remembering():
        first = _arms(responses)
        assert _arms(responses) is first
    responses.table["reasoning_tokens"] = responses.table["reasoning_tokens"].to_numpy()[::-1].copy()
    with remembering():
        assert _arms(responses) is not first
    cells = hm.reduce(hm.example())
    with remembering():
        before = question_index(cells.table)
        with remembering():
            assert question_index(cells.table) is before
        assert question_index(cells.table) is before
    cells.table["question"] = cells.table["question"].to_numpy()[::-1]
    with remembering():
        assert np.array_equal(question_index(cells.table), before[::-1])


def test_two_functions_of_one_object_keep_apart_and_keep_nothing_alive():
    class Table(list):
        pass

    table = Table([3, 1])
    low, high = remembered(min), remembered(max)
    with remembering():
        assert (low(table), high(table), low(table)) == (1, 3, 1)
        table[:] = [7]  # inside of one call nobody does this
        assert (low(table), high(table)) == (1, 3)
        del table
        gc.collect()
        assert [low(Table([n])) for n in np.arange(50)] == list(range(50))
