"""Counts in few bytes are the same counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hotmess.responses.cells import _tally_by_sql
from hotmess.responses.coded import _coded, coded_frame, coded_table, narrow, usual
from hotmess.responses.tally_counts import tally_counts


def counts(rows: int, *, context: bool) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(7)
    frame = {"c0": draw.integers(0, 5, rows), "c1": draw.integers(-2, 9, rows), "value": draw.integers(-1, 4, rows)}
    if context:
        frame["context"] = draw.integers(0, 3, rows)
    frame |= {"copies": draw.integers(1, 90, rows), "at_limit": draw.integers(0, 3, rows)}
    return frame | {"sum_log2_length": draw.uniform(0, 50, rows), "with_length": draw.integers(0, 9, rows)}


@pytest.mark.parametrize("context", [False, True])
@pytest.mark.parametrize("rows", [1, 40, 5_000])
def test_one_sort_adds_up_what_the_query_adds_up(rows, context):
    frame = counts(rows, context=context)
    found = tally_counts(frame, ["c0", "c1"])
    asked = _tally_by_sql(pa.table(frame | {"row": np.arange(rows)}), ["c0", "c1"], True)
    assert found is not None and {*found} == {*asked.column_names}
    for name in asked.column_names:
        np.testing.assert_allclose(found[name], asked[name].to_numpy(), rtol=1e-12, err_msg=name)


def test_what_is_no_whole_number_is_left_to_the_query():
    frame = counts(10, context=False)
    assert tally_counts(frame | {"value": frame["value"] / 2}, ["c0", "c1"]) is None
    wide = {f"c{at}": np.array([0, 2**40]) for at in range(2)}
    assert (
        tally_counts({**wide, **{name: values[:2] for name, values in frame.items() if name[0] != "c"}}, [*wide])
        is None
    )


def test_batches_become_one_table_of_codes():
    text = [["b", None, "a"], ["c", "a", "b"]]
    number = [[1, 2, 3], [2**40, 5, 6]]
    before = pa.total_allocated_bytes()
    batches = (
        pa.record_batch(
            {"question": a, "copies": b, "share": pa.array([0.5] * 3), "pad": pa.array(["x" * 100_000] * 3)}
        )
        for a, b in zip(text, number, strict=True)
    )
    schema = pa.schema({"question": pa.string(), "copies": pa.int64(), "share": pa.float64(), "pad": pa.string()})
    table = coded_table(batches, schema)
    assert table["question"].to_pylist() == [*text[0], *text[1]]
    assert table["copies"].to_pylist() == [*number[0], *number[1]]
    assert pa.total_allocated_bytes() - before < 250_000  # one copy of the long text, not six
    frame = coded_frame({name: table[name] for name in ("question", "copies")})
    assert frame["question"].cat.categories.tolist() == ["a", "b", "c"]
    assert frame["question"].astype(object).where(frame["question"].notna(), None).tolist() == [*text[0], *text[1]]


@pytest.mark.parametrize("column", [pa.array([0.5, None]), pa.array([1, 2], pa.int8()), pa.array([1, 2], pa.int64())])
def test_no_column_keeps_the_memory_of_its_batch(column):
    kept = _coded(column)
    assert kept.to_pylist() == column.to_pylist()
    assert kept.buffers()[1].address != column.buffers()[1].address


def test_numbers_of_counts_are_as_short_as_they_may_be():
    frame = pd.DataFrame({"question": pd.Categorical(["a", "b"]), "answer": [-1, 3], "target": [0, 2**20]})
    frame = frame.assign(copies=[1, 2], with_length=1, at_limit=0, sum_log2_length=[0.1, 0.3], model_size_b=[0.5, 70.0])
    whole = frame.drop(columns="sum_log2_length")  # no counts
    narrow(whole)
    assert whole.dtypes.equals(frame.drop(columns="sum_log2_length").dtypes)
    short = frame.copy()
    narrow(short)
    found = {name: str(kind) for name, kind in short.dtypes.items() if name != "question"}
    counts = {"copies": "int32", "with_length": "int32", "at_limit": "int32", "sum_log2_length": "float64"}
    assert found == {"answer": "int16", "target": "int32", "model_size_b": "float32", **counts}
    for name in found:
        pd.testing.assert_series_equal(usual(short[name]), frame[name])
    for sizes in ([0.6, 70.0], [1e300, 1.0]):  # which 4 bytes do not hold
        odd = frame.assign(model_size_b=sizes)
        narrow(odd)
        assert odd["model_size_b"].tolist() == sizes
