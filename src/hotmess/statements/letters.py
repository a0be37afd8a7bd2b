"""Set means of letters and of free text: everything in closed form, however many the questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hotmess.answers.conjugate import LetterCells
from hotmess.answers.prior import AnswerPrior
from hotmess.statements.expected import cell_terms, piece_sums, set_means
from hotmess.statements.implied import virtual_questions
from hotmess.statements.means import SetMeans
from hotmess.statements.newton import weighted_fit
from hotmess.statements.questions import Blocks, Questions
from hotmess.statements.sums import Counted, Features, counted, features

KEPT = 20_000_000
"""Numbers up to which the columns at all weights are kept."""


@dataclass(frozen=True)
class LetterBootstrap:
    """The posterior bootstrap of letter cells (`hotmess.answers.conjugate.LetterCells`).

    Attributes
    ----------
    cells, group
        The counts, and the group of each cell.
    unbiased
        (cells, 3) unbiased error, bias² and variance; nan in cells that have none.
    """

    cells: LetterCells
    group: np.ndarray
    questions: Questions
    prior: AnswerPrior
    unbiased: np.ndarray
    draws: int
    seed: int

    @property
    def groups(self) -> int:
        return int(self.group.max()) + 1

    @cached_property
    def centre(self) -> dict[str, np.ndarray]:
        """(1, groups) parameters at even weights."""
        return self._fitted(counted(self._features, self._even()), 1, None, None)

    @cached_property
    def parameters(self) -> dict[str, np.ndarray]:
        """(draws, groups) parameters."""
        return self._fitted(self._counted(), self.draws, self.seed, self.centre)

    def means(self, sets: np.ndarray, known: np.ndarray | None = None, *, implied: bool = True) -> SetMeans:
        """Means of error, bias² and variance over sets of cells; sets (cells,) is the set of each from 0, -1: none.

        known: (cells,) whether unbiased terms are used where there are any, as of cells whose partner has them too.
        implied: whether effective questions are as the fit implies them, too, which takes most of the time.
        """
        count = int(sets.max()) + 1
        latent, centre = (three(x) for x in self._both(sets, count, powers=False))
        unbiased = self.unbiased if known is None else np.where(known[:, None], self.unbiased, np.nan)
        return with_unbiased(
            latent,
            centre,
            self.questions,
            sets,
            unbiased,
            lambda: three(cell_terms(self._features, self._squares, self.centre)),
            self.seed,
            virtual=self.virtual_sets(sets, count) if implied else None,
        )

    def powers(self, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means of b, b² and b² h: (draws, sets, 3), and (sets, 3) at even weights (`hotmess.answers.closed`)."""
        return self._both(sets, int(sets.max()) + 1, powers=True)

    def _both(self, sets: np.ndarray, count: int, *, powers: bool) -> tuple[np.ndarray, np.ndarray]:
        of, found, drawn = of_groups(self.group, sets), self._features, self._counted()
        if of is None:
            found, of = pieces(self.cells, self.group, self.questions, sets, count)
            drawn = counted(found, self._blocks())
        even, out = counted(found, self._even()), []
        for columns, parameters in ((drawn, self.parameters), (even, self.centre)):
            sums, size = piece_sums(found.patterns, columns, parameters, len(of), powers=powers)
            out.append(set_means(sums, size, of, count))
        return out[0], out[1][0]

    def _counted(self) -> Iterable[tuple[slice, Counted]]:
        """The columns of the groups at all weights: the fit needs them, and every statement about whole groups."""
        if self._features.columns.shape[0] * self.draws > KEPT:
            return counted(self._features, self._blocks())
        return self._kept

    @cached_property
    def _kept(self) -> list[tuple[slice, Counted]]:
        return list(counted(self._features, self._blocks()))

    def _fitted(
        self,
        columns: Iterable[tuple[slice, Counted]],
        draws: int,
        seed: int | None,
        start: dict[str, np.ndarray] | None,
    ) -> dict[str, np.ndarray]:
        apart = np.unique(self.group[self.cells.apart(self.group)])
        return weighted_fit(
            self._features, columns, draws, self.groups, self.prior, apart=apart, seed=seed, start=start
        )

    @cached_property
    def _features(self) -> Features:
        return features(self.cells, self.group, self.questions.question, apart=self.cells.apart(self.group))

    @property
    def _squares(self) -> np.ndarray:
        return np.asarray((self.cells.wrong.astype(float) ** 2).sum(axis=1))

    def _blocks(self) -> Blocks:
        return self.questions.blocks(self.draws, self.seed)

    def _even(self) -> Blocks:
        return iter([(slice(0, 1), self.questions.even())])

    @cached_property
    def _virtual(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return virtual_questions(self.cells, self.group, self.questions.question, self.centre, seed=self.seed)

    def virtual_sets(self, sets: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Sums of unbiased terms of virtual questions in each set, and how many of their cells those are."""
        cell, question, terms = self._virtual
        return Questions(question).by_set(terms, sets[cell], count)


def with_unbiased(
    latent: np.ndarray,
    centre: np.ndarray,
    questions: Questions,
    sets: np.ndarray,
    unbiased: np.ndarray,
    expected: Callable[[], np.ndarray],
    seed: int,
    *,
    virtual: tuple[np.ndarray, np.ndarray] | None = None,
) -> SetMeans:
    """Set means with the same by unbiased terms under the same weights.

    unbiased: (cells, terms), nan where a cell has none; expected: makes (cells, terms), for the influences of sets in
    which no cell has any.
    """
    count = latent.shape[1]
    sums, cells = questions.by_set(unbiased, sets, count)
    drawn, even_mean = questions.weighted(sums, cells, len(latent), seed)
    bare = cells.sum(axis=0) == 0
    if bare.any():
        sums[:, bare], cells[:, bare] = (x[:, bare] for x in questions.by_set(expected(), sets, count))
    return SetMeans(
        latent,
        centre,
        drawn,
        even_mean,
        questions.by_unit(sums),
        questions.by_unit(cells),
        virtual,
        questions.size / questions.units,
    )


def of_groups(group: np.ndarray, sets: np.ndarray) -> np.ndarray | None:
    """(groups,) the set of each group, where every cell is in a set and no set cuts a group; else None.

    >>> of_groups(np.array([0, 1, 1, 2]), np.array([1, 0, 0, 1])).tolist()
    [1, 0, 1]
    """
    of = np.full(int(group.max()) + 1, -1)
    of[group] = sets
    return of if (of >= 0).all() and (of[group] == sets).all() else None


def pieces(
    cells: LetterCells, group: np.ndarray, questions: Questions, sets: np.ndarray, count: int
) -> tuple[Features, np.ndarray]:
    """Features of the pieces (group, set) that cells lie in, and (pieces,) the set that each belongs to."""
    rows = np.flatnonzero(sets >= 0)
    pairs, piece = np.unique(group[rows] * count + sets[rows], return_inverse=True)
    some = LetterCells(cells.right[rows], cells.wrong[rows], cells.unparsable[rows], cells.choices[rows])
    found = features(
        some, group[rows], questions.question[rows], piece=np.ravel(piece), options=False, questions=questions.size
    )
    return found, pairs % count


def three(two: np.ndarray) -> np.ndarray:
    """(…, 3) error, bias² and variance from (…, 2) error and bias²."""
    return np.concatenate([two, two[..., :1] - two[..., 1:]], axis=-1)
