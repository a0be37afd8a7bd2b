"""Base measures of latent positions: where the wrong answers fall that nobody has given yet.

A base measure is a function (cells, wrong, shortfall, square) -> `Made`: from cells with the counts (cells, M) of their
distinct wrong positions and how far these are from the target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammaln


@dataclass(frozen=True)
class Base:
    """Where new positions fall: a base measure, known by the shortfall f and the squared distance e of its positions.

    f = (y - z)·y/|y| is how far a position falls short of the target along the line to the origin.

    Attributes
    ----------
    draw
        (generator, sticks) -> (f, e), each (cells, sticks).
    shortfall, shortfall2, square
        (cells,) expectations of f, f² and e.
    """

    draw: Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
    shortfall: np.ndarray
    shortfall2: np.ndarray
    square: np.ndarray


Made = tuple[Base, np.ndarray, np.ndarray]
"""A base measure, (cells, M) one over each seen position's share in it (inf without an atom), and (cells,) whether
there can be any position beside target and origin."""


def _constant(size: int, f: float, e: float) -> Base:
    def draw(rng: np.random.Generator, sticks: int) -> tuple[np.ndarray, np.ndarray]:
        return np.full((size, sticks), f), np.full((size, sticks), e)

    return Base(draw, np.full(size, f), np.full(size, f * f), np.full(size, e))


def unbounded(cells: Any, wrong: np.ndarray, shortfall: np.ndarray, square: np.ndarray) -> Made:
    """Free text: new answers, each at a corner of its own (f = 1, e = 2)."""
    return _constant(len(wrong), 1.0, 2.0), np.full(wrong.shape, np.inf), np.ones(len(wrong), bool)


def partial_passes(cells: Any, wrong: np.ndarray, shortfall: np.ndarray, square: np.ndarray) -> Made:
    """Tests: k of T pass, k uniform on 1 to T - 1, which k they are all alike; f = e = share of failed tests."""
    tests = (cells.points.target > 0).sum(axis=1)
    kinds = np.maximum(tests - 1, 1)
    passed = np.clip(np.rint((1 - shortfall) * tests[:, None]), 0, tests[:, None])
    ways = gammaln(tests + 1.0)[:, None] - gammaln(passed + 1) - gammaln(tests[:, None] - passed + 1)
    options = np.where(ways < 450, kinds[:, None] * np.exp(np.minimum(ways, 450)), np.inf)

    def draw(rng: np.random.Generator, sticks: int) -> tuple[np.ndarray, np.ndarray]:
        failed = (1 + np.floor(rng.random((len(tests), sticks)) * kinds[:, None])) / np.maximum(tests, 1)[:, None]
        return failed, failed

    # Moments of k/T for k uniform on 1 to T - 1: 1/2, and (2T - 1)/(6T).
    half = np.full(len(tests), 0.5)
    return Base(draw, half, (2 * tests - 1) / (6 * np.maximum(tests, 1)), half), options, tests > 1


def between_zero_and_one(cells: Any, wrong: np.ndarray, shortfall: np.ndarray, square: np.ndarray) -> Made:
    """Scores: new ones uniform on (0, 1), f = 1 - score, e = f². A benchmark with no score inside is pass or fail."""
    size = len(wrong)
    graded = wrong.any(axis=1)
    benchmark = np.unique(cells.table["benchmark"].astype(str).to_numpy(), return_inverse=True)[1]
    rest = np.bincount(benchmark, graded)[benchmark] > 0

    def draw(rng: np.random.Generator, sticks: int) -> tuple[np.ndarray, np.ndarray]:
        f = rng.random((size, sticks))
        return f, f * f

    base = Base(draw, np.full(size, 1 / 2), np.full(size, 1 / 3), np.full(size, 1 / 3))
    return base, np.full(wrong.shape, np.inf), rest


def resembling(cells: Any, wrong: np.ndarray, shortfall: np.ndarray, square: np.ndarray) -> Made:
    """Any other outcome: new positions are as far from the target as the wrong positions that were seen."""
    size, seen = len(wrong), wrong > 0
    if not seen.any():
        return _constant(size, 1.0, 1.0), np.full(wrong.shape, np.inf), np.zeros(size, bool)
    f, e = shortfall[seen], square[seen]

    def draw(rng: np.random.Generator, sticks: int) -> tuple[np.ndarray, np.ndarray]:
        pick = rng.integers(len(f), size=(size, sticks))
        return f[pick], e[pick]

    base = Base(draw, np.full(size, f.mean()), np.full(size, (f**2).mean()), np.full(size, e.mean()))
    return base, np.full(wrong.shape, np.inf), np.ones(size, bool)


Measure = Callable[[Any, np.ndarray, np.ndarray, np.ndarray], Made]
