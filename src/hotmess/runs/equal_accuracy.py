"""Reliability at equal accuracy, of every model: what share of the variance of
right and wrong lies between questions (methods, section 10).

Two runs are both right with probability P = E p², which lies between a² (every question is right equally often) and a
(every question is always or never right) for accuracy a. Where it lies between them,

    ρ = (P − a²) / (a − a²),

is the intra-class correlation of right and wrong; of two models of the same accuracy the one of larger ρ has the larger
pass^2, and where chances are Beta within a model, the larger pass^k for every k: ρ = 1/(κ + 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotmess.decompose.intervals import question_shares
from hotmess.errors import NotTestable
from hotmess.runs import counts
from hotmess.runs.scores import runs
from hotmess.runs.sets_of_cells import sets_of

if TYPE_CHECKING:
    from hotmess.arrays import Floats, Ints
    from hotmess.responses.table import Responses

ARM = ("family", "condition", "budget")


@dataclass(frozen=True)
class EqualAccuracy:
    """Reliability at equal accuracy of every model in every arm (family, condition, budget).

    Attributes
    ----------
    table
        One row each: `family`, `condition`, `budget`, `model`, `model_size_b`, `questions`, `accuracy`, `both_right`
        (pass^2) and `value` (ρ).
    like_these
        (rows, rows) covariance of the values for questions like these, the same questions for all.
    these
        (rows, rows) for these questions: by sampling of responses alone.
    alike
        models left out, always right or always wrong wherever they were asked twice: ρ is 0/0.
    """

    table: pd.DataFrame
    like_these: Floats
    these: Floats
    alike: tuple[str, ...] = ()


def equal_accuracy(responses: Responses, *, seed: int = 0, draws: int = 1000) -> EqualAccuracy:
    """ρ of every model with its covariance.

    Raises
    ------
    NotTestable
        If responses are not right or wrong, or no question has two.

    >>> import hotmess as hm
    >>> found = equal_accuracy(hm.example()).table
    >>> bool(found["value"].between(0, 1).all()), found["model"].nunique()
    (True, 4)
    """
    found = runs(responses, ["family", "model_size_b"])
    if not (found.binary and np.isfinite(found.score).all()):
        raise NotTestable("pass^k is of responses that are right or wrong, with a target; scores between are neither.")
    n = found.table["responses"].to_numpy()
    if n.max() < 2:
        raise NotTestable(
            "Every question has one response only: draw at least two responses per question.",
            "Draw at least two responses of each question.",
        )
    scores = counts.sort_scores(found.score, found.cell, len(n))
    moments = np.stack(counts.pair_moments(scores), axis=1)
    spread = _jackknife(found.score, found.cell, n)
    question = np.asarray(found.table.groupby(["benchmark", "question"], sort=True).ngroup(), np.int64)
    weights = question_shares(int(question.max()) + 1, draws, seed)
    rows, drawn, own, alike = [], [], [], list[str]()
    for key, at in sets_of(found.table, [*ARM, "model"]):
        at = at[n[at] > 1]
        if not len(at):
            continue
        values, w = moments[at], np.full((1, len(at)), 1 / len(at))
        if values[0, 0] in (0.0, 1.0) and np.ptp(values[:, 0]) == 0:  # seen here: sums of weights are rounded
            alike.append(str(key[-1]))
            continue
        rho = float(_rho(values, w)[0])
        if not np.isfinite(rho):
            continue
        mean, _, pairs = values.mean(axis=0)
        row = dict(zip([*ARM, "model"], key)) | {"model_size_b": found.table["model_size_b"].iloc[at[0]]}
        asked = len(np.unique(question[at]))
        rows.append(row | {"questions": asked, "accuracy": mean, "both_right": pairs, "value": rho})
        own_weights = weights[:, question[at]]
        drawn.append(_rho(values, own_weights / own_weights.sum(axis=1, keepdims=True)))
        own.append(_own_variance(values, spread[at]))
    if not rows:
        raise NotTestable("Every model is always right or always wrong, so there is nothing to rely on or not.")
    like = np.atleast_2d(np.cov(np.stack(drawn), ddof=1))
    these = np.where(np.isfinite(own), own, np.diag(like))
    return EqualAccuracy(pd.DataFrame(rows), like, np.diag(these), tuple(dict.fromkeys(alike)))


def _rho(moments: Floats, weights: Floats) -> Floats:
    mean, square, pairs = moments.T
    return counts.intraclass(mean, square, pairs, weights)


def _jackknife(score: Floats, cell: Ints, n: Ints) -> Floats:
    """(cells, 2, 2) covariances of the mean and of the mean product of pairs, leaving out one response at a time."""
    total = np.bincount(cell, score)
    square = np.bincount(cell, score**2)
    size = n[cell].astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = total[cell] - score
        left = np.stack([rest / (size - 1), (rest**2 - square[cell] + score**2) / ((size - 1) * (size - 2))], axis=1)
    centre = np.stack([np.bincount(cell, column) / n for column in left.T], axis=1)
    away = left - centre[cell]
    out = np.empty((len(n), 2, 2))
    for i in range(2):
        for j in range(2):
            out[:, i, j] = np.bincount(cell, away[:, i] * away[:, j]) * (n - 1) / n
    out[n < 3] = np.nan
    return out


def _own_variance(moments: Floats, spread: Floats) -> float:
    """Variance of ρ for given questions, by the delta method."""
    mean, square, pairs = moments.mean(axis=0)
    between, within = pairs - mean**2, square - pairs
    whole = between + within
    by_pairs = 1 / whole  # d ρ / d pairs: what one part gains the other loses
    by_mean = (-2 * mean * whole - between * (1 - 2 * mean)) / whole**2
    gradient = np.array([by_mean, by_pairs])
    return float(np.einsum("i,qij,j->", gradient, spread, gradient) / len(moments) ** 2)
