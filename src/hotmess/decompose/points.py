"""Every outcome is a point in a space: the sufficient statistics all decompositions of the squared family share.

A response is a position z (a one-hot answer, a probability vector, a vector of unit tests, a final point); a *cluster*
is what is independent of the rest of its cell: a few-shot context, or a single response where there are none.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotmess.arrays import Floats, Ints

if TYPE_CHECKING:
    from jaxtyping import Float, Int


@dataclass(frozen=True)
class Points:
    """Clusters of responses inside cells; identical clusters are stored once with a multiplicity.

    Millions of letters stand at a few places: where `kind` is given, each place is stored once.

    Attributes:
        cell: int (m,), the cell of each cluster, sorted ascending.
        copies: int (m,), how many identical clusters the row stands for.
        n: int (m,), responses in one such cluster.
        places: float (m or kinds, D), sum of the positions z over one cluster.
        norms: float (m or kinds,), sum of |z|² over one cluster.
        target: float (cells, D), the target y of each cell; NaN where the outcome has none.
        kind: int (m,), which of `places` each row has; None where each has its own.
    """

    cell: Int[np.ndarray, " m"]
    copies: Int[np.ndarray, " m"]
    n: Int[np.ndarray, " m"]
    places: Float[np.ndarray, "places d"]
    norms: Float[np.ndarray, " places"]
    target: Float[np.ndarray, "cells d"]
    kind: Int[np.ndarray, " m"] | None = None

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.target)

    @property
    def sum(self) -> Float[np.ndarray, "m d"]:
        """Sum of the positions over one cluster, row by row."""
        return self.sums(slice(None))

    def sums(self, rows: slice) -> Float[np.ndarray, "some d"]:
        """`sum` of some rows."""
        return self.places[rows if self.kind is None else self.kind[rows]]

    @property
    def squares(self) -> Float[np.ndarray, " m"]:
        """Sum of |z|² over one cluster, row by row."""
        return self.norms if self.kind is None else self.norms[self.kind]

    def take(self, rows: Ints, cell: Ints, target: Floats) -> Points:
        """Some rows, with their cells as they are numbered among `target`."""
        own = (self.places[rows], self.norms[rows]) if self.kind is None else (self.places, self.norms)
        kind = None if self.kind is None else self.kind[rows]
        return Points(cell, self.copies[rows], self.n[rows], *own, target, kind)


@dataclass(frozen=True)
class Totals:
    """Sums over the clusters of a cell, all that the squared family needs of it.

    Attributes:
        clusters: (k,) number of clusters J.
        n: (k,) responses, Σ_j n_j.
        sum: (k, D) Σ_j s_j with s_j the sum of z over cluster j.
        squares: (k,) Σ |z|².
        within: (k,) Σ_j |s_j|².
        n_squares: (k,) Σ_j n_j².
        target: (k, D) target y.
    """

    clusters: Float[np.ndarray, " k"]
    n: Float[np.ndarray, " k"]
    sum: Float[np.ndarray, "k d"]
    squares: Float[np.ndarray, " k"]
    within: Float[np.ndarray, " k"]
    n_squares: Float[np.ndarray, " k"]
    target: Float[np.ndarray, "k d"]


def from_responses(z: Floats, target: Floats, *, cell: Ints, context: Ints | None = None) -> Points:
    """Points of single responses, given as positions (N, D), their cells and, if any, their contexts.

    Cells with two or more contexts, one of them with two or more responses, get one cluster per context; in all
    other cells each response is a cluster.

    >>> z = np.eye(2)[[0, 0, 1]]
    >>> from_responses(z, np.array([[1.0, 0.0]]), cell=np.zeros(3, int)).n.tolist()
    [1, 1, 1]
    """
    ones = np.ones(len(z), dtype=np.int64)
    return from_tally(z, target, cell=np.asarray(cell, dtype=np.int64), copies=ones, context=context)


def from_tally(z: Floats, target: Floats, *, cell: Ints, copies: Ints, context: Ints | None = None) -> Points:
    """Points of tallied responses: `copies[r]` responses of cell `cell[r]` (and context) stand at position `z[r]`.

    Args:
        z: (m, D) positions.
        target: (cells, D).
        cell: (m,) cell indices from 0, in any order.
        copies: (m,) how many responses each row stands for.
        context: (m,) integer labels of the few-shot context, or None.
    """
    groups = cluster(cell, copies, context, cells=len(target))
    z = np.asarray(z, dtype=np.float64)
    squares = np.einsum("md,md->m", z, z)
    return Points(groups.cell, groups.copies, groups.n, groups.sum(z), groups.sum(squares), target)


@dataclass(frozen=True)
class Clusters:
    """Which rows of a tally make up each cluster; `sum` adds values up over one cluster.

    Without `rows` each row is a cluster, and they stand in order.
    """

    cell: Int[np.ndarray, " m"]
    copies: Int[np.ndarray, " m"]
    n: Int[np.ndarray, " m"]
    rows: Int[np.ndarray, " rows"] | None = None
    weights: Int[np.ndarray, " rows"] | None = None
    starts: Int[np.ndarray, " m"] | None = None

    def sum(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sums of `values` (one row per row of the tally) over one copy of each cluster."""
        if self.rows is None or self.weights is None or self.starts is None:
            return values
        taken = values[self.rows]
        if (self.weights != 1).any():
            taken = taken * self.weights.reshape(-1, *[1] * (values.ndim - 1))
        return taken if len(self.starts) == len(self.rows) else np.add.reduceat(taken, self.starts, axis=0)


def cluster(cell: Ints, copies: Ints, context: Ints | None = None, *, cells: int) -> Clusters:
    """Clusters of a tally: contexts where a cell has two or more and one of them two or more responses, else rows."""
    if context is None:
        # One that takes no memory for each row.
        one = np.broadcast_to(np.int64(1), len(cell))
        if not len(cell) or (cell[1:] >= cell[:-1]).all():
            return Clusters(cell, copies, one)
        rows = np.argsort(cell, kind="stable")
        return Clusters(cell[rows], copies[rows], one, rows, one, np.arange(len(cell)))
    rows, step = np.arange(len(cell)), np.diff(cell)
    if (step < 0).any() or ((step == 0) & (np.diff(context) < 0)).any():
        rows = np.lexsort((context, cell))
    cell, copies, context = cell[rows], copies[rows], context[rows]
    new = np.r_[True, (np.diff(cell) != 0) | (np.diff(context) != 0)] if len(cell) else np.zeros(0, dtype=bool)
    starts = np.flatnonzero(new)
    size = np.add.reduceat(copies, starts) if len(starts) else np.zeros(0, dtype=np.int64)
    owner = cell[starts]
    largest = np.zeros(cells, dtype=np.int64)
    np.maximum.at(largest, owner, size)
    clustered = ((np.bincount(owner, minlength=cells) >= 2) & (largest >= 2))[cell]
    # A row of its own is a cluster with copies; a context's rows are summed with their copies as weights.
    starts = np.flatnonzero(new | ~clustered)
    alone = ~clustered[starts]
    weights = np.where(clustered, copies, 1)
    n = np.add.reduceat(weights, starts) if len(starts) else weights
    return Clusters(cell[starts], np.where(alone, copies[starts], 1), n, rows, weights, starts)


BLOCK = 1_000_000
"""About so many rows at a time are added up."""


def summed(edge: Ints, values: Callable[[slice], NDArray[Any]]) -> NDArray[Any]:
    """Sums (cells, …) over the rows of each cell, which begin and end at `edge` (cells + 1,); 0 where there are none.

    values: rows -> what is to be added up of them, asked for a block of whole cells at a time.

    >>> summed(np.array([0, 2, 2, 3]), lambda rows: np.array([1, 2, 4])[rows]).tolist()
    [3, 0, 4]
    """
    cells, ends = len(edge) - 1, np.searchsorted(edge, np.arange(edge[0] + BLOCK, edge[-1], BLOCK))
    parts = []
    for low, high in itertools.pairwise(np.unique([0, *np.minimum(ends, cells), cells]) if cells else (0, 0)):
        own = edge[low : high + 1]
        of = values(slice(own[0], own[-1]))
        out = np.zeros((high - low, *of.shape[1:]), np.float64 if of.dtype.kind == "f" else np.int64)
        there = np.diff(own) > 0
        if there.any():
            out[there] = np.add.reduceat(of, own[:-1][there] - own[0], axis=0, dtype=out.dtype)
        parts.append(out)
    return np.concatenate(parts)


def totals(points: Points) -> Totals:
    """Sums over clusters, one row per cell."""
    edge = np.searchsorted(points.cell, np.arange(points.cells + 1))

    def weighted(of: Callable[[slice], NDArray[Any]]) -> Floats:
        """Σ_j of what is asked for, with the copies of each cluster."""
        return summed(edge, lambda rows: (points.copies[rows].astype(np.float64) * of(rows).T).T)

    def n(rows: slice) -> Floats:
        return points.n[rows].astype(np.float64)

    return Totals(
        summed(edge, lambda rows: points.copies[rows].astype(np.float64)),
        weighted(n),
        weighted(points.sums),
        weighted(lambda rows: points.norms[rows if points.kind is None else points.kind[rows]]),
        weighted(lambda rows: np.einsum("md,md->m", z := points.sums(rows), z)),
        weighted(lambda rows: n(rows) ** 2),
        np.asarray(points.target, dtype=np.float64),
    )


def leave_one_out(points: Points, whole: Totals | None = None) -> Totals:
    """Totals of each row's cell without one copy of that row's cluster: (m, …) arrays, O(m·D)."""
    whole = totals(points) if whole is None else whole
    at, z = points.cell, points.sum
    return Totals(
        whole.clusters[at] - 1,
        whole.n[at] - points.n,
        whole.sum[at] - z,
        whole.squares[at] - points.squares,
        whole.within[at] - np.einsum("md,md->m", z, z),
        whole.n_squares[at] - points.n.astype(np.float64) ** 2,
        whole.target[at],
    )
