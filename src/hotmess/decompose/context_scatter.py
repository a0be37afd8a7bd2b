"""What few-shot contexts that questions share do to means over all of them (methods, sections 2 and 3).

A context moves the answers to every question that was asked under it, so that what is known of questions one by one
misses what it does to their mean. To first order that adds to the means of sets s of cells

    Σ_k ζ_k d_ks,   ζ ~ t, K − 1 degrees of freedom,   Σ_k d_ks d_ks' = Σ_k T_ks T_ks' − Σ_uk T_uks T_uks'

T_ks = √((K − 1)/K) (m_s without context k − its mean over k), the jackknife over contexts, T_uks the part of it that
belongs to unit u. The second sum is what units scatter by themselves and is in the intervals already: units are
questions (or clusters of them) where those are weighted, cells where the responses to each have a posterior or a
variance of their own. Sets that share contexts are moved together, so that what a context does to both sides of a
difference cancels. The sums are of few contexts and of noisy ones, so that their difference is taken direction by
direction (`less_own`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from hotmess.decompose.grouping import BLOCK, question_index, unit_index
from hotmess.decompose.points import Points, Totals, leave_one_out, totals
from hotmess.decompose.squared import Terms, unbiased
from hotmess.remembered import remembered

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from hotmess.responses.cells import Cells

LEAST = 3  # degrees of freedom that few contexts are taken to have
MOST = 20.0  # of what logits move by, so that far tails of t stay numbers
LOSS = {"kl": "KL loss", "zero-one": "0/1 loss"}
NOTHING = 1e-12
FAINT = 0.1
TOGETHER = 24  # sets whose directions are looked at together


def terms_of(points: Points | Totals, estimator: Callable[[Points | Totals], Terms]) -> Float[np.ndarray, "k 3"]:
    """(k, 3) error, bias² and variance; nan where there are none."""
    found = estimator(points)
    return np.column_stack([found.error, found.bias2, found.variance])


@remembered
def shared_contexts(cells: Cells) -> Int[np.ndarray, " m"] | None:
    """(m,) the context of each row of `cells.points` that several questions share, from 0, -1: none; None without any.

    A context is a benchmark's: the same name in two benchmarks names two.
    """
    if cells.contexts is None:
        return None
    cell, question, benchmark = cells.points.cell, question_index(cells.table), _benchmark(cells)
    code = benchmark[cell] * (int(cells.contexts.max()) + 2) + cells.contexts + 1
    label = np.ravel(np.unique(code, return_inverse=True)[1])
    first, last = np.full(int(label.max()) + 1, len(cells)), np.full(int(label.max()) + 1, -1)
    np.minimum.at(first, label, question[cell])
    np.maximum.at(last, label, question[cell])
    known = (first < last)[label] & (cells.contexts >= 0)  # of two questions or more
    if not known.any():
        return None
    pairs = np.unique(np.column_stack([label, benchmark[cell]])[known], axis=0)
    several = np.bincount(pairs[:, 1], minlength=len(cells)) > 1  # one alone in its benchmark says nothing
    known &= several[benchmark[cell]]
    if not known.any():
        return None
    out = np.full(len(label), -1)
    out[known] = np.unique(label[known], return_inverse=True)[1]
    return out


def without_contexts(cells: Cells, what: str) -> tuple[str, ...]:
    """A sentence where questions share contexts and some intervals are without what these do to all of them."""
    return () if shared_contexts(cells) is None else (_without(what),)


def not_told(cells: Cells, metric: str, unknown: Collection[str], *, pairs: bool = True) -> tuple[str, ...]:
    """The same of intervals of error, bias² and variance under a metric; empty where they are with it.

    unknown: metrics for which it is not known. pairs: whether terms are by pairs, so that three contexts of a question
    are the least, not two.
    """
    context = shared_contexts(cells)
    if context is None:
        return ()
    if metric in unknown:
        return (_without(f"intervals under {LOSS.get(metric, metric)}: --metric brier has it"),)
    shared, least = context >= 0, 3 if pairs else 2
    asked = np.unique(np.column_stack([cells.points.cell, context])[shared], axis=0)[:, 0]
    if np.bincount(asked).max() < least:
        return (_without(f"intervals, since none was asked under {'three' if pairs else 'two'}"),)
    return ()


def _without(what: str) -> str:
    return f"Questions share few-shot contexts, and what these do to all of them at once is not in {what}."


def context_influence(
    cells: Cells,
    context: Int[np.ndarray, " m"],
    rows: Sequence[np.ndarray],
    *,
    alone: bool = False,
    points: Points | None = None,
    estimator: Callable[[Points | Totals], Terms] = unbiased,
    known: np.ndarray | None = None,
    weights: Float[np.ndarray, " cells"] | None = None,
) -> Float[np.ndarray, "contexts sets 3"]:
    """(contexts, sets, 3) d of mean error, bias² and variance over sets of cells, as above.

    Parameters
    ----------
    context
        (m,) of each row of the points, as of `shared_contexts`.
    rows
        Cells of each set; sets may share some.
    alone
        Whether cells are the units, not questions (or clusters).
    points
        Positions, where they are not those of the cells.
    estimator
        Points, or totals of them, → terms.
    known
        (cells,) whether a cell's terms are used.
    weights
        (cells,) of each cell in its set's mean; default: those of the questions themselves.
    """
    points = cells.points if points is None else points
    whole, rest = totals(points), leave_one_out(points)
    of_cells, found = terms_of(whole, estimator)[:, 1:], terms_of(rest, estimator)[:, 1:]
    lost = ~np.isfinite(of_cells).any(axis=0)  # bias² where there is no target
    of_cells[:, lost] = found[:, lost] = 0.0
    good = np.isfinite(of_cells).all(axis=1)
    good = good if known is None else good & known
    used = np.flatnonzero(np.isfinite(found).all(axis=1) & (context >= 0) & good[points.cell])
    cell, copies = points.cell[used], points.copies[used].astype(float)
    number = np.maximum(np.bincount(cell, copies, points.cells), 1)
    centre = np.stack([np.bincount(cell, copies * x, points.cells) / number for x in found[used].T], axis=1)
    share = (1 - 1 / np.maximum(whole.clusters, 1)) * np.sqrt(number / np.maximum(number - 1, 1))  # of some of them
    moved = (found[used] - centre[cell]) * (copies * share[cell])[:, None]
    unit, own = unit_index(cells.table)
    own = (own if weights is None else weights) * good
    unit, count = (np.arange(len(cells)) if alone else unit), int(context.max()) + 1
    free = max(1, count - (len(np.unique(_benchmark(cells)[cell])) if len(cell) else 0))
    out = np.zeros((count, len(rows), 2))
    for start in range(0, len(rows), TOGETHER):
        some = rows[start : start + TOGETHER]
        weight = np.zeros((points.cells, len(some)))
        for s, members in enumerate(some):
            weight[members, s] = own[members] / max(own[members].sum(), NOTHING)
        at = np.flatnonzero(np.asarray(weight.any(axis=1))[cell])
        pairs, place = np.unique(unit[cell[at]] * count + context[used[at]], return_inverse=True)
        place, shares = np.ravel(place), weight[cell[at]]
        each = np.empty((len(pairs), len(some), 2))
        for s, t in np.ndindex(len(some), 2):
            each[:, s, t] = np.bincount(place, shares[:, s] * moved[at, t], len(pairs))
        flat = each.reshape(len(pairs), 2 * len(some))
        total = np.zeros((count, flat.shape[1]))
        np.add.at(total, pairs % count, flat)
        out[:, start : start + TOGETHER] = _as_alone(total, flat.T @ flat, free).reshape(count, len(some), 2)
    return np.concatenate([out.sum(axis=-1, keepdims=True), out], axis=-1)


def less_own(total: Float[np.ndarray, "k p"], own: Float[np.ndarray, "p p"], free: int) -> Float[np.ndarray, "k p"]:
    """(k, p) d with d'd = total'total − own, as nearly as few contexts can say.

    In the directions that own noise alone would move by λ = 1, p of them seen by `free` contexts, what they have beyond
    it, l, makes λ = (l + 1)(1 + p/(l free)) on average (Baik and Silverstein 2006), and noise alone up to
    (1 + √(p/free))². Solved for l; below that a tenth of λ − 1 stays, not below 0. Then every column is given the
    length that its own two sums say.

    >>> d = less_own(np.array([[3.0, 3.0], [-3.0, -3.0]]), 2 * np.eye(2), 1)
    >>> (d.T @ d).round(3).tolist()
    [[16.0, 16.0], [16.0, 16.0]]
    """
    size, axes = np.linalg.eigh(own)
    some = size > NOTHING * max(size.max(), NOTHING)
    axes, size = axes[:, some], size[some]
    white = total @ axes / np.sqrt(size)
    square, turn = np.linalg.eigh(white.T @ white)
    ratio = len(square) / free
    middle = square + 1 - ratio
    beyond = (middle + np.sqrt(np.maximum(middle**2 - 4 * square, 0.0))) / 2 - 1
    beyond = np.where(square > (1 + np.sqrt(ratio)) ** 2, beyond, 0.0)
    beyond = np.maximum(beyond, FAINT * np.maximum(square - 1, 0.0))
    keep = np.sqrt(beyond / np.maximum(square, NOTHING))
    out = white @ (turn * keep) @ turn.T @ (axes * np.sqrt(size)).T
    have = (out**2).sum(axis=0)
    wanted = np.maximum(0.0, (total**2).sum(axis=0) - np.diag(own))
    return np.asarray(out * np.sqrt(np.divide(wanted, have, out=np.zeros_like(have), where=have > 0)))


def _as_alone(total: Float[np.ndarray, "k p"], own: Float[np.ndarray, "p p"], free: int) -> Float[np.ndarray, "k p"]:
    """`less_own` of all sets together, for what they share, each turned to what it is alone: a set's own terms scatter
    as they would without the others beside it.

    d, (k, 2) of one set, becomes d A with A'd'd A what it is alone, and A as near 1 as can be.
    """
    out = less_own(total, own, free)
    for p in range(0, out.shape[1], 2) if out.shape[1] > 2 else ():
        at = slice(p, p + 2)
        alone = less_own(total[:, at], own[at, at], free)
        root, back = _root(out[:, at].T @ out[:, at])
        out[:, at] = out[:, at] @ back @ _root(root @ alone.T @ alone @ root)[0] @ back
    return out


def _root(square: Float[np.ndarray, "2 2"]) -> tuple[Float[np.ndarray, "2 2"], Float[np.ndarray, "2 2"]]:
    """The root of a matrix of squares, and its inverse where there is one."""
    size, axes = np.linalg.eigh(square)
    root = np.sqrt(np.maximum(size, 0.0))
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > np.sqrt(NOTHING) * max(root.max(), NOTHING))
    return axes * root @ axes.T, axes * inverse @ axes.T


def degrees_of_freedom(
    cells: Cells, context: Int[np.ndarray, " m"], rows: Sequence[np.ndarray]
) -> Int[np.ndarray, " sets"]:
    """(sets,) K − 1 of the benchmark in which a set has the fewest contexts, but more than one."""
    shared = context >= 0
    home = np.zeros(int(context.max()) + 1, int)
    home[context[shared]] = _benchmark(cells)[cells.points.cell[shared]]
    out = np.full(len(rows), LEAST)
    for s, members in enumerate(rows):
        mine = np.zeros(len(cells), bool)
        mine[members] = True
        asked = np.bincount(context[shared & mine[cells.points.cell]], minlength=len(home)) > 0
        count = np.bincount(home[asked])
        out[s] = max(LEAST, int(count[count > 1].min(initial=len(home))) - 1)
    return out


def context_moves(
    influence: Float[np.ndarray, "contexts sets 3"], df: Int[np.ndarray, " sets"], draws: int, seed: int
) -> Float[np.ndarray, "draws sets 3"]:
    """(draws, sets, 3) Σ_k ζ_k d_ks; the same ζ for the same seed, whatever the sets, but for their degrees of freedom:
    what divides them is at the same quantile of each."""
    rng, block = np.random.default_rng([seed, 67]), max(1, BLOCK // max(1, len(influence)))
    sizes = [min(block, draws - start) for start in range(0, draws, block)]
    parts = [np.einsum("dk,kst->dst", rng.standard_normal((size, len(influence))), influence) for size in sizes]
    least = df.min()
    square = np.repeat(rng.chisquare(least, (draws, 1)), len(df), axis=1)
    for more in np.setdiff1d(df, least):
        square[:, df == more] = special.chdtri(more, special.chdtrc(least, square[:, df == more]))
    return np.asarray(np.concatenate(parts) / np.sqrt(square / df)[..., None])


def moved_error(
    error: Float[np.ndarray, "draws sets"], moves: Float[np.ndarray, "draws sets"], top: float | None
) -> Float[np.ndarray, "draws sets"]:
    """Draws of mean errors, moved on the logit of their share of the largest there can be, or their logarithm."""
    centre, top = error.mean(axis=0), np.inf if top is None else top
    with np.errstate(invalid="ignore", divide="ignore"):
        by = moves / (centre * (1 - centre / top))
    if np.isfinite(top):
        return top * shifted(error / top, by)
    return np.asarray(error * np.exp(np.clip(np.nan_to_num(by), -MOST, MOST)))


def shifted(share: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Shares whose logits are moved; 0 and 1 stay."""
    factor = np.exp(np.clip(np.nan_to_num(by, posinf=0.0, neginf=0.0), -MOST, MOST))
    return np.asarray(share * factor / (1 - share + share * factor))


def moved_estimates(
    terms: Float[np.ndarray, "draws sets 3"], moves: Float[np.ndarray, "draws sets 3"], top: float | None
) -> Float[np.ndarray, "draws sets 3"]:
    """Draws of unbiased error, bias² and variance, moved: error where it can lie, so that far tails of t leave no ratio
    undefined, and incoherence, which may be above 1, as it is.

    >>> terms, moves = np.full((2, 1, 3), [1.0, 0.5, 0.5]), np.array([[[-9.0, -4.5, -4.5]], [[0.0, 0.1, -0.1]]])
    >>> moved_estimates(terms, moves, 2.0)[:, 0].round(3).tolist()
    [[0.0, 0.0, 0.0], [1.0, 0.6, 0.4]]
    """
    whole, spread = terms[..., 0], terms[..., 2]
    centre = terms.mean(axis=0)
    out = terms + moves
    known = (whole > 0) & (centre[..., 0] > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = moved_error(whole, moves[..., 0], top)
        turn = (moves[..., 2] - centre[..., 2] / centre[..., 0] * moves[..., 0]) / centre[..., 0]
        variance = error * (spread / whole + turn)
    return np.where(known[..., None], np.stack([error, error - variance, variance], axis=-1), out)


def _benchmark(cells: Cells) -> Int[np.ndarray, " cells"]:
    return np.ravel(np.unique(cells.table["benchmark"].astype(str).to_numpy(), return_inverse=True)[1])
