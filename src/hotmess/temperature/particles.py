"""Weighted draws of every unit's parameters: adaptive sampling by mixtures of t (methods, section 5).

Units share nothing but the hierarchy of their effects (`hotmess.temperature.hierarchy`), so that each is drawn under a
prior of its own, Normal(centre, width), from a mixture of multivariate t distributions: first with the weighted
moments of the draws before, then around draws so weighted, which follows what is bent (West 1993). All draws so far are
weighted by the whole mixture (deterministic mixture weights: Owen and Zhou 2000; adaptive: Cappé et al. 2004). A
handful of dimensions at a time instead of those of all units: one unit's bent posterior, as of a strong model that is
nearly always right, costs no other its weights, nor further draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gammaln, logsumexp

from hotmess.inference.pareto import smoothed

if TYPE_CHECKING:
    from jaxtyping import Float

    from hotmess.arrays import Bools, Floats, Ints

FREEDOM = 5.0
PER_ROUND, ROUNDS = 250, 8
CENTERS = 50
GOOD_K, GOOD_SIZE = 0.6, 400.0
"""A unit's mixture is good enough once Pareto k is below, and this many draws are effective, unless fewer will do."""


@dataclass(frozen=True)
class Particles:
    """Weighted draws of one unit.

    Attributes
    ----------
    theta
        (M, T) parameters.
    weights
        (M,) normalised, Pareto-smoothed, of the unit's posterior under its own prior.
    k, effective
        Pareto k of the weights, and how many draws are effective.
    marginal
        (M, n) log marginal likelihoods of the unit's cells.
    scores
        (M, K, n) a draw of their scores at each.
    """

    theta: Float[np.ndarray, "M T"]
    weights: Float[np.ndarray, " M"]
    k: float
    effective: float
    marginal: Float[np.ndarray, "M n"]
    scores: Float[np.ndarray, "M K n"]


@dataclass(frozen=True)
class Component:
    """An even mixture of multivariate t for each unit: centres (J, G, T), one Cholesky factor (G, T, T)."""

    center: np.ndarray
    low: np.ndarray

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """(count, G, T), the centres in turn."""
        _, units, t = self.center.shape
        x = rng.normal(size=(count, units, t)) / np.sqrt(rng.chisquare(FREEDOM, (count, units, 1)) / FREEDOM)
        out: Floats = self.center[np.arange(count) % len(self.center)] + np.einsum("gij,sgj->sgi", self.low, x)
        return out

    def of(self, units: Bools) -> Component:
        """That of some of the units."""
        return Component(self.center[:, units], self.low[units])

    def log_density(self, theta: Floats) -> Floats:
        """(M, G)

        >>> from scipy.stats import multivariate_t
        >>> one = Component(np.zeros((1, 1, 2)), np.eye(2)[None])
        >>> x = np.array([[[0.5, -1.0]]])
        >>> bool(np.isclose(one.log_density(x)[0, 0], multivariate_t.logpdf(x[0, 0], df=FREEDOM, shape=np.eye(2))))
        True
        """
        t = theta.shape[-1]
        a, b = (np.linalg.solve(self.low, np.moveaxis(x, 0, -1)) for x in (theta, self.center))  # (G, T, M or J)
        square = (a**2).sum(axis=1)[:, :, None] + (b**2).sum(axis=1)[:, None] - 2 * np.einsum("gtm,gtj->gmj", a, b)
        constant = gammaln((FREEDOM + t) / 2) - gammaln(FREEDOM / 2) - 0.5 * t * np.log(FREEDOM * np.pi)
        log_det = np.log(np.diagonal(self.low, axis1=1, axis2=2)).sum(axis=1)
        each = -0.5 * (FREEDOM + t) * np.log1p(np.maximum(square, 0.0) / FREEDOM)
        out: Floats = (constant - log_det)[None] + (logsumexp(each, axis=2) - np.log(b.shape[2])).T
        return out


def adapt(
    evaluate: Callable[[Ints], Callable[[Floats, int], tuple[Any, Any]]],
    unit: np.ndarray,
    mean: Float[np.ndarray, "G T"],
    covariance: Float[np.ndarray, "G T T"],
    center: Float[np.ndarray, " T"],
    width: Float[np.ndarray, " T"],
    *,
    seed: int,
    size: float = GOOD_SIZE,
) -> list[Particles]:
    """Draw, weigh, and add components until a unit's weights are good, or the rounds are spent; each unit's draws.

    A unit whose weights are good is left as it is, with the weights by all its components, while the others go on.

    Parameters
    ----------
    evaluate
        g units -> (theta (g, T), number of the draw) -> log marginal likelihoods (n,) of the units' cells and a draw of
        their scores (K, n).
    unit
        (n,) unit of each cell.
    mean, covariance
        of the first component; a second is twice as wide.
    center, width
        of the units' own Normal prior.
    size
        Effective draws that are enough.
    """
    t, rng, low = mean.shape[1], np.random.default_rng([seed, 61]), np.linalg.cholesky(covariance)
    left, done = np.arange(len(mean)), dict[int, Particles]()
    parts, counts = [Component(mean[None], low), Component(mean[None], 2 * low)], [PER_ROUND, PER_ROUND]
    theta = np.concatenate([part.draw(n, rng) for part, n in zip(parts, counts)])
    log_prior_scale = -np.log(width).sum() - 0.5 * t * np.log(2 * np.pi)
    marginal: list[Floats] = []
    scores: list[Floats] = []
    for turn in range(ROUNDS):
        one, owner = evaluate(left), np.searchsorted(left, unit[np.isin(unit, left)])
        for s in range(len(marginal), len(theta)):
            cells, chosen = one(theta[s], s)
            marginal.append(np.asarray(cells, np.float32))
            scores.append(np.asarray(chosen, np.float32))
        whole = np.stack([np.bincount(owner, row, len(left)) for row in marginal])
        share = np.log(np.array(counts) / sum(counts))
        mixture = logsumexp([part.log_density(theta) + w for part, w in zip(parts, share)], axis=0)
        prior = log_prior_scale - 0.5 * (((theta - center) / width) ** 2).sum(axis=-1)
        log_weights = np.where(np.isfinite(whole), whole, -np.inf) + prior - mixture
        log_weights = np.maximum(log_weights - log_weights.max(axis=0), -700.0)
        weights, k = smoothed(log_weights.T)
        effective = 1 / (weights**2).sum(axis=1)
        rest = ~((k < GOOD_K) & (effective > size)) & (turn < ROUNDS - 1)
        for i in np.flatnonzero(~rest):
            of = np.stack([row[owner == i] for row in marginal]), np.stack([row[:, owner == i] for row in scores])
            done[int(left[i])] = Particles(theta[:, i], weights[i], float(k[i]), float(effective[i]), *of)
        if not rest.any():
            break
        cell = rest[owner]
        left, theta, marginal = left[rest], theta[:, rest], [row[cell] for row in marginal]
        scores, parts = [row[:, cell] for row in scores], [part.of(rest) for part in parts]
        parts.append(_next(theta, log_weights[:, rest], rng, kernels=turn > 0))
        counts.append(PER_ROUND)
        theta = np.concatenate([theta, parts[-1].draw(PER_ROUND, rng)])
    return [done[g] for g in range(len(mean))]


def _next(theta: Floats, log_weights: Floats, rng: np.random.Generator, *, kernels: bool) -> Component:
    """A component with the weighted mean and covariance of each unit's draws; or kernels around weighted draws.

    Weights are tempered until 5T draws are effective. Kernels follow what is bent: CENTERS draws, each with the whole
    covariance, so that they reach beyond what has been drawn; narrower ones miss the ends of what is long and thin.
    """
    _, units, t = theta.shape
    centers, low = np.empty((CENTERS if kernels else 1, units, t)), np.empty((units, t, t))
    for g in range(units):
        power = 1.0
        while True:
            w = np.exp(power * log_weights[:, g])
            w /= w.sum()
            if 1 / (w**2).sum() >= 5 * t or power < 1e-3:
                break
            power *= 0.8
        mean = w @ theta[:, g]
        away = theta[:, g] - mean
        covariance = (w[:, None] * away).T @ away
        low[g] = np.linalg.cholesky(covariance + 1e-6 * np.diag(np.diagonal(covariance) + 1e-6))
        centers[:, g] = theta[rng.choice(len(theta), CENTERS, p=w), g] if kernels else mean
    return Component(centers, low)
