"""Counts made by SQL where responses lie, against the same responses loaded whole."""

from __future__ import annotations

from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hotmess as hm
from hotmess.cli import main
from hotmess.responses.halves import split_halves

RNG = np.random.default_rng(3)


def letters(questions: int = 6, contexts: int = 3, draws: int = 4) -> pd.DataFrame:
    """Responses of two models at two budgets, with contexts, unparsable answers, missing lengths and cut-off ones."""
    names = ["model", "question", "budget", "context", "sample"]
    levels = [["big", "small/é"], [f"q{i}" for i in range(questions)], [128, 1024], range(contexts), range(draws)]
    table = pd.MultiIndex.from_product(levels, names=names).to_frame(index=False)
    size = len(table)
    table["benchmark"] = np.where(table["question"] < "q3", "one", "two")
    table["answer"] = RNG.choice([-1, 0, 1, 2], size, p=[0.1, 0.4, 0.3, 0.2])
    table["target"] = table["question"].str[1:].astype(int) % 3
    table["n_choices"] = 3
    table["model_size_b"] = np.where(table["model"] == "big", 7.0, 0.5)
    table["tokens"] = RNG.integers(0, 400, size).astype(float)
    table.loc[::7, "tokens"] = np.nan
    table["finish_reason"] = RNG.choice(["stop", "length"], size)
    return table


def both(frame: pd.DataFrame, path, **options):
    """The same file read whole and counted."""
    frame.to_parquet(path)
    return hm.read(path, **options), hm.read(path, engine="duckdb://?threads=1", **options)


def same_cells(one: hm.Responses, other: hm.Responses, split=()) -> None:
    a, b = hm.reduce(one, split=split), hm.reduce(other, split=split)
    pd.testing.assert_frame_equal(a.table, b.table, rtol=1e-12)
    assert (a.counts is None) == (b.counts is None)
    if a.counts is not None and b.counts is not None:
        np.testing.assert_array_equal(a.counts, b.counts)
        np.testing.assert_array_equal(a.clusters, b.clusters)
    one_frame, other_frame = (
        hm.decompose(r, by=["model", *split], interval=0.9).frame().drop(columns=["reliable"]) for r in (one, other)
    )
    pd.testing.assert_frame_equal(one_frame, other_frame, rtol=1e-9)


def test_counted_letters_make_the_same_cells(tmp_path):
    options = {"columns": {"reasoning_tokens": "tokens"}, "where": "budget > 200 or model = 'big'"}
    whole, counted = both(letters(), tmp_path / "r.parquet", **options)
    assert counted.counted and not whole.counted
    assert int(counted.table["copies"].sum()) == len(whole) > len(counted)
    same_cells(whole, counted)
    same_cells(whole.difficulty(), counted.difficulty(), ["difficulty"])
    assert counted.summary().startswith("216 responses of 2 models to 6 questions in 2 benchmarks")
    assert counted.notes[0] == "216 rows were counted by duckdb://?threads=1."


def test_estimators_and_fits_agree(tmp_path):
    frame = letters(contexts=1).drop(columns=["context"])
    whole, counted = both(frame, tmp_path / "r.parquet", length="tokens")
    one, other = (hm.decompose(r, by=["model"], estimator="unbiased", interval=0.9).frame() for r in (whole, counted))
    pd.testing.assert_frame_equal(one, other)
    one, other = (hm.fit(r, seed=1, draws=50).summary(["model"]) for r in (whole, counted))
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize("outcome", ["probs", "tests", "score", "text"])
def test_every_kind_of_outcome(tmp_path, outcome):
    frame = letters().drop(columns=["answer", "finish_reason"])
    spread = [[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], None]
    runs = [[1, 1, 0], [1, 1, 1], [0, 0, 0]]
    kind = RNG.integers(0, 3, len(frame))
    if outcome == "probs":
        frame["probs"] = [spread[k] for k in kind]
    elif outcome == "tests":
        frame = frame.drop(columns=["target", "n_choices"]).assign(tests=[runs[k] for k in kind])
    elif outcome == "score":
        frame = frame.drop(columns=["target", "n_choices"]).assign(score=[0.0, 0.25, 1.0][0] + kind / 2)
    else:
        frame = frame.drop(columns=["n_choices"]).assign(target="x y", text=[("X  y", "z", None)[k] for k in kind])
    same_cells(*both(frame, tmp_path / "r.parquet"))


def test_files_together_and_further_columns(tmp_path):
    frame = letters().assign(topic=lambda t: np.where(t["question"] < "q2", "a", "b"))
    (tmp_path / "parts").mkdir()
    for name, part in frame.groupby("model"):
        part.to_parquet(tmp_path / "parts" / f"{name[:3]}.parquet")
    counted = hm.read(tmp_path / "parts", engine="duckdb", keep=["topic"])
    same_cells(hm.read(tmp_path / "parts"), counted, ["topic"])


@pytest.mark.parametrize("samples", [np.arange, lambda n: np.arange(n) * 1000, lambda n: np.arange(n).astype(str)])
def test_duplicates_are_found_however_samples_are_numbered(tmp_path, samples):
    frame = pd.DataFrame(
        {"model": "m", "question": "q", "answer": RNG.integers(0, 2, 130), "target": 0, "n_choices": 2}
    )
    frame["sample"] = samples(130)
    frame.to_parquet(tmp_path / "fine.parquet")
    assert int(hm.read(tmp_path / "fine.parquet", engine="duckdb").table["copies"].sum()) == 130
    # Two different answers under one number, and the same answer twice.
    for at in (np.flatnonzero(frame["answer"] == 0)[:1], np.flatnonzero(frame["answer"] == 1)[:1]):
        bad = frame.copy()
        bad.loc[129, "sample"] = bad["sample"].iloc[int(at[0])]
        bad.to_parquet(tmp_path / "bad.parquet")
        with pytest.raises(hm.BadInput, match="duplicates: two responses of model 'm' to question 'q'"):
            hm.read(tmp_path / "bad.parquet", engine="duckdb")
        # In another context the number may come again.
        bad.assign(context=np.r_[np.zeros(129), 1]).to_parquet(tmp_path / "bad.parquet")
        assert hm.read(tmp_path / "bad.parquet", engine="duckdb").counted


def test_counts_written_are_read_as_counts(tmp_path, capsys):
    letters().rename(columns={"tokens": "reasoning_tokens"}).to_parquet(tmp_path / "r.parquet")
    command = ["read", str(tmp_path / "r.parquet"), "--engine", "duckdb", "--out", str(tmp_path / "counts.parquet")]
    assert main([*command, "--where", "budget = 128"]) == 0
    assert main(["decompose", str(tmp_path / "counts.parquet"), "--estimator", "unbiased", "--json"]) == 0
    counted = capsys.readouterr().out
    assert (
        main(["decompose", str(tmp_path / "r.parquet"), "--estimator", "unbiased", "--where", "budget = 128", "--json"])
        == 0
    )
    assert capsys.readouterr().out == counted
    table = pd.read_parquet(tmp_path / "counts.parquet")
    table.assign(copies=0).to_parquet(tmp_path / "none.parquet")
    with pytest.raises(hm.BadInput, match=r"Column copies holds 0 in row 1 of none\.parquet"):
        hm.read(tmp_path / "none.parquet")
    responses = hm.read(tmp_path / "counts.parquet")
    same_cells(hm.read(tmp_path / "r.parquet", where="budget = 128"), responses)
    for use in (hm.Study, split_halves):
        with pytest.raises(hm.BadInput, match="needs responses one by one"):
            use(responses)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"where": "modle = 1"}, "refuses the query: Binder Error"),
        ({"where": "model = 'none'"}, "No row is left by the condition"),
        ({"where": "exists (from read_csv('/etc/passwd'))"}, "looks at a table of its own"),
        ({"columns": {"reasoning_tokens": "token"}}, "no column 'token' in the files.*did you mean 'tokens'"),
        ({"outcome": "anser"}, "no outcome 'anser'"),
        ({"metric": "coverage"}, "needs the outcome tests"),
        ({"length": "words"}, "no column 'words'"),
        ({"keep": ["topci"]}, "no column 'topci'"),
        ({"engine": "duckdb://?memory_limt=1GB"}, "cannot be used: .*memory_limt"),
        ({"scorer": "s"}, "leave out scorer"),
        ({"columns": {"target": "sample"}}, "Column target holds option 3 in count"),
        ({"columns": {"reasoning_tokens": "answer"}}, "holds a length below 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_one_sentence(tmp_path, options, words):
    letters().to_parquet(tmp_path / "r.parquet")
    with pytest.raises(hm.BadInput, match=words) as refused:
        hm.read(tmp_path / "r.parquet", **{"engine": "duckdb", **options})
    assert "\n" not in str(refused.value)


def test_only_parquet_is_counted(tmp_path):
    letters().to_csv(tmp_path / "r.csv")
    for name, words in (("r.csv", "An engine reads Parquet"), ("none", "no file or folder")):
        with pytest.raises(hm.BadInput, match=words):
            hm.read(tmp_path / name, engine="duckdb")
    with pytest.raises(hm.BadInput, match="No file was given"):
        hm.read([], engine="duckdb")


class Backend:
    """What counting asks of a connected backend of Ibis, answered by DuckDB."""

    name = "other"

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET enable_progress_bar = false")
        self.read = 0

    def list_tables(self) -> list[str]:
        return [name for (name,) in self.connection.sql("SELECT table_name FROM duckdb_tables()").fetchall()]

    def table(self, name: str) -> Table:
        return Table(name, self.connection)

    def read_parquet(self, path: str) -> Table:
        self.read += 1
        self.connection.execute(f"CREATE VIEW file{self.read} AS SELECT * FROM read_parquet('{path}')")
        return Table(f"file{self.read}", self.connection)

    def sql(self, query: str, dialect: str) -> SimpleNamespace:
        assert dialect == "duckdb"
        return SimpleNamespace(to_pyarrow=self.connection.sql(query).to_arrow_table)


class Table:
    def __init__(self, name: str, connection: duckdb.DuckDBPyConnection) -> None:
        self.name, self.connection = name, connection

    def get_name(self) -> str:
        return self.name

    def schema(self) -> dict[str, SimpleNamespace]:
        found = self.connection.sql(f"DESCRIBE {self.name}").fetchall()
        return {name: SimpleNamespace(is_integer=lambda kind=kind: "INT" in kind) for name, kind, *_ in found}


def test_a_connected_backend_counts_files_and_its_own_tables(tmp_path):
    frame = letters()
    (tmp_path / "parts").mkdir()
    for name, part in frame.groupby("model"):
        # The second file has a column that the first one lacks: such columns are not there.
        (part if name == "big" else part.assign(more=1)).to_parquet(tmp_path / "parts" / f"{name[:3]}.parquet")
    backend = Backend()
    backend.connection.execute(f"CREATE TABLE runs AS FROM read_parquet('{tmp_path}/parts/*', union_by_name = true)")
    options = {"columns": {"reasoning_tokens": "tokens"}, "where": "context <> 1"}
    whole = hm.read(tmp_path / "parts", **options)
    same_cells(whole, hm.read(tmp_path / "parts", engine=backend, **options))
    same_cells(whole, hm.read("runs", engine=backend, **options))
    assert "runs" in backend.list_tables()  # it was not closed
    for path, more, words in (
        (tmp_path / "parts", {"keep": ["more"]}, "no column 'more'"),
        ("runs", {"where": "modle = 1"}, "engine other refuses the query: Binder Error"),
        ("run", {}, "no file or folder 'run'"),
    ):
        with pytest.raises(hm.BadInput, match=words):
            hm.read(path, engine=backend, **more)


VALUES = {
    "answer": [[0, 1, 2], [0, 1, -1, None], ["A", "b", "(C)"], ["A", "", None], ["A", "essay"], [0, 7], [1.0, None]],
    "target": [[0], [1], ["B"], [None], [0, 1]],
    "n_choices": [[3], [3.0], ["3"], [1], [2, 3]],
    "sample": [None, list("abcdefghijklmnop"), [0, 1], [1.5, None], [10**9, 0], [-2, -1]],
    "context": [[0, 1], [None], [None, 1], ["x", "y"]],
    "tokens": [[5, 90, 0], [3.5, float("nan")], [-1, 4], [10**13], [None], [float("inf"), 2.0], ["12", "7"], ["many"]],
    "budget": [[1024], [1024.0, None], ["low", ""]],
    "model_size_b": [[0.5], [None], [1, 2], [-1.0]],
    "family": [["f"], [None]],
    "benchmark": [["x", None]],
    "finish_reason": [["stop", "length"], [None]],
    "probs": [[[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]], [[0.5, 0.25, 0.25], None], [[0.5, 0.1]], [[1.0, 2.0, -2.0]]],
    "score": [[0.0, 0.5, 1.0], [float("nan"), 1.0], [2.0]],
}  # fmt: skip
"""What a column may hold, taken in turns by the rows; None: rows numbered within their question."""


@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_counted_or_refused_as_when_it_is_loaded(tmp_path, data):
    size = data.draw(st.integers(1, 12))
    table = pd.DataFrame({"model": "m", "question": [f"q{row // 3}" for row in range(size)]})
    sound = {"answer": [0, 1, 2, 1], "target": [0], "n_choices": [3], "sample": None}
    others = data.draw(st.sets(st.sampled_from(sorted(VALUES)), max_size=3))
    for name, values in {**sound, **{name: data.draw(st.sampled_from(VALUES[name])) for name in others}}.items():
        column = [row % 3 for row in range(size)] if values is None else [values[r % len(values)] for r in range(size)]
        table[name] = pd.Series(column, dtype=object if any(isinstance(v, str | list) for v in column) else None)
    path = tmp_path / "t.parquet"
    table.to_parquet(path)
    options = {"columns": {"reasoning_tokens": "tokens"} if "tokens" in table else None}
    results: list[hm.Responses | None] = []
    for more in ({"allow_copies": True}, {"engine": "duckdb"}):
        try:
            results.append(hm.read(path, **options, **more))
        except hm.BadInput as error:
            results.append(None)
            assert "\n" not in str(error)
    whole, counted = results
    assert (whole is None) == (counted is None), (whole, counted, table)
    if whole is not None and counted is not None:
        assert whole.outcome == counted.outcome
        one, other = hm.reduce(whole), hm.reduce(counted)
        pd.testing.assert_frame_equal(one.table, other.table, check_dtype=False)


def test_answers_without_a_benchmark_are_held_against_their_grades(tmp_path):
    row = {"model": "m", "question": ["q0", "q0"], "sample": [0, 1], "answer": [0, 1], "target": 0, "n_choices": 3}
    table = pd.DataFrame({**row, "benchmark": ["x", None], "score": [float("nan"), 1.0]})
    for more in ({}, {"engine": "duckdb"}):
        with pytest.raises(hm.BadInput, match="1 of 1 answers to all contradict their grades"):
            hm.read(_kept(table, tmp_path / "t.parquet"), **more)


def test_copies_are_looked_for_in_the_responses_to_some_questions(tmp_path):
    rng = np.random.default_rng(0)
    rows = [("m", f"q{q:03}", s, rng.integers(3), 0, 3, rng.integers(50, 5_000)) for q in range(120) for s in range(4)]
    names = ["model", "question", "sample", "answer", "target", "n_choices", "reasoning_tokens"]
    frame = pd.DataFrame(rows, columns=names)
    *_, honest = hm.read(_kept(frame, tmp_path / "a.parquet"), engine="duckdb").notes
    assert honest == "Whether repeats are copies of each other was told from the responses to 40 questions."
    same = frame.groupby("question")[["answer", "reasoning_tokens"]].transform("first")
    copies = _kept(frame.assign(**same), tmp_path / "b.parquet")
    with pytest.raises(hm.BadInput, match=r"repeats of m look like copies .* --allow-copies"):
        hm.read(copies, engine="duckdb")
    notes = hm.read(copies, engine="duckdb", allow_copies=True).notes
    assert any(note.startswith("Repeats that look like copies are taken as they are") for note in notes)
    two = pd.concat([frame, frame.assign(model="m ", sample=frame["sample"] + 4)])
    with pytest.raises(hm.BadInput, match="look like copies of each other"):  # the names differ by a blank
        hm.read(_kept(two, tmp_path / "c.parquet"), engine="duckdb")
    by_name = hm.read(_kept(frame.drop(columns="reasoning_tokens"), tmp_path / "d.parquet"), engine="duckdb").notes
    assert any("cannot be told: there are no lengths" in note for note in by_name)


def _kept(frame: pd.DataFrame, path):
    frame.to_parquet(path)
    return path
