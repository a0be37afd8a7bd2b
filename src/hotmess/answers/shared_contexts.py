"""What few-shot contexts that questions share do to means over all of them (methods, section 3).

A context moves the answers to every question that was asked under it, so that weights on questions alone miss what it
does to their mean. Weights are then products, question times context; to first order that adds to the mean of set s

    Σ_k ζ_k d_ks,   d_ks = √((K − 1)/K) (m_s without context k − its mean over k),   ζ ~ t, K − 1 degrees of freedom,

m by unbiased terms: the jackknife over contexts. Of its variance Σ_k d² the part that questions have by themselves
(the sum of their own jackknife variances, which weights on questions hold already) is taken off. Sets that share
contexts are moved together, so that what a context does to both sides of a difference cancels. bias² and variance are
moved as logarithms, which to first order is the same and leaves them positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.one_hot import one_hot_points
from hotmess.decompose.grouping import question_index
from hotmess.decompose.points import leave_one_out
from hotmess.decompose.squared import unbiased

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from hotmess.decompose.points import Points, Totals
    from hotmess.responses.cells import Cells
    from hotmess.statements.means import SetMeans

LEAST = 3  # degrees of freedom that few contexts are taken to have
MOST = 20.0  # of the logarithm of a factor, so that far tails of t stay numbers


def points_of(cells: Cells, unparsable: str) -> Points:
    """Positions whose squared family a fit's terms are: an unparsable response is one more wrong answer, if asked."""
    points = one_hot_points(cells) if unparsable == "wrong" else None
    return cells.points if points is None else points


def unbiased_terms(points: Points | Totals) -> Float[np.ndarray, "k 3"]:
    """(k, 3) unbiased error, bias² and variance of the squared family; nan where there are none."""
    found = unbiased(points)
    return np.column_stack([found.error, found.bias2, found.variance])


def shared_contexts(cells: Cells) -> Int[np.ndarray, " m"] | None:
    """(m,) the context of each row of `cells.points` that several questions share, from 0, -1: none; None without any.

    A context is a benchmark's: the same name in two benchmarks names two.
    """
    if cells.contexts is None:
        return None
    p, benchmark = cells.points, cells.table["benchmark"]
    part = np.unique(benchmark.astype(str).to_numpy(), return_inverse=True)[1]
    pairs = np.column_stack([part[p.cell], cells.contexts])
    _, label = np.unique(pairs, axis=0, return_inverse=True)
    label = np.ravel(label)
    question = question_index(cells.table)[p.cell]
    asked = np.unique(np.column_stack([label, question]), axis=0)
    shared = np.bincount(asked[:, 0]) > 1
    known = shared[label] & (cells.contexts >= 0)
    if len(np.unique(label[known])) < 2:
        return None
    out = np.full(len(label), -1)
    out[known] = np.unique(label[known], return_inverse=True)[1]
    return out


def context_influence(
    points: Points, context: Int[np.ndarray, " m"], rows: Sequence[np.ndarray], known: np.ndarray | None = None
) -> Float[np.ndarray, "contexts sets 3"]:
    """(contexts, sets, 3) d of mean error, bias² and variance over sets of cells, as above.

    known: (cells,) whether a cell's terms are used.
    """
    whole, without = unbiased_terms(points), unbiased_terms(leave_one_out(points))
    change = without - whole[points.cell]
    used = np.isfinite(change).all(axis=1) & (context >= 0)
    used &= np.isfinite(whole).all(axis=1)[points.cell] if known is None else known[points.cell]
    count = int(context.max()) + 1
    out = np.zeros((count, len(rows), 3))
    for s, own in enumerate(rows):
        member = np.zeros(points.cells, bool)
        member[own] = True
        at = np.flatnonzero(used & member[points.cell])
        if not len(at):
            continue
        cell, k, moved = points.cell[at], context[at], change[at]
        size = np.isfinite(whole[own]).all(axis=1).sum()
        there = np.bincount(k, minlength=count) > 0
        total = np.stack([np.bincount(k, moved[:, t], count) for t in range(3)], axis=1) / size
        total[there] -= total[there].mean(axis=0)
        within = moved - _means(cell, moved)
        share = (within**2).sum() / size**2 / max((total[there] ** 2).sum(), 1e-300)
        number = int(there.sum())
        out[:, s] = total * np.sqrt((number - 1) / number * max(0.0, 1 - share))
        out[~there, s] = 0.0
    return out


def under_contexts(
    means: SetMeans, rows: Sequence[np.ndarray], cells: Cells, *, unparsable: str, seed: int, known: np.ndarray | None
) -> SetMeans:
    """Set means that scatter over the contexts that questions share, too; themselves without any.

    Only terms with unbiased estimates are moved: those of KL and 0/1 are not.
    """
    context = None if means.unbiased is None else shared_contexts(cells)
    if context is None or means.unbiased is None:
        return means
    influence = context_influence(points_of(cells, unparsable), context, rows, known)
    benchmark = np.unique(cells.table["benchmark"].astype(str).to_numpy(), return_inverse=True)[1]
    of = np.empty(len(influence), int)
    of[context[context >= 0]] = benchmark[cells.points.cell[context >= 0]]
    df = max(LEAST, int(np.unique(of, return_counts=True)[1].min()) - 1)
    rng = np.random.default_rng([seed, 67])
    draws = len(means.latent)
    z = rng.standard_normal((draws, len(influence))) / np.sqrt(rng.chisquare(df, (draws, 1)) / df)
    moves = np.einsum("dk,kst->dst", z, influence)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.exp(np.clip(np.nan_to_num(moves[..., 1:] / means.centre[:, 1:]), -MOST, MOST))
    return replace(means, latent=_times(means.latent, factor), unbiased=_times(means.unbiased, factor))


def _times(values: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Error, bias² and variance where the latter two are multiplied: what is positive stays so, and they add up."""
    parts = values[..., 1:] * factor
    return np.concatenate([parts.sum(axis=-1, keepdims=True), parts], axis=-1)


def _means(cell: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The mean of the values of each row's cell."""
    number = np.bincount(cell)
    return np.stack([np.bincount(cell, v)[cell] / number[cell] for v in values.T], axis=1)
