"""Statements on responses dealt anew between the two sides of their questions: the control of claims that compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.groups import letter_cells
from hotmess.decompose.grouping import question_index, question_units
from hotmess.estimates.control import DRAWS
from hotmess.estimates.sides import half_counts, permuted_counts
from hotmess.laws.contrast_parts import changes
from hotmess.statements.letters import LetterBootstrap
from hotmess.statements.questions import Questions

if TYPE_CHECKING:
    from hotmess.laws.contrast import Contrast
    from hotmess.responses.cells import Cells
    from hotmess.statements.settle import Settled


def permuted_changes(contrast: Contrast, cells: Cells, seed: int) -> Iterator[Settled]:
    """Every model's change and then their mean, settled as those of the contrast are, from permuted data.

    Letters go through the posterior bootstrap with its guard, other outcomes through its unbiased side alone. cells:
    of the contrast, rows alternating.
    """
    counts, terms = half_counts(cells)
    question = question_index(cells.table)
    questions = Questions(question, *question_units(cells.table, question))
    names = contrast.models["model"].astype(str).tolist()
    sets = 2 * cells.table["model"].astype(str).map(names.index).to_numpy() + np.arange(len(cells)) % 2
    for p, new in enumerate(permuted_counts(counts, seed)):
        variance, error = terms(new)
        unbiased = np.column_stack([error, error - variance, variance])
        if cells.counts is None or contrast.fit is None:
            means = questions.plain(*questions.by_set(unbiased, sets, 2 * len(names)), DRAWS, seed + p)
        else:
            letters, group = letter_cells(replace(cells, counts=new)), contrast.fit.groups.index
            found = LetterBootstrap(letters, group, questions, contrast.fit.prior, unbiased, DRAWS, seed + p)
            means = found.means(sets, implied=False)
        yield (means.unguarded() if cells.chosen else means).settle(changes)
