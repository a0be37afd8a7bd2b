"""Sums over responses at many sets of scores: what permuted lengths leave is added up once (methods, section 5).

Of `hotmess.runs.length_pairs.set_sums` only Σu, Σu² and the sums of ue, u|z|² and uz depend on the scores u, and these
are linear in u: one product with a sparse matrix, since most coordinates of letters and of texts are 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hotmess.runs.length_pairs import columns, pair_sums, set_sums, slope_terms, sums_of

if TYPE_CHECKING:
    from jaxtyping import Float, Int

ENTRIES = 8
"""Numbers other than 0 of a response, on average, up to which a sparse product is the shorter way."""
BLOCK = 20_000
"""Responses taken together where one is left out at a time: what caches hold."""


@dataclass(frozen=True)
class ScoreSums:
    """Sums of sets of responses as functions of their scores; the sums of `set_sums`.

    Attributes
    ----------
    of
        (n,) set of each response.
    fixed
        (sets, 3 + D) sums of 1, e, |z|² and z.
    linear
        (sets · (2 + D), n) sparse: e, |z|² and z of each response in the rows of its set.
    """

    of: Int[np.ndarray, " n"]
    fixed: Float[np.ndarray, "sets k"]
    linear: Any

    def __call__(self, u: Float[np.ndarray, " n"]) -> Float[np.ndarray, "sets sums"]:
        """(sets, 7 + 2D) sums of 1, u, u², e, ue, |z|², u|z|², z, uz."""
        sets = len(self.fixed)
        n, e, square, z = np.split(self.fixed, [1, 2, 3], axis=1)
        ue, squared, uz = np.split((self.linear @ u).reshape(sets, -1), [1, 2], axis=1)
        total, squares = (np.bincount(self.of, x)[:, None] for x in (u, u * u))
        return np.concatenate([n, total, squares, e, ue, square, squared, z, uz], axis=1)


def score_sums(
    z: Float[np.ndarray, "n d"], error: Float[np.ndarray, " n"], of: Int[np.ndarray, " n"]
) -> Callable[[np.ndarray], np.ndarray]:
    """`set_sums` of these responses as a function of their scores.

    >>> z, of = np.eye(3)[[0, 0, 1, 2]], np.array([0, 0, 0, 1])
    >>> score_sums(z, 2.0 * (z[:, 0] < 1), of)(np.array([-1.0, -0.5, 0.5, 1.0]))[0].tolist()
    [3.0, -1.0, 1.5, 2.0, 1.0, 3.0, -1.0, 2.0, 1.0, 0.0, -1.5, 0.5, 0.0]
    """
    from scipy import sparse

    values = np.column_stack([error, (z**2).sum(axis=1), z])
    row, column = np.nonzero(values)
    if len(row) > ENTRIES * max(len(z), 1):
        return lambda u: set_sums(z, error, u, of)
    sets, width = int(of.max(initial=-1)) + 1, values.shape[1]
    ends = np.append(0, np.cumsum(np.bincount(row, minlength=len(z))))
    entries = values[row, column], of[row].astype(np.int64) * width + column, ends
    linear = sparse.csc_matrix(entries, shape=(sets * width, len(z)))
    fixed = np.asarray(linear.sum(axis=1)).reshape(sets, width)
    return ScoreSums(of, np.column_stack([np.bincount(of), fixed]), linear)


class LeftOut(NamedTuple):
    """Cells from `start`, with one cluster left out at a time: the terms of what is left, and each one's cell."""

    start: int
    clusters: slice
    owner: Int[np.ndarray, " clusters"]
    again: Float[np.ndarray, "clusters 4"]


def left_out(
    z: Float[np.ndarray, "n d"],
    error: Float[np.ndarray, " n"],
    u: Float[np.ndarray, " n"],
    cluster: Int[np.ndarray, " n"],
    owner: Int[np.ndarray, " clusters"],
) -> Iterator[LeftOut]:
    """`slope_terms` of each cell without one of its clusters, by blocks of whole cells that lie one after another.

    owner: (clusters,) the cell of each cluster, which does not fall; nor do cells along the responses.
    """
    alone = len(owner) == len(u)
    ends = np.cumsum(np.bincount(owner[cluster]))
    edges = np.unique(np.r_[0, np.searchsorted(ends, np.arange(BLOCK, len(u), BLOCK)) + 1, len(ends)])
    rows, at = np.r_[0, ends][edges], np.searchsorted(owner, edges)
    for first, begin, end, here, there in zip(edges[:-1], rows, rows[1:], at, at[1:]):
        some = z[begin:end], error[begin:end], u[begin:end]
        own, inside = owner[here:there] - first, 0.0
        single = columns(*some) if alone else set_sums(*some, cluster[begin:end] - here)
        if not alone:
            pairs = pair_sums(single)
            inside = sums_of(own, pairs)[own] - pairs
        rest = sums_of(own, single)[own] - single
        yield LeftOut(int(first), slice(here, there), own, slope_terms(rest, pair_sums(rest) - inside))
