"""Slopes on the logarithm of model size over models, without a model, and sizes permuted between models."""

from __future__ import annotations

from itertools import permutations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from hotmess.estimates.estimate import NOTHING, ROUNDING, Estimate

if TYPE_CHECKING:
    from hotmess.laws.power import PowerLaws


def size_statistics(laws: PowerLaws, of: str = "ratio") -> tuple[np.ndarray, np.ndarray]:
    """(models,) x and (models, groups) unbiased log(variance/bias²), or log of `of` (bias2 or variance) alone.

    nan where an estimate is nothing (but for rounding), or less.
    """
    x, bias2, variance = laws.unbiased_sums
    with np.errstate(invalid="ignore", divide="ignore"):
        what = variance / bias2 if of == "ratio" else bias2 if of == "bias2" else variance
        least = np.minimum(variance, bias2) if of == "ratio" else what
        positive = least > ROUNDING * np.abs(variance + bias2)
        return x, np.where(positive, np.log(what), np.nan)


def size_estimate(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Estimate:
    """Weighted mean over groups of the slope of log(variance/bias²) on x: alpha_B - alpha_V, with k - 2 degrees.

    Models contribute their weighted mean over groups, so that residuals shared by a model's groups count once.
    """
    return size_estimates(x[None], y, weights)[0]


def size_estimates(orders: np.ndarray, y: np.ndarray, weights: np.ndarray) -> list[Estimate]:
    """`size_estimate` for each row of (permutations, models) sizes, all at once.

    >>> x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([[0.0], [1.0], [2.0], [3.5]])
    >>> [round(e.value, 2) for e in size_estimates(np.stack([x, x[::-1]]), y, np.ones(1))]
    [1.15, -1.15]
    """
    use = np.flatnonzero(weights != 0)
    rows = np.isfinite(y[:, use]).all(axis=1)
    if rows.sum() < 3:
        return [NOTHING] * len(orders)
    t, v = orders[:, rows], y[rows][:, use] @ weights[use]
    t = t - t.mean(axis=1, keepdims=True)
    v = v - v.mean()
    spread = (t**2).sum(axis=1)
    df = len(v) - 2
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = t @ v / spread
        error = np.sqrt(((v - slope[:, None] * t) ** 2).sum(axis=1) / df / spread)
    return [Estimate(b, e, df) if s > 0 else NOTHING for b, e, s in zip(slope.tolist(), error.tolist(), spread)]


def size_permutations(x: np.ndarray, seed: int, *, limit: int = 5040) -> tuple[np.ndarray, bool]:
    """(permutations, models) sizes permuted between models: all of them (but the real order) where few, else 999."""
    if factorial(len(x)) <= limit:
        return x[np.array(list(permutations(range(len(x)))))[1:]], True
    rng = np.random.default_rng([seed, 23])
    return np.stack([rng.permutation(x) for _ in range(999)]), False
