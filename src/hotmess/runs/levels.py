"""What the levels of a source do to all questions alike, and how little a few
of them say about others (methods, section 10).

Where questions share their prompts or judges, a level's own effect is in every question, so that a part of variance is
known from K levels however many questions there are. Under weights of questions the estimate of a part scatters for the
questions' sake only; for the levels' sake its main effects' mean square M, of f degrees of freedom, is

    M f / χ²_f        in place of M

(a generalised pivotal quantity: Weerahandi 1995; Burdick, Quiroz and Iyer 2006, of E M f / M ~ χ²_f for normal levels),
and the scatter over questions is taken of positions from which main effects are removed, so that nothing counts twice.
Effects in several dimensions have the degrees of freedom of a χ² with the same two moments (Box 1954).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from hotmess.arrays import Floats, Ints
from hotmess.runs.pairs import Subset

ROUNDS = 50
POOLED = 0.25
LEAST = 3
"""Fewer levels than this are these levels: nothing is said of others like them."""


@dataclass(frozen=True)
class Main:
    """Effects of levels on all questions alike.

    Attributes
    ----------
    key
        The sources whose combinations of levels these are.
    level
        (K,) which levels, ascending.
    effect
        (K, D) about their mean.
    square
        Σ |effect|² / degrees of freedom.
    df
        Degrees of freedom of `square`, between those of one dimension and D times as many.
    number
        How many levels there are.
    """

    key: Subset
    level: Ints
    effect: Floats
    square: float
    df: float

    @property
    def number(self) -> int:
        return len(self.level)


def level_effects(z: Floats, cell: Ints, level: Ints) -> tuple[Ints, Floats]:
    """Additive effects of levels beside those of cells, by least squares on the means of cells and levels.

    Parameters
    ----------
    z
        (N, D) values.
    cell, level
        (N,) whole numbers; every pair that occurs counts once.

    Returns
    -------
    Levels (K,), ascending, and their effects (K, D) about their mean.

    >>> z = np.array([[0.0], [2.0], [10.0], [12.0]])
    >>> level_effects(z, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))[1].ravel().tolist()
    [-1.0, 1.0]
    """
    names, level = np.unique(level, return_inverse=True)
    _, cell = np.unique(cell, return_inverse=True)
    pair, inverse = np.unique(cell * len(names) + level, return_inverse=True)
    n = np.bincount(inverse).astype(float)
    mean = np.stack([np.bincount(inverse, z[:, d]) / n for d in range(z.shape[1])], axis=1)
    at_cell, at_level = pair // len(names), pair % len(names)
    effect = np.zeros((len(names), z.shape[1]))
    for _ in range(ROUNDS):
        rest = _means(mean - effect[at_level], at_cell)
        new = _means(mean - rest[at_cell], at_level)
        new -= new.mean(axis=0)
        done = np.abs(new - effect).max() <= 1e-12
        effect = new
        if done:
            break
    return names.astype(np.int64), effect


def _means(values: Floats, group: Ints) -> Floats:
    n = np.bincount(group).astype(float)
    return np.stack([np.bincount(group, values[:, d]) / n for d in range(values.shape[1])], axis=1)


def main_effects(
    z: Floats, cell: Ints, levels: Sequence[Ints], keys: Sequence[Subset], sizes: Sequence[int]
) -> tuple[dict[Subset, Main], Floats]:
    """Main effects of every key (smaller first), each beside those of the keys inside it; and z without them all.

    sizes: how many levels each source has in all sets, so that combinations are numbered alike in all.
    """
    found: dict[Subset, Main] = {}
    rest = np.array(z)
    for key in sorted(keys, key=lambda one: (len(one), sorted(one))):
        code = np.zeros(len(z), np.int64)
        for s in sorted(key):
            code = code * sizes[s] + levels[s]
        names, effect = level_effects(rest, cell, code)
        one = len(names) - 1 - sum(found[s].number - 1 for s in found if s < key)
        if len(names) < LEAST or one < LEAST - 1:
            continue
        square = float((effect**2).sum() / one)
        found[key] = Main(key, names, effect, square, one * dimensions(effect, one))
        rest -= effect[np.searchsorted(names, code)]
    return found, rest


def dimensions(effect: Floats, df: int) -> float:
    """(tr Σ)² / tr Σ² of effects with covariance Σ, from unbiased estimates of both; from 1 to D.

    With S of df degrees of freedom, E tr S² = tr Σ² (1 + 1/df) + (tr Σ)²/df and E (tr S)² = (tr Σ)² + 2 tr Σ²/df.

    >>> dimensions(np.array([[-1.0], [0.0], [2.0], [-1.0]]), 3)
    1.0
    """
    size = effect.shape[1]
    if df < 4 or size == 1:
        return 1.0
    inner = effect.T @ effect / df if size < len(effect) else effect @ effect.T / df
    a, b = float(np.trace(inner)) ** 2, float((inner**2).sum())
    if not a > 0:
        return 1.0
    square = (b - a / df) / (1 + 1 / df - 2 / df**2)
    return float(np.clip((a - 2 * square / df) / square, 1.0, size)) if square > 0 else float(size)


@dataclass(frozen=True)
class Scatter:
    """How a mean over K levels scatters because levels differ: effects (K, 1), and the standard deviation of the mean.

    Values' own scatter, which the scatter over questions holds already, is taken out of the variance of the effects
    before it is divided by K; where their F ratio has P above 0.25 the effects are taken for noise (Bancroft and Han
    1983, the level at which a preliminary test costs least).
    """

    level: Ints
    effect: Floats
    sd: float


def level_scatter(value: Floats, cell: Ints, level: Ints, *, less: float = 0.0) -> Scatter:
    """The scatter of a mean of values (N,) over cells and levels because levels differ; less: variance not theirs.

    >>> value = np.array([0.0, 2.0, 4.0, 10.0, 12.0, 14.0])
    >>> found = level_scatter(value, np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 2, 0, 1, 2]))
    >>> round(found.sd * 3**0.5, 6)
    2.0
    """
    names, effect = level_effects(value[:, None], cell, level)
    index = np.searchsorted(names, level)
    cells, cell = np.unique(cell, return_inverse=True)
    pair, inverse = np.unique(cell * len(names) + index, return_inverse=True)
    mean = np.bincount(inverse, value) / np.bincount(inverse)
    rest = mean - effect[pair % len(names), 0]
    rest = rest - (np.bincount(pair // len(names), rest) / np.bincount(pair // len(names)))[pair // len(names)]
    df, size = len(pair) - len(cells) - len(names) + 1, len(names)
    noise = float((rest**2).sum() / df) * float(np.mean(1 / np.bincount(pair % size))) if df > 0 else 0.0
    variance = float((effect**2).sum() / max(size - 1, 1))
    if noise > 0 and stats.f.sf(variance / noise, size - 1, df) > POOLED:
        return Scatter(names, effect, 0.0)
    return Scatter(names, effect, float(np.sqrt(max(variance - noise - less, 0.0) / size)))


def alike(effects: Sequence[tuple[Ints, Floats]]) -> Floats:
    """Correlations of effects of the same levels between sets, (sets, sets): 0 where two sets share no level.

    >>> one = (np.array([0, 1, 2]), np.array([[-1.0], [0.0], [1.0]]))
    >>> alike([one, one]).round(6).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    levels = np.unique(np.concatenate([names for names, _ in effects]))
    wide = max(effect.shape[1] for _, effect in effects)
    whole = np.zeros((len(effects), len(levels), wide))
    for i, (names, effect) in enumerate(effects):
        whole[i, np.searchsorted(levels, names), : effect.shape[1]] = effect
    flat = whole.reshape(len(effects), -1)
    norm = np.sqrt((flat**2).sum(axis=1))
    flat = flat / np.where(norm > 0, norm, 1.0)[:, None]
    out = flat @ flat.T
    np.fill_diagonal(out, 1.0)
    return np.clip(out, -1.0, 1.0)


def together(correlation: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """(draws, sets) uniform numbers with a Gaussian copula of this correlation."""
    value, vector = np.linalg.eigh(correlation)
    root = vector * np.sqrt(np.maximum(value, 0.0))
    root /= np.sqrt((root**2).sum(axis=1))[:, None]
    return np.asarray(stats.norm.cdf(rng.standard_normal((draws, len(correlation))) @ root.T))


def pivots(found: Sequence[Mapping[Subset, Main]], draws: int, seed: int) -> list[dict[Subset, Floats]]:
    """For every set and key (draws,) of M (f / χ²_f − 1), those of the same levels in different sets dependent.

    Mean squares of two sets whose effects correlate by ρ correlate by ρ².
    """
    out: list[dict[Subset, Floats]] = [{} for _ in found]
    for key in sorted({key for one in found for key in one}, key=lambda one: (len(one), sorted(one))):
        sets = [i for i, one in enumerate(found) if key in one]
        mains = [found[i][key] for i in sets]
        rng = np.random.default_rng([seed, 71, *sorted(key)])
        uniform = together(alike([(m.level, m.effect) for m in mains]) ** 2, draws, rng)
        for column, i, main in zip(uniform.T, sets, mains):
            out[i][key] = main.square * (main.df / stats.chi2.ppf(column, main.df) - 1)
    return out


def scatter_draws(found: Sequence[Scatter], draws: int, seed: Sequence[int]) -> list[Floats]:
    """For every set (draws,) of sd t_{K − 1}, those of the same levels in different sets dependent."""
    rng = np.random.default_rng([*seed, 73])
    uniform = together(alike([(one.level, one.effect) for one in found]), draws, rng)
    return [one.sd * stats.t.ppf(column, len(one.level) - 1) for column, one in zip(uniform.T, found)]
