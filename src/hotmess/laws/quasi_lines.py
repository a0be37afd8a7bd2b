"""Lines of logit (or log) incoherence in length without bins, logarithms of
small numbers or errors left out (methods, section 4).

Incoherence at length x is a ratio of sums, E[variance | x] / E[error | x]. Where it is m(x) = expit(level + slope z),

    Σ_q w_q (variance_q - m(x_q) error_q) (1, z_q) = 0

holds in expectation at the line's level and slope, whatever the errors' own dependence on length: the quasi-likelihood
of a binomial share with the errors as its weights (Wedderburn 1974; McCullagh and Nelder 1989, chapter 9). Terms may be
unbiased estimates or posterior draws. Questions without errors say nothing and do no harm; least squares of bins'
logits has neither property. Away from the law it is the line that predicts variance best, errors weighted alike.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.floating[Any]]
STEPS, CLOSE, LARGEST, BLOCK, SEVERAL = 60, 1e-5, 12.0, 100_000, 8
"""Newton steps; the step after which they end, since the next would be about its square; the largest level and slope
per standard deviation; numbers held at a time; draws from which on their means are worth a line to start at."""


class Lines(NamedTuple):
    """Levels and slopes (draws,), at z = 0 and per unit of z; nan where there is no line."""

    level: Floats
    slope: Floats


def standardised(x: Floats) -> tuple[Floats, float, float]:
    """x less its mean in standard deviations, the mean, and the standard deviation."""
    middle, spread = float(np.mean(x)), float(np.std(x))
    return (x - middle) / spread, middle, spread


def quasi_lines(
    variance: Floats, error: Floats, z: Floats, *, weights: Floats | None = None, link: str = "odds"
) -> Lines:
    """The lines of draws of terms.

    Parameters
    ----------
    variance, error
        (draws, questions) terms.
    z
        (questions,) length, standardised.
    weights
        (draws, questions) of questions; None: all alike.
    link
        `odds`: logit m = level + slope z; `power`: log m.

    Examples
    --------
    Terms that lie on a line give it back, whatever the errors:

    >>> z, error = np.linspace(-1, 1, 5), np.array([[3.0, 0.0, 1.0, 0.2, 5.0]])
    >>> found = quasi_lines(expit(-0.5 + 0.8 * z) * error, error, z)
    >>> round(float(found.level[0]), 6), round(float(found.slope[0]), 6)
    (-0.5, 0.8)
    """
    variance, error = np.atleast_2d(variance), np.atleast_2d(error)
    each = max(1, BLOCK // max(variance.shape[1], 1))
    start = None
    if len(variance) >= SEVERAL:  # draws lie about the line of their means
        start = _block(variance.mean(0, keepdims=True), error.mean(0, keepdims=True), z, None, link)
    parts = [
        _block(
            variance[i : i + each],
            error[i : i + each],
            z,
            None if weights is None else weights[i : i + each],
            link,
            start,
        )
        for i in range(0, len(variance), each)
    ]
    return Lines(*(np.concatenate([part[k] for part in parts]) for k in range(2)))


def _block(
    variance: Floats, error: Floats, z: Floats, weights: Floats | None, link: str, start: Lines | None = None
) -> Lines:
    v = variance.astype(float) if weights is None else weights * variance
    e = error.astype(float) if weights is None else weights * error
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.clip(v.sum(1) / e.sum(1), 1e-4, 1 - 1e-4)
        level = np.log(ratio / (1 - ratio)) if link == "odds" else np.log(ratio)
    slope = np.zeros(len(v))
    going = np.isfinite(level)
    level = np.where(going, level, 0.0)
    if start is not None and np.isfinite(start.slope[0]):
        level[going], slope[going] = start.level[0], start.slope[0]
    x = np.stack([np.ones(len(z)), z, z * z], axis=1)
    for _ in range(STEPS):
        rows = np.flatnonzero(going)
        if not len(rows):
            break
        some = (v, e) if len(rows) == len(v) else (v[rows], e[rows])
        step = _step(*some, x, level[rows], slope[rows], link)
        level[rows] += step[0]
        slope[rows] += step[1]
        far = (np.abs(level[rows]) > LARGEST) | (np.abs(slope[rows]) > LARGEST) | ~np.isfinite(step).all(0)
        level[rows[far]] = np.nan
        going[rows] = ~far & (np.abs(step).max(0) > CLOSE)
    good = np.isfinite(level) & ~going
    return Lines(np.where(good, level, np.nan), np.where(good, slope, np.nan))


def _step(v: Floats, e: Floats, x: Floats, level: Floats, slope: Floats, link: str) -> Floats:
    """(2, draws) Newton step, at most 1 in either direction; x: (questions, 3) of 1, z and z²."""
    m, pull = _curve(level[:, None] + slope[:, None] * x[:, 1], link)
    m *= e
    pull *= np.maximum(e, 0)
    np.subtract(v, m, out=m)
    (a, b, c), (g, h) = (pull @ x).T, (m @ x[:, :2]).T
    with np.errstate(invalid="ignore", divide="ignore"):
        det = a * c - b * b
        step = np.stack([(c * g - b * h) / det, (a * h - b * g) / det])
    return np.asarray(np.clip(step, -1, 1))


def _curve(eta: Floats, link: str) -> tuple[Floats, Floats]:
    """m and its derivative in eta."""
    m = expit(eta) if link == "odds" else np.exp(np.clip(eta, -50, 50))
    return m, m * (1 - m) if link == "odds" else m.copy()


def line_influence(variance: Floats, error: Floats, z: Floats, level: float, slope: float) -> Floats:
    """(2, questions) influence of each question on level and slope of an odds line, to first order.

    Their sum of squares estimates the variance for questions like these; influences of arms that share questions add.
    """
    away = variance - expit(level + slope * z) * error
    return np.asarray(line_derivative(error, z, level, slope) * away)


def line_derivative(error: Floats, z: Floats, level: float, slope: float) -> Floats:
    """(2, questions) derivative of level and slope of an odds line in each question's variance."""
    x = np.stack([np.ones(len(z)), z])
    k = (x * np.maximum(error, 0) * _curve(level + slope * z, "odds")[1]) @ x.T
    return np.asarray(np.linalg.solve(k, x))
