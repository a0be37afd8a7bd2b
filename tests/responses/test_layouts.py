"""Declared formats: records of our own making in the form of each, with the values worked by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from layout_cases import CASES, KEYS, PLUS, TAU, batch, helm, tau2, trial, write

from hotmess.errors import BadInput
from hotmess.responses.layouts import Layout, add_layout, remove_layout
from hotmess.responses.layouts.known import KNOWN
from hotmess.responses.read import read


def test_every_declared_format_has_its_case():
    assert {layout.name for layout in KNOWN} == {*CASES, "lighteval details"}


@pytest.mark.parametrize("name", CASES)
def test_each_format_gives_the_outcomes_of_its_records(name, tmp_path):
    content, options, outcomes = CASES[name]
    got = read(write(tmp_path / "x.json", content), **options)
    assert got.table[got.outcome].tolist() == outcomes
    assert any(f"is read as {name}" in note for note in got.notes)
    assert not any("go by another name" in note for note in got.notes)


def test_what_the_machine_did_is_left_out_and_counted_and_limits_are_kept(tmp_path):
    got = read(write(tmp_path / "x.json", tau2()))
    assert got.table["finish_reason"].tolist() == ["", "length", ""]
    assert any("1 row of x.json left out: there is no reward" in note for note in got.notes)
    assert got.table["reasoning_tokens"].tolist() == [14, 14, 14]  # the agent's own, not the user's
    assert got.table["actions"].tolist() == [2, 2, 2] and set(got.table["benchmark"]) == {"tau2-retail"}
    content, options, _ = CASES["METR runs"]
    assert any("left out: an error of server" in n for n in read(write(tmp_path / "m.jsonl", content), **options).notes)


def test_lengths_of_several_choices_are_missing_and_of_one_are_its_own(tmp_path):
    path = write(tmp_path / "x.jsonl", [batch("q1", ["B", "A"]), batch("q2", ["B"])])
    got = read(path, questions=KEYS).table
    assert got["reasoning_tokens"].isna().tolist() == [True, True, False] and got["reasoning_tokens"].iloc[2] == 40
    with pytest.raises(BadInput, match="needs a column 'target'"):
        read(path)


def test_helm_checks_its_letters_against_its_grade(tmp_path):
    (tmp_path / "mmlu:subject=x,model=m").mkdir()
    home = tmp_path / "mmlu:subject=x,model=m"
    write(home / "scenario_state.json", helm())
    grades = [
        {
            "instance_id": f"id{n}",
            "train_trial_index": 0,
            "stats": [{"name": {"name": "exact_match"}, "mean": float(n)}],
        }
        for n in range(2)
    ]
    (home / "per_instance_stats.json").write_text(json.dumps(grades))
    got = read(home)
    assert got.outcome == "answer" and set(got.table["benchmark"]) == {"mmlu:subject=x"}
    assert got.table["target"].tolist() == [1, 1] and got.table["reasoning_tokens"].tolist() == [2, 2]
    grades[0]["stats"][0]["mean"] = 1.0
    (home / "per_instance_stats.json").write_text(json.dumps(grades))
    with pytest.raises(BadInput, match=r"disagree with HELM's own grade in 1 of 2 .*score=helm_grade"):
        read(home)


def test_trials_of_terminal_bench_beside_their_run_are_read_once(tmp_path):
    results = [trial("a", 1, True), trial("a", 2, False)]
    write(tmp_path / "results.json", {"results": results})
    write(tmp_path / "run_metadata.json", {"model_name": "m", "agent_name": "agent", "dataset_name": "core"})
    for one in results:
        home = tmp_path / one["trial_name"]
        home.mkdir()
        write(home / "results.json", one)
    got = read(tmp_path, constants={}, model="m")
    assert len(got) == 2 and any(
        "2 rows that are in several files (by their id) were taken once" in n for n in got.notes
    )


def test_a_users_mapping_comes_before_the_formats_own(tmp_path):
    path = write(tmp_path / "x.json", TAU)
    got = read(path, columns={"question": "task_id", "score": "reward", "sample": "trial"}, model="gpt")
    assert got.table["score"].tolist() == [0, 1, 0, 1]
    got = read(write(tmp_path / "p.json", PLUS), columns={"score": "base_score"}, model="x")
    assert got.table["score"].tolist() == [1, 1, 1, 1]
    with pytest.raises(BadInput, match=r"The path nothing leads to nothing in x\.json"):
        read(path, columns={"score": "nothing"}, model="gpt")


def test_lighteval_details(tmp_path):
    def details(name: str, **more: Any) -> Path:
        home = tmp_path / name / "details" / "org" / "m" / "2026"
        home.mkdir(parents=True)
        rows = [
            {"doc": {"query": "?", "id": f"{q}", "task_name": "gsm|0"}, "metric": {"em": float(q)} | more,
             "model_response": {"text": [f"t{q}"] * (2 if name == "two" else 1), "output_tokens": [[1, 2, 3]]}}
            for q in range(2)
        ]  # fmt: skip
        pd.DataFrame(rows).to_parquet(home / "details_gsm_2026.parquet")
        return home

    got = read(details("one"))
    assert got.table["score"].tolist() == [0, 1] and set(got.table["model"]) == {"org/m"}
    assert got.table["reasoning_tokens"].tolist() == [3, 3] and set(got.table["benchmark"]) == {"gsm|0"}
    several = details("several", f1=0.5)
    with pytest.raises(BadInput, match=r"several metrics, em, f1: choose one with --column score=metric\.em"):
        read(several)
    assert read(several, columns={"score": "metric.f1"}).table["score"].tolist() == [0.5, 0.5]
    with pytest.raises(BadInput, match="one grade for all of them"):
        read(details("two"))


def test_a_format_of_ones_own_in_python_and_in_a_file(tmp_path):
    records = [{"run": {"item": q, "by": "m"}, "replies": [{"ok": True}, {"ok": False}]} for q in range(2)]
    path = write(tmp_path / "x.jsonl", records)
    columns = {"model": "^.run.by", "question": "^.run.item", "sample": "#", "score": "ok"}
    add_layout(Layout("mine", signs=("run.item", "replies"), rows="replies[]", columns=columns))
    try:
        want = read(path).table["score"].tolist()
    finally:
        remove_layout("mine")
    assert want == [1, 0, 1, 0]
    listed = "\n".join(f'{name} = "{place}"' for name, place in columns.items())
    toml = tmp_path / "mine.toml"
    toml.write_text(f'[mine]\nsigns = ["run.item", "replies"]\nrows = "replies[]"\n[mine.columns]\n{listed}\n')
    assert read(path, layouts=toml).table["score"].tolist() == want


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "declares no format"),
        ("[a", "not sound TOML"),
        ('[a]\nsigns = ["x"]\n', "needs signs and columns"),
        ('[a]\nsigns = [3]\n[a.columns]\nmodel = "x"\n', "paths as text"),
        ('[a]\nrun = "x"\n[a.columns]\nmodel = "x"\n', "needs signs and columns"),
    ],
)
def test_declarations_that_are_none(tmp_path, text, words):
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(BadInput, match=words):
        read(write(tmp_path / "x.json", TAU), layouts=tmp_path / "a.toml")
