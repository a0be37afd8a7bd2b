"""Importance weights: Pareto-smoothed (Vehtari, Simpson, Gelman, Yao and Gabry 2024), and resampling by them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotmess.arrays import Ints

LEAST = -700.0  # where exp comes to nothing


def smoothed(log_weights: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Pareto-smoothed weights, normalised along the last axis (draws), and Pareto k of each row.

    k is 0 where all weights of a row are equal, and infinity where the tail cannot be fitted; up to about 0.7 the
    weights can be trusted.

    >>> w, k = smoothed(0.1 * np.random.default_rng(0).normal(size=1000))
    >>> round(float(w.sum()), 6), float(k) < 0.5
    (1.0, True)
    """
    log_weights = np.asarray(log_weights, float)
    rows = log_weights.reshape(-1, log_weights.shape[-1])
    both = [_smoothed(row - row.max()) for row in rows]
    weights = np.stack([w for w, _ in both]).reshape(log_weights.shape)
    return weights, np.array([k for _, k in both]).reshape(log_weights.shape[:-1])


def _smoothed(row: NDArray[Any]) -> tuple[NDArray[Any], float]:
    from arviz_stats.base.array import array_stats

    if np.ptp(row) < 1e-12:
        return np.full(len(row), 1 / len(row)), 0.0
    row = np.maximum(row, LEAST)
    try:
        with np.errstate(all="ignore"):
            out, k = array_stats.psislw(-row)  # it takes log likelihoods of what is left out
    except ValueError:  # all weights of the tail are the same
        out, k = row, np.inf
    if not (np.isfinite(out).all() and np.isfinite(k)):  # of weights hundreds of logarithms apart no tail fits
        out, k = row, np.inf
    weights = np.exp(out - out.max())
    return weights / weights.sum(), float(k)


def resample(weights: NDArray[Any], rng: np.random.Generator) -> Ints:
    """As many indices as weights (summing to 1) by systematic resampling, in random order.

    >>> np.bincount(resample(np.array([0.5, 0.25, 0.25, 0.0]), np.random.default_rng(0)), minlength=4).tolist()
    [2, 1, 1, 0]
    """
    n = len(weights)
    steps = (np.arange(n) + rng.random()) / n
    return rng.permutation(np.minimum(np.searchsorted(np.cumsum(weights), steps), n - 1))
