"""Evidence against closed forms, to odds of a million; few questions; several claims."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hotmess.claims.guards.several import expected_false_signs
from hotmess.decompose.intervals import bootstrap_interval
from hotmess.inference.evidence import bridge, bridged_density, direction_odds, pareto_k, savage_dickey
from hotmess.statements.effective import spread_by_count


def two_levels(y: float, sd: float = 0.5) -> tuple[float, np.ndarray, float]:
    """mu ~ N(0, 1), theta | mu ~ N(mu, 1), y | theta ~ N(theta, sd²), the point theta = 0.

    The log prior density there, log conditional densities given posterior draws of mu, and the log Bayes factor.
    """
    total = 2 + sd**2
    mu = np.random.default_rng(0).normal(y / total, np.sqrt(1 - 1 / total), 20_000)
    precision = 1 + 1 / sd**2
    log_c = stats.norm.logpdf(0, (mu + y / sd**2) / precision, precision**-0.5)
    exact = stats.norm.logpdf(y, 0, sd) - stats.norm.logpdf(y, 0, np.sqrt(total))
    return float(stats.norm.logpdf(0, 0, np.sqrt(2))), log_c, float(exact)


@pytest.mark.parametrize("factor", [1.0, 1e2, 1e4, 1e6])
def test_savage_dickey_matches_the_closed_form(factor: float) -> None:
    y = np.interp(np.log(factor), *_factors())
    log_prior, log_c, exact = two_levels(float(y))
    assert exact == pytest.approx(-np.log(factor), abs=0.05)
    found = savage_dickey(log_prior, log_c)
    assert found.trusted and abs(found.log_factor - exact) < 5 * found.error + 1e-3
    kernel = stats.gaussian_kde(np.random.default_rng(1).normal(y * 2 / 2.25, np.sqrt(2 * 0.25 / 2.25), 2000))
    if factor == 1e6:  # what a kernel density makes of the same posterior, far in its tail
        with np.errstate(divide="ignore"):
            assert abs(float(np.log(kernel(0)[0])) - log_prior - exact) > 1


def _factors() -> tuple[np.ndarray, np.ndarray]:
    y = np.linspace(0.5, 4, 400)
    log_factor = stats.norm.logpdf(y, 0, 1.5) - stats.norm.logpdf(y, 0, 0.5)
    keep = log_factor >= -0.05
    return log_factor[keep], y[keep]


@pytest.mark.parametrize("y", [2.0, 5.0])
def test_bridging_gives_the_same_where_few_draws_dominate(y: float) -> None:
    sd = 0.1
    log_prior, log_c, exact = two_levels(y, sd)
    # mu given theta = 0 and y: theta says all about mu
    there = np.random.default_rng(2).normal(0, np.sqrt(0.5), 20_000)
    precision = 1 + 1 / sd**2
    log_c_there = stats.norm.logpdf(0, (there + y / sd**2) / precision, precision**-0.5)
    found = bridged_density(log_c, log_c_there, log_prior)
    assert abs(found.log_factor - exact) < 5 * found.error + 0.02


@pytest.mark.parametrize("y", [0.0, 3.0, 6.0])
def test_bridge_sampling_of_a_regression(y: float) -> None:
    """Three coefficients N(0, 1), five observations: the Bayes factor of a coefficient, up to a million and more."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(5, 3))
    obs = x @ np.array([y, 0.5, -0.5]) + 0.3 * rng.normal(size=5)
    logs = []
    for columns in ([0, 1, 2], [1, 2]):
        design = x[:, columns]
        precision = np.eye(len(columns)) + design.T @ design / 0.09
        cov = np.linalg.inv(precision)
        draws = rng.multivariate_normal(cov @ design.T @ obs / 0.09, cov, 6000)

        def log_joint(t: np.ndarray, design: np.ndarray = design) -> np.ndarray:
            likelihood = stats.norm.logpdf(obs, t @ design.T, 0.3).sum(1)
            return likelihood + stats.norm.logpdf(t).sum(1)

        value, error = bridge(log_joint, draws)
        exact = stats.multivariate_normal.logpdf(obs, np.zeros(5), design @ design.T + 0.09 * np.eye(5))
        assert abs(value - exact) < 5 * error + 1e-3 and error < 0.05
        logs.append(exact)
    if y == 6:
        assert logs[0] - logs[1] > np.log(1e6)


def test_odds_of_a_direction() -> None:
    rng = np.random.default_rng(4)
    holds = rng.random((4, 1000)) < 0.8
    odds = direction_odds(holds, rng.random(50_000) < 0.25)
    assert odds.posterior == pytest.approx(holds.mean() / (1 - holds.mean())) and not odds.bound
    assert odds.prior == pytest.approx(1 / 3, rel=0.05)
    assert odds.factor == pytest.approx(odds.posterior / odds.prior)
    none = direction_odds(np.zeros((4, 500), bool), np.ones(10, bool))
    assert none.bound and none.posterior == pytest.approx(1 / 2000) and none.record()["bound"] == "below"


def test_pareto_k_tells_heavy_tails() -> None:
    rng = np.random.default_rng(5)
    assert pareto_k(np.zeros(100)) == 0
    assert pareto_k(0.1 * rng.normal(size=4000)) < 0.3
    assert pareto_k(rng.pareto(1.0, 4000) * 0 + np.log1p(rng.pareto(1.0, 4000))) > 0.7  # 1/k = 1: no mean


def test_widening_is_that_of_the_interval_without_a_model() -> None:
    draws = np.random.default_rng(6).normal(size=4000)
    low, high = bootstrap_interval(draws, np.array(0.0), interval=0.95, questions=20)
    centre = np.quantile(draws, [0.025, 0.975])
    wide = spread_by_count(draws, 20)
    middle = np.median(draws)  # distances are from the median here, from the estimate there
    assert np.quantile(wide, 0.975) - middle == pytest.approx(float(high / centre[1]) * (centre[1] - middle), rel=0.01)
    assert np.quantile(wide, 0.025) - middle == pytest.approx(float(low / centre[0]) * (centre[0] - middle), rel=0.01)
    assert spread_by_count(draws, 50) is draws


def test_expected_false_signs_add_up() -> None:
    class One:
        def __init__(self, verdict: str, probability: float | None) -> None:
            self.verdict, self.probability = verdict, probability

    many = [One("supported", 0.99), One("contradicted", 0.02), One("inconclusive", 0.5), One("not testable", None)]
    found = expected_false_signs(many)  # type: ignore[arg-type]
    assert found == {"decided": 2, "expected_false_signs": pytest.approx(0.03), "rate": pytest.approx(0.015)}
