"""Weighted draws of every unit's parameters: adaptive sampling by mixtures of t (methods, section 5).

Units share nothing but the hierarchy of their effects (`hotmess.temperature.hierarchy`), so that each is drawn under a
prior of its own, Normal(centre, width), from a mixture of multivariate t distributions: first with the weighted
moments of the draws before, then around draws so weighted, which follows what is bent (West 1993). All draws so far are
weighted by the whole mixture (deterministic mixture weights: Owen and Zhou 2000; adaptive: Cappé et al. 2004, Cornuet
et al. 2012). A handful of dimensions at a time instead of those of all units: one unit's bent posterior, as of a strong
model that is nearly always right, costs no other its weights, nor further draws.

A heavy draw of a tail pulls later components to where it lies, whose density there then takes its weight away: spreads
come out short. So the density of a component at each draw that it was made of is that of the component made without it;
at any place both then have the same distribution, and expected unnormalised weights are right.
"""

from __future__ import annotations

import itertools
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
FIRST, BY_MOMENTS, BY_KERNELS, MOST = 150, 300, 150, 3000
"""Draws of each of the two first components, of the one by moments, of each one of kernels; and of all together."""

CENTERS, WIDEST = 50, 1.7
"""How many kernels a component has, and the most that they are wider than all the draws are."""

LEAST_LEFT = 0.05
"""Of a variance where a draw is left out: one that lies in no direction of the others' has none left."""

GOOD_K, GOOD_SIZE = 0.5, 400.0
"""A unit's mixture is good enough once Pareto k is below, where the variance of weights is finite, and this many draws
are effective, unless fewer will do."""


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
        a, b = (np.linalg.solve(self.low, np.moveaxis(x, 0, -1)) for x in (theta, self.center))  # (G, T, M or J)
        square = (a**2).sum(axis=1)[:, :, None] + (b**2).sum(axis=1)[:, None] - 2 * np.einsum("gtm,gtj->gmj", a, b)
        log_det = np.log(np.diagonal(self.low, axis1=1, axis2=2)).sum(axis=1)
        each = _log_t(square, theta.shape[-1])
        out: Floats = (logsumexp(each, axis=2) - np.log(b.shape[2])).T - log_det
        return out


def _log_t(square: Floats, t: int) -> Floats:
    """Log density of a t distribution of `t` dimensions and scale 1 at these squared distances."""
    constant = gammaln((FREEDOM + t) / 2) - gammaln(FREEDOM / 2) - 0.5 * t * np.log(FREEDOM * np.pi)
    out: Floats = constant - 0.5 * (FREEDOM + t) * np.log1p(np.maximum(square, 0.0) / FREEDOM)
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
    left, rest, done = np.arange(len(mean)), np.zeros(len(mean), bool), dict[int, Particles]()
    parts, counts = [Component(mean[None], low), Component(mean[None], 2 * low)], [FIRST, FIRST]
    theta = np.concatenate([part.draw(n, rng) for part, n in zip(parts, counts)])
    density = [part.log_density(theta) for part in parts]
    log_prior_scale = -np.log(width).sum() - 0.5 * t * np.log(2 * np.pi)
    marginal: list[Floats] = []
    scores: list[Floats] = []
    for turn in itertools.count():
        if not rest.all():  # nor at first
            one, owner = evaluate(left), np.searchsorted(left, unit[np.isin(unit, left)])
        for s in range(len(marginal), len(theta)):
            cells, chosen = one(theta[s], s)
            marginal.append(np.asarray(cells, np.float32))
            scores.append(np.asarray(chosen, np.float32))
        whole = np.stack([np.bincount(owner, row, len(left)) for row in marginal])
        share = np.log(np.array(counts) / sum(counts))
        mixture = logsumexp([of_part + w for of_part, w in zip(density, share)], axis=0)
        prior = log_prior_scale - 0.5 * (((theta - center) / width) ** 2).sum(axis=-1)
        log_weights = np.where(np.isfinite(whole), whole, -np.inf) + prior - mixture
        log_weights = np.maximum(log_weights - log_weights.max(axis=0), -700.0)
        weights, k = smoothed(log_weights.T)
        effective = 1 / (weights**2).sum(axis=1)
        rest = ~((k < GOOD_K) & (effective > size)) & (len(theta) + BY_KERNELS <= MOST)
        for i in np.flatnonzero(~rest):
            of = np.stack([row[owner == i] for row in marginal]), np.stack([row[:, owner == i] for row in scores])
            done[int(left[i])] = Particles(theta[:, i], weights[i], float(k[i]), float(effective[i]), *of)
        if not rest.any():
            break
        cell = rest[owner]
        left, theta, marginal = left[rest], theta[:, rest], [row[cell] for row in marginal]
        scores, parts = [row[:, cell] for row in scores], [part.of(rest) for part in parts]
        wide = np.clip(0.7 + 2 * k[rest], 1.0, WIDEST) if turn > 0 else None
        part, without = _next(theta, log_weights[:, rest], rng, wide)
        counts.append(BY_KERNELS if turn > 0 else BY_MOMENTS)
        fresh = part.draw(counts[-1], rng)
        density = [np.concatenate([d[:, rest], of.log_density(fresh)]) for d, of in zip(density, parts)]
        density.append(np.concatenate([without, part.log_density(fresh)]))
        parts.append(part)
        theta = np.concatenate([theta, fresh])
    return [done[g] for g in range(len(mean))]


def _next(
    theta: Floats, log_weights: Floats, rng: np.random.Generator, wide: Floats | None
) -> tuple[Component, Floats]:
    """A component with the weighted mean and covariance of each unit's draws; or kernels around weighted draws.

    And its log density (M, G) at each draw, had it been made without that one. Weights are tempered until 5T draws are
    effective. Kernels follow what is bent: CENTERS draws, each with the whole covariance times wide² (G,), so that they
    reach beyond what has been drawn: the wider, the heavier the tail of the weights (Pareto k), which says that a tail
    is missed; narrower ones miss the ends of what is long and thin.
    """
    count, units, t = theta.shape
    centers, low = np.empty((CENTERS if wide is not None else 1, units, t)), np.empty((units, t, t))
    without = np.empty((count, units))
    for g in range(units):
        x, power = theta[:, g], 1.0
        while True:
            w = np.exp(power * log_weights[:, g])
            w /= w.sum()
            if 1 / (w**2).sum() >= 5 * t or power < 1e-3:
                break
            power *= 0.8
        mean = w @ x
        covariance = (w[:, None] * (x - mean)).T @ (x - mean)
        scale = np.linalg.cholesky(covariance + 1e-6 * np.diag(np.diagonal(covariance) + 1e-6))
        own = None if wide is None else rng.choice(count, CENTERS, p=w)
        centers[:, g] = mean if own is None else x[own]
        low[g] = scale if wide is None else wide[g] * scale
        without[:, g] = left_out(x, w, scale, own, 1.0 if wide is None else float(wide[g]))
    return Component(centers, low), without


def left_out(
    theta: Float[np.ndarray, "M T"],
    weights: Float[np.ndarray, " M"],
    low: Float[np.ndarray, "T T"],
    own: Ints | None,
    wide: float,
) -> Float[np.ndarray, " M"]:
    """Log density at each draw x of the component made of these weighted draws, were it made without x.

    With m and C the weighted mean and covariance, a = x - m and w its weight, without x they are m - w a/(1 - w) and

        C₋ = (C - w/(1 - w) a a') / (1 - w),      |C₋| = |C| r (1 - w)^-T,      r = 1 - w/(1 - w) a'C⁻¹a,
        v'C₋⁻¹v = (1 - w) (v'C⁻¹v + w/((1 - w) r) (v'C⁻¹a)²)

    Parameters
    ----------
    low
        Cholesky factor of C.
    own
        (J,) the draws that kernels of covariance C wide² are around; none: one component, around the mean.

    >>> rng = np.random.default_rng(0)
    >>> x, w = rng.normal(size=(40, 2)), np.full(40, 1 / 40)
    >>> found = left_out(x, w, np.linalg.cholesky(np.cov(x.T, bias=True)), None, 1.0)[7]
    >>> y = np.delete(x, 7, axis=0)
    >>> without = Component(y.mean(axis=0)[None, None], np.linalg.cholesky(np.cov(y.T, bias=True))[None])
    >>> bool(np.isclose(found, without.log_density(x[7][None, None])[0, 0]))
    True
    """
    t, rest = theta.shape[1], 1 - weights
    a = np.linalg.solve(low, theta.T)
    away = a - (a @ weights)[:, None]
    own_square = (away**2).sum(axis=0)
    r = np.maximum(1 - weights / rest * own_square, LEAST_LEFT)
    if own is None:
        square, along = (own_square / rest**2)[:, None], (own_square / rest)[:, None]
    else:
        b = a[:, own]
        square = (a**2).sum(axis=0)[:, None] + (b**2).sum(axis=0) - 2 * a.T @ b
        along = (away * a).sum(axis=0)[:, None] - away.T @ b
    square = rest[:, None] * (square + (weights / rest / r)[:, None] * along**2)
    each, kernels = _log_t(square / wide**2, t), np.array([1])
    if own is not None:
        each[own, np.arange(len(own))] = -np.inf
        kernels = np.maximum(len(own) - np.bincount(own, minlength=len(theta)), 1)
    log_det = np.log(np.diagonal(low)).sum() + t * np.log(wide) + 0.5 * (np.log(r) - t * np.log(rest))
    out: Floats = logsumexp(each, axis=1) - np.log(kernels) - log_det
    return out
