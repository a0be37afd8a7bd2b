"""The sign, prior and point of each claim are those of its statement.

The signs here are written down from the statements, not taken from the code: a claim whose sign or weights are broken
differs from an oracle below.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from two_sides import case, sided

from hotmess.answers.prior import AnswerPrior
from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.kinds.exponent_evidence import exponent_point
from hotmess.claims.kinds.exponent_trends import trend_weights
from hotmess.claims.kinds.exponents_of_size import group_weights
from hotmess.claims.rule import smoothed
from hotmess.claims.study import Study
from hotmess.decompose.squared import plug_in, unbiased
from hotmess.design.components import size_components
from hotmess.inference.gate import Gate
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

SIDES = {"natural-overthinking": 1.0, "budget-lowers-incoherence": -1.0, "intervention-lowers-incoherence": -1.0}
SIZE = {
    "hard-incoherence-rises-with-scale": ("hard", 1.0),
    "easy-incoherence-falls-with-scale": ("easy", -1.0),
    "bias-falls-faster-than-variance": ("all", 1.0),
}
LAWS = (*SIZE, *(name for name in CATALOGUE if "exponent" in name))


def table_of(name: str) -> pd.DataFrame:
    column = {"natural": "", "budget": "budget", "intervention": "condition"}[name.split("-")[0]]
    return sided().drop(columns=[c for c in ("budget", "condition") if c != column])


@pytest.mark.parametrize("name", SIDES)
def test_two_sides_have_the_sign_of_their_statement(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second side is hotter, so its answers are more incoherent: what rises is positive, what falls negative."""
    claim, sign = CATALOGUE[name], SIDES[name]
    study = Study(validate(table_of(name)), draws=60)
    assert claim.estimate is not None and claim.control is not None and claim.variants is not None
    estimate, control = claim.estimate(study), claim.control(study, 0)
    assert sign * estimate.value > 2 * estimate.error
    like = claim.quantity(study, "like-these")
    assert stats.norm.cdf(control.statistic) == pytest.approx(smoothed(like.draws, effective=like.effective).value)
    assert control.rank == (1 if sign > 0 else 100)
    damaged = table_of(name)
    damaged.loc[damaged["sample"] == 0, "answer"] = -1
    variants = claim.variants(Study(validate(damaged)))
    assert len(variants) == 2 and all(np.sign(e.value) == sign for e in variants.values())
    for population in ("these", "like-these"):
        assert sign * np.median(claim.quantity(study, population).draws) > 0
    assert sign * claim.design(study, 10).effect.mean() > 0  # type: ignore[misc]
    if claim.published is not None:
        assert claim.published(study).estimate > 0
    log_prior, log_likelihood = claim.densities(study, "these")  # type: ignore[misc]
    fit = claim.fit(study)  # type: ignore[misc]
    assert fit is not None and log_prior.shape == log_likelihood.shape == (fit.chains, log_prior.shape[1])


def test_the_prior_of_the_natural_contrast_is_that_of_two_halves_alike() -> None:
    claim = CATALOGUE["natural-overthinking"]
    halves = SimpleNamespace(table=pd.DataFrame({"n_choices": [4, 4]}))
    contrast = SimpleNamespace(models=["a", "b"], fit=SimpleNamespace(prior=AnswerPrior()))
    study: Any = SimpleNamespace(contrast=contrast, halves=halves)
    draws = claim.prior(study, np.random.default_rng(1), 20_000)  # type: ignore[misc]
    prior, rng = AnswerPrior(), np.random.default_rng(2)
    eta = rng.normal(prior.location, prior.scale, (20_000, 2, 2, 3))
    a, kappa, phi = 1 / (1 + np.exp(-eta[..., 0])), np.exp(eta[..., 1]), np.exp(eta[..., 2])
    # error 2 (1 - a) - E[(1-a)(1 - h)] …: incoherence from mean accuracy, its spread and agreement of wrong answers
    spread, agree = 1 / (kappa + 1), (1 + phi / 3) / (1 + phi)
    a2, miss2 = a**2 + a * (1 - a) * spread, (1 - a) ** 2 + a * (1 - a) * spread
    value = (1 - a2 - miss2 * agree) / (1 - 2 * a + a2 + miss2 * agree + 1 - a2 - miss2 * agree)
    exact = (value[..., 1] - value[..., 0]).mean(1)
    assert stats.ks_2samp(draws, exact).pvalue > 1e-3


@pytest.fixture(scope="module")
def scale() -> Study:
    return Study(validate(simulate("scale", seed=5, questions=60, samples=10, residual=0.02).table), seed=3, draws=60)


@pytest.mark.parametrize("name", SIZE)
def test_claims_of_size_weigh_the_groups_and_the_sign_that_they_state(name: str, scale: Study) -> None:
    claim, (which, sign), laws = CATALOGUE[name], SIZE[name], scale.power_laws
    level = laws.groups["difficulty"].astype(str).tolist()
    rows = list(range(3)) if which == "all" else [level.index(which)]
    slopes = laws.slope_of_logit_incoherence("these")
    np.testing.assert_allclose(claim.quantity(scale, "these").draws, sign * slopes[..., rows].mean(-1))
    cells = scale.scale_cells
    log_size, logs = {}, {"unbiased": [], "plug-in": []}
    for how, terms in (("unbiased", unbiased(cells.points)), ("plug-in", plug_in(cells.points))):
        for g in (level[r] for r in rows):
            mine = (cells.table["difficulty"].astype(str) == g).to_numpy()
            own = cells.table.assign(v=terms.variance, b=terms.bias2)[mine].groupby("model_size_b")[["v", "b"]].sum()
            log_size[g] = np.log(own.index.to_numpy(float))
            ratio = own["v"] / own["b"] if how == "unbiased" else own["v"] / (own["v"] + own["b"])
            logs[how].append(np.log(ratio.to_numpy()))
    x = log_size[level[rows[0]]]
    estimate = claim.estimate(scale)  # type: ignore[misc]
    assert estimate.value == pytest.approx(sign * np.polyfit(x, np.mean(logs["unbiased"], axis=0), 1)[0])
    said = claim.published(scale)  # type: ignore[misc]
    slope = np.polyfit(x, np.mean(logs["plug-in"], axis=0), 1)[0]  # the same sizes in every group
    assert said.estimate == pytest.approx(sign * slope)
    planned = claim.design(scale, 10).effect  # type: ignore[misc]
    weights = np.isin(np.arange(3), rows) / len(rows)
    np.testing.assert_allclose(planned, sign * size_components(laws, weights, -weights, draws=10).effect)
    assert np.sign(planned.mean()) == np.sign(estimate.value)


@pytest.mark.parametrize("name", LAWS)
def test_the_prior_of_exponents_has_the_variance_of_its_weights(name: str, scale: Study) -> None:
    """Var Σ w alpha_B + v alpha_V = slope² ((Σw)² + (Σv)²) + spread² (Σw² + Σv²) + trend² ((Σwh)² + (Σvh)²):
    E[correlation] is 0."""
    from hotmess.laws.hardness import hardness
    from hotmess.laws.power import LawPrior

    laws, prior = scale.power_laws, LawPrior()
    if name in SIZE:
        w = SIZE[name][1] * group_weights(laws, SIZE[name][0])
        v = -w
    else:
        rise = trend_weights(laws)
        w, v = (0 * rise, -rise) if "variance" in name else (rise, 0 * rise)
    claim = CATALOGUE[name]
    draws = claim.prior(scale, np.random.default_rng(1), 40_000)  # type: ignore[misc]
    hard = hardness(laws.groups)
    exact = prior.slope**2 * (w.sum() ** 2 + v.sum() ** 2) + prior.slope_spread**2 * (w @ w + v @ v)
    exact += prior.trend**2 * ((w @ hard) ** 2 + (v @ hard) ** 2)
    assert draws.var() == pytest.approx(exact, rel=0.05)
    assert abs(draws.mean()) < 5 * np.sqrt(exact / 40_000)
    if name in SIZE:
        found, same = claim.point(scale), exponent_point(laws, w, v, seed=scale.seed)  # type: ignore[misc]
        assert found.log_factor == pytest.approx(same.log_factor, rel=1e-12)


def test_exponents_by_difficulty_have_the_sign_of_their_statement(scale: Study) -> None:
    laws = scale.power_laws
    level = laws.groups["difficulty"].astype(str).tolist()
    easy, hard = level.index("easy"), level.index("hard")
    for name, term, sign in (
        ("variance-exponent-falls-with-difficulty", "alpha_variance", -1.0),
        ("bias-exponent-constant-across-difficulty", "alpha_bias2", 1.0),
    ):
        claim, alpha = CATALOGUE[name], laws.draws("these")[term].values
        rise = alpha[..., hard] - alpha[..., easy]  # of three equally spaced groups, the line's rise
        np.testing.assert_allclose(claim.quantity(scale, "these").draws, sign * rise)
        own, said = claim.estimate(scale), claim.published(scale)  # type: ignore[misc]
        assert np.isfinite(own.value) and np.isfinite(said.estimate)
        if sign < 0:
            assert np.sign(own.value) == np.sign(said.estimate)
    edge = CATALOGUE["bias-exponent-constant-across-difficulty"]
    assert edge.region == (-0.1, 0.1) and said.estimate <= 0.1


def test_the_length_claim_is_the_mean_slope_and_its_prior() -> None:
    claim = CATALOGUE["incoherence-rises-with-length"]
    study = Study(validate(simulate("odds-law", seed=3, questions=80, samples=8).table), draws=60)
    law = study.length_law
    np.testing.assert_allclose(claim.quantity(study, "these").draws, law.slopes("odds", "these").mean(-1))
    estimate = claim.estimate(study)  # type: ignore[misc]
    assert estimate.value > 0 and np.median(law.slopes("odds", "these")) > 0  # the world's slope is positive
    assert claim.published(study).estimate > 0  # type: ignore[misc]
    assert claim.design(study, 10).effect.mean() > 0  # type: ignore[misc]
    draws = claim.prior(study, np.random.default_rng(1), 40_000)  # type: ignore[misc]
    each = 1 / law.arms["log_length_sd"].to_numpy() / len(law.arms)  # the prior is per standard deviation
    exact = law.prior.slope**2 * each.sum() ** 2 + law.prior.spread**2 * (each**2).sum()
    assert draws.var() == pytest.approx(exact, rel=0.05)


def test_the_prior_of_shares_is_that_of_two_slopes_alike() -> None:
    """b² - c² of two independent normal slopes is twice the product of two more: symmetric, with variance 4 s⁴."""
    claim = CATALOGUE["length-predicts-more-than-size"]
    nothing: Any = None
    draws = claim.prior(nothing, np.random.default_rng(1), 40_000)  # type: ignore[misc]
    assert stats.ks_2samp(draws, -draws).pvalue > 1e-3 and draws.var() == pytest.approx(4 * 0.5**4, rel=0.1)


def test_shares_without_a_model_are_those_of_a_new_fit_of_the_others() -> None:
    """A new fit of as many draws: over 8 seeds medians part by 0.04 standard deviations at most, and these by 4%."""
    claim = CATALOGUE["length-predicts-more-than-size"]
    table = simulate("size-not-length", seed=2, questions=60, samples=8).table
    study = Study(validate(table), draws=300)
    models = study.length_law.arms["model"].astype(str).tolist()
    here = claim.quantity(study, "like-these")
    one = SimpleNamespace(study=study, population="like-these")
    for model in (models[0], models[-1]):
        found, k = claim.leave_out.without(one, "model", model)  # type: ignore[misc,arg-type]
        again = claim.quantity(Study(validate(table[table["model"] != model]), draws=300), "like-these").draws
        assert k == -np.inf and abs(np.median(found) - np.median(again)) < 0.1 * again.std()
        assert abs(np.median(found) - np.median(here.draws)) > 0 and found.std() == pytest.approx(again.std(), rel=0.1)
    assert claim.leave_out.without(one, "benchmark", "b") is None  # type: ignore[misc,arg-type]


def effects(value: float) -> Any:
    draws = np.full((2, 50), value)
    return SimpleNamespace(draws=draws, gate=Gate(), notes=(), each={"m": draws}, parts={})


@pytest.mark.parametrize(("name", "feature", "sign"), [("budget-lowers", "budget", -1), ("natural-over", "natural", 1)])
def test_the_joint_model_beside_a_claim_has_its_sign(name: str, feature: str, sign: int) -> None:
    claim = next(c for n, c in CATALOGUE.items() if n.startswith(name))
    guard = claim.guards[0]
    guard = replace(guard, effects=lambda fit, population: effects(0.3))  # type: ignore[type-var]
    fit = SimpleNamespace(lengths=SimpleNamespace(features=(feature,)))
    study: Any = SimpleNamespace(fitted=lambda key: fit if key == "temperature" else None)
    found = guard.run(case(study, claim))
    assert found is not None and found.record["median"] == pytest.approx(sign * 0.3) and not found.reasons
    fit.lengths.features = ("other",)
    assert guard.run(case(study, claim)) is None


def test_answers_that_agree_too_little_between_budgets_hold_the_difference_back() -> None:
    claim = CATALOGUE["natural-exceeds-budget"]
    guard = claim.guards[0]
    for share, passed in ((0.01, False), (0.5, True)):
        check = SimpleNamespace(share=share, observed=0.4, sentence="they agree")
        found = guard.run(case(SimpleNamespace(budget_agreement=check), claim))
        assert found is not None and found.record["passed"] is passed and bool(found.reasons) is not passed
