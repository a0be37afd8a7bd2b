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
    from collections.abc import Sequence

    from hotmess.arrays import Floats, Ints
    from hotmess.temperature.particles import Particles
    from hotmess.temperature.prior import Pooling, TemperaturePrior

BANDWIDTH = 0.5  # of the usual n^(-1/(d + 4))
THIN, WARM = 8, 100
STEP = 0.7
BLOCK = 32  # kernels of a block: one is chosen by its block's sum first
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
    """Of one unit: centres c (M, E), precision H⁻¹ (E, E); H⁻¹ c (E, M), log weights less ½ c'H⁻¹c, and the products of
    two entries (`pairs`) of H⁻¹ c, then its entries, (E (E + 1)/2 + E, …): what a quadratic form is linear in. The last
    two go on to a whole number of blocks of BLOCK, with kernels without weight."""

    center: Floats
    precision: Floats
    pull: Floats
    log_height: Floats
    products: Floats
    pairs: tuple[Ints, Ints]


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
    i, j = np.triu_indices(size)
    products = np.concatenate([pull[i] * pull[j], pull])
    more = -len(center) % BLOCK
    height = np.pad(log_weight - 0.5 * (center.T * pull).sum(axis=0), (0, more), constant_values=-np.inf)
    return Kernels(center, precision, pull, height, np.pad(products, ((0, 0), (0, more))), (i, j))


def joint_draws(
    particles: Sequence[Particles],
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
    units, size = len(particles), 2 * len(features)
    width = prior.effect_scales(features)
    made = [kernels(own.theta[:, 3:], own.weights) for own in particles]
    index = np.stack([rng.choice(len(own.theta), chains_moved, p=own.weights) for own in particles], axis=1)
    state = np.stack([own.theta[i, 3:] for own, i in zip(particles, index.T)], axis=1)  # (chains, G, E)
    scales = prior.spread * width * np.exp(-0.5 + 0.3 * rng.normal(size=(chains_moved, len(pool.groupings), size)))
    out = JointDraws(
        np.empty((chains_moved, each, units, size)),
        np.empty((chains_moved, each, units), np.int64),
        np.empty((chains_moved, each, *scales.shape[1:])),
        np.zeros(units),
    )
    visits = [np.zeros_like(own.weights) for own in particles]
    fixed, shared = effect_covariance(np.zeros(scales.shape[1:]), prior, pool, features), pool.shared()
    for sweep in range(WARM + THIN * each):
        scales, precision = _move_scales(scales, state, prior.spread * width, fixed, shared, rng)
        for g in range(units):
            state[:, g], index[:, g], p, total = _move_unit(made[g], state, precision, g, width, rng)
            if sweep >= WARM:
                visits[g] += ((1 / total) @ p)[: len(visits[g])]
        kept, rest = divmod(sweep - WARM, THIN)
        if sweep >= WARM and rest == THIN - 1:
            out.effects[:, kept], out.origin[:, kept], out.scales[:, kept] = state, index, scales
    effective = np.array([v.sum() ** 2 / (v**2).sum() for v in visits])

    def of_chains(x: Any) -> Any:
        return x.reshape(chains, beside * each, *x.shape[2:])[:, :draws]

    effects, origin, kept_scales = (of_chains(x) for x in (out.effects, out.origin, out.scales))
    return JointDraws(effects, origin, kept_scales, effective)


def _move_unit(
    own: Kernels, state: Floats, precision: Floats, g: int, width: Floats, rng: np.random.Generator
) -> tuple[Floats, Ints, Floats, Floats]:
    """Effects (chains, E), kernel (chains,), and the kernels' probabilities (chains, M) times a total (chains,), of one
    unit given the others."""
    row, size = precision[:, :, g], len(width)  # (chains, E, G)
    alone = row[:, :, g]
    pull = alone * state[:, g] - np.einsum("ceh,che->ce", row, state)  # V⁻¹ m
    low = np.linalg.cholesky(own.precision + np.eye(size) * (alone - 1 / width**2)[:, None, :])
    up = np.swapaxes(np.linalg.inv(low), 1, 2)
    covariance = up @ np.swapaxes(up, 1, 2)  # A⁻¹
    # ½ (H⁻¹ c + V⁻¹ m)' A⁻¹ (H⁻¹ c + V⁻¹ m) of all kernels at once, but for what they have in common
    i, j = own.pairs
    linear = (covariance @ pull[..., None])[..., 0]
    log_p = np.concatenate([covariance[:, i, j] * np.where(i == j, 0.5, 1.0), linear], axis=1) @ own.products
    log_p += own.log_height
    log_p -= log_p.max(axis=1, keepdims=True)
    p = np.exp(log_p, out=log_p)
    pick, total = _choose(p, rng)
    pick = np.minimum(pick, len(own.center) - 1)
    mean = covariance @ (own.pull.T[pick] + pull)[..., None]
    moved = mean + up @ rng.normal(size=(len(p), size, 1))
    return moved[..., 0], pick, p, total


def _choose(p: Floats, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """A column of each row of p (n, m) by its probabilities, and the rows' sums; m is a multiple of BLOCK.

    >>> share = np.repeat([0.0, 1.0, 3.0], [40, 4, 20])
    >>> found, total = _choose(np.tile(share, (8000, 1)), np.random.default_rng(0))
    >>> total[0].tolist(), (np.bincount(found)[[39, 40, 60]] / 8000).round(2).tolist()
    (64.0, [0.0, 0.02, 0.05])
    """
    rows, blocks = np.arange(len(p)), p.reshape(len(p), -1, BLOCK)
    up_to = np.cumsum(blocks @ np.ones(BLOCK), axis=1)
    at = up_to[:, -1] * rng.random(len(p))
    block = (up_to < at[:, None]).sum(axis=1).clip(max=up_to.shape[1] - 1)
    rest = at - np.where(block > 0, up_to[rows, block - 1], 0.0)
    inside = (np.cumsum(blocks[rows, block], axis=1) < rest[:, None]).sum(axis=1)
    return block * BLOCK + np.minimum(inside, BLOCK - 1), up_to[:, -1]


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
