"""Spreads of bent posteriors by adaptive mixtures, against quadrature; a component at a draw it was made without."""

from __future__ import annotations

import numpy as np
import pytest

from hotmess.temperature.particles import Component, adapt, left_out

PRIOR = 3.0


def exact_spreads(sd, around):
    """Of x and y: x ~ N(0, sd²), y | x ~ N(x², around²), times a Normal prior of each; over y in closed form."""
    x = np.linspace(-10, 10, 4001)
    both = around**2 + PRIOR**2
    p = np.exp(-0.5 * x**2 * (1 / sd**2 + 1 / PRIOR**2) - 0.5 * x**4 / both)
    p /= p.sum()
    y, variance = x**2 * PRIOR**2 / both, around**2 * PRIOR**2 / both
    return np.sqrt([p @ x**2, p @ (y**2 + variance) - (p @ y) ** 2])


@pytest.mark.parametrize(
    ("size", "sd", "around", "within"), [(2, 1.5, 0.25, 0.03), (2, 1.0, 0.5, 0.03), (5, 1.0, 0.5, 0.05)]
)
def test_spreads_of_a_bent_posterior_are_the_exact_ones(size, sd, around, within):
    """On average over 60 units with the same likelihood; y follows x², and the rest are Normal."""
    units = 60

    def evaluate(some):
        def one(theta, s):
            x, y, rest = theta[:, 0], theta[:, 1], theta[:, 2:]
            bent = -0.5 * (x / sd) ** 2 - 0.5 * ((y - x**2) / around) ** 2 - 0.5 * (rest**2).sum(axis=1)
            return bent, np.zeros((1, len(some)))

        return one

    likelihood = np.r_[sd, around, np.ones(size - 2)]
    covariance = np.diag(1 / (1 / likelihood**2 + 1 / PRIOR**2))  # at the peak, by its curvature
    start = np.zeros((units, size)), np.tile(covariance, (units, 1, 1))
    found = adapt(evaluate, np.arange(units), *start, np.zeros(size), np.full(size, PRIOR), seed=0)
    mean = [own.weights @ own.theta for own in found]
    spread = [np.sqrt(own.weights @ (own.theta - m) ** 2)[:2] for own, m in zip(found, mean)]
    np.testing.assert_allclose(np.mean(spread, axis=0), exact_spreads(sd, around), rtol=within)
    assert np.mean([own.k < 0.7 and own.effective > 150 for own in found]) > 0.9


def test_a_component_at_a_draw_that_it_was_made_without_is_that_made_of_the_others():
    rng = np.random.default_rng(4)
    theta, weights = rng.normal(size=(30, 3)) @ np.diag([1.0, 0.3, 2.0]), rng.dirichlet(np.full(30, 2.0))
    mean = weights @ theta
    low = np.linalg.cholesky((weights[:, None] * (theta - mean)).T @ (theta - mean))
    own = np.array([3, 7, 7, 12, 29, 0])
    around = {None: left_out(theta, weights, low, None, 1.0), 1.4: left_out(theta, weights, low, own, 1.4)}
    for i in range(len(theta)):
        w, x = np.delete(weights, i), np.delete(theta, i, axis=0)
        w /= w.sum()
        scale = np.linalg.cholesky((w[:, None] * (x - w @ x)).T @ (x - w @ x))
        for wide, density in around.items():
            center = (w @ x)[None] if wide is None else theta[own[own != i]]
            made = Component(center[:, None], (wide or 1.0) * scale[None])
            assert density[i] == pytest.approx(made.log_density(theta[i][None, None])[0, 0])
