"""Means over questions of what was counted in each, under weights of questions, and what each question does to them."""

from __future__ import annotations

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.runs import counts
from hotmess.runs.scores import Runs


def top_of(found: Runs, name: str) -> float:
    """The greatest value that a question can have of a quantity that is no correlation."""
    return counts.most_entropy(int(found.table["responses"].max())) if name == "entropy" else 1.0


def statistic(value: Floats, question: Ints, weights: Floats) -> Floats:
    """(draws,) means over questions under weights (draws, questions), or the correlation from moments (cells, 3)."""
    if value.ndim == 1:
        w = weights[:, question] / np.bincount(question)[question]
        return np.asarray((w / w.sum(axis=1, keepdims=True)) @ value)
    w = weights[:, np.unique(question)]  # pairs of different questions, not of the cells of one
    mean, square, pairs = _by_question(value, question)
    return counts.intraclass(mean, square, pairs, w / w.sum(axis=1, keepdims=True))


def _by_question(value: Floats, question: Ints) -> Floats:
    """(M, Q) means over the cells of each question, of values (cells,) or (cells, M)."""
    at = np.unique(question, return_inverse=True)[1]
    return np.stack([np.bincount(at, v) for v in np.atleast_2d(value.T)]) / np.bincount(at)


def influence_of(value: Floats, question: Ints) -> Floats:
    """(Q,) what each question does to `statistic`, times Q."""
    each = _by_question(value, question)
    return counts.intraclass_influence(*each) if len(each) > 1 else each[0] - each[0].mean()
