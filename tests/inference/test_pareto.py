"""Importance weights against a tilted Normal and distributions whose tails are known."""

import numpy as np
import pytest
from scipy import stats

from hotmess.inference.pareto import resample, smoothed


def test_resampling_follows_the_weights():
    x = np.random.default_rng(0).normal(size=4000)
    weights, k = smoothed(0.5 * x)  # Normal(0, 1) tilted to Normal(1/2, 1)
    assert x[resample(weights, np.random.default_rng(1))].mean() == pytest.approx(0.5, abs=0.06)
    assert k < 0.5
    assert 1 / (weights**2).sum() == pytest.approx(4000 * np.exp(-0.25), rel=0.05)


def test_pareto_k_is_that_of_the_tail_of_each_row():
    rng = np.random.default_rng(2)
    log_weights = np.stack(
        [np.zeros(4000), 0.1 * rng.normal(size=4000), np.log(stats.t(1).rvs(4000, random_state=3) ** 2)]
    )
    weights, k = smoothed(log_weights)
    assert k[0] == 0 and k[1] < 0.5 and k[2] > 0.7
    assert weights.sum(axis=1) == pytest.approx(1) and np.ptp(weights[0]) == 0
    alone, k_alone = smoothed(log_weights[1])
    assert alone == pytest.approx(weights[1]) and float(k_alone) == k[1]


def test_a_tail_of_equal_weights_is_not_trusted():
    weights, k = smoothed(np.where(np.arange(4000) < 1000, 0.0, -5.0))
    assert k == np.inf and weights.sum() == pytest.approx(1)


def test_weights_hundreds_of_logarithms_apart_are_not_trusted():
    weights, k = smoothed(500 * np.random.default_rng(4).normal(size=(3, 2000)))
    assert (k == np.inf).all() and weights.sum(axis=1) == pytest.approx(1)
