"""Reduction to cells against loops over rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess.decompose.squared import plug_in
from hotmess.errors import BadInput
from hotmess.responses.cells import reduce
from hotmess.responses.filter import arrow, connect
from hotmess.responses.placing import Space
from hotmess.responses.table import CELL
from hotmess.responses.tally import tally, tally_sql
from hotmess.responses.validate import validate


def table(seed: int, *, contexts: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 80))
    question = rng.integers(0, 4, n)
    frame = pd.DataFrame(
        {
            "model": rng.choice(["b", "a", "ü"], n),
            "question": [f"q{q}" for q in question],
            "budget": rng.choice(["low", "high"], n),
            "answer": rng.integers(-1, 3, n),
            "target": question % 3,
            "n_choices": 3 + question % 2,
            "reasoning_tokens": rng.choice([np.nan, 0, 8, 64], n),
            "finish_reason": rng.choice(["stop", "length", None], n),
            "category": [f"c{q}" for q in question],
        }
    )
    if contexts:
        frame["context"] = rng.integers(0, 3, n)
    return frame


@given(st.integers(0, 2**31), st.booleans())
@settings(max_examples=40, deadline=None)
def test_cells_are_counts_of_rows(seed, contexts):
    responses = validate(table(seed, contexts=contexts))
    cells = reduce(responses)
    groups = responses.table.groupby(list(CELL))
    assert len(cells) == len(groups)
    assert cells.table[list(CELL)].apply(tuple, axis=1).is_monotonic_increasing
    for i, row in cells.table.iterrows():
        mine = groups.get_group(tuple(row[name] for name in CELL))
        assert row["responses"] == len(mine)
        assert row["right"] == (mine["answer"] == mine["target"]).sum()
        assert row["unparsable"] == (mine["answer"] == -1).sum()
        assert row["at_limit"] == (mine["finish_reason"] == "length").sum()
        assert (row["target"], row["n_choices"]) == (mine["target"].iloc[0], mine["n_choices"].iloc[0])
        assert row["category"] == mine["category"].iloc[0]
        logs = np.log2(mine["reasoning_tokens"][mine["reasoning_tokens"] > 0])
        assert row["log2_length"] == pytest.approx(logs.mean(), nan_ok=True)
        assert cells.counts[i, :-1].tolist() == [(mine["answer"] == k).sum() for k in range(cells.counts.shape[1] - 1)]
        assert cells.counts[i, -1] == (mine["answer"] == -1).sum()
    np.testing.assert_array_equal(
        np.add.reduceat(
            cells.points.copies[:, None] * cells.clusters, np.unique(cells.points.cell, return_index=True)[1]
        ),
        cells.counts,
    )
    np.testing.assert_array_equal(cells.clusters.sum(axis=1), cells.points.n)
    assert (np.diff(cells.points.cell) >= 0).all()


def test_letters_without_contexts_are_one_row_per_distinct_answer():
    frame = pd.DataFrame({"model": "m", "question": "q", "answer": [2, 0, 2, 2], "target": 0, "n_choices": 3})
    points = reduce(validate(frame)).points
    assert points.copies.tolist() == [1, 3]
    assert points.n.tolist() == [1, 1]
    assert points.sum.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_contexts_with_repeats_are_clusters_and_mixed_cells_are_told_apart():
    frame = pd.DataFrame(
        {
            "model": "m",
            "question": ["q"] * 4 + ["r"] * 3,
            "condition": ["few"] * 4 + ["zero"] * 3,
            "context": [1, 1, 2, 2, None, None, None],
            "answer": [0, 0, 1, 0, 1, 1, 0],
            "target": 0,
            "n_choices": 2,
        }
    )
    points = reduce(validate(frame)).points
    assert points.cell.tolist() == [0, 0, 1, 1]
    assert points.n.tolist() == [2, 2, 1, 1]
    assert points.copies.tolist() == [1, 1, 1, 2]


def test_one_context_in_a_cell_makes_responses_the_clusters():
    frame = pd.DataFrame(
        {"model": "m", "question": "q", "context": "only", "answer": [0, 1, 1], "target": 0, "n_choices": 2}
    )
    assert reduce(validate(frame)).points.n.tolist() == [1, 1]


def test_split_columns_divide_cells_and_nulls_belong_to_none():
    frame = table(3).assign(extra=lambda d: [None if i % 5 == 0 else i % 2 for i in range(len(d))])
    cells = reduce(validate(frame), split=["extra"])
    assert cells.table["responses"].sum() == frame["extra"].notna().sum()
    assert set(cells.table["extra"]) <= {0, 1}
    with pytest.raises(BadInput, match="did you mean 'extra'"):
        reduce(validate(frame), split=["extr"])
    with pytest.raises(BadInput, match="No response has a value"):
        reduce(validate(frame.assign(extra=pd.Series([None] * len(frame), dtype=object))), split=["extra"])


@pytest.mark.parametrize("values", [[1, "x", None], [[1], [2], [1]], [True, False, None], [{"a": 1}, None, None]])
def test_columns_of_any_type_can_divide_cells(values):
    frame = pd.DataFrame({"model": "m", "question": "q", "score": 1.0, "odd": pd.Series(values, dtype=object)})
    assert reduce(validate(frame), split=["odd"]).table["responses"].sum() == sum(v is not None for v in values)


def test_the_same_query_reads_a_file_directly(tmp_path):
    responses = validate(table(5))
    path = tmp_path / "t.parquet"
    import pyarrow.parquet as pq

    pq.write_table(arrow(responses.table), path)
    sql = tally_sql(f"'{path}'", value="answer", carried={"target": "max"})
    connection = connect()
    connection.execute("SELECT 1")
    import duckdb

    files = duckdb.connect()
    files.execute("SET enable_progress_bar = false")
    rows = tally(files, sql).to_pandas()
    assert rows["copies"].sum() == len(responses)
    cells = reduce(responses)
    first = rows.groupby(list(CELL))["copies"].sum()
    assert first.tolist() == cells.table["responses"].tolist()


def test_names_that_look_like_sql_are_names():
    frame = table(6).rename(columns={"category": 'a"b; --'})
    cells = reduce(validate(frame), split=['a"b; --'])
    assert cells.table["responses"].sum() == len(frame)


def test_votes_split_ties():
    frame = pd.DataFrame({"model": "m", "question": "q", "probs": [[0.4, 0.4, 0.2], [0.1, 0.6, 0.3]], "target": 1})
    points = reduce(validate(frame), space=Space("votes")).points
    assert points.sum.tolist() == [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]


def test_unparsable_vectors_are_uniform():
    frame = pd.DataFrame({"model": "m", "question": "q", "probs": [[0.5, 0.5, 0.0, 0.0], None], "target": 1})
    cells = reduce(validate(frame))
    assert cells.points.sum.tolist() == [[0.5, 0.5, 0.0, 0.0], [0.25] * 4]
    assert cells.table["unparsable"].tolist() == [1]
    wrong = reduce(validate(frame), space=Space(unparsable="wrong"))
    assert wrong.points.sum[1].tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_unit_tests_of_different_numbers():
    frame = pd.DataFrame(
        {"model": "m", "question": ["a", "a", "b", "b"], "tests": [[1, 0, 1, 1], [1, 0, 1, 1], [1], [0]]}
    )
    cells = reduce(validate(frame))
    assert cells.points.copies.tolist() == [2, 1, 1]
    terms = plug_in(cells.points)
    np.testing.assert_allclose(terms.error, [0.25, 0.5])
    np.testing.assert_allclose(terms.variance, [0.0, 0.25], atol=1e-15)
    assert cells.table["right"].tolist() == [0, 1]


def test_free_text_with_contexts_numbers_distinct_answers_within_a_cell():
    frame = pd.DataFrame(
        {
            "model": "m",
            "question": "q",
            "context": [0, 0, 1, 1],
            "text": ["x", "y", "y", "x"],
            "target": "x",
        }
    )
    cells = reduce(validate(frame))
    assert cells.points.sum[:, :2].tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert cells.table["target"].tolist() == ["x"]


def test_few_rows_are_counted_as_the_query_counts_them(monkeypatch):
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"question": rng.integers(0, 9, 400), "model": rng.choice(["m", "n"], 400)})
    rows = rows.assign(answer=rng.choice(["A", "B", "C", None], 400), target="A", n_choices=3)
    rows["context"] = np.where(rows["model"] == "m", None, rng.choice(["x", "y"], 400))
    rows["tokens"] = np.where(rng.random(400) < 0.2, np.nan, rng.integers(0, 50, 400))
    rows["finish_reason"] = rng.choice(["stop", "length", None], 400)
    rows["half"] = rng.choice(["shorter", "longer", None], 400)
    responses = validate(rows, length="tokens")
    for split in ((), ("half",)):
        few = reduce(responses, split=split)
        with monkeypatch.context() as patched:
            patched.setattr("hotmess.responses.tally.FEW", 0)
            queried = reduce(responses, split=split)
        pd.testing.assert_frame_equal(few.table, queried.table, check_exact=True)
        for name in ("cell", "copies", "n", "sum"):
            assert np.array_equal(getattr(few.points, name), getattr(queried.points, name))
        assert np.array_equal(few.clusters, queried.clusters) and np.array_equal(few.contexts, queried.contexts)
