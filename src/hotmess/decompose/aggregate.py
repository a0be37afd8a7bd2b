"""From cells to sets of questions: means over questions, and incoherence as a ratio of sums (methods, section 1)."""

from __future__ import annotations

import numpy as np

from hotmess.arrays import Floats, Ints


def cell_weights(group: Ints, question: Ints) -> Floats:
    """Weights with which each question counts once in each group: 1/(cells of the question in the group).

    >>> cell_weights(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 0])).tolist()
    [0.5, 0.5, 1.0, 1.0]
    """
    if not len(group):
        return np.zeros(0)
    pair = group.astype(np.int64) * (int(question.max()) + 1) + question
    _, code, count = np.unique(pair, return_inverse=True, return_counts=True)
    out: Floats = 1.0 / count[code.ravel()]
    return out


def question_means(
    values: Floats, *, group: Ints, question: Ints, groups: int, weights: Floats | None = None
) -> Floats:
    """Means over questions, every question of a group with the same weight, or with `weights`.

    Args:
        values: (cells, k) terms.
        group: (cells,) which group a cell belongs to.
        question: (cells,) question indices from 0.
        groups: number of groups G.
        weights: (draws, questions) weights of questions; normalised within each group.

    Returns:
        (G, k), or (draws, G, k) with weights; NaN for a group without cells.

    >>> values = np.array([[1.0], [3.0], [5.0]])
    >>> question_means(values, group=np.zeros(3, int), question=np.array([0, 0, 1]), groups=1).tolist()
    [[3.5]]
    """
    cell = cell_weights(group, question)
    rows = np.ones((1, int(question.max(initial=0)) + 1)) if weights is None else weights
    out = np.full((len(rows), groups, values.shape[1]), np.nan)
    for g in range(groups):
        at = np.flatnonzero(group == g)
        if len(at):
            index, code = np.unique(question[at], return_inverse=True)
            parts = cell[at, None] * np.c_[values[at], np.ones(len(at))]
            sums = np.stack([np.bincount(code, weights=column, minlength=len(index)) for column in parts.T], axis=1)
            total = (rows if len(index) == rows.shape[1] else rows[:, index]) @ sums
            out[:, g] = total[:, :-1] / total[:, -1:]
    return out[0] if weights is None else out


def incoherence(error: Floats, variance: Floats) -> Floats:
    """Σ variance / Σ error of a set of questions, from its means: a ratio of sums, never a mean of ratios.

    NaN (undefined, not 0) where the error is 0.

    >>> incoherence(np.array([2.0, 0.0]), np.array([1.0, 0.0])).tolist()
    [0.5, nan]
    """
    error, variance = np.asarray(error, dtype=float), np.asarray(variance, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(error > 0, variance / error, np.nan)
