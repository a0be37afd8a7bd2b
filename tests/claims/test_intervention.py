"""The claim about an intervention: which arm is which, pairing, its estimate by hand, verdicts in known worlds."""

import numpy as np
import pandas as pd
import pytest

from hotmess.claims.catalogue import intervention_lowers_incoherence as intervention
from hotmess.claims.rule import CONTRADICTED, SUPPORTED
from hotmess.claims.study import Study
from hotmess.claims.test import test_claim as run_claim
from hotmess.errors import NotTestable
from hotmess.responses.validate import validate


def world(heat=(0.6, 1.4), *, questions=60, models=2, samples=12, seed=0, names=("correcting", "plain")):
    """Four options, softmax(scores / heat) in each arm, the same scores in both: heat is all that differs."""
    rng = np.random.default_rng(seed)
    rows = []
    for m in range(models):
        scores = rng.normal(0, 1.5, (questions, 4)) + 0.5 * np.eye(4)[0]
        for name, tau in zip(names, heat):
            p = np.exp(scores / tau)
            for q, share in enumerate(p / p.sum(axis=1, keepdims=True)):
                for i, answer in enumerate(rng.choice(4, samples, p=share)):
                    rows.append((f"m{m}", f"q{q:02d}", name, i, answer))
    table = pd.DataFrame(rows, columns=["model", "question", "condition", "sample", "answer"])
    return table.assign(target=0, n_choices=4)


def test_the_arm_without_the_intervention_is_found_by_its_name():
    table = world(questions=2, models=1, samples=3)
    assert intervention.arms(validate(table)) == ("plain", "correcting")
    named = table.replace({"condition": {"plain": "Baseline", "correcting": "after"}})
    assert intervention.arms(validate(named)) == ("Baseline", "after")
    for changes, said in (
        ({"plain": "correcting"}, "there is one"),
        ({"plain": "before"}, "cannot be told"),
        ({"correcting": "control"}, "cannot be told"),
    ):
        other = table.replace({"condition": changes})
        other["sample"] = np.arange(len(other))
        with pytest.raises(NotTestable, match=said):
            intervention.arms(validate(other))
    third = pd.concat([table, table[table["condition"] == "plain"].assign(condition="third")])
    with pytest.raises(NotTestable, match=r"there are 3; choose two with --where"):
        intervention.arms(validate(third))


def test_only_questions_of_both_arms_count_and_few_errors_leave_a_model_out():
    table = world(questions=12, models=2, samples=6)
    table = table[~((table["question"] == "q03") & (table["condition"] == "plain") & (table["model"] == "m0"))]
    table.loc[(table["model"] == "m1") & (table["condition"] == "correcting"), "answer"] = 0
    cells, notes = intervention.arm_cells(validate(table))
    assert set(cells.table["model"]) == {"m0"} and notes == (
        "Left out, with fewer than 10 wrong responses in an arm: m1.",
    )
    assert "q03" not in set(cells.table["question"]) and len(cells) == 2 * 11
    first = cells.table.iloc[0]
    mine = table[(table["model"] == "m0") & (table["question"] == first["question"]) & (table["condition"] == "plain")]
    assert first["half"] == "shorter" and first["right"] == (mine["answer"] == 0).sum()
    with pytest.raises(NotTestable, match="10 or more wrong"):
        intervention.arm_cells(validate(table[table["model"] == "m1"]))
    apart = table[(table["condition"] == "plain") == (table["question"] < "q06")]
    with pytest.raises(NotTestable, match="both in the arm 'plain' and in the arm 'correcting'"):
        intervention.arm_cells(validate(apart))


def test_the_quick_estimate_is_the_difference_of_ratios_worked_out_directly():
    table = world(questions=30, models=2, samples=8)
    change = []
    for _, part in table.groupby("model"):
        ratio = {}
        for arm, rows in part.groupby("condition"):
            variance = error = 0.0
            for _, cell in rows.groupby("question"):
                z = np.eye(4)[cell["answer"]]
                own = z.var(axis=0, ddof=1).sum()
                variance, error = variance + own, error + ((z - np.eye(4)[0]) ** 2).sum(axis=1).mean()
            ratio[arm] = variance / error
        change.append(ratio["plain"] - ratio["correcting"])
    estimate = intervention.SIDES.estimate(Study(validate(table)))
    assert estimate.value == pytest.approx(np.mean(change))


def test_worlds_where_heat_falls_or_rises_and_the_parts_add_up():
    study = Study(validate(world()), seed=1, draws=250)
    found = run_claim(study, intervention.CLAIM)
    assert found.verdict == SUPPORTED and found.low > 0 and {e["name"] for e in found.each} == {"m0", "m1"}
    assert "from the arm 'plain' to the arm 'correcting'" in found.sentence and "mean accuracy" in found.sentence
    assert found.guards["negative_control"]["rank"] == 1 and found.guards["agreement"]["passed"]
    contrast = intervention.arm_contrast(study)
    for source in (contrast, intervention.unbiased_arm_contrast(study)):
        np.testing.assert_allclose(source.parts["these"].sum(-1), source.change("these"), atol=1e-9)
    assert np.median(contrast.change("these")) == pytest.approx(
        np.median(intervention.unbiased_arm_contrast(study).change("these")), abs=0.05
    )
    rises = Study(validate(world((1.4, 0.6))), seed=1, draws=250)
    claim = intervention.CLAIM
    assert run_claim(rises, claim, sensitivity=False).verdict == CONTRADICTED


def test_arms_that_do_not_differ_decide_nothing():
    study = Study(validate(world((1.0, 1.0), seed=3)), seed=1)
    control = intervention.SIDES.control(study, 0)
    assert control.passed and abs(control.statistic) < 2.5
    assert 0.02 < intervention.SIDES.estimate(study).probability < 0.98
