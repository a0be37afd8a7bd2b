"""--out: nothing of others is written over unasked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hotmess.cli import main


@pytest.fixture
def table(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "model": np.repeat(["small", "large"], 40),
            "question": np.tile(np.repeat([f"q{i}" for i in range(4)], 10), 2),
            "sample": np.tile(np.arange(10), 8),
            "answer": rng.integers(0, 4, 80),
            "target": 0,
            "n_choices": 4,
        }
    )
    monkeypatch.chdir(tmp_path)
    frame.to_parquet("t.parquet")
    frame.to_csv("t.csv", index=False)
    return frame


FIT = ["fit", "t.parquet", "--draws", "5", "--out"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["read", "t.parquet", "--engine", "duckdb", "--out", "t.parquet"], "one of the inputs"),
        (["read", "t.csv", "--out", "t.csv"], "one of the inputs"),
        (["read", "logs", "--out", "logs/a.parquet"], "one of the inputs"),
        (["read", "t.parquet", "--out", "link"], "one of the inputs"),
        (["read", "t.parquet", "--out", "notes"], "did not write"),
        (["read", "t.parquet", "--out", "other.parquet"], "did not write"),
        (["read", "t.parquet", "--out", "new.csv"], "is named .csv and would hold Parquet"),
        (["read", "t.parquet", "--out", ""], "names no file"),
        (["read", "t.parquet", "--out", "."], "is a folder"),
        (["read", "t.parquet", "--out", "none/x.parquet"], "does not exist; make it first"),
        ([*FIT, "t.parquet"], "one of the inputs"),
        ([*FIT, "notes"], "did not write"),
        ([*FIT, "logs"], "is a folder"),
        ([*FIT, "/dev/null"], "did not write"),
        (["report", "logs/a.parquet", "--out", "logs"], "The input 'logs/a.parquet' lies in --out"),
        (["report", "t.parquet", "--out", "logs"], "something other than a report"),
        (["report", "t.parquet", "--out", "notes"], "is a file"),
        (["report", "t.parquet", "--out", "x" * 250], "too long a name"),
    ],
)
def test_what_is_not_ours_is_not_written_over(table, capsys, words, why):
    Path("notes").write_text("precious")
    os.mkdir("logs")
    shutil.copy("t.parquet", "logs/a.parquet")
    shutil.copy("t.parquet", "other.parquet")
    os.symlink("t.parquet", "link")
    files = ("t.parquet", "t.csv", "notes", "other.parquet", "logs/a.parquet")
    before = [Path(name).read_bytes() for name in files]
    names = sorted(os.listdir())
    assert main(words) == 2
    said = capsys.readouterr().err
    assert why in said and said.count("\n") == 1
    assert sorted(os.listdir()) == names
    assert [Path(name).read_bytes() for name in files] == before


def test_what_is_ours_is_and_with_force_the_rest(table):
    for _ in range(2):
        assert main(["read", "t.csv", "--out", "mine.parquet"]) == 0
        assert main([*FIT, "fit.nc"]) == 0
    Path("notes").write_text("precious")
    assert main([*FIT, "notes", "--force"]) == 0
    with open("notes", "rb") as file:
        assert file.read(8) == b"\x89HDF\r\n\x1a\n"


def test_the_same_command_writes_the_same_bytes(table):
    for name in ("a", "b"):
        assert main(["read", "t.csv", "--out", f"{name}.parquet"]) == 0
        assert main([*FIT, f"{name}.nc", "--seed", "3"]) == 0
    for ending in ("parquet", "nc"):
        with open(f"a.{ending}", "rb") as one, open(f"b.{ending}", "rb") as other:
            assert one.read() == other.read()


@pytest.mark.slow
def test_the_number_of_threads_does_not_matter(table):
    """Exact paths to 9 digits; their draws come from generators that know no threads."""
    found = []
    for threads in ("1", "3"):
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        environment["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'false' if threads == '1' else 'true'}"
        numbers = []
        for words in (
            ["decompose", "t.parquet", "--estimator", "unbiased", "--interval", "0.9", "--json"],
            ["fit", "t.parquet", "--draws", "50", "--out", "t.nc", "--json"],
        ):
            ended = subprocess.run([sys.executable, "-m", "hotmess", *words], env=environment, capture_output=True)
            assert ended.returncode == 0
            numbers += [value for record in json.loads(ended.stdout) for value in record.values()]
        found.append(numbers)
    assert len(found[0]) > 20
    for one, other in zip(*found, strict=True):
        assert one == (pytest.approx(other, rel=1e-9) if isinstance(other, float) else other)


def test_a_folder_of_others_is_put_aside_whole(tmp_path):
    from hotmess.report.folder import FORMAT, whole_folder

    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    with whole_folder(out, force=True) as new:
        (new / "results.json").write_text(f'{{"format": "{FORMAT}", "files": ["results.json"]}}')
    assert (tmp_path / "out.before-1" / "thesis.tex").read_text() == "years of work"
    assert sorted(os.listdir(tmp_path)) == ["out", "out.before-1"] and os.listdir(out) == ["results.json"]
