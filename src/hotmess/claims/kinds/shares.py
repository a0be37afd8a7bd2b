"""How much of incoherence length and model size explain: Shapley values of standardised slopes (methods, section 4).

Of every arm a (a model, its condition and budget) the length law sees the level at its mean log length and the slope
per standard deviation s_a of its log lengths. With z and s_N the log length and log size in standard deviations, over
all questions and over arms,

    level_a = c + b_L z_a + b_N s_N,a + u_m + noise,     slope_a = (b_L / sd) s_a + t_a + noise,

u_m a model's own residual (so that size has about k - 2 degrees of freedom with k sizes), t_a the arms' own slopes. The
variance explained, b_L² + b_N² + 2 r b_L b_N, has the Shapley values b_L² + r b_L b_N and b_N² + r b_L b_N: their
difference, b_L² - b_N², needs no r. It is told as it is, in squared logits. As a share of what both explain it is not
identified where both explain little: then the share is a ratio of noise, and its prior is on ±1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hotmess.estimates.estimate import NOTHING, Estimate
from hotmess.estimates.length_slopes import arm_lines
from hotmess.laws.gaussian import GaussianLaw, Part
from hotmess.laws.hyperprior import HyperPrior

MIN_SIZES, GRID = 4, 24
LEVEL, SLOPE, MODEL, SPREAD = 1.5, 0.5, 0.5, 0.3
"""Priors on the logit scale: sd of the intercept and of the standardised slopes; half-normal scales of u and t."""


@dataclass(frozen=True)
class SlopeDraws:
    """Independent draws (draws,) of the standardised slopes on length and on size, the law they are of, and (draws, 2)
    its scales."""

    length: np.ndarray
    size: np.ndarray
    law: GaussianLaw
    points: np.ndarray

    @property
    def difference(self) -> np.ndarray:
        """Variance of logit incoherence that length explains, minus that of size."""
        return np.asarray(self.length**2 - self.size**2)


@dataclass(frozen=True)
class Arms:
    """What is known of the arms' lengths and sizes, (A,) each.

    Attributes
    ----------
    middle, spread
        Mean and standard deviation of log length.
    log_size, model
        Log size, and index of the model.
    """

    middle: np.ndarray
    spread: np.ndarray
    log_size: np.ndarray
    model: np.ndarray

    @property
    def unit(self) -> float:
        """Standard deviation of log length over all questions and arms."""
        return float(np.sqrt((self.spread**2).mean() + self.middle.var()))

    def design(self) -> np.ndarray:
        """(2A, 3): c, b_L and b_N to levels, then to slopes per standard deviation."""
        z = (self.middle - self.middle.mean()) / self.unit
        s = (self.log_size - self.log_size.mean()) / self.log_size.std()
        one, none = np.ones(len(z)), np.zeros(len(z))
        return np.concatenate([np.column_stack([one, z, s]), np.column_stack([none, self.spread / self.unit, none])])


def slope_draws(y: np.ndarray, noise: np.ndarray, arms: Arms, *, draws: int, seed: int) -> SlopeDraws:
    """Exact posterior of the two slopes: the two scales on a grid, all else Gaussian and integrated out.

    y, noise: (2A,) levels and slopes of arms, and their covariance, as `hotmess.laws.length_lines.LineData` has them.
    """
    count = len(arms.middle)
    same = (arms.model[:, None] == arms.model).astype(float)
    levels, slopes = np.diag([1.0, 0.0]), np.diag([0.0, 1.0])
    law = GaussianLaw(
        y=y,
        noise=noise,
        design=arms.design(),
        mean=np.zeros(3),
        fixed=np.diag([LEVEL**2, SLOPE**2, SLOPE**2]),
        hyper=HyperPrior((MODEL, SPREAD)),
        residuals=(Part((0, 0), np.kron(levels, same)), Part((1, 1), np.kron(slopes, np.eye(count)))),
    )
    points, beta = law.on_grid(law.hyper.grid(GRID), draws, np.random.default_rng([seed, 31]))
    return SlopeDraws(beta[:, 1], beta[:, 2], law, points)


def quick_shares(
    variance: np.ndarray,
    error: np.ndarray,
    x: np.ndarray,
    model: np.ndarray,
    question: np.ndarray,
    log_size: np.ndarray,
) -> Estimate:
    """The difference without a model: slopes within models, then of the models' levels on size, by least squares.

    variance, error, x: (cells,) unbiased terms and log length; model, question: (cells,) index; log_size: (models,).
    Errors of the slopes are the scatter over models, with k - 1 and k - 2 degrees of freedom, and at least what the
    scatter over questions makes of them; squares are less the squares of these: noise explains nothing on average.
    """
    lines = arm_lines(variance, error, x, model, question)
    has = np.isfinite(lines.slope)
    if has.sum() < MIN_SIZES or np.ptp(log_size[has]) == 0:
        return NOTHING
    k = int(has.sum())
    arms = Arms(lines.middle[has], lines.spread[has], log_size[has], np.arange(k))
    slopes = lines.slope[has] * arms.unit
    shared = lines.influence[has].mean(0) * arms.unit
    on_length = float(slopes.mean())
    length_error = max(float(slopes.std(ddof=1) / np.sqrt(k)), float(np.sqrt((shared**2).sum())))
    design = arms.design()[:k]
    level = lines.level[has] - on_length * design[:, 1]
    s = design[:, 2]
    on_size = float(s @ level / (s @ s))
    left = level - level.mean() - on_size * s
    alone = float(np.sqrt((s**2) @ lines.level_error[has] ** 2)) / float(s @ s)
    size_error = max(float(np.sqrt((left**2).sum() / (k - 2) / (s @ s))), alone)
    value = (on_length**2 - length_error**2) - (on_size**2 - size_error**2)
    pairs = ((on_length, length_error), (on_size, size_error))
    variance_of = sum(4 * max(b**2 - e**2, 0.0) * e**2 + 2 * e**4 for b, e in pairs)
    return Estimate(value, float(np.sqrt(variance_of)), k - 2)
