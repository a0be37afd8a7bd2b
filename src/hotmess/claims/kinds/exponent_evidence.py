"""The laws' prior on exponents, and the evidence that a weighted sum of them is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.inference.evidence import PointEvidence, bridged_density, savage_dickey
from hotmess.laws.densities import law_points

if TYPE_CHECKING:
    from hotmess.laws.power import PowerLaws


def exponent_draws(laws: PowerLaws, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, groups) draws of alpha_B and of alpha_V from the laws' prior."""
    from hotmess.laws.power import LawPrior

    prior, groups = LawPrior(), len(laws.groups)
    tau = np.abs(rng.normal(0, prior.slope_spread, (n, 2, 1)))
    rho = rng.uniform(-1, 1, (n, 1))
    z = rng.standard_normal((n, 2, groups))
    z[:, 1] = rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1]
    alpha = rng.normal(0, prior.slope, (n, 2, 1)) + tau * z
    return alpha[:, 0], alpha[:, 1]


def exponent_point(
    laws: PowerLaws, w_b: np.ndarray, w_v: np.ndarray, *, seed: int, at: float = 0.0, population: str = "these"
) -> PointEvidence:
    """Evidence that Σ_g w_b,g alpha_B,g + w_v,g alpha_V,g is `at` (default: no difference), Savage-Dickey.

    Given the hyperparameters the sum is Gaussian, before and after the data: the prior density is averaged over the
    hyperparameters' prior, the posterior density over their posterior.
    """
    from hotmess.laws.power import LawPrior, _arrays, _Collapsed

    prior = LawPrior()
    groups = len(laws.groups)
    weights = np.concatenate([np.zeros(2 * groups), w_b, w_v])
    law = _Collapsed(_arrays(laws.law, laws.groups, laws.by), prior, laws.law.populations.index(population))

    def conditional(points: np.ndarray) -> np.ndarray:
        parts = []
        for rows in np.array_split(np.arange(len(points)), max(1, len(points) // 500)):
            mean, cov = law.conditional(points[rows])
            parts.append(_log_normal(at - mean @ weights, np.einsum("i,nij,j->n", weights, cov, weights)))
        return np.concatenate(parts)

    rng = np.random.default_rng([seed, 59])
    tau = np.abs(rng.normal(0, prior.slope_spread, (200_000, 2)))
    rho = rng.uniform(-1, 1, 200_000)
    own = (w_b @ w_b) * tau[:, 0] ** 2 + (w_v @ w_v) * tau[:, 1] ** 2 + 2 * (w_b @ w_v) * rho * tau[:, 0] * tau[:, 1]
    shared = prior.slope**2 * (w_b.sum() ** 2 + w_v.sum() ** 2)
    density = np.exp(_log_normal(np.full(len(own), at), own + shared))
    log_prior, log_c = float(np.log(density.mean())), conditional(law_points(laws, population))
    found = savage_dickey(log_prior, log_c)
    if found.trusted:
        return found
    there, _ = law.chains(seed=seed + 71, draws=len(log_c) // 4, chains=4, more=conditional)
    return bridged_density(log_c, conditional(there.reshape(-1, there.shape[-1])), log_prior)


def _log_normal(x: np.ndarray, variance: np.ndarray) -> np.ndarray:
    variance = np.maximum(variance, 1e-300)
    out: np.ndarray = -0.5 * (np.log(2 * np.pi * variance) + x**2 / variance)
    return out
