"""Expected terms of a pattern of counts, exact, given the group parameters; and weighted means over sets of cells.

Given (a, kappa, phi) the answer distribution is conjugate (methods, section 3): b = 1 - accuracy ~ Beta(kappa (1 - a) +
r, kappa a + x), the share l of b that is unparsable ~ Beta(psi u + n_u, psi (1 - u) + C), and the sum of squares h of
the shares of the wrong options, v ~ Dirichlet(phi/K + c), C = sum c, has

    E h = (phi²/K + 2 phi C/K + phi + C + sum c²) / ((phi + C)(phi + C + 1)),          K -> infinity: Ewens.

With unparsable responses at the uniform position 1/C', C' options (methods, section 1)

    E error = E b (2 - (1 + 1/C') E l),          E bias² = E b² (1 - E l²/C' + E(1 - l)² E h).

All is linear in sum c², so that patterns need not tell apart how wrong answers are split, only sum their squares.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from hotmess.statements.sums import Counted, Features, Patterns

if TYPE_CHECKING:
    from jaxtyping import Float, Int


_BLOCK = 100_000  # draws × patterns at a time


def brier_coefficients(
    patterns: Patterns, rows: np.ndarray, parameters: dict[str, np.ndarray], *, powers: bool
) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
    """E term = first + second · (sum of squares of wrong counts): lists over terms of (rows, draws), None: 0.

    Terms: error and bias²; with `powers` b, b² and b² h, for which unparsable responses must be wrong options.
    """
    g = patterns.group[rows]
    right, split, unparsable, choices = (
        x[rows, None] for x in (patterns.right, patterns.split, patterns.unparsable, patterns.choices)
    )
    a = expit(parameters["logit_a"].T)[g]
    kappa, phi = np.exp(parameters["log_kappa"].T)[g], np.exp(parameters["log_phi"].T)[g]
    total = kappa + right + split + unparsable
    wrong = kappa * (1 - a) + split + unparsable
    b = wrong / total
    b2 = b * (wrong + 1) / (total + 1)
    mass = phi + split
    slope = 1 / (mass * (mass + 1))
    h = ((phi + 2 * split) * (phi / (choices - 1)) + mass) * slope
    if powers:
        return [b, b2, b2 * h], [None, None, b2 * slope]
    if "logit_u" not in parameters:
        return [2 * b, b2 * (1 + h)], [None, b2 * slope]
    share = expit(parameters["logit_u"].T)[g]  # 0 in groups without unparsable responses
    psi = np.exp(parameters["log_psi"].T)[g]
    lost, other = psi * share + unparsable, psi + unparsable + split
    l1 = lost / other
    l2 = l1 * (lost + 1) / (other + 1)
    kept = 1 - 2 * l1 + l2
    error = b * (2 - (1 + 1 / choices) * l1)
    return [error, b2 * (1 - l2 / choices + kept * h)], [None, b2 * kept * slope]


def piece_sums(
    patterns: Patterns,
    counted: Iterable[tuple[slice, Counted]],
    parameters: dict[str, np.ndarray],
    pieces: int,
    *,
    powers: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sums over the cells of each piece: of expected terms (draws, pieces, terms), and of 1 (draws, pieces).

    Terms as of `brier_coefficients`; counted: columns at blocks of weights (`hotmess.statements.sums.counted`), as many
    draws as `parameters` has; a block of one row serves all of its draws.
    """
    terms = 3 if powers else 2
    draws = len(parameters["logit_a"])
    sums, size = np.empty((draws, pieces, terms)), np.empty((draws, pieces))
    order = np.argsort(patterns.piece, kind="stable")
    starts = np.searchsorted(patterns.piece[order], np.arange(pieces))
    step = max(1, _BLOCK // max(patterns.size, 1))
    for block, columns in counted:
        v, v2 = (x.T[order] for x in columns[:2])  # (patterns, draws): sums over patterns run along draws
        size[block] = np.add.reduceat(v, starts).T
        for begin in range(block.start, block.stop, step):
            take = slice(begin, min(begin + step, block.stop))
            at = slice(take.start - block.start, take.stop - block.start) if v.shape[1] > 1 else slice(0, 1)
            first, second = brier_coefficients(
                patterns, order, {k: x[take] for k, x in parameters.items()}, powers=powers
            )
            for t, (value, more) in enumerate(zip(first, second)):
                value = value * v[:, at]
                if more is not None:
                    value += more * v2[:, at]
                sums[take, :, t] = np.add.reduceat(value, starts).T
    return sums, size


def set_means(
    sums: Float[np.ndarray, "draws pieces terms"],
    size: Float[np.ndarray, "draws pieces"],
    of: Int[np.ndarray, " pieces"],
    count: int,
) -> Float[np.ndarray, "draws sets terms"]:
    """Means of sets from sums and sizes of pieces, `of` the set of each; nan in sets without pieces.

    >>> set_means(np.array([[[1.0], [2.0], [6.0]]]), np.array([[1.0, 1.0, 2.0]]), np.array([2, 0, 2]), 3).tolist()
    [[[2.0], [nan], [2.3333333333333335]]]
    """
    order = np.argsort(of, kind="stable")
    present, start = np.unique(of[order], return_index=True)
    out = np.full((len(sums), count, sums.shape[-1]), np.nan)
    whole = np.add.reduceat(size[:, order], start, axis=1)
    out[:, present] = np.add.reduceat(sums[:, order], start, axis=1) / whole[:, :, None]
    return out


def cell_terms(
    found: Features, squares: np.ndarray, parameters: dict[str, np.ndarray], *, powers: bool = False
) -> Float[np.ndarray, "cells terms"]:
    """(cells, terms) expected terms of every cell, averaged over the draws of the parameters."""
    p = found.patterns
    out = np.zeros((len(p.of), 3 if powers else 2))
    draws = len(parameters["logit_a"])
    step = max(1, _BLOCK // max(p.size, 1))
    for begin in range(0, draws, step):
        own = {k: x[begin : begin + step] for k, x in parameters.items()}
        first, second = brier_coefficients(p, np.arange(p.size), own, powers=powers)
        for t, (level, slope) in enumerate(zip(first, second)):
            out[:, t] += level.sum(axis=1)[p.of] + (0 if slope is None else slope.sum(axis=1)[p.of] * squares)
    return out / draws
