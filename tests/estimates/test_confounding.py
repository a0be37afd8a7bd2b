"""Marginal-sensitivity bounds against linear programmes, enumerated samples, and exact reweighting."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from hotmess.estimates.confounding import Association, explained_away


def worst(phi: np.ndarray, p: np.ndarray, gamma: float) -> float:
    """Largest Σ p (w - 1) φ over weights in [(1 + 1/Γ)/2, (1 + Γ)/2] of mean 1, by linear programming."""
    bounds = [((1 + 1 / gamma) / 2, (1 + gamma) / 2)] * len(phi)
    found = linprog(-p * phi, A_eq=p[None], b_eq=[1.0], bounds=bounds)
    assert found.success
    return float(-found.fun - p @ phi)


def sides(phi: np.ndarray, longer: np.ndarray) -> Association:
    """One question, halves of equal weight."""
    one = np.zeros(len(phi), int)
    mass = np.where(longer, 1 / longer.sum(), 1 / (~longer).sum())
    return Association(phi, mass, longer, one, one)


@pytest.mark.parametrize("gamma", [1.2, 2.0, 5.0])
def test_many_responses_have_the_bound_of_the_linear_programme(gamma):
    phi, p = np.array([0.0, 0.3, 1.0, 2.5]), np.array([0.4, 0.3, 0.2, 0.1])
    many = np.repeat(phi, (1000 * p).astype(int))
    both = np.r_[many, many]
    longer = np.repeat([True, False], len(many))
    exact = worst(-phi, p, gamma) + worst(phi, p, gamma)
    assert sides(both, longer).bias(gamma).sum() == pytest.approx(exact, rel=5e-3)
    lowered = worst(phi, p, gamma) + worst(-phi, p, gamma)
    assert sides(both, longer).bias(gamma, up=True).sum() == pytest.approx(lowered, rel=5e-3)


@pytest.mark.parametrize("gamma", [1.2, 2.0, 5.0])
def test_few_responses_have_on_average_no_smaller_a_bound(gamma):
    """All samples of two longer and two shorter answers of three, weighed by how probable they are."""
    phi, p = np.array([0.0, 0.4, 1.0]), np.array([0.5, 0.3, 0.2])
    longer = np.array([True, True, False, False])
    mean = 0.0
    for drawn in itertools.product(range(3), repeat=4):
        mean += p[list(drawn)].prod() * sides(phi[list(drawn)], longer).bias(gamma).sum()
    exact = worst(-phi, p, gamma) + worst(phi, p, gamma)
    assert exact - 1e-9 <= mean < 1.6 * exact


def test_nothing_moves_where_all_answers_are_alike():
    assert sides(np.ones(8), np.arange(8) < 4).bias(10.0).sum() == 0


def test_no_confounding_makes_no_bias_and_more_makes_more():
    rng = np.random.default_rng(0)
    found = sides(rng.normal(size=40), rng.random(40) < 0.5)
    by_gamma = [found.bias(g).sum() for g in (1.0, 1.1, 1.5, 3.0)]
    assert by_gamma[0] == 0 and by_gamma == sorted(by_gamma)


def test_the_end_of_the_interval_is_that_of_the_bootstrap_of_the_bound():
    """At the Γ of the end, 2.5% of weighted means of association less bias are below 0."""
    rng = np.random.default_rng(1)
    q, n = 300, 12
    cell = np.repeat(np.arange(q), n)
    longer = np.tile(np.arange(n) >= n // 2, q)
    phi = rng.gamma(2.0, 1.0, q)[cell] * (rng.random(q * n) < 0.3 + 0.15 * longer)
    found = Association(phi, np.full(q * n, 2 / n / q), longer, cell, cell)
    own = found.by_question() * q
    w = rng.dirichlet(np.ones(q), 40_000)
    draws = w @ own
    gamma, middle = explained_away(found, float(np.median(draws)), float(np.quantile(draws, 0.025)))
    assert 1 < gamma < middle
    less = w @ (own - q * found.bias(gamma))
    assert np.quantile(less, 0.025) == pytest.approx(0, abs=0.05 * draws.std())


def test_what_holds_zero_needs_no_confounding_and_what_is_certain_cannot_be_made():
    phi, longer = np.r_[np.ones(4), np.zeros(4)], np.arange(8) < 4
    assert explained_away(sides(phi, longer), 1.0, -0.1)[0] == 1.0
    assert explained_away(sides(np.ones(8), longer), 1.0, 0.5) == (np.inf, np.inf)


def test_a_fall_is_explained_as_the_rise_of_its_mirror_image():
    rng = np.random.default_rng(3)
    phi, longer = rng.normal(size=60), rng.random(60) < 0.5
    rise = explained_away(sides(phi, longer), 0.4, 0.2)
    assert explained_away(sides(-phi, longer), -0.4, -0.2) == pytest.approx(rise)


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("gamma", [1.0, 1.1, 2.7, 19.0])
def test_the_bias_is_that_of_responses_one_by_one(gamma, up):
    """Every response against the quantile of its stratum's others, sorted; many alike, some alone, strata of several
    questions and one that is empty."""
    rng = np.random.default_rng(4)
    n = 60
    phi, mass = rng.integers(0, 4, n) / 4 - 0.5, rng.random(n)
    longer, stratum, question = rng.random(n) < 0.4, rng.choice([0, 1, 3, 4, 4, 4], n), rng.integers(0, 6, n)
    phi[-1], stratum[-1] = 7.0, 5
    expected, level = np.zeros(6), gamma / (1 + gamma)
    for i in range(n):
        sign = 1.0 if longer[i] == up else -1.0
        rest = np.sort(sign * np.delete(phi, i)[np.delete(stratum, i) == stratum[i]])
        m = max(int(np.ceil(level * len(rest))), 1)
        away = sign * phi[i] - rest[m - 1] if len(rest) else 0.0
        expected[question[i]] += mass[i] * (gamma - 1) / 2 * (max(away, 0) + max(-away, 0) / gamma)
    found = Association(phi, mass, longer, stratum, question).bias(gamma, up=up)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
