"""Log variances of embedded answers about lines in log length: the density, and exact draws (methods, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.laws.hyperprior import HyperPrior
from hotmess.laws.length_model import levels_and_slopes
from hotmess.laws.length_prior import LengthPrior

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from hotmess.laws.gaussian import GaussianLaw

PRIOR = LengthPrior(slope=1.0, level=3.0, spread=0.5, residual=1.0)
"""Of natural logarithms of the variance, per natural logarithm of length; `residual` of questions around the line."""
POINTS, FEW = 200, 40
"""Points of equal prior mass for tau and for omega."""


def law_given(
    y: Float[np.ndarray, " n"],
    x: Float[np.ndarray, " n"],
    arm: Int[np.ndarray, " n"],
    variance: Float[np.ndarray, " n"],
    prior: LengthPrior = PRIOR,
) -> tuple[GaussianLaw, float]:
    """The law given the variances of y around its line, and the log density of what no line changes.

    Weighted least squares of y on x, arm by arm, is sufficient there: levels and slopes with their covariance are all
    that the law sees, as a length law does (`hotmess.laws.length_model`), and the rest is the density of y around it.

    >>> law, rest = law_given(np.array([0.0, 2.0, 1.0]), np.array([-1.0, 0.0, 1.0]), np.zeros(3, int), np.ones(3))
    >>> law.y.round(6).tolist(), np.diag(law.noise).round(3).tolist()
    ([1.0, 0.5], [0.333, 0.5])
    """
    arms = int(arm.max()) + 1
    design = np.concatenate([np.eye(arms)[arm], np.eye(arms)[arm] * x[:, None]], axis=1)
    covariance = np.linalg.inv((design / variance[:, None]).T @ design)
    covariance = (covariance + covariance.T) / 2
    found = covariance @ (design.T @ (y / variance))
    away = y - design @ found
    rest = -0.5 * float((away**2 / variance + np.log(2 * np.pi * variance)).sum())
    rest += 0.5 * float(np.linalg.slogdet(2 * np.pi * covariance)[1])
    return levels_and_slopes(found, covariance, prior, 0.0), rest


def latent_draws(
    y: np.ndarray,
    x: np.ndarray,
    error: np.ndarray,
    arm: np.ndarray,
    prior: LengthPrior,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Draws: `latent` log v (draws, cells), `level` and `line` of every arm (draws, arms), `tau`, `omega` (draws,)."""
    center = y.mean()
    taus = HyperPrior((prior.residual,)).grid(POINTS).ravel()
    omegas = HyperPrior((prior.spread,)).grid(FEW)
    laws = [law_given(y - center, x, arm, tau**2 + error**2, prior) for tau in taus]
    log_p = np.stack([law.log_likelihood(omegas) + rest for law, rest in laws])
    p = np.exp(log_p - log_p.max())
    at, of = np.divmod(rng.choice(p.size, draws, p=p.ravel() / p.sum()), FEW)
    latent, level, line = np.empty((draws, len(y))), *np.empty((2, draws, int(arm.max()) + 1))
    for k in np.unique(at):
        rows = np.flatnonzero(at == k)
        level[rows], line[rows] = np.split(laws[k][0].draw(omegas[of[rows]], rng), 2, axis=1)
        expected = center + level[rows][:, arm] + line[rows][:, arm] * x
        share = taus[k] ** 2 / (taus[k] ** 2 + error**2)
        latent[rows] = expected + share * (y - expected) + np.sqrt(share) * error * rng.standard_normal(expected.shape)
    return {"latent": latent, "level": center + level, "line": line, "tau": taus[at], "omega": omegas[of, 0]}
