"""Sums over the pairs of a cell: how far two responses lie apart, by how long both are (methods, section 5)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, Int

ALIKE = 1e-9
"""Variance of scores, of order 1, that is rounding alone."""


def order_within(cell: Int[np.ndarray, " n"]) -> Callable[[np.ndarray], np.ndarray]:
    """(values) -> np.lexsort((values, cell)), equal values in any order, of cells that do not fall.

    Rows of cells of one size are sorted at once.

    >>> order_within(np.array([0, 0, 0, 1, 1]))(np.array([3.0, 1.0, 2.0, 9.0, 8.0])).tolist()
    [1, 2, 0, 4, 3]
    """
    sizes = np.bincount(cell)
    starts = np.cumsum(sizes) - sizes
    firsts = [starts[sizes == size][:, None] for size in np.unique(sizes[sizes > 0])]
    places = [first + np.arange(size) for first, size in zip(firsts, np.unique(sizes[sizes > 0]))]

    def order(values: np.ndarray) -> np.ndarray:
        if len(places) == 1:
            whole: np.ndarray = np.argsort(values.reshape(places[0].shape), axis=1)
            whole += firsts[0]
            return whole.ravel()
        out = np.empty(len(cell), np.int64)
        for first, place in zip(firsts, places):
            out[place] = np.argsort(values[place], axis=1) + first
        return out

    return order


def normal_scores(lengths: Float[np.ndarray, " n"], cell: Int[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Φ⁻¹((rank - 3/8)/(n + 1/4)) of lengths within their cells, which do not fall; ties at the mean of their ranks
    (Blom 1958).

    >>> normal_scores(np.array([5.0, 7.0, 7.0, 9.0]), np.zeros(4, int)).round(3).tolist()
    [-1.049, 0.0, 0.0, 1.049]
    """
    from scipy.special import ndtri

    order, size = order_within(cell)(lengths), np.bincount(cell)
    ranked, of = lengths[order], cell[order]
    first = np.flatnonzero(np.r_[True, (np.diff(of) > 0) | (np.diff(ranked) > 0)][: len(of)])
    last = np.append(first[1:], len(of))
    middle = (first + last + 1) / 2 - (np.cumsum(size) - size)[of[first]]
    rank = np.empty(len(of))
    rank[order] = np.repeat(middle, last - first)
    out: np.ndarray = ndtri((rank - 0.375) / (size[cell] + 0.25))
    return out


def set_sums(
    z: Float[np.ndarray, "n d"], error: Float[np.ndarray, " n"], u: Float[np.ndarray, " n"], of: Int[np.ndarray, " n"]
) -> Float[np.ndarray, "sets sums"]:
    """Sums over the responses of each set: 1, u, u², e, ue, |z|², u|z|², z, uz."""
    count = int(of.max(initial=-1)) + 1
    square, coordinates = np.einsum("nd,nd->n", z, z), np.ascontiguousarray(z.T)
    first = (np.ones(len(u)), u, u**2, error, u * error, square, u * square)
    each = chain(first, coordinates, (u * x for x in coordinates))
    return np.stack([np.bincount(of, column, count) for column in each], axis=1)


def columns(
    z: Float[np.ndarray, "n d"], error: Float[np.ndarray, " n"], u: Float[np.ndarray, " n"]
) -> Float[np.ndarray, "n sums"]:
    """What `set_sums` adds up, of each response."""
    square = (z**2).sum(axis=1)
    return np.column_stack([np.ones(len(u)), u, u**2, error, u * error, square, u * square, z, u[:, None] * z])


def sums_of(of: Int[np.ndarray, " n"], values: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "sets k"]:
    """Sums of rows by the set that each is of."""
    count = int(of.max(initial=-1)) + 1
    return np.stack([np.bincount(of, column, count) for column in values.T], axis=1)


def pair_sums(sums: Float[np.ndarray, "sets sums"]) -> Float[np.ndarray, "sets 5"]:
    """Over the pairs s < t of each set: 1, u_s + u_t, (u_s + u_t)², D and D (u_s + u_t), with D = ½|z_s - z_t|².

    Sums of responses are enough: Σ_t D_st = ½(n|z_s|² + Σ|z|²) - z_s·Σz.
    """
    n, u, u2, _, _, q, uq = sums[:, :7].T
    t, w = np.split(sums[:, 7:], 2, axis=1)
    apart = 0.5 * (n * q - (t * t).sum(axis=1))
    return np.stack(
        [n * (n - 1) / 2, (n - 1) * u, (n - 2) * u2 + u**2, apart, 0.5 * (n * uq + q * u) - (w * t).sum(axis=1)], axis=1
    )


def slope_terms(
    sums: Float[np.ndarray, "cells sums"], pairs: Float[np.ndarray, "cells 5"]
) -> Float[np.ndarray, "cells 4"]:
    """Error, variance, and their slopes on u by least squares over responses and over pairs; nan: scores are alike.

    Four one-hot responses by length, A A B C with A right: the short ones agree, and the long ones are wrong.

    >>> z, u = np.eye(3)[[0, 0, 1, 2]], np.array([-1.0, -0.5, 0.5, 1.0])
    >>> sums = set_sums(z, 2.0 * (z[:, 0] < 1), u, np.zeros(4, int))
    >>> slope_terms(sums, pair_sums(sums)).round(3).tolist()
    [[1.0, 0.833, 1.2, 0.6]]
    """
    n, u, u2, e, ue = sums[:, :5].T
    count, total, squares, apart, crossed = pairs.T
    with np.errstate(invalid="ignore", divide="ignore"):
        variance, single, double = apart / count, u2 - u**2 / n, squares - total**2 / count
        rise = (crossed - total * variance) / 2 / (double / 4)
        out = np.stack([e / n, variance, (ue - u * e / n) / single, rise], axis=1)
    out[~(np.isfinite(out).all(axis=1) & (single > ALIKE * n) & (double > ALIKE * count))] = np.nan
    return out


def kept(u: Float[np.ndarray, " n"], cell: Int[np.ndarray, " n"]) -> Float[np.ndarray, "n 4"]:
    """1 - h of each response in the terms of `slope_terms`, h its leverage: 1/n in means, 1/n + u²/Σu² in slopes.

    With a response left out, a term moves by its residual over 1 - h; squares times 1 - h are unbiased where responses
    scatter alike (HC2 of MacKinnon and White 1985), and the jackknife's own (n - 1)/n in means.
    """
    n, squares = np.bincount(cell)[cell], np.bincount(cell, u**2)[cell]
    mean = 1 - 1 / n
    slope = np.maximum(mean - u**2 / np.where(squares > 0, squares, np.inf), 0.0)
    return np.stack([mean, mean, slope, slope], axis=1)


def pair_noise(
    z: Float[np.ndarray, "n d"], u: Float[np.ndarray, " n"], cell: Int[np.ndarray, " n"]
) -> Float[np.ndarray, "cells 2"]:
    """Variance of the part that is in pairs alone, of the variance and of its slope, for responses alike at all u.

    With Σ the covariance of z, D of two responses less what either adds by itself is -z̃_s·z̃_t, of variance tr Σ². The
    variance is the mean of P = n(n - 1)/2 of these, its slope their sum with weights x/Σx², x = (u_s + u_t)/2, so that
    the two have tr Σ² / P and tr Σ² / Σx². The jackknife counts this part twice (Efron and Stein 1981).

    tr Σ² is estimated by pairs, (z̃_s·z̃_t)² with z̃ = z less the cell's mean, times (n/(n - 1))².
    """
    count = np.bincount(cell)
    n = count.astype(float)
    away = z - np.stack([np.bincount(cell, column) for column in z.T], axis=1)[cell] / n[cell, None]
    square = np.zeros(len(n))
    for i in range(z.shape[1]):
        for j in range(i + 1):
            square += (1 + (i != j)) * np.bincount(cell, away[:, i] * away[:, j]) ** 2
    square -= np.bincount(cell, (away**2).sum(axis=1) ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        trace = square / (n * (n - 1)) * (n / (n - 1)) ** 2
        total = np.bincount(cell, u)  # 0 but for ties
        across = ((n - 2) * np.bincount(cell, u**2) + total**2 - 2 * (n - 1) * total**2 / n) / 4
        out = np.stack([trace / (n * (n - 1) / 2), trace / across], axis=1)
    return np.where(np.isfinite(out), out, 0.0)
