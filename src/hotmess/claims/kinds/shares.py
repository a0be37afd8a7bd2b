"""How much of incoherence length and model size explain: Shapley shares of standardised slopes.

Incoherence of bins of questions by latent length, of every model, on the logit scale:

    logit I_mb = c + b_L z_mb + b_N s_m + u_m + e_mb,

z and s the log length and log size in standard deviations over the observed bins, u_m a model's own residual (so that
size has about k - 2 degrees of freedom with k sizes). The variance explained, b_L² + b_N² + 2 r b_L b_N, has Shapley
values b_L² + r b_L b_N and b_N² + r b_L b_N; the claim is about the difference of their shares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hotmess.estimates.estimate import NOTHING, Estimate
from hotmess.estimates.length_slopes import binned_logits
from hotmess.laws.gaussian import GaussianLaw, Part
from hotmess.laws.hyperprior import HyperPrior

MIN_SIZES, GRID = 4, 24
INTERCEPT, SLOPE, MODEL, REST = 2.0, 1.0, 0.5, 0.3
"""Priors on the logit scale: sd of intercept and standardised slopes; half-normal scales of u and e."""


@dataclass(frozen=True)
class SlopeDraws:
    """Independent draws (draws,) of the standardised slopes, and the correlation r of length and size over bins."""

    length: np.ndarray
    size: np.ndarray
    r: float

    @property
    def difference(self) -> np.ndarray:
        """Share of length minus share of size."""
        return share_difference(self.length, self.size, self.r)


def share_difference(length: np.ndarray, size: np.ndarray, r: float) -> np.ndarray:
    """Shapley share of length minus that of size in the variance that both slopes explain; 0 where nothing is.

    (b_L² - b_N²) / (b_L² + b_N² + 2 r b_L b_N), since r b_L b_N is shared alike.

    >>> share_difference(np.array([1.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.5]), 0.0).tolist()
    [1.0, 0.0, -1.0]
    """
    total = length**2 + size**2 + 2 * r * length * size
    out: np.ndarray = np.divide(length**2 - size**2, total, out=np.zeros(np.shape(total)), where=total > 0)
    return out


def slope_draws(
    y: np.ndarray,
    noise: np.ndarray,
    length: np.ndarray,
    size: np.ndarray,
    model: np.ndarray,
    *,
    draws: int,
    seed: int,
) -> SlopeDraws:
    """Exact posterior of the two slopes: the two scales on a grid, all else Gaussian and integrated out.

    Parameters
    ----------
    y, noise
        (bins,) logit incoherences and their (bins, bins) covariance.
    length, size
        (bins,) log length and log size, in any unit.
    model
        (bins,) index of the model.
    """
    z, s = ((v - v.mean()) / v.std() for v in (length, size))
    law = GaussianLaw(
        y=y,
        noise=noise,
        design=np.column_stack([np.ones(len(y)), z, s]),
        mean=np.zeros(3),
        fixed=np.diag([INTERCEPT**2, SLOPE**2, SLOPE**2]),
        hyper=HyperPrior((MODEL, REST)),
        residuals=(Part((0, 0), (model[:, None] == model).astype(float)), Part((1, 1), np.eye(len(y)))),
    )
    beta = law.on_grid(law.hyper.grid(GRID), draws, np.random.default_rng([seed, 31]))[1]
    return SlopeDraws(beta[:, 1], beta[:, 2], float(np.mean(z * s)))


def quick_shares(
    variance: np.ndarray, error: np.ndarray, x: np.ndarray, model: np.ndarray, log_size: np.ndarray, *, bins: int
) -> Estimate:
    """The difference of shares by least squares: slopes within models, then of the models' levels on size.

    variance, error, x: (cells,) unbiased terms and log length; model: (cells,) index; log_size: (models,). Errors of
    the slopes are the scatter over models, with k - 1 and k - 2 degrees of freedom; that of the difference is the
    standard deviation over draws of both.
    """
    mean, y = binned_logits(variance, error, x, model, bins=bins)
    use = np.isfinite(y)
    has = use.sum(1) >= 3
    if has.sum() < MIN_SIZES:
        return NOTHING
    y, length, use, log_size = y[has], mean[has], use[has], log_size[has]
    z = (length - length[use].mean()) / length[use].std()
    flat = np.broadcast_to(log_size[:, None], use.shape)[use]
    s = (log_size - flat.mean()) / flat.std()
    n = use.sum(1)
    z_mean, y_mean = (np.where(use, v, 0.0).sum(1) / n for v in (z, y))
    away = np.where(use, z - z_mean[:, None], 0.0)
    slopes = (away * np.where(use, y, 0.0)).sum(1) / (away**2).sum(1)
    b = slopes.mean()
    level = y_mean - b * z_mean
    t = s - s.mean()
    on_size = float(t @ level / (t @ t))
    left = level - level.mean() - on_size * t
    errors = slopes.std(ddof=1) / np.sqrt(len(s)), np.sqrt((left**2).sum() / (len(s) - 2) / (t @ t))
    rng = np.random.default_rng(29)
    r = float(np.mean(z[use] * np.broadcast_to(s[:, None], use.shape)[use]))
    drawn = share_difference(
        b + errors[0] * rng.standard_t(len(s) - 1, 500), on_size + errors[1] * rng.standard_t(len(s) - 2, 500), r
    )
    return Estimate(float(share_difference(np.array(b), np.array(on_size), r)), float(drawn.std()), len(s) - 2)
