"""Small odd tables at the command line: one sentence that says what to do, and no number that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hotmess.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with tables, in which commands are run."""
    rng = np.random.default_rng(1)
    rows = [(m, f"q{q}", s) for m in ("owl", "elk") for q in range(12) for s in range(4)]
    table = pd.DataFrame(rows, columns=["model", "question", "sample"]).assign(target=0, n_choices=4)
    table["answer"] = np.where(rng.random(len(table)) < 0.6, 0, rng.integers(1, 4, len(table)))
    table["reasoning_tokens"] = rng.integers(50, 500, len(table))
    table.to_csv(tmp_path / "some.csv", index=False)
    table.assign(answer=0).to_csv(tmp_path / "right.csv", index=False)
    table.assign(target=(table["sample"] == 1) * 1).to_csv(tmp_path / "targets.csv", index=False)
    table.assign(n_choices=1).to_csv(tmp_path / "options.csv", index=False)
    table[table["question"] == "q0"].to_csv(tmp_path / "one.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("decompose some.csv --estimator unbiased --interval 0.9 --draws 99999999999", "the most is 10,000,000"),
        ("decompose some.csv --estimator latent --draws 99999999999", "the most is 10,000,000"),
        ("compare some.csv --draws 99999999", "4 × 99,999,999 draws are asked for; the most is 10,000,000"),
        ("decompose some.csv --by sample", "Groups cannot be made by 'sample': each would hold one response"),
        ("decompose some.csv --by difficulty --difficulty answer", "Difficulty cannot be column answer"),
        ("decompose options.csv", "Column n_choices gives 1 option in row 1 of options.csv"),
        ("decompose some.csv ./some.csv", "'some.csv' is named twice"),
        ("decompose some.csv --estimator latent --formula '1 +'", "misplaced."),
        ("report some.csv --out ''", "--out names no folder."),
    ],
)
def test_it_is_refused_in_one_sentence(
    folder: Path, command: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import shlex

    assert main(shlex.split(command)) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1 and ".." not in said.replace("...", "")


def test_what_happened_in_a_response_is_not_proposed_as_a_name_of_questions(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decompose", "targets.csv"]) == 2
    said = capsys.readouterr().err
    assert "the target changes" in said and "reasoning_tokens" not in said


@pytest.mark.parametrize("table", ["some", "one", "right"])
@pytest.mark.parametrize("metric", ["brier", "kl", "zero-one"])
def test_intervals_end_where_terms_can_lie(
    folder: Path, table: str, metric: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = f"decompose {table}.csv --estimator latent --metric {metric} --interval 0.9 --draws 100 --json"
    assert main(command.split()) == 0
    for row in json.loads(capsys.readouterr().out):
        for name in ("error", "bias2", "variance", "incoherence"):
            low, high = row[f"{name}_low"], row[f"{name}_high"]
            if low is None or (metric == "zero-one" and name == "variance"):
                continue
            top = 1 if name == "incoherence" or metric == "zero-one" else np.inf if metric == "kl" else 2
            assert 0 <= low <= high <= top, (name, low, high)


def test_what_rounding_leaves_of_nothing_is_shown_as_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from hotmess.commands.printing import with_intervals

    row = {"bias2": -7.4e-17, "bias2_low": -1.2e-16, "bias2_high": 5.8e-06}
    assert with_intervals(row) == {"bias2": "0.000 [0.000, 5.8e-06]"}


@pytest.mark.parametrize(("table", "why"), [("some", "sit on few questions"), ("right", "no response of elk and owl")])
def test_a_fit_says_why_it_is_not_reliable(
    folder: Path, table: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fit", f"{table}.csv", "--draws", "100", "--out", "x.nc"]) == 0
    said = capsys.readouterr()
    assert " no\n" in said.out and f"Not reliable: {'the errors of' if table == 'some' else ''}" in said.err
    assert why in said.err
