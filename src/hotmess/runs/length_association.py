"""The contrasts of length within questions as sums over responses, for what confounding can do to
them (methods, section 5).

An answer z enters the variance of its cell by |z|² - 2 z·z̄, z̄ the mean position of the others, and the error by its
squared distance from the target, so that the change of incoherence by length is Σ ±m_s φ_s with

    φ_s = (|z_s|² - 2 z_s·z̄_s - I |z_s - y|²) / e,      m_s = ω |u_s| / Σu² over the cell, or 1/(its half),

mean over a model's cells and over models: the first for normal scores u (`hotmess.runs.within_question`), the second
for halves. That is to first order in the answers' shares; what is left out, the squared shift of the shares at a
length, is subtracted from the variance of both sides and cancels in their difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.estimates.confounding import Association
from hotmess.runs.within_question import BETWEEN_HALVES

if TYPE_CHECKING:
    from hotmess.runs.within_question import WithinQuestion


def within_association(data: WithinQuestion, *, halves: bool = False) -> Association:
    """The continuous contrast, or that of halves, as an association."""
    cells = len(data.table)
    terms, share = data.terms(), data.shares()
    error, variance = (np.bincount(data.model, share * terms[:, i]) for i in range(2))
    unit = share / len(error)  # a cell's share in the mean over models of means over cells
    if halves:
        away = np.sign(data.u)
        side = data.cell * 2 + (away > 0)
        count = np.bincount(side, np.abs(away), 2 * cells)
        mass = np.abs(away) / np.maximum(count, 1)[side]
    else:
        mass = BETWEEN_HALVES * np.abs(data.u) / np.bincount(data.cell, data.u**2)[data.cell]
    with np.errstate(invalid="ignore", divide="ignore"):
        phi = (_in_variance(data) - (variance / error)[data.model][data.cell] * data.error) / (
            error[data.model][data.cell]
        )
    who = data.questions.question if data.questions.cluster is None else data.questions.cluster[data.questions.question]
    return Association(phi, mass * unit[data.cell], data.u > 0, data.cell, who[data.cell])


def _in_variance(data: WithinQuestion) -> np.ndarray:
    """(n,) |z|² - 2 z·z̄ with the mean of the responses of other clusters (few-shot contexts, or responses)."""

    def total(of: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(of, column) for column in data.z.T], axis=1)

    here, size = total(data.cell), np.bincount(data.cell)
    if len(data.owner) == len(data.u):  # every response its own cluster
        mean = (here[data.cell] - data.z) / (size - 1)[data.cell, None]
    else:
        there, own = total(data.cluster), np.bincount(data.cluster)
        mean = (here[data.cell] - there[data.cluster]) / (size[data.cell] - own[data.cluster])[:, None]
    return np.asarray((data.z**2).sum(axis=1) - 2 * (data.z * mean).sum(axis=1))
