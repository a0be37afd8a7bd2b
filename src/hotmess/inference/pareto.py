"""Importance weights: Pareto-smoothed (Vehtari, Simpson, Gelman, Yao and Gabry 2024), and resampling by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotmess.arrays import Floats, Ints

if TYPE_CHECKING:
    from jaxtyping import Float

LEAST = -700.0  # where exp comes to nothing
FEWEST = 5  # of a tail that can be fitted
WEIGHTS = 1_000_000  # of rows that are smoothed together


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
    each = max(1, WEIGHTS // rows.shape[1])
    both = [_smoothed(rows[i : i + each]) for i in range(0, len(rows), each)]
    weights = np.concatenate([w for w, _ in both]).reshape(log_weights.shape)
    return weights, np.concatenate([k for _, k in both]).reshape(log_weights.shape[:-1])


def _smoothed(rows: Float[np.ndarray, "r n"]) -> tuple[Floats, Floats]:
    n = rows.shape[1]
    rows = rows - rows.max(axis=1, keepdims=True)
    even = np.ptp(rows, axis=1) < 1e-12
    rows = np.maximum(rows, LEAST)
    k = np.where(even, 0.0, np.inf)
    rows[even] = 0.0
    tail = int(3 * np.sqrt(n)) if n > 225 else n // 5
    fitted = np.flatnonzero(~even) if tail >= FEWEST else np.zeros(0, int)
    if len(fitted):
        # Only the tail need be in order: the largest, and the one below them, at which it is cut off.
        largest = np.argpartition(rows[fitted], n - tail - 1, axis=1)[:, n - tail - 1 :]
        found = np.take_along_axis(rows[fitted], largest, axis=1)
        order = np.argsort(found, axis=1)
        largest, found = np.take_along_axis(largest, order, axis=1), np.take_along_axis(found, order, axis=1)
        vary = found[:, -1] - found[:, 1] >= np.finfo(float).tiny
        fitted, largest, found = fitted[vary], largest[vary], found[vary]
        made, k[fitted] = _tails(found)
        rows[fitted[:, None], largest[:, 1:]] = made
    weights = np.exp(rows - rows.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True), k


def _tails(found: Float[np.ndarray, "r m"]) -> tuple[Floats, Floats]:
    """(r, m - 1) smoothed log weights of tails in order, the first being where each is cut off, and (r,) Pareto k.

    Where no tail fits, the log weights are what they were, and k is infinite.
    """
    with np.errstate(all="ignore"):
        cutoff, tail = np.exp(found[:, :1]), np.exp(found[:, 1:])
        k, sigma = (x[:, None] for x in _generalised_pareto(tail - cutoff))
        p = np.arange(0.5, tail.shape[1]) / tail.shape[1]
        rise = np.where(k == 0, -np.log1p(-p), np.expm1(-k * np.log1p(-p)) / k)
        quantiles = np.minimum(np.log(cutoff + sigma * rise), found[:, -1:])  # no weight above the largest
    good = np.isfinite(k[:, 0]) & np.isfinite(quantiles).all(axis=1)
    return np.where(good[:, None], quantiles, found[:, 1:]), np.where(good, k[:, 0], np.inf)


def _generalised_pareto(x: Float[np.ndarray, "r m"]) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, " r"]]:
    """Shape and scale of the generalised Pareto distribution of each row, in order (Zhang and Stephens 2009).

    The shape has the prior of ten observations at ½ (Vehtari et al. 2024).
    """
    m = x.shape[1]
    count = 30 + int(m**0.5)
    grid = 1 - np.sqrt(count / (np.arange(1, count + 1) - 0.5))
    b = grid / (3 * x[:, int(m / 4 + 0.5) - 1, None]) + 1 / x[:, -1:]
    shape = np.log1p(-b[:, :, None] * x[:, None]).mean(axis=2)
    profile = m * (np.log(-b / shape) - shape - 1)
    weights = np.exp(profile - profile.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    weights[weights < 10 * np.finfo(float).eps] = 0.0
    middle = (b * weights).sum(axis=1) / weights.sum(axis=1)
    k = np.log1p(-middle[:, None] * x).mean(axis=1)
    return (m * k + 10 * 0.5) / (m + 10), -k / middle


def resample(weights: NDArray[Any], rng: np.random.Generator) -> Ints:
    """As many indices as weights (summing to 1) by systematic resampling, in random order.

    >>> np.bincount(resample(np.array([0.5, 0.25, 0.25, 0.0]), np.random.default_rng(0)), minlength=4).tolist()
    [2, 1, 1, 0]
    """
    n = len(weights)
    steps = (np.arange(n) + rng.random()) / n
    return rng.permutation(np.minimum(np.searchsorted(np.cumsum(weights), steps), n - 1))
