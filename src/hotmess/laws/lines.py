"""A straight line through the values of a few models: exact posterior of its
slope, with the models' own residual (methods, section 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hotmess.laws.gaussian import GaussianLaw, Part
from hotmess.laws.hyperprior import HyperPrior

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
    design = np.column_stack([np.eye(arms)[arm], x - x.mean()])
    law = GaussianLaw(
        y=y - y.mean(),
        noise=noise + 1e-12 * np.eye(len(y)),
        design=design,
        mean=np.zeros(arms + 1),
        fixed=np.diag([*np.full(arms, level**2), slope**2]),
        hyper=HyperPrior((residual,)),
        residuals=(Part((0, 0), np.eye(len(y))),),
    )
    return law.on_grid(law.hyper.grid(GRID), draws, np.random.default_rng([seed, 83]))[1][:, -1]
