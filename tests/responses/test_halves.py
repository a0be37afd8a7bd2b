"""Halves of a cell's responses by length."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.errors import BadInput
from hotmess.responses.halves import halves, split_halves
from hotmess.responses.validate import validate


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.randoms())
def test_halves_by_definition_and_exchangeable(lengths, random):
    values = np.array(lengths, dtype=float)
    got = halves(values, np.zeros(len(values), int))
    median = np.median(values)
    expected = np.where(values < median, 0, np.where(values > median, 1, -1))
    if not ({0, 1} <= set(expected)):
        expected[:] = -1
    assert got.tolist() == expected.tolist()
    # Permuting the lengths permutes the halves: their sizes depend on the lengths alone.
    order = list(range(len(values)))
    random.shuffle(order)
    assert halves(values[order], np.zeros(len(values), int)).tolist() == got[order].tolist()


def test_medians_are_of_each_cell():
    frame = pd.DataFrame(
        {
            "model": "m",
            "question": ["a"] * 4 + ["b"] * 3 + ["c"] * 2,
            "score": 1.0,
            "reasoning_tokens": [1, 2, 3, 4, 100, 200, None, 5, 5],
        }
    )
    got = split_halves(validate(frame))
    assert got.table["half"].astype(object).where(got.table["half"].notna(), None).tolist() == [
        "shorter", "shorter", "longer", "longer", "shorter", "longer", None, None, None,
    ]  # fmt: skip
    assert any("3 of 9 responses are in neither half" in note for note in got.notes)


def test_without_lengths_there_are_no_halves():
    with pytest.raises(BadInput, match="Halves need lengths"):
        split_halves(validate(pd.DataFrame({"model": "m", "question": "q", "score": [1.0]})))
