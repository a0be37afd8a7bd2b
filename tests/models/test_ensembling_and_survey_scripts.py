"""The scripts on ensembles and on the survey, on small data."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hotmess.inference.spec import Spec

MODELS = Path(__file__).resolve().parents[2] / "models"


def run(monkeypatch, name, *args):
    monkeypatch.setattr(sys, "argv", [name, *map(str, args)])
    runpy.run_path(str(MODELS / name), run_name="__main__")


def test_ensembling_prints_tables_and_a_verdict_and_writes_a_report(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(3)
    q, s = (a.ravel() for a in np.indices((60, 12)))
    answer = np.where(rng.random(len(q)) < rng.beta(2, 1, 60)[q], 0, rng.integers(1, 4, len(q)))
    table = pd.DataFrame({"model": "m", "question": [f"q{i}" for i in q], "sample": s, "answer": answer})
    table.assign(target=0, n_choices=4).to_parquet(tmp_path / "letters.parquet")
    run(monkeypatch, "ensembling.py", tmp_path / "letters.parquet", "--draws", 150, "--out", tmp_path / "out")
    printed = capsys.readouterr().out
    assert "averaging E answers divides variance by E" in printed
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [v["claim"] for v in results["verdicts"]] == ["ensembling-divides-variance"]
    (row,) = results["tables"]["ensembles"]["records"]
    assert row["accuracy_one"] == pytest.approx((answer == 0).mean(), abs=0.04)
    assert row["error_one"] > row["error_eight"] > row["error_limit"]
    assert {"real-ensembles", "changed-answers", "sample-efficiency", "failure-signatures"} <= set(results["figures"])


def test_the_survey_script_says_that_its_survey_is_simulated(tmp_path, monkeypatch, capsys):
    from hotmess.inference.sample import to_tree
    from hotmess.rankings import model

    def drawn(data, *, seed, draws, warmup, chains):
        rng = np.random.default_rng(seed)
        shape = (chains, draws)
        sizes = {"level": (2,), "tau": (), "log_beta": (len(data.order),), "theta": (2, len(data.entities))}
        posterior = {name: rng.normal(size=(*shape, *size)) for name, size in sizes.items()}
        posterior |= {"rho": rng.normal(0.65, 0.1, shape), "rho_these": rng.normal(0.65, 0.05, shape)}
        dims = {"level": ["attribute"], "log_beta": ["ranking"]}
        return model.RankFit(data, to_tree(posterior, dims=dims), Spec("nuts", None, 0, *shape[::-1]))

    monkeypatch.setattr(model, "fit_rankings", drawn)
    run(monkeypatch, "survey.py", "--entities", 40, "--seed", 2, "--out", tmp_path / "out")
    printed = capsys.readouterr().out
    assert "A simulated survey with a correlation of 0.65; no real ranks were given." in printed
    assert "Supported: entities judged more intelligent are judged more incoherent" in printed
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert len(results["tables"]["survey"]["records"]) == 4
    assert "survey.nc" in results["files"]
