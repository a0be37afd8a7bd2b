"""A law's own prior reaches its evidence, the powers of its prior, and every fit without a part of the data."""

import numpy as np
import pytest
from scipy import stats

import hotmess as hm
from hotmess.claims.api import as_study
from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Case
from hotmess.claims.guards.odds import Odds
from hotmess.claims.guards.sensitivity import sensitivity
from hotmess.claims.reduced import without
from hotmess.claims.rule import SUPPORTED, probability
from hotmess.laws.hardness import hardness
from hotmess.responses.validate import validate
from hotmess.simulate import simulate

NAME = "bias-falls-faster-than-variance"
WIDE = hm.LawPrior(slope=3.0, slope_spread=0.6, model=0.5, rest=0.2)


@pytest.fixture(scope="module")
def fit():
    table = simulate("scale", seed=5, questions=60, samples=10, residual=0.02).table
    return hm.fit(validate(table), by=["difficulty"], seed=1, draws=200, pointwise=False)


@pytest.fixture(scope="module")
def laws(fit):
    return {prior: hm.power_laws(fit, prior=prior, seed=1, draws=300) for prior in (hm.LawPrior(), WIDE)}


def case_of(study, claim):
    quantity = claim.quantity(study, "these")
    p = probability(claim.holds(quantity.draws))
    return Case(study, claim, "these", 0.9, quantity, quantity, quantity.gate, p, p.value, SUPPORTED)


@pytest.mark.parametrize("prior", [hm.LawPrior(), WIDE])
def test_the_prior_of_the_claim_is_that_of_its_laws(prior, laws):
    """Weights 1/3 on alpha_B and -1/3 on alpha_V of three groups: variance 2 slope² + 2 spread²/3."""
    study, claim = as_study(laws[prior]), CATALOGUE[NAME]
    draws = claim.prior(study, np.random.default_rng(1), 60_000)
    exact = 2 * prior.slope**2 + 2 * prior.slope_spread**2 / 3
    assert draws.var() == pytest.approx(exact, rel=0.04)


@pytest.mark.parametrize("prior", [hm.LawPrior(), WIDE])
def test_the_evidence_is_that_of_the_prior_that_was_used(prior, laws):
    """Posterior over prior density at 0, by hyperparameters from the prior, weighted by the likelihood."""
    study, claim = as_study(laws[prior]), CATALOGUE[NAME]
    law = laws[prior].model("these")
    weights = np.r_[np.zeros(6), np.full(3, 1 / 3), np.full(3, -1 / 3)]
    points = prior.hyper.draws(np.random.default_rng(2), 40_000)
    log_w = law.log_likelihood(points)
    w = np.exp(log_w - log_w.max())
    effective = w.sum() ** 2 / (w**2).sum()
    posterior = np.average(np.exp(law.log_conditional(weights, 0.0, points)), weights=w)
    t = points[:, :2]
    variance = 2 * prior.slope**2 + ((t**2).sum(1) - 2 * points[:, 6] * t[:, 0] * t[:, 1]) / 3
    before = stats.norm.pdf(0, 0, np.sqrt(variance)).mean()
    found = Odds().run(case_of(study, claim)).record["no_effect"]
    assert effective > 100 and found["factor"] is not None
    # the posterior density is small where the data speak: compare on the scale of logarithms
    assert np.log(found["factor"]) == pytest.approx(np.log(posterior / before), abs=0.1 * abs(np.log(posterior)) + 0.15)


def test_a_wider_prior_asks_for_more_evidence(laws):
    """Lindley: with the prior three times as wide, the evidence against no effect falls by about as much."""
    claim = CATALOGUE[NAME]
    narrow, wide = (claim.point(as_study(one)).log_factor for one in laws.values())
    assert 0.4 < wide - narrow < 2.2


def test_powers_of_the_prior_are_powers_of_the_prior_that_was_used(laws):
    one = laws[WIDE]
    hard = hardness(one.groups)
    log_prior, _ = one.densities("these")
    draws = one.draws("these").isel(chain=0, draw=[3, 40])
    exact = []
    for i in range(2):
        d = {name: np.asarray(draws[name].values)[i] for name in draws.data_vars}
        own = [
            stats.halfnorm.logpdf(d[f"{s}_{t}"], scale=w)
            for s, w in (("tau", 0.6), ("u", 0.5), ("e", 0.2))
            for t in (("bias2", "variance") if s == "tau" else ("level", "ratio"))
        ]
        tau = np.array([d["tau_bias2"], d["tau_variance"]])
        pair = np.outer(tau, tau) * np.array([[1, d["rho_alpha"]], [d["rho_alpha"], 1]])
        cov = np.kron(pair, np.eye(3)) + np.kron(np.eye(2), 9.0 + 0.09 * np.outer(hard, hard))
        alpha = np.r_[d["alpha_bias2"], d["alpha_variance"]]
        level = np.r_[d["level_bias2"], d["level_variance"]]
        gauss = stats.multivariate_normal.logpdf(alpha, np.zeros(6), cov) + stats.norm.logpdf(level, -1, 2).sum()
        exact.append(sum(own) + gauss)
    assert log_prior[0, 40] - log_prior[0, 3] == pytest.approx(exact[1] - exact[0], abs=1e-3)


@pytest.mark.slow
def test_the_guard_of_sensitivity_leaves_out_models_under_the_same_prior(laws):
    """Under a prior that allows no slope the quantity stays near 0, whatever is left out, reweighted or fitted anew."""
    flat = hm.LawPrior(slope=1e-3, slope_spread=1e-3, trend=1e-3)
    study = as_study(laws[WIDE].refit(prior=flat, draws=200))
    assert study.law_prior == flat
    reduced = without(study, "model", str(study.power_laws.law.cells["model"].iloc[0]))
    assert reduced.law_prior == flat and reduced.power_laws.prior == flat
    found = sensitivity(case_of(study, CATALOGUE[NAME]))
    medians = [run.median for name, run in found.runs.items() if "left out" in name and run.median is not None]
    assert len(medians) >= 3 and max(map(abs, medians)) < 0.01
    plain = sensitivity(case_of(as_study(laws[hm.LawPrior()]), CATALOGUE[NAME]))
    assert abs(np.median([run.median for run in plain.runs.values() if run.median is not None])) > 0.03


def test_a_length_laws_own_prior_is_that_of_its_claim():
    table = simulate("odds-law", seed=3, questions=80, samples=8).table
    prior = hm.LengthPrior(slope=0.05, spread=0.02)
    law = hm.length_law(validate(table), prior=prior, draws=100)
    study, claim = as_study(law), CATALOGUE["incoherence-rises-with-length"]
    draws = claim.prior(study, np.random.default_rng(1), 40_000)
    sd = float(law.arms["log_length_sd"].iloc[0])
    assert draws.std() == pytest.approx(np.hypot(0.05, 0.02) / sd, rel=0.05)
    reduced = without(study, "question", str(table["question"].iloc[0]))
    assert reduced.length_law.prior == prior
