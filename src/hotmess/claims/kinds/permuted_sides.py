"""Statements on responses dealt anew between the two sides of their questions: the control of claims that compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.conjugate import LetterCells
from hotmess.answers.groups import letter_cells
from hotmess.decompose.grouping import question_index, question_units
from hotmess.estimates.control import DRAWS
from hotmess.estimates.sides import Terms, half_counts, letter_terms, permuted_counts
from hotmess.laws.contrast_parts import changes
from hotmess.statements.letters import LetterBootstrap
from hotmess.statements.questions import Questions

if TYPE_CHECKING:
    from hotmess.laws.contrast import Contrast
    from hotmess.responses.cells import Cells
    from hotmess.statements.means import SetMeans
    from hotmess.statements.settle import Settled

TOGETHER = 100
"""Groups whose posteriors are made in one, about: those of several permutations."""


def permuted_changes(contrast: Contrast, cells: Cells, seed: int) -> Iterator[Settled]:
    """Every model's change and then their mean, settled as those of the contrast are, from permuted data.

    Letters go through the posterior bootstrap with its guard, other outcomes through its unbiased side alone;
    permutations taken together have the same weights on questions. cells: of the contrast, rows alternating.
    """
    question = question_index(cells.table)
    questions = Questions(question, *question_units(cells.table, question))
    names = contrast.models["model"].astype(str).tolist()
    sets = 2 * cells.table["model"].astype(str).map(names.index).to_numpy() + np.arange(len(cells)) % 2
    own = np.arange(2 * len(names))
    group = None if cells.counts is None or contrast.fit is None else contrast.fit.groups.index
    counts, terms = half_counts(cells) if group is None else _target_first(cells)
    each = max(1, TOGETHER // (len(own) if group is None else int(group.max()) + 1))
    permuted = permuted_counts(counts, seed)
    for b, some in enumerate(iter(lambda: list(islice(permuted, each)), [])):
        unbiased = []
        for new in some:
            variance, error = terms(new)
            unbiased.append(np.stack([error, error - variance, variance]))
        copies = replace(questions, question=np.tile(question, len(some)))
        places = np.concatenate([sets + p * len(own) for p in range(len(some))])
        values = np.concatenate(unbiased, axis=1).T
        means: SetMeans
        if group is None:
            means = copies.plain(*copies.by_set(values, places, len(some) * len(own)), DRAWS, seed + b)
        else:
            assert contrast.fit is not None
            whole, choices = np.concatenate(some), np.tile(cells.table["n_choices"].to_numpy(int), len(some))
            letters = LetterCells(whole[:, 0], whole[:, 1:-1], whole[:, -1], choices)
            groups = np.concatenate([group + p * (int(group.max()) + 1) for p in range(len(some))])
            found = LetterBootstrap(letters, groups, copies, contrast.fit.prior, values, DRAWS, seed + b)
            means = found.means(places, implied=False)
        for p in range(len(some)):
            one = means.take(own + p * len(own))
            yield (one.unguarded() if cells.chosen else one).settle(changes)


def _target_first(cells: Cells) -> tuple[np.ndarray, Terms]:
    """Counts with the target's first and unparsable ones last, as letter cells have them, and their terms."""
    letters = letter_cells(cells)
    counts, first = np.column_stack([letters.right, letters.wrong, letters.unparsable]), np.zeros(len(cells), int)
    return counts, lambda new: letter_terms(new, letters.choices, first)
