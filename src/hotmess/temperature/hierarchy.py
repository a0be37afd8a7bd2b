"""Joint draws of all units' parameters from each unit's own weighted draws: Gibbs steps (methods, section 5).

Given the scales, the effects of a unit have a Normal prior N(m, V) given the others'. Its own weighted draws, kernels
of covariance H around them, stand for its likelihood times its own prior N(0, W²); so the next effects e come from

    Σ_j w_j N(e; c_j, H) N(e; m, V) / N(e; 0, W²),

a mixture whose components are Normal with precision A = H⁻¹ + V⁻¹ - W⁻². Centres c_j are drawn in towards the mean by
√(1 - h²), which keeps the unit's mean and covariance what they were (West 1993). Levels and scores are those of the
draw j, scores moved along with the effects. Scales move by random walks on their logarithms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hotmess.inference.normal import log_normal
from hotmess.temperature.model import effect_covariance

if TYPE_CHECKING:
    from hotmess.arrays import Floats, Ints
    from hotmess.temperature.particles import Particles
    from hotmess.temperature.prior import Pooling, TemperaturePrior

BANDWIDTH = 0.5  # of the usual n^(-1/(d + 4))
THIN, WARM = 8, 100
STEP = 0.7
SIDE_BY_SIDE, SHORTEST = 8, 50
"""Chains that make up one chain of the draws, moved in one go, as long as each keeps this many draws."""


class JointDraws(NamedTuple):
    """Draws (chains, draws, …) of effects (G, 2F), of the draw behind each unit's levels (G,), of scales; and how many
    of each unit's weighted draws (G,) its posterior rests on."""

    effects: Floats
    origin: Ints
    scales: Floats
    effective: Floats


class Kernels(NamedTuple):
    """Of one unit: centres c (M, E), precision H⁻¹ (E, E); H⁻¹ c (E, M), and log weights less ½ c'H⁻¹c (M,)."""

    center: Floats
    precision: Floats
    pull: Floats
    log_height: Floats


def kernels(effects: Floats, weights: Floats) -> Kernels:
    """From weighted draws (M, E).

    >>> rng = np.random.default_rng(0)
    >>> x, w = rng.normal(size=(500, 2)), np.full(500, 1 / 500)
    >>> made = kernels(x, w)
    >>> whole = np.cov(made.center.T, bias=True) + np.linalg.inv(made.precision)
    >>> bool(np.allclose(whole, np.cov(x.T, bias=True)))
    True
    """
    size = effects.shape[1]
    h = min(0.5, BANDWIDTH * (weights**2).sum() ** (1 / (size + 4)))
    mean = weights @ effects
    away = effects - mean
    covariance = (weights[:, None] * away).T @ away
    covariance = covariance + 1e-9 * np.diag(np.diagonal(covariance) + 1e-9)
    with np.errstate(divide="ignore"):
        log_weight = np.log(weights)
    center, precision = mean + np.sqrt(1 - h**2) * away, np.linalg.inv(h**2 * covariance)
    pull = (center @ precision).T
    return Kernels(center, precision, np.ascontiguousarray(pull), log_weight - 0.5 * (center.T * pull).sum(axis=0))


def joint_draws(
    particles: Particles,
    prior: TemperaturePrior,
    pool: Pooling,
    features: tuple[str, ...],
    *,
    seed: int,
    draws: int,
    chains: int,
) -> JointDraws:
    """Gibbs sampling of effects and scales; a chain's draws are those of up to SIDE_BY_SIDE, one after another."""
    beside = int(np.clip(draws // SHORTEST, 1, SIDE_BY_SIDE))
    each, chains_moved = -(-draws // beside), chains * beside
    rng = np.random.default_rng([seed, 67])
    units, size = particles.theta.shape[1], 2 * len(features)
    width = prior.effect_scales(features)
    made = [kernels(particles.theta[:, g, 3:], particles.weights[:, g]) for g in range(units)]
    index = np.stack(
        [rng.choice(len(particles.theta), chains_moved, p=particles.weights[:, g]) for g in range(units)], 1
    )
    state = np.stack([particles.theta[index[:, g], g, 3:] for g in range(units)], axis=1)  # (chains, G, E)
    scales = prior.spread * width * np.exp(-0.5 + 0.3 * rng.normal(size=(chains_moved, len(pool.groupings), size)))
    out = JointDraws(
        np.empty((chains_moved, each, units, size)),
        np.empty((chains_moved, each, units), np.int64),
        np.empty((chains_moved, each, *scales.shape[1:])),
        np.zeros(units),
    )
    visits = np.zeros_like(particles.weights)
    fixed, shared = effect_covariance(np.zeros(scales.shape[1:]), prior, pool, features), pool.shared()
    for sweep in range(WARM + THIN * each):
        scales, precision = _move_scales(scales, state, prior.spread * width, fixed, shared, rng)
        for g in range(units):
            state[:, g], index[:, g], p = _move_unit(made[g], state, precision, g, width, rng)
            if sweep >= WARM:
                visits[:, g] += p.sum(axis=0)
        kept, rest = divmod(sweep - WARM, THIN)
        if sweep >= WARM and rest == THIN - 1:
            out.effects[:, kept], out.origin[:, kept], out.scales[:, kept] = state, index, scales
    share = visits / visits.sum(axis=0)

    def of_chains(x: Any) -> Any:
        return x.reshape(chains, beside * each, *x.shape[2:])[:, :draws]

    effects, origin, kept_scales = (of_chains(x) for x in (out.effects, out.origin, out.scales))
    return JointDraws(effects, origin, kept_scales, 1 / (share**2).sum(axis=0))


def _move_unit(
    own: Kernels, state: Floats, precision: Floats, g: int, width: Floats, rng: np.random.Generator
) -> tuple[Floats, Ints, Floats]:
    """Effects (chains, E), kernel (chains,) and the kernels' probabilities (chains, M) of one unit given the others."""
    row = precision[:, :, g]  # (chains, E, G)
    alone = row[:, :, g]
    pull = -(np.einsum("ceh,che->ce", row, state) - alone * state[:, g])  # V⁻¹ m
    a = own.precision + (np.eye(len(width)) * (alone - 1 / width**2)[:, None, :])
    low = np.linalg.cholesky(a)
    half = np.empty((len(width), *state.shape[:1], len(own.center)))  # low⁻¹ (H⁻¹ c + V⁻¹ m), by forward substitution
    for e in range(len(width)):
        rest = own.pull[e] + pull[:, e, None]
        for k in range(e):
            rest -= low[:, e, k, None] * half[k]
        np.divide(rest, low[:, e, e, None], out=half[e])
    log_p = own.log_height + 0.5 * (half**2).sum(axis=0)
    p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    pick = (np.cumsum(p, axis=1) < rng.random((len(p), 1))).sum(axis=1).clip(max=p.shape[1] - 1)
    chosen = half[:, np.arange(len(p)), pick].T + rng.normal(size=(len(p), len(width)))
    return np.linalg.solve(low.transpose(0, 2, 1), chosen[..., None])[..., 0], pick, p


def _move_scales(
    scales: Floats,
    state: Floats,
    width: Floats,
    fixed: Floats,
    shared: Floats,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """New scales (chains, groupings, E), and the precision (chains, E, G, G) of the effects under them.

    width: of the scales' half-normal prior; fixed (E, G, G) and shared (groupings, G, G): the effects' covariance at
    scales of zero, and what a scale's square multiplies.
    """

    def covariance(s: Floats) -> Floats:
        return np.asarray(fixed + np.einsum("cie,igh->cegh", s**2, shared))

    def density(s: Floats) -> Floats:
        half_normal = (-0.5 * (s / width) ** 2 + np.log(s)).sum(axis=1)  # per logarithm of the scale
        return np.asarray(half_normal + log_normal(state.transpose(0, 2, 1), covariance(s)))

    here = density(scales)
    for i in range(scales.shape[1]):
        for _ in range(2):
            trial = scales.copy()
            trial[:, i] *= np.exp(STEP * rng.normal(size=trial[:, i].shape))
            there = density(trial)
            accept = np.log(rng.random(here.shape)) < there - here
            scales[:, i] = np.where(accept, trial[:, i], scales[:, i])
            here = np.where(accept, there, here)
    return scales, np.asarray(np.linalg.inv(covariance(scales)), float)
