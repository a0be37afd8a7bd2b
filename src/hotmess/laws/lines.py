"""A straight line through the values of a few models: exact posterior of its
slope, with the models' own residual (methods, section 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import halfnorm

if TYPE_CHECKING:
    from jaxtyping import Float, Int


Floats = NDArray[np.float64]
GRID = 64


def line_draws(
    y: Float[np.ndarray, " m"],
    noise: Float[np.ndarray, "m m"],
    x: Float[np.ndarray, " m"],
    arm: Int[np.ndarray, " m"],
    *,
    slope: float,
    residual: float,
    draws: int,
    seed: int,
    level: float = 1.0,
) -> Float[np.ndarray, " draws"]:
    """(draws,) of b in y_m = c_arm + b x_m + u_m + e_m, u_m ~ Normal(0, τ²), e ~ Normal(0, noise).

    Priors: b ~ Normal(0, slope²), c ~ Normal(mean of y, level²), τ half-normal of scale `residual`. τ runs over a grid
    of points of equal prior mass, all else is Gaussian and integrated out, so draws are independent.

    Parameters
    ----------
    y, x
        (models,) values and what they are laid out along.
    noise
        (models, models) covariance of the values.
    arm
        (models,) index of the arm, each with a level of its own.

    >>> x = np.arange(5.0)
    >>> b = line_draws(0.3 * x, 1e-6 * np.eye(5), x, np.zeros(5, int), slope=1, residual=0.1, draws=1000, seed=0)
    >>> round(float(np.median(b)), 2)
    0.3
    """
    arms = int(arm.max()) + 1
    centre = x - x.mean()
    design = np.column_stack([np.eye(arms)[arm], centre])
    prior = np.diag([*np.full(arms, level**2), slope**2])
    scales = halfnorm.ppf((np.arange(GRID) + 0.5) / GRID, scale=residual)
    aim = y - y.mean()
    log_p, mean, sd = np.empty(GRID), np.empty(GRID), np.empty(GRID)
    base = noise + design @ prior @ design.T
    for i, tau in enumerate(scales):
        root = np.linalg.cholesky(base + (tau**2 + 1e-12) * np.eye(len(y)))
        white = np.linalg.solve(root, np.column_stack([aim, design @ prior[:, -1]]))
        log_p[i] = -0.5 * (white[:, 0] ** 2).sum() - np.log(np.diag(root)).sum()
        mean[i] = white[:, 1] @ white[:, 0]
        sd[i] = np.sqrt(max(prior[-1, -1] - (white[:, 1] ** 2).sum(), 0.0))
    weight = np.exp(log_p - log_p.max())
    rng = np.random.default_rng([seed, 83])
    at = rng.choice(GRID, draws, p=weight / weight.sum())
    return np.asarray(mean[at] + sd[at] * rng.standard_normal(draws))
