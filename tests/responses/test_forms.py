"""One table in every form that people write it in reads the same; forms that lose something are refused."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table_forms import FRAME, WRITERS

from hotmess.errors import BadInput, Damaged
from hotmess.responses.read import read


def same(got: pd.DataFrame, want: pd.DataFrame) -> None:
    keys = ["model", "question", "sample"]
    columns = [*keys, "answer", "target", "n_choices", "reasoning_tokens"]
    got, want = (x.sort_values(keys)[columns].reset_index(drop=True) for x in (got, want))
    pd.testing.assert_frame_equal(got, want, check_dtype=False)


@pytest.mark.parametrize("form", WRITERS)
def test_every_form_reads_the_same(form, tmp_path):
    path = tmp_path / "table"
    WRITERS[form](FRAME, path)
    same(read(path).table, read(FRAME).table)


def in_memory(frame: pd.DataFrame) -> dict[str, object]:
    polars = pytest.importorskip("polars")
    import duckdb

    mixed = frame.convert_dtypes()
    arrow = frame.convert_dtypes(dtype_backend="pyarrow")
    return {
        "arrow": pa.Table.from_pandas(frame),
        "polars": polars.from_arrow(pa.Table.from_pandas(frame)),
        "polars, lazy": polars.from_arrow(pa.Table.from_pandas(frame)).lazy(),
        "duckdb": duckdb.connect().from_arrow(pa.Table.from_pandas(frame)),
        "nullable": mixed,
        "pandas on arrow": arrow,
        "categories": frame.astype({"model": "category", "question": "category", "target": "category"}),
        "index": frame.set_index(["model", "question"]),
        "index beside a column": frame.set_index("model", drop=False),
    }


def test_tables_of_any_library_read_the_same():
    want = read(FRAME).table
    for table in in_memory(FRAME).values():
        same(read(table).table, want)
    with pytest.raises(BadInput, match="2 levels"):
        read(pd.concat({"x": FRAME}, axis=1))
    with pytest.raises(BadInput, match="needed, not int"):
        read([3])


CELLS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), min_size=1, max_size=6
)


@given(
    st.lists(st.tuples(CELLS.filter(str.strip), st.sampled_from("ABCD"), st.integers(1, 10**9)), min_size=1, max_size=6)
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_survives_every_form(tmp_path, rows):
    frame = pd.DataFrame(
        [
            {"model": "m", "question": question, "sample": at, "answer": letter, "target": "A", "n_choices": 4,
             "reasoning_tokens": tokens}
            for at, (question, letter, tokens) in enumerate(rows)
        ]
    )  # fmt: skip
    want = read(frame, allow_copies=True).table
    for form in ("parquet", "csv", "jsonl.gz", "feather", "json columns", "json split"):
        path = tmp_path / "table"
        WRITERS[form](frame, path)
        same(read(path, allow_copies=True).table, want)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"model,question,score\nm,q,1\nm,q\n", "not sound CSV: Row #3: Expected 3 columns, got 2"),
        ("a.csv", b'model,question,score\nm,"q,1\nm,q,0\n', "a quoted text is not closed"),
        ("a.csv", "model,question,score\nm,q,1\n".encode("utf-16"), "UTF-16|does not hold that"),
        ("a.csv.gz", gzip.compress(b"model,question,score\nm,q,1\n" * 9, mtime=0)[:-9], "cannot be unpacked"),
        ("a.jsonl.zst", b"\x28\xb5\x2f\xfd" + b"x" * 40, "cannot be unpacked"),
        ("a.zip", b"PK\3\4 and no more", "no sound zip"),
        ("a.jsonl", b'{"model": "m", "question": "q", "score": 1}\n{"model": "m", "question": "q", "sc', "Line 2"),
        ("a.jsonl", b'{"model": "m", "question": "q", "score": 1}\n' + b"\0" * 90, "holds a NUL"),
        ("a.json", b'[{"model": "m", "question": "q", "score": 1}', "not sound JSON"),
        ("a.json", b'{\n"model": "m"}\n{"model": ', "not sound JSON after 1 whole"),
        ("a.feather", b"ARROW1\0\0 and no more", "not sound Feather"),
        ("a.parquet", b"", "is empty"),
    ],
)
def test_what_is_cut_off_is_damaged(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Damaged, match=words):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps([["m", "q", 1]]), "orient='records'"),
        (json.dumps({"a": {"b": 1, "c": 2}, "d": {"b": 3, "c": 4}}), "orient='records'"),
        (json.dumps({"model": ["m"], "question": ["q", "r"], "score": [1]}), "different lengths"),
        (json.dumps({"columns": ["model", "question"], "data": [["m"]]}), "not as long as its columns"),
        (json.dumps({"a": 1, "b": {"c": 2}}), "lacks the columns model, question and score"),
    ],
)
def test_json_in_which_names_are_lost_says_how_to_write_it(tmp_path, content, words):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(BadInput, match=words):
        read(tmp_path / "a.json")


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("hotmess.responses.opened.MOST", 1 << 20)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b" " * (1 << 24)))
    with pytest.raises(BadInput, match="250 times its size"):
        read(tmp_path / "a.jsonl.gz")


def test_an_archive_says_to_unpack_it(tmp_path):
    import tarfile

    FRAME.to_csv(tmp_path / "a.csv")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "a.csv")
    with pytest.raises(BadInput, match="unpack it first"):
        read(tmp_path / "a.tar.gz")


def test_a_number_that_stands_above_the_rows_is_each_rows(tmp_path):
    rows = [{"question": "q", "answer": a, "target": "A", "n_choices": 4} for a in "AB"]
    (tmp_path / "a.json").write_text(json.dumps({"model": "m", "results": rows}))
    got = read(tmp_path / "a.json")
    assert got.table["model"].tolist() == ["m", "m"] and any("stands above its results" in note for note in got.notes)


def test_a_folder_named_like_a_column_that_the_file_contradicts_is_refused(tmp_path):
    home = tmp_path / "model=other"
    home.mkdir()
    FRAME.to_parquet(home / "a.parquet")
    with pytest.raises(BadInput, match="other values than the folder model=other"):
        read(tmp_path)


def test_dates_decimals_and_large_numbers_of_arrow(tmp_path):
    import decimal

    table = pa.table(
        {
            "model": ["m", "m"],
            "question": pa.array([2**60 + 1, 2**60 + 2]),
            "score": pa.array([decimal.Decimal("0.5"), decimal.Decimal("1.0")]),
            "day": pa.array(np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[D]")),
        }
    )
    got = read(table).table
    assert got["question"].tolist() == [str(2**60 + 1), str(2**60 + 2)] and got["score"].tolist() == [0.5, 1.0]


def test_names_too_long_for_any_number_stay_different(tmp_path):
    rows = [{"model": "m", "question": 10**30 + at, "score": at} for at in range(2)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read(tmp_path / "a.jsonl").table["question"].nunique() == 2
    (tmp_path / "a.jsonl").write_text(json.dumps({**rows[0], "reasoning_tokens": 10**400}) + "\n")
    with pytest.raises(BadInput, match="Column reasoning_tokens holds"):
        read(tmp_path / "a.jsonl")
