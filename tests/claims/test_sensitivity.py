"""Sensitivity: reweighting is what a new fit says, and what turns a side holds a verdict back."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.answers.densities import fit_densities
from hotmess.checks.answer_keys import suspect_keys
from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Case, Claim, LeaveOut, Quantity
from hotmess.claims.guards.predictive_checks import PredictiveChecks
from hotmess.claims.guards.sensitivity import sensitivity
from hotmess.claims.kinds.exponents_of_size import group_weights
from hotmess.claims.kinds.paired import without_model
from hotmess.claims.reduced import without
from hotmess.claims.rule import INCONCLUSIVE, SUPPORTED, probability
from hotmess.claims.study import Study
from hotmess.claims.test import test_claim as run_claim
from hotmess.errors import NotTestable
from hotmess.inference.gate import Gate
from hotmess.inference.power_scaling import power_scaling_sense, scaled_weights
from hotmess.laws.leave_out import laws_without
from hotmess.laws.power import LawPrior, power_laws
from hotmess.laws.power_model import COEFFICIENTS
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

SCALE = "bias-falls-faster-than-variance"


@pytest.fixture(scope="module")
def study():
    world = simulate("scale", seed=5, questions=48, samples=8, residual=0.02)
    table = world.table
    rng = np.random.default_rng(5)
    tokens = np.rint(2 ** (8 + rng.normal(size=len(table)))).astype(int)
    return Study(validate(table.assign(reasoning_tokens=tokens)), seed=3, draws=200)


def case_of(study, claim, quantity=None, population="these"):
    quantity = quantity or claim.quantity(study, population)
    p = probability(claim.holds(quantity.draws))
    return Case(study, claim, population, 0.9, quantity, quantity, quantity.gate, p, p.value, SUPPORTED)


def test_scaling_the_prior_of_a_normal_posterior_gives_the_closed_form():
    """Prior Normal(0, 1), one observation 1 with unit variance: prior^p has precision p, so the mean is 1/(1 + p)."""
    x = np.random.default_rng(1).normal(0.5, np.sqrt(0.5), (4, 2500))
    for power, weights, k in scaled_weights(-0.5 * x**2):
        assert k < 0.7 and weights.sum() == pytest.approx(1)
        assert weights @ x.ravel() == pytest.approx(1 / (1 + power), abs=0.03)
    sense = power_scaling_sense(x, -0.5 * x**2, -0.5 * (x - 1) ** 2)
    flat = power_scaling_sense(x, np.zeros_like(x), -0.5 * (x - 1) ** 2)
    assert sense["prior"] > 0.05 > flat["prior"] and sense["likelihood"] > 0.05


def test_densities_of_a_fit_are_those_of_its_grid_posterior():
    """Draws from the posterior: differences of log prior + log likelihood are those of the density that was drawn."""
    from hotmess.answers.pointwise import cell_log_likelihood

    table = simulate("beta", seed=1, questions=40, samples=6).table
    fit = hm.fit(validate(table), draws=50, pointwise=False)
    log_prior, log_likelihood = (x.ravel() for x in fit_densities(fit))
    parameters = fit.parameters()
    direct = cell_log_likelihood(fit.letters, fit.groups.index, parameters).sum(1)
    np.testing.assert_allclose(log_likelihood - log_likelihood[0], direct - direct[0], atol=1e-8)
    stored = sum(v.values.ravel() for v in fit.data["log_prior"].dataset.data_vars.values())
    np.testing.assert_allclose(log_prior - log_prior[0], stored - stored[0], atol=1e-8)


def test_densities_of_the_laws_differ_from_the_collapsed_density_by_the_conditional(study):
    """log prior + log likelihood - log p(levels, exponents | scales, y) = the collapsed density of the scales."""
    laws = study.power_laws
    log_prior, log_likelihood = (x.ravel() for x in laws.densities("these"))
    points, law = laws.points("these"), laws.model("these")
    theta = np.concatenate([laws.draws("these")[n].values.reshape(len(points), -1) for n in COEFFICIENTS], axis=1)
    use = np.arange(0, len(points), 100)
    mean, cov = law.conditional(points[use])
    given = [stats.multivariate_normal.logpdf(x, m, c) for x, m, c in zip(theta[use], mean, cov)]
    collapsed = law.log_likelihood(points[use]) + law.hyper.log_density(points[use])
    np.testing.assert_allclose(log_prior[use] + log_likelihood[use] - given, collapsed, atol=1e-3)


def test_the_prior_to_a_power_is_a_fit_with_that_prior(study):
    laws = study.power_laws
    log_prior, _ = laws.densities("these")
    slopes = laws.slope_of_logit_incoherence("these").mean(-1).ravel()
    (low, weights, k), _ = scaled_weights(log_prior)
    wide = LawPrior(
        *(
            getattr(LawPrior(), n) / np.sqrt(low)
            for n in ("slope", "intercept", "slope_spread", "model", "rest", "trend")
        )
    )
    refit = power_laws(laws.fit, by=laws.by, prior=wide, seed=3, draws=500)
    direct = refit.slope_of_logit_incoherence("these").mean(-1)
    error = slopes.std() / np.sqrt(200)
    assert k < 0.7 and weights @ slopes == pytest.approx(direct.mean(), abs=4 * error)


def test_the_laws_without_a_model_are_those_of_a_fit_without_it(study):
    made = {m: laws_without(study.power_laws, m) for m in ("model-4B", "model-8B", "model-1.7B")}
    name, (laws, k) = min(made.items(), key=lambda item: max(item[1][1].values()))
    assert name not in set(laws.law.cells["model"]) and laws.law.mean.shape[1] == 2 * len(laws.law.cells)
    refit = without(study, "model", name).power_laws
    for population in ("these", "like-these"):
        ours, theirs = (one.slope_of_logit_incoherence(population).mean(-1) for one in (laws, refit))
        spread = theirs.std()
        assert k[population] < 0.7
        assert abs(ours.mean() - theirs.mean()) < 0.35 * spread and 0.7 < ours.std() / spread < 1.4


def test_a_group_whose_only_model_is_left_out_has_no_sizes_and_the_others_keep_theirs(study):
    cells, laws = study.power_laws.law.cells, study.power_laws
    hard = cells["difficulty"].astype(str) == "hard"
    one = replace(laws, law=replace(laws.law, cells=cells[~hard]))
    wanted = [0 if g == "hard" else n for g, n in zip(laws.groups["difficulty"].astype(str), laws.sizes)]
    assert one.sizes.tolist() == wanted and 0 in wanted and max(wanted) >= 4
    assert group_weights(one, "easy").sum() == pytest.approx(1)
    with pytest.raises(NotTestable, match="Only 0 model sizes have enough errors on hard questions"):
        group_weights(one, "hard")


def test_without_a_model_the_rest_of_the_contrast_is_what_it_was(study):
    claim = CATALOGUE["natural-overthinking"]
    quantity = claim.quantity(study, "these")
    offered, k = claim.leave_out.without(case_of(study, claim, quantity), "model", "model-8B")
    again = claim.quantity(without(study, "model", "model-8B"), "these").draws
    assert k == -np.inf
    assert offered.mean() == pytest.approx(again.mean(), abs=4 * again.std() / np.sqrt(again.size / 2))


def test_every_run_is_recorded_and_groups_of_difficulty_stay_what_they_are(study):
    found = sensitivity(case_of(study, CATALOGUE[SCALE]))
    assert {"model model-8B left out", "difficulty hard left out"} <= set(found.runs)
    assert found.runs["model model-8B left out"].how in ("reweighted", "a new fit")
    assert any(name.startswith("the prior to the power") for name in found.runs) and set(found.sense) == {
        "prior",
        "likelihood",
    }
    whole, reduced = study.grouped.table, without(study, "model", "model-32B").grouped.table
    keys = ["question", "difficulty"]
    pd.testing.assert_frame_equal(
        whole[keys].astype(str).drop_duplicates().reset_index(drop=True),
        reduced[keys].astype(str).drop_duplicates().reset_index(drop=True),
    )
    record = found.record()
    assert record["passed"] is (not found.turned) and all("how" in r for r in record["runs"].values())


def of_one_model():
    """A claim that one model of four carries alone: without it the sign turns."""
    good = {"a": 5.0, "b": -1.0, "c": -1.0, "d": -1.0}
    noise = np.random.default_rng(0).normal(size=(4, 500)) * 0.1

    def quantity(study, population):
        here = sorted(study.responses.table["model"].unique())
        if len(here) < 2:
            raise NotTestable("One model is not enough.")
        return Quantity(np.mean([good[m] for m in here]) + noise, Gate(), "four models")

    return Claim("carried-by-one-model", "", "models are good", "goodness", quantity, "models")


def four(models="abcd"):
    rows = [
        {
            "benchmark": "x",
            "model": m,
            "question": f"q{q}",
            "sample": s,
            "answer": (q + s) % 2,
            "target": 0,
            "n_choices": 4,
        }
        for m in models
        for q in range(4)
        for s in range(2)
    ]
    return Study(validate(pd.DataFrame(rows)), draws=100)


def test_a_side_that_one_model_carries_is_held_back():
    verdict = run_claim(four(), of_one_model(), population="these")
    assert verdict.verdict == INCONCLUSIVE and "the side turns with model a left out" in verdict.sentence
    runs = verdict.guards["sensitivity"]["runs"]
    assert {n for n, r in runs.items() if r["turned"]} == {"model a left out"}
    assert runs["model b left out"]["median"] == pytest.approx(1.0, abs=0.05)
    assert run_claim(four("ab"), of_one_model(), population="these").verdict == "supported"  # one left: not testable
    assert run_claim(four("abc"), of_one_model(), population="these", sensitivity=False).verdict == "supported"


def test_no_new_fits_where_they_take_long():
    found = sensitivity(case_of(four(), replace(of_one_model(), leave_out=LeaveOut(refit=False))))
    assert not found.runs and any("takes long" in note for note in found.notes)


def test_a_key_is_suspect_where_all_large_models_agree_on_one_wrong_option():
    sizes = {"small": 1.0, "middle": 7.0, "large": 70.0}
    says = {  # question -> answers of middle and of large, three each; the key is 0
        "agreed": ([2, 2, 1], [2, 2, 2]),
        "no majority": ([2, 1, 0], [2, 2, 2]),
        "different": ([1, 1, 1], [2, 2, 2]),
        "right": ([0, 0, 2], [0, 0, 0]),
        "unparsable": ([-1, -1, -1], [-1, -1, -1]),
    }
    rows = []
    for question, answers in says.items():
        for model, given in zip(("small", "middle", "large"), ([0, 0, 0], *answers)):
            rows += [
                {"benchmark": "x", "model": model, "question": question, "sample": i, "answer": a}
                | {"target": 0, "n_choices": 4, "model_size_b": sizes[model]}
                for i, a in enumerate(given)
            ]
    responses = validate(pd.DataFrame(rows))
    found = suspect_keys(responses)
    assert found["question"].tolist() == ["agreed"] and found["option"].tolist() == [2]
    assert found["share"].tolist() == [pytest.approx(2 / 3)]
    alone = replace(responses, table=responses.table.query("model == 'large'").reset_index(drop=True))
    with pytest.raises(NotTestable, match="one model alone"):
        suspect_keys(alone)


def test_checks_hold_back_only_what_another_distribution_moves(monkeypatch):
    """The guard of predictive checks on a fit that fails them, with what the other distributions say planted."""
    from hotmess.checks import families

    table = simulate("mixture", seed=11, questions=1500, samples=16).table
    study = Study(validate(table), draws=250)
    claim = replace(of_one_model(), quantity=lambda s, p: Quantity(np.ones((4, 500)), Gate(), ""), fit=lambda s: s.fit)
    found = PredictiveChecks().run(case_of(study, claim))
    record, reasons = found.record, found.reasons
    assert "middle" in record["failed"] and record["alternative"] == "mixture"
    assert record["passed"] is (record["moved"] <= 1) and bool(reasons) is not record["passed"]
    study.made.pop(next(k for k in study.made if k.startswith("checks")))
    far = pd.DataFrame({"model": ["m"], "family": ["mixture"], "log_evidence": [0.0], "moved": [1.5]})
    monkeypatch.setattr(families, "alternatives", lambda fit: far)
    found = PredictiveChecks().run(case_of(study, claim))
    record, reasons = found.record, found.reasons
    assert not record["passed"] and "move the incoherence of m by 1.5 posterior sd" in reasons[0]


def test_without_its_only_model_nothing_is_left():
    each = {"a": np.array([[1.0, 3.0]]), "b": np.array([[5.0, 7.0]])}
    case = SimpleNamespace(quantity=SimpleNamespace(each=each))
    draws, k = without_model(case, "model", "a")
    np.testing.assert_array_equal(draws, each["b"])
    assert k == -np.inf
    del each["b"]
    assert without_model(case, "model", "a") is None


@pytest.mark.parametrize("population", ["these", "like-these"])
def test_the_spread_of_samples_without_a_model_is_what_a_new_fit_gives(study, population):
    """Exactly, as models share no group, also of a model with questions of its own; and so without a benchmark."""
    claim = CATALOGUE["thirty-samples-suffice"]
    case = case_of(study, claim, population=population)
    model = max(case.quantity.each, key=lambda name: np.median(case.quantity.each[name]))  # the one that decides
    draws, k = claim.leave_out.without(case, "model", model)
    again = claim.quantity(without(study, "model", model), population).draws
    assert k == -np.inf and np.median(draws) < np.median(case.quantity.draws)
    np.testing.assert_allclose(np.quantile(draws, [0.1, 0.5, 0.9]), np.quantile(again, [0.1, 0.5, 0.9]), rtol=0.05)
    table = study.responses.table
    assert table["benchmark"].nunique() == 1
    assert claim.leave_out.without(case, "benchmark", table["benchmark"].iloc[0]) is None  # nothing is left
    own = table.assign(question=np.where(table["model"] == model, "own " + table["question"], table["question"]))
    parts = own.assign(benchmark=np.where(own["question"].str.endswith(("1", "3", "5", "7")), "x", "y"))
    alone, two = (Study(validate(some), seed=3, draws=50) for some in (own, parts))
    for one, column, value in ((alone, "model", model), (two, "benchmark", "x"), (two, "model", model)):
        draws, k = claim.leave_out.without(case_of(one, claim, population=population), column, value)
        again = claim.quantity(without(one, column, value), population).draws
        assert k == -np.inf
        np.testing.assert_allclose(np.quantile(draws, [0.1, 0.5, 0.9]), np.quantile(again, [0.1, 0.5, 0.9]), rtol=0.06)
