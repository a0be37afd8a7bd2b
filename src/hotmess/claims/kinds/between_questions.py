"""Claims about length between questions: their terms, and lengths permuted between questions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.grouping import question_index, unit_index
from hotmess.decompose.squared import unbiased
from hotmess.estimates.control import PERMUTATIONS
from hotmess.estimates.length_slopes import arm_index

if TYPE_CHECKING:
    from hotmess.answers.posterior import Fit
    from hotmess.claims.study import Study

KEYS = ["model", "condition", "budget", "bin"]
ALIKE = np.log(2) / 4
"""Standard deviation of log lengths between questions, a quarter of a doubling, below which they are much alike."""


@dataclass(frozen=True)
class LengthTerms:
    """Cells of the length law, one entry each.

    Attributes
    ----------
    variance, error
        Unbiased terms, times the questions' own weights.
    x
        Log of the latent length.
    arm, question
        Index of the arm (model, condition, budget) and of the question.
    unit
        Index of whom weights are drawn for: the question, or the cluster it comes in.
    bins
        Bins of questions of each arm.
    """

    variance: np.ndarray
    error: np.ndarray
    x: np.ndarray
    arm: np.ndarray
    question: np.ndarray
    unit: np.ndarray
    bins: int


def length_terms(study: Study) -> LengthTerms:
    """Of the study's length law."""
    return study.once("terms by length", lambda: _terms(study))


def _terms(study: Study) -> LengthTerms:
    cells = study.length_law.fit.cells
    terms = unbiased(cells.points)
    x = cells.table["latent_log2_length"].to_numpy() * np.log(2)
    arm, question = arm_index(cells.table), question_index(cells.table)
    unit, own = unit_index(cells.table)
    bins = int(cells.table["bin"].max()) + 1
    return LengthTerms(own * terms.variance, own * terms.error, x, arm, question, unit, bins)


def permuted_lengths(
    x: np.ndarray, arm: np.ndarray, question: np.ndarray, seed: int, stream: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(has, x) with lengths permuted between questions, alike for all models: the cells that have a length, and which.

    A cell has none where its model did not answer the question whose length it would get.
    """
    grid = np.full((int(arm.max()) + 1, int(question.max()) + 1), np.nan)
    grid[arm, question] = x
    for p in range(PERMUTATIONS):
        order = np.random.default_rng([seed, p, stream]).permutation(grid.shape[1])
        new = grid[arm, order[question]]
        has = np.isfinite(new)
        yield has, new[has]


def length_fit(study: Study) -> Fit:
    """The fit of answers beneath the length law."""
    return study.length_law.fit


def further_apart(study: Study) -> str:
    """What to do where questions' lengths are much alike, so that a slope over them is hardly known; else nothing.

    The standard deviation of a slope falls with that of the lengths, and with the root of the number of questions.
    """
    t = length_terms(study)
    spread = float(np.mean([t.x[t.arm == a].std() for a in range(int(t.arm.max()) + 1)]))
    if spread >= ALIKE:
        return ""
    return (
        f"Ask questions whose lengths lie further apart: these differ by {100 * np.expm1(spread):.2g}% (one standard "
        "deviation), and twice as far apart tells of the slope as much as four times the questions."
    )
