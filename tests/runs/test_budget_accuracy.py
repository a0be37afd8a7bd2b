"""Accuracy and agreement by budget: by hand, against all pairs, arms and orders, and as a claim."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.errors import NotTestable
from hotmess.responses.validate import validate
from hotmess.runs.budget_accuracy import budget_accuracy


def made(questions: int = 80, samples: int = 1, seed: int = 0, gain: float = 0.25, **columns: object) -> pd.DataFrame:
    """Two budgets; a wrong answer becomes right with probability `gain`."""
    rng = np.random.default_rng(seed)
    rows = []
    for q in range(questions):
        for s in range(samples):
            low = int(rng.integers(0, 3))
            high = 0 if rng.random() < gain else low
            rows += [(f"q{q}", s, 100, low), (f"q{q}", s, 900, high)]
    table = pd.DataFrame(rows, columns=["question", "sample", "budget", "answer"])
    return table.assign(**{"model": "m", "target": 0, "n_choices": 3, **columns})


def test_numbers_against_all_pairs_of_responses():
    table = made(questions=12, samples=3)
    row = budget_accuracy(validate(table)).levels.iloc[1]
    low, high = (table[table["budget"] == b] for b in (100, 900))
    pairs = low.merge(high, on="question")
    right, after = pairs["answer_x"] == 0, pairs["answer_y"] == 0
    assert row["agreement"] == pytest.approx((pairs["answer_x"] == pairs["answer_y"]).mean())
    assert row["gained"] == pytest.approx((~right & after).mean()) and row["lost"] == pytest.approx(
        (right & ~after).mean()
    )
    assert row["change"] == pytest.approx(row["gained"] - row["lost"]) == pytest.approx(after.mean() - right.mean())


def test_its_standard_error_is_that_of_the_paired_differences():
    table = made(questions=300)
    found = budget_accuracy(validate(table))
    value, influence = found.influences()
    wide = (
        table.assign(right=table["answer"] == 0).pivot(index="question", columns="budget", values="right").astype(int)
    )
    d = wide[900] - wide[100]
    assert value == pytest.approx(d.mean())
    assert np.sqrt((influence**2).sum()) == pytest.approx(d.std(ddof=0) / np.sqrt(300))
    draws = found.settled(draws=4000, seed=0).draws[:, -1]
    assert draws.std() == pytest.approx(d.std() / np.sqrt(300), rel=0.08)


def test_conditions_that_name_budgets_are_no_arms_and_others_are():
    named = made()
    named["condition"] = named["budget"].map({100: "low", 900: "high"})
    assert budget_accuracy(validate(named)).arms == ("m",)
    crossed = pd.concat([made(condition="a"), made(seed=1, condition="b")])
    assert budget_accuracy(validate(crossed)).arms == ("m, a", "m, b")
    off = made(questions=80).query("budget == 100").assign(condition="off")
    with pytest.raises(NotTestable, match="share a budget: m"):
        budget_accuracy(validate(pd.concat([named, off])))


def test_words_are_ordered_by_the_tokens_spent():
    table = made().assign(reasoning_tokens=lambda t: t["budget"])
    table["budget"] = table["budget"].map({100: "much", 900: "little"})
    assert budget_accuracy(validate(table)).levels["budget"].tolist() == ["much", "little"]
    with pytest.raises(NotTestable, match="whose order is known"):
        budget_accuracy(validate(table.drop(columns="reasoning_tokens")))


def test_clusters_of_questions_are_weighted_together():
    table = made(questions=60)
    table["passage"] = table["question"].str[1:].astype(int) // 6
    alone, together = (budget_accuracy(hm.read(table, **given)) for given in ({}, {"cluster": "passage"}))
    assert together.questions.units == 10 and alone.questions.units == 60
    d = (together.changes[:, 0] - together.changes[:, 0].mean()) / 60
    cluster = together.questions.cluster
    assert together.influences()[1] == pytest.approx(np.bincount(cluster, d))


def test_one_response_at_each_budget_has_a_verdict_and_a_word_on_what_it_cannot_say():
    verdict = hm.test("accuracy-rises-with-budget", validate(made(questions=150)), draws=250)
    assert verdict.verdict == "supported" and "cannot be said" in verdict.sentence
    record = verdict.guards["levels"]
    assert record["levels"][0]["shared"] is None and record["levels"][1]["shared"] == 150
    assert record["cannot_say"] and verdict.guards["negative_control"]["passed"]
    chance = made(questions=150, samples=2).assign(answer=np.random.default_rng(0).integers(0, 3, 600))
    two = hm.test("accuracy-rises-with-budget", validate(chance), draws=250)
    assert two.verdict != "supported" and two.guards["levels"]["cannot_say"] is None


def test_at_the_command_line_the_table_is_not_refused(tmp_path, capsys):
    from hotmess.cli import main

    made(questions=60).to_parquet(tmp_path / "t.parquet")
    assert main(["test", str(tmp_path / "t.parquet"), "--claim", "accuracy-rises-with-budget"]) == 0
    assert "m at 900:" in capsys.readouterr().out
    assert main(["decompose", str(tmp_path / "t.parquet")]) == 2
    assert "accuracy-rises-with-budget" in capsys.readouterr().err


def test_models_that_are_left_out_are_named_beside_the_verdict():
    whole = made(questions=60)
    off = whole[whole["budget"] == 100].assign(condition="off", sample=7)
    split = whole[(whole["budget"] == 100) == (whole["question"] < "q3")].assign(model="apart")
    twice = pd.concat([whole.assign(condition=whole["budget"].astype(str)), off]).assign(model="twice")
    verdict = hm.test("accuracy-rises-with-budget", validate(pd.concat([whole, split, twice])), draws=60)
    said = verdict.record()["notes"]
    assert "several conditions share a budget: twice;" in said[0] and said[1].endswith("the largest: apart.")
    assert dict(verdict.lines())["Notes"] == " ".join(said) and " ".join(said) in verdict.brief()
    many = replace(verdict, case=replace(verdict.case, quantity=replace(verdict.case.quantity, notes=tuple("abcdef"))))
    assert "a b c There are 3 notes more." in many.brief()
