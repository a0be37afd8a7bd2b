"""Slopes of positive means on a covariate by Poisson pseudo-likelihood: a log
link, and no logs of tiny numbers (methods, section 4).

    maximise  sum_m [y_m (c + s x_m) - exp(c + s x_m)]          (Santos Silva and Tenreyro 2006)

is right for any y with mean exp(c + s x), whatever its variance, zeros included. Least squares of log y is drawn by the
smallest y, whose logs are the noisiest.
"""

from __future__ import annotations

import numpy as np

STEPS = 50


def poisson_slope(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(…,) slopes s of means y (…, m) on x (m,); nan where the sum of y is not positive.

    >>> poisson_slope(np.exp(1.0 - 0.4 * np.arange(4.0)), np.arange(4.0)).round(9).item()
    -0.4
    >>> round(poisson_slope(np.array([1.0, 3.0]), np.array([0.0, 1.0])).item(), 6)            # two points: log 3
    1.098612
    """
    y = np.asarray(y, float)
    centred = x - x.mean()
    total = y.sum(axis=-1)
    known = np.isfinite(total) & (total > 0)
    level = np.log(np.where(known, total, 1.0) / len(x))
    slope = np.zeros_like(level)
    y = np.where(known[..., None], y, 1.0)
    powers = np.stack([np.ones(len(x)), centred, centred**2], axis=-1)
    own = y @ powers[:, :2]
    for _ in range(STEPS):
        mu = np.exp(level[..., None] + slope[..., None] * centred)
        a, b, d = np.moveaxis(mu @ powers, -1, 0)
        first, second = own[..., 0] - a, own[..., 1] - b
        determinant = np.maximum(a * d - b * b, 1e-300)
        up, turn = (d * first - b * second) / determinant, (a * second - b * first) / determinant
        shrink = np.minimum(1.0, 2.0 / np.maximum(np.maximum(np.abs(up), np.abs(turn) * np.abs(centred).max()), 1e-12))
        level, slope = level + shrink * up, slope + shrink * turn
        if np.abs(turn).max(initial=0.0) < 1e-10:
            break
    return np.where(known, slope, np.nan)
