"""Counts made by SQL where responses lie, against the same responses loaded whole."""

from __future__ import annotations

from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd
import pytest
from counted_cases import RNG, both, letters, same_cells

import hotmess as hm
from hotmess.cli import main
from hotmess.responses.halves import split_halves


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
