"""Claims about budgets and about natural against budgeted length: verdicts, arms, quick estimates, refusals."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.claims.rule import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, SUPPORTED
from hotmess.claims.study import Study
from hotmess.claims.test import test_claims as run_claims
from hotmess.errors import NotTestable
from hotmess.estimates.size_slopes import size_statistics
from hotmess.laws.contrast import halved_cells
from hotmess.responses.validate import validate
from hotmess.simulate import simulate
from hotmess.temperature import score as quick
from hotmess.temperature.assigned import budget_cells, budget_levels, doublings

JOINT = ["answers-get-hotter-with-length", "natural-exceeds-budget", "budget-lowers-incoherence"]


@pytest.mark.slow
def test_a_world_of_both_effects_gets_its_verdicts_and_the_joint_reading_stands_beside():
    world = simulate("both", seed=2, questions=60, budgets=2, samples=20, heat_nat=0.6, heat_bud=-0.5)
    study = Study(validate(world.table), seed=1, draws=250)
    alone = run_claims(study, ["natural-overthinking"])[0]
    assert "joint_model" not in alone.guards
    hotter, exceeds, budget = run_claims(study, JOINT)
    assert (hotter.verdict, budget.verdict) == (SUPPORTED, SUPPORTED)
    assert abs(hotter.median - 0.6) < 0.2 and hotter.low > 0.2
    assert "An association, not an effect of length." in hotter.sentence
    assert hotter.guards["from_no_effect"]["passed"] and hotter.guards["from_no_effect"]["probability"] > 0.99
    assert "an intervention" in budget.sentence and "An association" not in budget.sentence
    assert budget.guards["negative_control"]["rank"] == 1 and hotter.guards["negative_control"]["rank"] == 1
    assert exceeds.verdict in (SUPPORTED, INCONCLUSIVE, CONTRADICTED) and exceeds.guards["agreement"]["passed"]
    assert "turned" in hotter.guards["sensitivity"] and hotter.guards["sensitivity"]["sense"]["likelihood"] > 0
    beside = budget.guards["joint_model"]
    assert beside["high"] < 0 and beside["probability_above_zero"] < 0.01  # of beta_bud, as it is named there
    again = run_claims(study, ["natural-overthinking"])[0]
    assert again.verdict == alone.verdict and again.median == alone.median
    assert again.guards["joint_model"]["median"] == pytest.approx(world.truth["beta_nat_these"], abs=0.25)


def rows(budget, tokens, answers, model="m", question="q"):
    one = {"benchmark": "b", "model": model, "question": question, "budget": budget, "target": 0, "n_choices": 3}
    return [one | {"reasoning_tokens": t, "answer": a, "sample": i} for i, (t, a) in enumerate(zip(tokens, answers))]


def table():
    return pd.DataFrame(
        rows("none", [0, 0, 0], [1, 1, 1])
        + rows("much", [64, 64, 64], [0, 0, 1])
        + rows("a bit", [4, 16, 8], [1, 2, 0])
        + rows("some", [16, 16, 16], [0, 1, 2])
    )


def test_budgets_are_ordered_by_tokens_spent_and_the_ends_compared():
    responses = validate(table())
    levels = budget_levels(responses)
    assert levels["budget"].tolist() == ["none", "a bit", "some", "much"]
    assert levels["log2_tokens"].tolist() == [-np.inf, 3.0, 4.0, 6.0]
    cells = budget_cells(responses)
    assert cells.table["half"].astype(str).tolist() == ["shorter", "longer"]
    assert cells.counts[:, :3].tolist() == [[1, 1, 1], [2, 1, 0]]
    assert doublings(cells).tolist() == [3.0]


def test_numbers_for_labels_order_budgets_where_there_are_no_lengths():
    bare = table().drop(columns="reasoning_tokens")
    named = bare.assign(budget=bare["budget"].map({"none": "0", "a bit": "128", "some": "512", "much": "1024"}))
    assert budget_cells(validate(named)).counts[:, :3].tolist() == [[1, 1, 1], [2, 1, 0]]
    with pytest.raises(NotTestable, match="neither lengths nor numbers"):
        budget_cells(validate(bare))


@pytest.mark.parametrize(
    ("change", "claim", "words"),
    [
        (lambda t: t[t["budget"] == "some"].assign(budget=""), "budget-lowers-incoherence", "No model has two budgets"),
        (lambda t: t[t["budget"].isin(["none", "much"])], "budget-lowers-incoherence", "No model has two budgets"),
        (lambda t: t[t["sample"] < 2], "budget-lowers-incoherence", "three or more responses"),
        (lambda t: t[t["budget"] == "some"].assign(budget=""), "natural-exceeds-budget", "No model has two budgets"),
        (lambda t: t, "natural-exceeds-budget", "Only 1 question has different answers"),
        (lambda t: t.drop(columns="reasoning_tokens"), "answers-get-hotter-with-length", "no length column"),
        (lambda t: t.assign(reasoning_tokens=8), "answers-get-hotter-with-length", "at one budget"),
        (
            lambda t: t.drop(columns="answer").assign(score=1.0),
            "answers-get-hotter-with-length",
            "outcome here is score",
        ),
    ],
)
def test_what_the_data_cannot_say_costs_no_fit(change, claim, words):
    verdict = hm.test(claim, validate(change(table()).reset_index(drop=True)), draws=150)
    assert verdict.verdict == NOT_TESTABLE and words in verdict.sentence


def test_the_heat_score_is_the_derivative_of_the_likelihood_at_no_effect():
    responses = validate(simulate("both", seed=1, questions=4, budgets=2, samples=9).table)
    score = quick.heat_score(responses.table, length="reasoning_tokens")
    data = responses.table.assign(log2=np.log2(responses.table["reasoning_tokens"]))
    heat = lift = 0.0
    for _, cell in data.groupby(["question", "budget"]):
        share = np.bincount(cell["answer"], minlength=4) + 0.5
        eta, target = np.log(share / share.sum()), cell["target"].iloc[0]
        for z, answer in zip(cell["log2"] - cell["log2"].mean(), cell["answer"]):

            def value(gamma, shift, z=z, answer=answer, eta=eta, target=target):
                a = (eta + shift * z * (np.arange(4) == target)) / np.exp(gamma * z)
                return a[answer] - np.log(np.exp(a).sum())

            heat += (value(1e-5, 0) - value(-1e-5, 0)) / 2e-5
            lift += (value(0, 1e-5) - value(0, -1e-5)) / 2e-5
    assert (score.z * score.surprise).sum() == pytest.approx(heat, abs=1e-6)
    assert (score.z * score.right).sum() == pytest.approx(lift, abs=1e-6)
    order = np.lexsort((np.random.default_rng(0).random(len(score.z)), score.slot))
    np.testing.assert_allclose(np.bincount(score.slot, score.z[order]), 0, atol=1e-12)


def test_what_is_left_of_rounding_has_no_logarithm():
    """Bias² of 6e-17 in one half is none: its logarithm would make a slope of 37 with a narrow interval."""
    variance, error = np.array([0.3, 0.5]), np.array([0.1 + 0.2, 0.9])
    assert error[0] - variance[0] > 0
    halves = quick._Halves(np.ones((2, 2), int), lambda _: (variance, error), np.zeros(2, int), np.ones(1))
    assert np.isnan(halves.slope(halves.counts)[0])
    more = replace(halves, terms=lambda _: (variance, error + 0.1))
    assert more.slope(more.counts)[0] == pytest.approx(np.log(0.5 / 0.5) - np.log(0.3 / 0.1))
    sums = (np.zeros(2), np.array([[error[0] - variance[0]], [0.4]]), variance[:, None])
    laws = SimpleNamespace(unbiased_sums=sums)
    np.testing.assert_allclose(size_statistics(laws)[1], [[np.nan], [np.log(0.5 / 0.4)]])
    np.testing.assert_allclose(size_statistics(laws, "variance")[1], np.log(variance[:, None]))
    assert np.isnan(size_statistics(laws, "bias2")[1][0, 0])


def test_the_quick_slopes_are_near_the_truth_and_permuted_ones_near_zero():
    world = simulate("both", seed=4, questions=400, budgets=2, samples=20)
    responses = validate(world.table)
    natural, budget = halved_cells(responses), budget_cells(responses)
    estimate = quick.exceeds_estimate(natural, budget)
    assert abs(estimate.value - world.truth["exceeds_these"]) < 3 * estimate.error
    for cells, truth in ((natural, "beta_nat_these"), (budget, "beta_bud_these")):
        slope, influence = quick.slope_of_halves(cells)
        error = np.sqrt((influence**2).sum())
        assert abs(slope - world.truth[truth]) < 3 * error and error < 0.08
    permuted = [e.value for _, e in zip(range(20), quick.permuted_exceeds(natural, budget, 1))]
    assert abs(np.mean(permuted)) < 3 * np.std(permuted) / np.sqrt(20) + 0.01
