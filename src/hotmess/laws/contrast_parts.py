"""The change of incoherence between halves, and its three parts: unbiased statistics of cells, draws that add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.fit_sets import powers_of
from hotmess.answers.one_hot import one_hot_points
from hotmess.decompose.grouping import question_index, question_units
from hotmess.decompose.parts import from_moments, shapley
from hotmess.statements.means import SetMeans, incoherence
from hotmess.statements.questions import Questions

if TYPE_CHECKING:
    from hotmess.answers.posterior import Fit
    from hotmess.decompose.points import Points
    from hotmess.responses.cells import Cells


def changes(means: np.ndarray) -> np.ndarray:
    """(…, models + 1) changes of incoherence from means (…, 2 models, 3) of the halves in turn, and their mean."""
    ratio = incoherence(means)
    each = ratio[..., 1::2] - ratio[..., 0::2]
    return np.concatenate([each, each.mean(axis=-1, keepdims=True)], axis=-1)


def parts_like_these(cells: Cells, posterior: Fit, rows: Sequence[np.ndarray], means: SetMeans) -> np.ndarray:
    """(draws, models, 3) Shapley parts of each model's settled change, adding up to it draw by draw.

    The parts of the change under the same weights, as near to those of unbiased moments as the guard takes the change;
    what shift and spread add is shared out by regression on the change (the shares sum to one).

    rows, means: cells of the halves of each model in turn, and the posterior's statement about them. An unparsable
    response is one more wrong option.
    """
    fit = posterior.unparsable_as_wrong
    settled = (means if fit is posterior else fit.statement(rows=rows)).settle(changes)
    sets = np.full(len(cells), -1)
    for s, own in enumerate(rows):
        sets[own] = s
    drawn, _ = powers_of(fit, sets)
    question = question_index(cells.table)
    questions = Questions(question, *question_units(cells.table, question))
    sums = questions.by_set(letter_estimates(cells)[:, 2:], sets, len(rows))
    unbiased, _ = questions.weighted(*sums, len(drawn), fit.seed)
    out = np.empty((len(drawn), len(rows) // 2, 3))
    for m in range(out.shape[1]):
        halves = 2 * m, 2 * m + 1
        parts = shapley(*(from_moments(drawn[:, s]) for s in halves))
        if settled.guard[m] > 0:
            parts = parts - settled.guard[m] * (parts - shapley(*(from_moments(unbiased[:, s]) for s in halves)))
        total = parts.sum(axis=1)
        away = total - total.mean()
        share = away @ parts / (away @ away) if away.any() else np.full(3, 1 / 3)
        out[:, m] = parts + (settled.draws[:, m] - total)[:, None] * share
    return out


def letter_estimates(cells: Cells) -> np.ndarray:
    """(cells, 5) the estimates of `letter_statistics`."""
    from hotmess.decompose.points import totals

    return _statistics([totals(p) for p in _points(cells)])


def letter_statistics(cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """Unbiased statistics of every cell, and their jackknife covariance.

    Of outcomes that are not just right or wrong there are the first two only.

    Returns
    -------
    (cells, 5) estimates of variance, error, a, a² and Σ w² over wrong options w (pairs of responses from different
    clusters), and (cells, 5, 5) covariances (leaving out one cluster). The last three count an unparsable response as
    one more wrong option.
    """
    from hotmess.decompose.points import leave_one_out, totals

    triple = _points(cells)
    whole = [totals(p) for p in triple]
    estimate = _statistics(whole)
    replicate = _statistics([leave_one_out(p, t) for p, t in zip(triple, whole)])
    p = cells.points
    clusters = np.maximum(np.bincount(p.cell, weights=p.copies, minlength=len(estimate)), 1)
    mean = _add(p.cell, p.copies[:, None] * replicate, len(estimate)) / clusters[:, None]
    deviation = replicate - mean[p.cell]
    outer = p.copies[:, None, None] * deviation[:, :, None] * deviation[:, None, :]
    return estimate, _add(p.cell, outer, len(estimate)) * ((clusters - 1) / clusters)[:, None, None]


def _points(cells: Cells) -> list[Points]:
    from hotmess.decompose.points import Points

    p, wrong = cells.points, one_hot_points(cells)
    if wrong is None:
        return [p]
    right = np.einsum("md,md->m", wrong.sum, wrong.target[p.cell])
    only = Points(p.cell, p.copies, p.n, right[:, None], right, np.ones((len(wrong.target), 1)))
    return [p, wrong, only]


def _statistics(totals: list) -> np.ndarray:  # type: ignore[type-arg]
    from hotmess.decompose.squared import unbiased

    if len(totals) == 1:
        own = unbiased(totals[0])
        return np.column_stack([own.variance, own.error])
    uniform, wrong, only = (unbiased(t) for t in totals)
    with np.errstate(invalid="ignore", divide="ignore"):
        a = totals[2].sum[:, 0] / totals[2].n
    a2 = a - only.variance
    return np.column_stack([uniform.variance, uniform.error, a, a2, (1 - wrong.variance) - a2])


def _add(index: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    out = np.zeros((size, *values.shape[1:]))
    np.add.at(out, index, values)
    return out
