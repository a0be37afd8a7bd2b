"""The laws' prior on a weighted sum of exponents, and the evidence that it is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.inference.evidence import PointEvidence, bridged_density, savage_dickey

if TYPE_CHECKING:
    from hotmess.laws.power import PowerLaws

DRAWS = 200_000  # of the hyperparameters' prior, behind the density of the sum before the data


def exponent_draws(laws: PowerLaws, w_b: np.ndarray, w_v: np.ndarray, rng: np.random.Generator, n: int) -> np.ndarray:
    """(n,) draws of Σ_g w_b,g alpha_B,g + w_v,g alpha_V,g from the prior that the laws were fitted with."""
    law = laws.model(laws.law.populations[0])
    return law.prior_draws(_weights(w_b, w_v), rng, n)


def exponent_point(
    laws: PowerLaws,
    w_b: np.ndarray,
    w_v: np.ndarray,
    *,
    seed: int,
    at: float = 0.0,
    population: str = "these",
    prior: np.ndarray | None = None,
) -> PointEvidence:
    """Evidence that Σ_g w_b,g alpha_B,g + w_v,g alpha_V,g is `at` (default: no difference), Savage-Dickey.

    Given the hyperparameters the sum is Gaussian, before and after the data: the prior density is averaged over the
    hyperparameters' prior, the posterior density over their posterior.

    prior: draws of `hyper_draws`, the same for all sums; None: they are made.
    """
    law, weights, points = laws.model(population), _weights(w_b, w_v), laws.points(population)
    before = np.exp(law.log_prior_at(weights, at, hyper_draws(laws, seed) if prior is None else prior))
    log_prior, log_c = float(np.log(before.mean())), law.log_conditional(weights, at, points)
    found = savage_dickey(log_prior, log_c)
    if found.trusted:
        return found

    def density(points: np.ndarray) -> np.ndarray:
        return law.log_conditional(weights, at, points)

    there, _ = law.chains(seed=seed + 71, draws=len(log_c) // 4, chains=4, more=density)
    return bridged_density(log_c, density(there.reshape(-1, there.shape[-1])), log_prior)


def hyper_draws(laws: PowerLaws, seed: int) -> np.ndarray:
    """(DRAWS, size) draws of the laws' scales and correlations from their prior."""
    return laws.model(laws.law.populations[0]).hyper.draws(np.random.default_rng([seed, 59]), DRAWS)


def _weights(w_b: np.ndarray, w_v: np.ndarray) -> np.ndarray:
    """(4 groups,) on all coefficients of the law: none on levels."""
    return np.concatenate([np.zeros(2 * len(w_b)), w_b, w_v])
