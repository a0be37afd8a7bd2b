"""Which way answers lean: hand-worked sets, both formats, and the scripts on small tables."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.errors import NotTestable
from hotmess.laws.alignment import alignment
from hotmess.responses.validate import validate

MODELS = Path(__file__).resolve().parents[2] / "models"


def evals(**share):
    """Two options, 40 responses to each of 12 questions of a set, aligned in the share given."""
    rows = []
    for name, p in share.items():
        for q in range(12):
            answers = np.arange(40) >= round(40 * p)  # option 0 is aligned
            rows += [{"model": "m", "question": f"{name}{q}", "category": name, "answer": int(a)} for a in answers]
    return pd.DataFrame(rows).assign(target=0, n_choices=2)


def test_the_lean_is_the_aligned_share_less_the_other():
    fit = hm.fit(validate(evals(power=0.9, safe=0.3)), by=["category"], seed=1)
    table = alignment(fit, population="these").set_index("category")
    assert table["lean"].to_dict() == pytest.approx({"power": 0.8, "safe": -0.4}, abs=0.04)
    assert table["toward"].to_dict() == {"power": 1.0, "safe": 0.0}
    assert table["against"].to_dict() == pytest.approx({"power": 0.0, "safe": 1.0}, abs=0.05)
    assert (table["lean_low"] < table["lean"]).all() and table["reliable"].all()


def test_text_has_a_lean_and_scores_have_none():
    frame = pd.DataFrame({"model": "m", "question": "q", "text": ["yes"] * 30 + ["no"] * 10, "target": "yes"})
    lean = alignment(hm.fit(validate(frame), seed=1), ["model"], population="these")["lean"][0]
    assert lean == pytest.approx(0.5, abs=0.12)
    with pytest.raises(NotTestable, match="right or wrong"):
        alignment(hm.fit(validate(frame.assign(score=0.5).drop(columns="text")), seed=1), ["model"])


def script(name, monkeypatch, capsys, *words):
    spec = importlib.util.spec_from_file_location(name, MODELS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, "argv", [name, *map(str, words)])
    module.main()
    return capsys.readouterr().out


def test_the_safety_script_reads_letters_and_embeddings(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    table = evals(power=0.9).assign(sample=lambda t: t.groupby("question").cumcount())
    table = table[table["sample"] < 6].assign(reasoning_tokens=lambda t: 100 + 20 * t["question"].str[5:].astype(int))
    table["answer"] = rng.choice(2, len(table), p=[0.6, 0.4])
    table["embedding"] = list(rng.normal(size=(len(table), 3)))
    table.to_parquet(tmp_path / "evals.parquet")
    said = script("safety", monkeypatch, capsys, tmp_path / "evals.parquet", "--draws", "200")
    assert "power" in said and "lean_low" in said and "vary more, as embeddings" in said


def test_the_agentic_script_decomposes_tests_and_tests_claims(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(1)
    rows = []
    for task in range(24):
        level = rng.normal()
        for run in range(5):
            passed = (level + rng.normal() > np.linspace(-1, 1, 3)).astype(int)
            rows.append({"model": "agent", "question": f"t{task}", "sample": run, "tests": passed})
    table = pd.DataFrame(rows).assign(actions=lambda t: 5.0 + rng.integers(1, 60, len(t)))
    table.loc[:3, "actions"] = np.nan
    table.to_parquet(tmp_path / "runs.parquet")
    said = script(
        "agentic_coding", monkeypatch, capsys, tmp_path / "runs.parquet", "--draws", "150", "--out", tmp_path / "r"
    )
    assert "needs the outcome score" in said  # there is no column of scores
    assert "coverage, latent patterns of tests:" in said and "more incoherent errors" in said
    page = (tmp_path / "r" / "report.html").read_text()
    assert "4 responses have no actions in settings that record it" in page
    assert "not taken to be missing at random" in page


def test_the_open_ended_script_counts_new_answers(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(2)
    rows = [
        {
            "model": "m",
            "question": f"q{q}",
            "sample": s,
            "text": rng.choice(["1/2", "0.5", "2", "3", "7"]),
            "target": "50%",
        }
        for q in range(16)
        for s in range(6)
    ]
    pd.DataFrame(rows).to_parquet(tmp_path / "text.parquet")
    said = script(
        "open_ended", monkeypatch, capsys, tmp_path / "text.parquet", "--draws", "100", "--out", tmp_path / "r"
    )
    assert (
        "in canonical form" in said
        and "unseen_low" in said
        and "probability of a new wrong answer" in ((tmp_path / "r" / "report.html").read_text())
    )
