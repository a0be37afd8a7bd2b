"""Sums over a cell's responses of a smooth function of their length, at few lengths (methods, section 5).

What a response adds to a cell's log likelihood is linear in what was answered, but for the logarithm of a sum of
exponentials, a smooth function of its length alone. Its sum over the responses of a cell at a budget is an integral
over a measure of as many atoms, and Gauss' rule of M nodes for that very measure is exact for polynomials of degree
2M - 1 (Golub and Welsch 1969): nodes are the eigenvalues of the Jacobi matrix of its orthogonal polynomials, weights
the squares of the first entries of the eigenvectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float

    from hotmess.arrays import Floats

NODES = 6
"""With them a unit's log likelihood is off by less than rounding in single precision, with five by as much."""
DONE = 1e-7  # of the spread of a measure: a polynomial as small as that is zero on all atoms


def gauss(
    x: Float[np.ndarray, "R S"], weight: Float[np.ndarray, "R S"], nodes: int = NODES
) -> tuple[Float[np.ndarray, "R M"], Float[np.ndarray, "R M"]]:
    """Nodes and weights of R measures, each of atoms x with weights (0 for padding, some not).

    A measure of fewer atoms than nodes has them back, and nodes without weight.

    >>> x, w = np.linspace(0, 1, 20)[None], np.ones((1, 20))
    >>> at, share = gauss(x, w, nodes=3)
    >>> [round(float((share * at**k).sum() - (w * x**k).sum()), 9) + 0.0 for k in range(6)]
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    total = weight.sum(axis=1, keepdims=True)
    middle = (weight * x).sum(axis=1, keepdims=True) / total
    away = np.where(weight > 0, x - middle, 0.0)
    spread = np.sqrt((weight * away**2).sum(axis=1, keepdims=True) / total)
    z = np.divide(away, spread, out=np.zeros_like(away), where=spread > 0)
    jacobi = np.zeros((len(x), nodes, nodes))
    before, here, link = np.zeros_like(z), np.broadcast_to(1 / np.sqrt(total), z.shape), np.zeros((len(x), 1))
    for j in range(nodes):
        a = (weight * here**2 * z).sum(axis=1, keepdims=True)
        after = (z - a) * here - link * before
        size = np.sqrt((weight * after**2).sum(axis=1, keepdims=True))
        link = np.where(size > DONE, size, 0.0)
        jacobi[:, j, j] = a[:, 0]
        if j + 1 < nodes:
            jacobi[:, j, j + 1] = jacobi[:, j + 1, j] = link[:, 0]
        before, here = here, np.divide(after, link, out=np.zeros_like(after), where=link > 0)
    values, vectors = np.linalg.eigh(jacobi)
    return middle + spread * values, total * vectors[:, 0] ** 2


def condensed(features: Float[np.ndarray, "F n S"], weight: Float[np.ndarray, "n S"]) -> tuple[Floats, Floats]:
    """Features (F, n, M) and weights (n, M) of nodes in the place of the responses, where they are fewer.

    Nodes lie along the first feature, the length within a budget; at each value of the others there are `NODES`.
    """
    if not (weight > 0).any():
        return features, weight
    cell, entry = np.nonzero(weight > 0)
    at = features[:, cell, entry]
    measure, slot, of = _measures(cell, at[1:])
    if (slot.max() + 1) * NODES >= (weight > 0).sum(axis=1).max():
        return features, weight
    order = np.argsort(of, kind="stable")
    place = np.empty(len(of), np.int64)
    place[order] = np.arange(len(of)) - np.searchsorted(of[order], of[order])
    x, w = (np.zeros((len(measure), place.max() + 1)) for _ in range(2))
    x[of, place], w[of, place] = at[0], weight[cell, entry]
    nodes, shares = gauss(x, w, NODES)
    columns = slot[:, None] * NODES + np.arange(NODES)
    out, share = np.zeros((len(features), len(weight), columns.max() + 1)), np.zeros((len(weight), columns.max() + 1))
    first = np.unique(of, return_index=True)[1]
    out[0, measure[:, None], columns], share[measure[:, None], columns] = nodes, shares
    for i in range(1, len(features)):
        out[i, measure[:, None], columns] = at[i, first, None]
    return out, share


def _measures(cell: np.ndarray, others: Floats) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Responses at the same values of the other features: (R,) cell of each such measure, (R,) its place among the
    cell's, and the measure of each response."""
    code = cell.astype(np.int64)
    for values in others:
        found, own = np.unique(np.round(values, 9), return_inverse=True)
        code = np.unique(code * len(found) + own, return_inverse=True)[1]
    first, of = np.unique(code, return_index=True, return_inverse=True)[1:]
    measure = cell[first]
    return measure, np.arange(len(measure)) - np.searchsorted(measure, measure), of
