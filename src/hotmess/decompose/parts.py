"""A difference of incoherence in three parts: accuracy, spread of accuracy,
concentration of wrong answers (methods, section 3).

For one-hot answers the incoherence of a question set is exactly

    I(a, ρ, H) = 1 − ½ [(1 − a) + ρ a] (1 + H),

with a the mean accuracy, ρ = 1/(κ + 1) = (E[a_i²] − a²)/(a(1 − a)) the spread of accuracy over questions (is each
question settled?) and H = Σ (1 − a_i)² h_i / Σ (1 − a_i)² the concentration of wrong answers. A difference of I is
divided among the three by Shapley values: each part's effect averaged over the orders in which the parts are changed.
They add up exactly.
"""

from __future__ import annotations

from itertools import combinations, permutations
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.points import Points, totals

if TYPE_CHECKING:
    from jaxtyping import Float


NAMES = ("accuracy", "spread", "concentration")


def incoherence(
    accuracy: Float[np.ndarray, " *#sets"],
    spread: Float[np.ndarray, " *#sets"],
    concentration: Float[np.ndarray, " *#sets"],
) -> np.ndarray:
    """I(a, ρ, H) = 1 − ½ [(1 − a) + ρ a] (1 + H).

    With two options (H = 1) and every question as hard as the other (ρ = 0) incoherence is accuracy:

    >>> incoherence(np.array([0.7]), np.array([0.0]), np.array([1.0])).round(12).tolist()
    [0.7]
    """
    out: np.ndarray = 1 - 0.5 * ((1 - accuracy) + spread * accuracy) * (1 + concentration)
    return out


def moments(points: Points) -> Float[np.ndarray, "cells 3"]:
    """Unbiased estimates for each cell, from pairs of responses in different clusters: (cells, 3).

    Columns: a_i, a_i², (1 − a_i)² h_i (the sum of squared shares of the wrong answers). Their weighted means over cells
    go to `from_moments`. Positions must be one-hot; NaN in cells with one cluster.
    """
    t = totals(points)
    squares = np.zeros_like(t.sum)
    np.add.at(squares, points.cell, points.copies[:, None] * points.sum**2)
    across = t.n**2 - t.n_squares
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy = (t.target * t.sum).sum(axis=1) / t.n
        pairs = np.where(across[:, None] > 0, (t.sum**2 - squares) / across[:, None], np.nan)
    right = (t.target * pairs).sum(axis=1)
    return np.stack([accuracy, right, pairs.sum(axis=1) - right], axis=1)


def from_moments(means: Float[np.ndarray, "*sets 3"]) -> Float[np.ndarray, "*sets 3"]:
    """(…, 3) parts (a, ρ, H) from means of `moments` over questions; ρ is NaN where a is 0 or 1.

    Exactly, I(a, ρ, H) = 1 − Σ bias² / Σ error with the unbiased terms of the squared family.
    """
    a, square, wrong = means[..., 0], means[..., 1], means[..., 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.where((a > 0) & (a < 1), (square - a**2) / (a * (1 - a)), np.nan)
        concentration = np.where(1 - 2 * a + square > 0, wrong / (1 - 2 * a + square), np.nan)
    return np.stack([a, spread, concentration], axis=-1)


def shapley(before: Float[np.ndarray, "*#sets 3"], after: Float[np.ndarray, "*#sets 3"]) -> Float[np.ndarray, "... 3"]:
    """Shapley values of the three parts in I(after) − I(before): (…, 3), summing to the difference exactly.

    Args:
        before: (…, 3) parts (a, ρ, H).
        after: (…, 3) parts (a, ρ, H).

    >>> out = shapley(np.array([0.5, 0.2, 0.4]), np.array([0.6, 0.2, 0.4]))
    >>> out.round(3).tolist()
    [0.056, 0.0, 0.0]
    """
    old, new = ([np.asarray(x, dtype=float)[..., i] for i in range(3)] for x in (before, after))
    value = {  # with these parts as they are after, the others as before
        moved: incoherence(*(new[i] if i in moved else old[i] for i in range(3)))
        for size in range(4)
        for moved in map(frozenset, combinations(range(3), size))
    }
    out = np.zeros((3, *np.broadcast_shapes(old[0].shape, new[0].shape)))
    for order in permutations(range(3)):
        moved: frozenset[int] = frozenset()
        for part in order:
            more = moved | {part}
            out[part] += (value[more] - value[moved]) / 6
            moved = more
    return np.ascontiguousarray(np.moveaxis(out, 0, -1))
