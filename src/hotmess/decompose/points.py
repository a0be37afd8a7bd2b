"""Every outcome is a point in a space: the sufficient statistics all decompositions of the squared family share.

A response is a position z (a one-hot answer, a probability vector, a vector of unit tests, a final point); a *cluster*
is what is independent of the rest of its cell: a few-shot context, or a single response where there are none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Points:
    """Clusters of responses inside cells; identical clusters are stored once with a multiplicity.

    Attributes:
        cell: int (m,), the cell of each cluster, sorted ascending.
        copies: int (m,), how many identical clusters the row stands for.
        n: int (m,), responses in one such cluster.
        sum: float (m, D), sum of the positions z over one cluster.
        squares: float (m,), sum of |z|² over one cluster.
        target: float (cells, D), the target y of each cell; NaN where the outcome has none.
    """

    cell: Ints
    copies: Ints
    n: Ints
    sum: Floats
    squares: Floats
    target: Floats

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.target)


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

    clusters: Floats
    n: Floats
    sum: Floats
    squares: Floats
    within: Floats
    n_squares: Floats
    target: Floats


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
    z = np.asarray(z, dtype=np.float64)
    if context is None:
        context = np.zeros(len(cell), dtype=np.int64)
    order = np.lexsort((context, cell))
    z, cell, copies, context = z[order], cell[order], copies[order], context[order]
    squares = np.einsum("md,md->m", z, z)
    edge = (
        np.flatnonzero(np.r_[True, (np.diff(cell) != 0) | (np.diff(context) != 0)]) if len(cell) else np.zeros(0, int)
    )
    size = np.add.reduceat(copies, edge) if len(edge) else np.zeros(0, np.int64)
    owner = cell[edge]
    count = np.bincount(owner, minlength=len(target))
    largest = np.zeros(len(target), dtype=np.int64)
    np.maximum.at(largest, owner, size)
    clustered = (count >= 2) & (largest >= 2)
    row = ~clustered[cell]
    group = clustered[owner]
    if not group.any():
        return Points(cell, copies, np.ones(len(cell), dtype=np.int64), z, squares, target)
    sums = np.add.reduceat(copies[:, None] * z, edge, axis=0)[group]
    total = np.add.reduceat(copies * squares, edge)[group]
    parts = Points(
        np.r_[cell[row], owner[group]],
        np.r_[copies[row], np.ones(int(group.sum()), dtype=np.int64)],
        np.r_[np.ones(int(row.sum()), dtype=np.int64), size[group]],
        np.r_[z[row], sums],
        np.r_[squares[row], total],
        target,
    )
    back = np.argsort(parts.cell, kind="stable")
    return Points(parts.cell[back], parts.copies[back], parts.n[back], parts.sum[back], parts.squares[back], target)


def totals(points: Points) -> Totals:
    """Sums over clusters, one row per cell."""
    k = points.cells
    add = _adder(points.cell, k)
    copies = points.copies.astype(np.float64)
    n = points.n.astype(np.float64)
    return Totals(
        add(copies),
        add(copies * n),
        add(copies[:, None] * points.sum),
        add(copies * points.squares),
        add(copies * np.einsum("md,md->m", points.sum, points.sum)),
        add(copies * n**2),
        np.asarray(points.target, dtype=np.float64),
    )


def leave_one_out(points: Points, whole: Totals | None = None) -> Totals:
    """Totals of each row's cell without one copy of that row's cluster: (m, …) arrays, O(m·D)."""
    whole = totals(points) if whole is None else whole
    at = points.cell
    return Totals(
        whole.clusters[at] - 1,
        whole.n[at] - points.n,
        whole.sum[at] - points.sum,
        whole.squares[at] - points.squares,
        whole.within[at] - np.einsum("md,md->m", points.sum, points.sum),
        whole.n_squares[at] - points.n.astype(np.float64) ** 2,
        whole.target[at],
    )


def _adder(cell: Ints, cells: int) -> Callable[[Floats], Floats]:
    """A function that sums rows by cell; `cell` is sorted, so one pass of `reduceat` does."""
    edge = np.searchsorted(cell, np.arange(cells))
    empty = np.diff(np.r_[edge, len(cell)]) == 0

    def add(values: Floats) -> Floats:
        out = np.zeros((cells, *values.shape[1:]))
        if len(values) and not empty.all():
            out[~empty] = np.add.reduceat(values, edge[~empty], axis=0)
        return out

    return add
