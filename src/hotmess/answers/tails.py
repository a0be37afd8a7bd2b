"""Tail counts: the sufficient statistics of the nested Dirichlet model's hyperparameters.

For counts x_i of the cells of one group, with T_j = #{cells : x_i > j},

    sum_i [log Gamma(x_i + alpha) - log Gamma(alpha)] = sum_{j >= 0} T_j log(alpha + j)        (methods, section 3)

so the likelihood of a group costs one pass over j < max x, whatever the number of cells, and no gamma functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput

if TYPE_CHECKING:
    from jaxtyping import Int, Real, Shaped


@dataclass(frozen=True)
class TailCounts:
    """Tail counts of every group; all arrays are float64 of shape (groups, J), J = the largest cell's responses.

    Attributes
    ----------
    right, wrong, total
        T_j of the cells' responses on the target, off the target, and altogether.
    split
        T_j of the wrong responses that are on an option (all but the unparsable ones).
    option
        (blocks, J) T_j of every wrong option of every cell; a block is a group's options of equal share, 1/K.
    block
        (blocks,) group of each block.
    options
        (blocks,) number K of wrong options; `inf` for open-ended answers (the Ewens limit).
    distinct
        (blocks,) number of distinct wrong answers per cell, summed (used by the Ewens limit).
    """

    right: Shaped[np.ndarray, "groups j"]
    wrong: Shaped[np.ndarray, "groups j"]
    total: Shaped[np.ndarray, "groups j"]
    split: Shaped[np.ndarray, "groups j"]
    option: Shaped[np.ndarray, "blocks j"]
    block: Int[np.ndarray, " blocks"]
    options: Shaped[np.ndarray, " blocks"]
    distinct: Shaped[np.ndarray, " blocks"]

    @property
    def groups(self) -> int:
        return len(self.right)

    def one(self, group: int) -> TailCounts:
        """The tail counts of one group alone."""
        rows = self.block == group
        return TailCounts(
            right=self.right[[group]],
            wrong=self.wrong[[group]],
            total=self.total[[group]],
            split=self.split[[group]],
            option=self.option[rows],
            block=np.zeros(int(rows.sum()), int),
            options=self.options[rows],
            distinct=self.distinct[rows],
        )


def tail_counts(
    right: Real[np.ndarray, " cells"],
    wrong: Real[np.ndarray, "cells k"],
    group: Int[np.ndarray, " cells"],
    *,
    groups: int,
    options: Real[np.ndarray, " cells"] | Real[np.ndarray, "cells k"],
    unparsable: np.ndarray | int = 0,
) -> TailCounts:
    """Tail counts from the cells' counts.

    Parameters
    ----------
    right
        (cells,) responses on the target.
    wrong
        (cells, K) responses on each wrong option, zero-padded.
    group
        (cells,) group of each cell, 0 <= group < groups.
    options
        (cells,) number of wrong options K of each cell; `inf` for open-ended answers. Or (cells, K): one over the
        share of each in the base measure of the wrong answers, where they are not all alike.
    unparsable
        (cells,) unparsable responses: not right, and on no option.

    Raises
    ------
    BadInput
        If a cell has no wrong option: with one option nothing can be wrong.

    Examples
    --------
    Two cells with 2 and 1 right answers: both exceed 0, one exceeds 1.

    >>> right, wrong, k = np.array([2, 1]), np.array([[0, 0], [1, 0]]), np.array([2, 2])
    >>> t = tail_counts(right, wrong, np.zeros(2, int), groups=1, options=k)
    >>> t.right.tolist(), t.option.tolist()
    ([[2.0, 1.0]], [[1.0, 0.0]])
    """
    if np.any(options < 1):
        raise BadInput("Some questions have fewer than two options: nothing can be wrong there; leave them out.")
    split = wrong.sum(axis=1)
    wrong_total = split + unparsable
    depth = max(1, int((right + wrong_total).max(initial=1)))

    def tails(x: np.ndarray, g: np.ndarray, rows: int) -> np.ndarray:
        histogram = np.bincount(g * (depth + 1) + x, minlength=rows * (depth + 1)).reshape(rows, depth + 1)
        return histogram[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:].astype(float)

    kinds, kind = np.unique(np.asarray(options, float), return_inverse=True)
    kind = kind.reshape(np.shape(options))
    per_answer = group * len(kinds) + kind if kind.ndim == 1 else group[:, None] * len(kinds) + kind
    pairs, block = np.unique(per_answer, return_inverse=True)
    block = block.reshape(kind.shape)
    each = block.ravel() if block.ndim > 1 else np.repeat(block, wrong.shape[1])
    return TailCounts(
        right=tails(right, group, groups),
        wrong=tails(wrong_total, group, groups),
        total=tails(right + wrong_total, group, groups),
        split=tails(split, group, groups),
        option=tails(wrong.ravel(), each, len(pairs)),
        block=pairs // len(kinds),
        options=kinds[pairs % len(kinds)],
        distinct=np.bincount(each, weights=(wrong > 0).ravel(), minlength=len(pairs)),
    )


def log_likelihood_accuracy(tails: TailCounts, a: Any, kappa: Any, xp: Any = np) -> Any:
    """Beta-binomial log likelihood of each group, up to a constant free of the parameters.

    a, kappa: (groups, …), of as many axes, broadcast: a grid or draws. `xp` is the array module (numpy or jax.numpy).
    """
    j = xp.arange(tails.right.shape[1], dtype=float)
    return (
        _weighted_logs(tails.right, kappa * a, j, xp)
        + _weighted_logs(tails.wrong, kappa * (1 - a), j, xp)
        - _weighted_logs(tails.total, kappa, j, xp)
    )


def log_likelihood_wrong(tails: TailCounts, phi: Any, xp: Any = np) -> Any:
    """Dirichlet-multinomial log likelihood of the wrong answers of each group (Ewens where options are unbounded).

    phi: (groups, …). With K finite: sum_j [T_option,j log(phi/K + j) - T_split,j log(phi + j)]; with K infinite:
    D log phi - sum_j T_split,j log(phi + j), D the summed number of distinct wrong answers per cell.
    """
    j = xp.arange(tails.option.shape[1], dtype=float)
    shape = (slice(None), *(None,) * (xp.ndim(phi) - 1), slice(None))
    flat = shape[:-1]
    finite = np.isfinite(tails.options)
    k = np.where(finite, tails.options, 1.0)[flat]
    per_block = phi[tails.block]
    closed = (tails.option[shape] * xp.log(_positive(per_block / k, xp)[..., None] + j)).sum(-1)
    ewens = tails.distinct[flat] * xp.log(per_block)
    sums = (np.arange(tails.groups)[:, None] == tails.block).astype(float)  # blocks of a group add up
    options = xp.tensordot(sums, xp.where(finite[flat], closed, ewens), axes=1)
    return options - (tails.split[shape] * xp.log(phi[..., None] + j)).sum(-1)


def _weighted_logs(counts: Any, x: Any, j: Any, xp: Any) -> Any:
    """(groups, …) sums over j of counts (groups, J) times log(x + j), x (groups, …)."""
    if xp is np:  # columns of zeros add nothing
        some = max(1, int(counts.any(axis=0).sum()))
        counts, j = counts[:, :some], j[:some]
    flat = xp.reshape(xp.log(_positive(x, xp)[..., None] + j), (x.shape[0], -1, len(j)))
    return xp.reshape(flat @ counts[..., None], x.shape)


def _positive(x: Any, xp: Any) -> Any:
    # kappa (1 - a) underflows to 0 at the edge of a grid; the term is then -inf or has weight 0, never nan.
    return xp.maximum(x, 1e-300)
