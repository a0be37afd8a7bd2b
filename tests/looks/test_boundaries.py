"""Thresholds of looks against the multivariate Normal, published tables, and simulated walks."""

import math

import numpy as np
import pytest
from scipy import stats

from hotmess.looks.boundaries import ALPHA, SPENDING, chance_of_deciding, obrien_fleming, pocock, thresholds


@pytest.mark.parametrize("spending", SPENDING)
@pytest.mark.parametrize("fractions", [[0.5, 1.0], [0.1, 0.35, 1.0], [0.3, 0.32, 0.9, 1.0]])
def test_they_spend_what_they_may(spending, fractions):
    """P(no look decides) = 1 − α(t) by SciPy's multivariate Normal with covariance √(t_j/t_k)."""
    c = thresholds(fractions, spending=spending)
    t = np.array(fractions)
    for k in range(1, len(t) + 1):
        cov = np.sqrt(np.minimum.outer(t[:k], t[:k]) / np.maximum.outer(t[:k], t[:k]))
        inside = stats.multivariate_normal(np.zeros(k), cov, allow_singular=True).cdf(np.minimum(c[:k], 9.0))
        assert 1 - inside == pytest.approx(SPENDING[spending](t[k - 1], ALPHA), abs=2e-5)


def test_published_tables():
    """Five equal looks at one-sided 0.025: Lan and DeMets (1983), as in Jennison and Turnbull (2000)."""
    assert thresholds([0.2, 0.4, 0.6, 0.8, 1.0]) == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=2e-3)
    equal = thresholds([0.2, 0.4, 0.6, 0.8, 1.0], spending="pocock")
    assert equal == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=2e-3)


def test_one_look_is_the_rule_of_one():
    assert thresholds([1.0])[0] == pytest.approx(stats.norm.isf(0.025), abs=1e-9)


def test_a_look_that_may_spend_nothing_decides_nothing():
    c = thresholds([0.4, 0.4, 1.0])
    assert math.isinf(c[1])
    assert [c[0], c[2]] == pytest.approx(thresholds([0.4, 1.0]).tolist())


def test_spending_and_information_may_go_apart():
    """Error spent by fractions, looks that go together as their information says, by SciPy."""
    fractions, known = np.array([0.3, 0.6, 1.0]), np.array([2.0, 7.0, 8.0])
    c = thresholds(fractions, known)
    for k in range(1, 4):
        cov = np.sqrt(np.minimum.outer(known[:k], known[:k]) / np.maximum.outer(known[:k], known[:k]))
        inside = stats.multivariate_normal(np.zeros(k), cov).cdf(c[:k])
        assert 1 - inside == pytest.approx(obrien_fleming(fractions[k - 1]), abs=2e-5)


def test_information_that_falls_back_is_no_reason_to_spend_more():
    back = thresholds([0.5, 1.0], [1.0, 0.9])
    assert back == pytest.approx(thresholds([0.5, 1.0], [1.0, 1.05]).tolist())
    # With the same estimate at both looks, all that may be spent is spent where it had been below the first threshold.
    assert back[1] > stats.norm.isf(ALPHA)


def test_spending_rises_to_alpha():
    t = np.linspace(0, 1, 50)
    for spend in (obrien_fleming, pocock):
        values = [spend(x) for x in t]
        assert values[0] == 0 and values[-1] == pytest.approx(ALPHA) and (np.diff(values) >= 0).all()


def test_simulated_walks_cross_as_often_as_they_may():
    rng = np.random.default_rng(3)
    t = np.array([0.15, 0.5, 0.8, 1.0])
    steps = rng.normal(size=(400_000, 4)) * np.sqrt(np.diff(t, prepend=0.0))
    z = steps.cumsum(axis=1) / np.sqrt(t)
    rate = (z > thresholds(t)).any(axis=1).mean()
    assert abs(rate - ALPHA) < 4 * math.sqrt(ALPHA * (1 - ALPHA) / 400_000)


def test_estimates_of_more_samples_of_the_same_questions_walk_as_their_information_says():
    """Means over questions of their first n samples: Cov(θ_j, θ_k) = Var(θ_k), questions' own scatter included."""
    rng = np.random.default_rng(5)
    questions, between, within, sizes = 20, 1.0, 3.0, [3, 8, 20]
    own = rng.normal(0, math.sqrt(between), (40_000, questions))
    sums = np.stack([rng.normal(0, math.sqrt(within * n), own.shape) for n in np.diff(sizes, prepend=0)])
    means = np.stack([(own + total / n).mean(axis=1) for total, n in zip(sums.cumsum(axis=0), sizes, strict=True)])
    variance = (between + within / np.array(sizes)) / questions
    for j in range(3):
        for k in range(j, 3):
            error = 4 * math.sqrt((variance[j] * variance[k] + variance[k] ** 2) / 40_000)
            assert np.cov(means[j], means[k])[0, 1] == pytest.approx(variance[k], abs=error)


def test_chance_of_deciding_by_simulation():
    rng = np.random.default_rng(0)
    estimate, now, final, c = 0.4, 9.0, 25.0, 2.0
    theta = rng.normal(estimate, 1 / 3, 300_000)
    # The last estimate: the one now and the rest, weighed by information.
    rest = rng.normal(theta, 1 / math.sqrt(final - now))
    last = (now * estimate + (final - now) * rest) / final
    assert chance_of_deciding(estimate, now, final, c) == pytest.approx(float((last * 5 > c).mean()), abs=0.004)
    assert chance_of_deciding(1.0, 25.0, 25.0, 2.0) == 1.0


def test_looks_at_which_nothing_is_known_decide_nothing_and_spend_nothing():
    assert np.isinf(thresholds([0.0, 0.0, 1.0], [0.0, 0.0, 0.0])).all()
    late = thresholds([0.0, 0.5, 1.0], [0.0, 1.0, 2.0])
    assert np.isinf(late[0]) and late[1:].tolist() == thresholds([0.5, 1.0], [1.0, 2.0]).tolist()
