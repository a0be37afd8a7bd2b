"""Laplace's marginal likelihood: its slopes and the modes' derivatives against differences, many scores at once."""

import numpy as np
import pytest
from scipy import stats

from hotmess.simulate import simulate
from hotmess.temperature import many_scores
from hotmess.temperature.data import length_data
from hotmess.temperature.laplace import modes
from hotmess.temperature.likelihood import Dense, log_likelihood
from hotmess.temperature.many_scores import blocks, log_likelihoods
from hotmess.temperature.marginal import log_marginal, tilt
from hotmess.temperature.model import log_prior_density
from hotmess.temperature.prior import Pooling, TemperaturePrior

WIDTH = 1e-5


def small(options: int) -> tuple[Dense, np.ndarray]:
    """Five questions, the last with one option fewer, at two budgets; parameters of the cells, each its own."""
    table = simulate("both", seed=3, questions=5, options=options, budgets=2, samples=6).table
    dense = length_data(table).dense
    real = np.array(dense.real)
    real[-1, -1] = options == 2
    answer = np.where(real[-1][:, None] | (dense.answer < options - 1), dense.answer, 0)
    cell = np.array([1.0, 0.2, -0.1, 0.3, -0.2, 0.25, 0.1])[:, None] + 0.1 * np.arange(5)
    return dense._replace(real=real, answer=answer), cell


@pytest.mark.parametrize("options", [2, 4, 7])
def test_slopes_and_tilt_are_those_of_differences(options):
    dense, cell = small(options)
    start = np.zeros(dense.real.shape)
    at = {}
    for i in range(len(cell)):
        for sign in (-1, 1):
            moved = cell.copy()
            moved[i] += sign * WIDTH
            d = modes(start, moved, dense, tolerance=1e-14)
            at[i, sign] = d, log_marginal(moved, d, dense)[0]
    d = modes(start, cell, dense, tolerance=1e-14)
    slopes, found = log_marginal(cell, d, dense)[1], tilt(d, cell, dense)[0]
    for i in range(len(cell)):
        (low, below), (high, above) = at[i, -1], at[i, 1]
        np.testing.assert_allclose(slopes[i], (above - below) / (2 * WIDTH), atol=2e-6)
        if i >= 3:
            np.testing.assert_allclose(found[i - 3], (high - low) / (2 * WIDTH), atol=2e-6)


@pytest.mark.parametrize("options", [2, 4, 7])
@pytest.mark.parametrize("far", [4.0, 300.0])
def test_many_scores_at_once_have_the_likelihood_of_one(options, far, monkeypatch):
    """In single precision, in blocks of any size, and also where exponentials of logits would be too large."""
    dense, cell = small(options)
    d = far * np.random.default_rng(0).normal(size=(options - 1, 40, 5))
    expected = np.stack([log_likelihood(d[:, p], cell, dense) for p in range(40)])
    for cells, numbers in ((512, 65_536), (2, 100)):
        monkeypatch.setattr(many_scores, "CELLS", cells)
        monkeypatch.setattr(many_scores, "NUMBERS", numbers)
        found = log_likelihoods(d, cell, blocks(dense))
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-5 * far)


def test_prior_density_is_that_of_jointly_normal_effects():
    prior, features = TemperaturePrior(), ("natural",)
    pool = Pooling(("model",), np.array([[0, 0, 1]]), np.array([-1.0, 0.5, 0.5]))
    rng = np.random.default_rng(2)
    theta, scales = rng.normal(size=(4, 3, 5)), rng.uniform(0.1, 1, (4, 1, 2))
    found = log_prior_density(theta, scales, prior, pool, features)
    s, width = pool.doublings, prior.effect_scales(features)
    for i in range(4):
        expected = sum(stats.norm.logpdf(theta[i, :, p], *prior.level[p]).sum() for p in range(3))
        for e, w in enumerate(width):
            shared = scales[i, 0, e] ** 2 * np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]])
            covariance = w**2 * (1 + prior.size**2 * np.outer(s, s)) + shared + 1e-8 * np.eye(3)
            expected += stats.multivariate_normal.logpdf(theta[i, :, 3 + e], np.zeros(3), covariance)
        assert found[i] == pytest.approx(expected, abs=1e-5)
