"""Reading tables: the same from every format, and refusals that name file and row."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hotmess as hm
from hotmess.errors import BadInput
from hotmess.responses.load import sniff
from hotmess.responses.opened import open_file
from hotmess.responses.read import read


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "benchmark": "b,1",
            "model": ["org/m", "NA"] * 4,
            "question": ["007", "007", "q\n2", "q\n2"] * 2,
            "sample": [0, 0, 0, 0, 1, 1, 1, 1],
            "answer": ["A", "B", "", "D"] * 2,
            "target": ["A", "A", "C", "C"] * 2,
            "n_choices": 4,
            "reasoning_tokens": [10, 20, 30, 45, 11, 23, 31, 42],
        }
    )


def write(frame: pd.DataFrame, path, kind: str):
    if kind == "parquet":
        frame.to_parquet(path)
    elif kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "tsv":
        frame.to_csv(path, index=False, sep="\t")
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dict("records")), encoding="utf-8")
    else:
        path.write_text(json.dumps(frame.to_dict("records")), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["parquet", "csv", "tsv", "jsonl", "json"])
def test_every_format_reads_the_same_whatever_its_name(frame, tmp_path, kind):
    got = read(write(frame, tmp_path / "table.data", kind))
    assert got.table["model"].tolist() == frame["model"].tolist()
    assert got.table["question"].tolist() == frame["question"].tolist()
    assert got.table["answer"].tolist() == [0, 1, -1, 3] * 2
    assert got.table["reasoning_tokens"].tolist() == frame["reasoning_tokens"].tolist()
    assert got.length == "reasoning_tokens"


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_vectors_survive_every_format(tmp_path, kind):
    frame = pd.DataFrame({"model": "m", "question": "q", "probs": [[0.25, 0.75], [1.0, 0.0]], "target": 0})
    got = read(write(frame, tmp_path / f"t.{kind}", kind))
    assert [v.tolist() for v in got.table["probs"]] == [[0.25, 0.75], [1.0, 0.0]]


def test_several_files_and_folders(frame, tmp_path):
    write(frame, tmp_path / "a.parquet", "parquet")
    (tmp_path / "sub").mkdir()
    write(frame.assign(sample=frame["sample"] + 2), tmp_path / "sub" / "b.csv", "csv")
    (tmp_path / "notes.txt").write_text("nothing, really\n")
    (tmp_path / ".hidden").write_text("model,question\n")
    assert len(read(tmp_path)) == 16
    assert len(read([tmp_path / "a.parquet", tmp_path / "sub"])) == 16


def test_the_same_file_twice_is_said_to_be_that(frame, tmp_path):
    path = write(frame, tmp_path / "a.csv", "csv")
    with pytest.raises(BadInput, match=r"a\.csv' is named twice; name it once"):
        read([path, tmp_path / "." / "a.csv"])


def test_columns_are_mapped_and_the_nearest_is_suggested(frame, tmp_path):
    path = write(frame.rename(columns={"reasoning_tokens": "tokens"}), tmp_path / "a.csv", "csv")
    assert read(path).length is None
    assert read(path, columns={"reasoning_tokens": "tokens"}).length == "reasoning_tokens"
    with pytest.raises(
        BadInput, match=r"no column 'token' in a\.csv to use as reasoning_tokens \(did you mean 'tokens'"
    ):
        read(path, columns={"reasoning_tokens": "token"})


def test_mapped_names_make_a_table_of_a_file_in_a_folder(frame, tmp_path):
    write(frame.rename(columns={"model": "llm"}), tmp_path / "a.jsonl", "jsonl")
    assert len(read(tmp_path, columns={"model": "llm"})) == 8


def test_where_counts_what_it_leaves_out(frame, tmp_path):
    path = write(frame, tmp_path / "a.csv", "csv")
    got = read(path, where="reasoning_tokens > 25 -- long ones")
    assert len(got) == 4
    assert any("4 rows were left out" in note for note in got.notes)
    assert len(got.where("model = 'NA'")) == 2


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("reasoning_token > 1", "Binder Error.*reasoning_token.*did you mean 'reasoning_tokens'"),
        ("model = = (1", "Parser Error"),
        ("model = 'nobody'", "No row is left"),
        ("1); DROP TABLE responses; --", "cannot be used"),
    ],
)
def test_bad_conditions(frame, tmp_path, where, words):
    path = write(frame, tmp_path / "a.csv", "csv")
    with pytest.raises(BadInput, match=words):
        read(path, where=where)


def test_conditions_open_no_files(frame, tmp_path):
    path = write(frame, tmp_path / "a.csv", "csv")
    with pytest.raises(BadInput, match="cannot be used"):
        read(path, where=f"1 = (select count(*) from read_csv('{path}'))")


def test_rows_are_named_as_they_stand_in_the_file_even_after_a_condition(frame, tmp_path):
    frame.loc[6, "answer"] = "Z"
    path = write(frame, tmp_path / "a.parquet", "parquet")
    with pytest.raises(
        BadInput, match=r"holds 'Z' in row 7 of a\.parquet, but the question has 4 options, A to D; --outside"
    ):
        read(path, where="sample = 1")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"  \n ", "is empty"),
        ("a.csv", b"model,question\n", "has no rows"),
        ("a.csv", b"model,question,answer\nm,q,\xff\xfe\n", "not text in UTF-8"),
        ("a.csv", b"model,question\nm,q\nm,q,r,s\n", "not sound CSV"),
        ("a.csv", b"\x00\x01\x02\x03", "named .csv but does not hold that"),
        ("a.parquet", b"model,question\nm,q\n", "named .parquet but does not hold that"),
        ("a.parquet", b"PAR1nonsense", "not sound Parquet"),
        ("a.jsonl", b'{"model": "m", "question": "q"}\n{"model": \n', "Line 2 of 'a.jsonl' is not sound JSON"),
        ("a.jsonl", b'{"model": "m", "question": "q"}\n[1]\n', "Record 2 of 'a.jsonl' is not a JSON object"),
        ("a.json", b'[{"model": "m"}, 3]', "not an array of JSON objects"),
        ("a.json", b'[{"model": "m"}', "not sound JSON"),
        (
            "a.csv",
            b"modle,question,answer\nm,q,A\n",
            "lacks the column model .*did you mean 'modle'.* --column model=ITS_NAME",
        ),
    ],
)
def test_files_that_are_not_what_they_seem(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput, match=words):
        read(path)


def test_missing_files_and_empty_folders(tmp_path):
    (tmp_path / "results.csv").write_text("model,question\n")
    with pytest.raises(BadInput, match=r"no file or folder .*result\.csv.*did you mean 'results\.csv'"):
        read(tmp_path / "result.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="is empty"):
        read(tmp_path / "empty")
    with pytest.raises(BadInput, match="No file was given"):
        read([])


def test_files_with_different_ways_of_writing_answers(frame, tmp_path):
    write(frame, tmp_path / "a.csv", "csv")
    other = frame.assign(answer=[0, 1, 2, 3] * 2, target=[0, 0, 2, 2] * 2, sample=frame["sample"] + 2)
    write(other, tmp_path / "b.csv", "csv")
    with pytest.raises(BadInput, match=r"mixes letters and indices .*b\.csv"):
        read(tmp_path)


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_responses_or_one_sentence(tmp_path, content):
    path = tmp_path / "bytes"
    path.write_bytes(content)
    try:
        assert all(sniff(file) in ("parquet", "feather", "csv", "jsonl", "json", "other") for file in open_file(path))
        read(path)
    except BadInput as error:
        assert "\n" not in str(error).strip()


def test_a_written_table_reads_back_the_same(frame, tmp_path):
    from hotmess.responses.written import write as write_table

    first = read(write(frame.assign(context=frame["sample"]), tmp_path / "a.csv", "csv"))
    write_table(first.table, tmp_path / "b.parquet")
    again = read(tmp_path / "b.parquet")
    pd.testing.assert_frame_equal(first.table, again.table[list(first.table.columns)], check_dtype=False)
    assert not list(tmp_path.glob(".b*"))


def test_large_numbers_and_dates_are_not_guessed_at(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("model,question,score,day\n2024-01-01,12345678901234567890,1,2024-05-05\n1e5,0x10,0,2024-05-06\n")
    got = read(path).table
    assert got["model"].tolist() == ["2024-01-01", "1e5"]
    assert got["question"].tolist() == ["12345678901234567890", "0x10"]
    assert got["score"].dtype == np.float64


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.sampled_from(["A", "b", "(C)", "0", "1", "-1", "", "NA", "nan", "1e400", "[0.5, 0.5]", "ä/ö", "stop"]),
    st.lists(st.one_of(st.floats(0, 1), st.integers(-1, 2), st.none(), st.text(max_size=2)), max_size=4),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
NAMES = ["benchmark", "model", "question", "sample", "answer", "target", "n_choices", "probs", "tests", "score", "text",
         "embedding", "point", "target_point", "family", "model_size_b", "condition", "budget", "context", "choices",
         "reasoning_tokens", "actions", "category", "finish_reason", "odd"]  # fmt: skip


@st.composite
def tables(draw):
    """Tables that are nearly right: sound rows, of which some values are replaced by anything."""
    rows = [
        {"model": "m", "question": f"q{i // 2}", "sample": i % 2, "answer": i % 3, "target": 0, "n_choices": 3,
         "score": 0.5, "tests": [1, 0], "probs": [0.5, 0.25, 0.25], "text": "x", "embedding": [1.0, 2.0]}
        for i in range(draw(st.integers(1, 5)))
    ]  # fmt: skip
    for _ in range(draw(st.integers(0, 3))):
        name, value = draw(st.sampled_from(NAMES)), draw(ODD)
        for row in rows if draw(st.booleans()) else [draw(st.sampled_from(rows))]:
            row[name] = value
    return rows


@given(tables(), st.sampled_from(["brier", "kl", "zero-one", "coverage", "score", "embedding", "a-norm", None]))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_table_is_decomposed_or_refused_in_one_sentence(tmp_path, rows, metric):
    from hotmess.decompose.records import decompose

    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    try:
        records = decompose(read(path, metric=metric), by=["model", "condition"], metric=metric, interval=0.9).records
    except BadInput as error:
        assert "\n" not in str(error).strip()
    else:
        json.dumps(records, allow_nan=False)


def test_tables_in_memory_are_read_like_files(tmp_path):
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "model": "m",
            "question": np.repeat(["q1", "q2", "q3"], 20),
            "sample": np.tile(range(20), 3),
            "answer": rng.integers(0, 4, 60),
            "target": 0,
            "n_choices": 4,
        }
    )
    before = frame.copy(deep=True)
    frame.to_parquet(tmp_path / "r.parquet", index=False)
    pd.testing.assert_frame_equal(read(frame).table, read(tmp_path / "r.parquet").table)
    pd.testing.assert_frame_equal(frame, before)
    other = pa.Table.from_pandas(frame.assign(model="n"))
    both = read([tmp_path / "r.parquet", other])
    assert sorted(both.table["model"].unique()) == ["m", "n"] and len(both) == 120
    with pytest.raises(BadInput, match="row 3 of the table"):
        read(frame.assign(answer=[0, 1, 9, *[0] * 57]))
    with pytest.raises(BadInput, match="write the table in memory"):
        read([frame], engine="duckdb")
    for take in (hm.fit, hm.decompose, hm.reduce, hm.Study, lambda x: hm.test("natural-overthinking", x)):
        with pytest.raises(BadInput, match=r"DataFrame: hotmess\.read makes"):
            take(frame)
