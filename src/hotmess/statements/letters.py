"""Set means of letters and of free text: everything in closed form, however many the questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hotmess.answers.conjugate import LetterCells
from hotmess.answers.prior import AnswerPrior
from hotmess.statements.expected import cell_terms, piece_sums
from hotmess.statements.implied import virtual_questions
from hotmess.statements.means import SetMeans
from hotmess.statements.newton import weighted_fit
from hotmess.statements.sums import features
from hotmess.statements.weights import even, weight_blocks

Blocks = Iterator[tuple[slice, np.ndarray]]


@dataclass(frozen=True)
class Questions:
    """Who is weighted: the questions of cells, their clusters, and their own weights.

    Attributes
    ----------
    question
        (cells,) question of each cell, from 0.
    cluster
        (questions,) cluster of each question, or None.
    own
        (questions,) weight of each question, or None.
    """

    question: np.ndarray
    cluster: np.ndarray | None = None
    own: np.ndarray | None = None

    @property
    def size(self) -> int:
        return int(self.question.max()) + 1

    @property
    def units(self) -> int:
        """How many weights are drawn."""
        return self.size if self.cluster is None else int(self.cluster.max()) + 1

    def blocks(self, draws: int, seed: int) -> Blocks:
        """Weights on questions, block by block."""
        return weight_blocks(self.size, draws, seed=seed, cluster=self.cluster, own=self.own)

    def even(self) -> np.ndarray:
        """(1, questions)"""
        return even(self.size, own=self.own)

    def by_set(self, values: np.ndarray, sets: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(questions, sets, terms) sums of values (cells, terms) and (questions, sets) number of cells; nan left out."""
        known = np.isfinite(values).all(axis=1)
        place = self.question[known] * count + sets[known]
        size = self.size * count
        sums = np.stack([np.bincount(place, v, size) for v in values[known].T], axis=-1)
        return sums.reshape(self.size, count, -1), np.bincount(place, minlength=size).reshape(self.size, count).astype(float)

    def by_unit(self, sums: np.ndarray) -> np.ndarray:
        """Sums over the questions of each unit, with the questions' own weights."""
        if self.own is not None:
            sums = sums * (self.own / self.own.mean()).reshape(-1, *[1] * (sums.ndim - 1))
        if self.cluster is None:
            return sums
        out = np.zeros((self.units, *sums.shape[1:]))
        np.add.at(out, self.cluster, sums)
        return out


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
        return self._fitted(self._even, 1, None, None)

    @cached_property
    def parameters(self) -> dict[str, np.ndarray]:
        """(draws, groups) parameters."""
        return self._fitted(self._blocks, self.draws, self.seed, self.centre)

    def means(self, sets: np.ndarray) -> SetMeans:
        """Means of error, bias² and variance over sets of cells; sets (cells,) is the set of each, from 0."""
        count = int(sets.max()) + 1
        latent, centre = (three(x) for x in self._both(sets, count, powers=False))
        sums, cells = self.questions.by_set(self.unbiased, sets, count)
        drawn, even_mean = self.weighted(sums, cells)
        squares = (self.cells.wrong.astype(float) ** 2).sum(axis=1)
        expected = three(cell_terms(self._features(None), squares, self.centre))
        if not (cells.sum(axis=0) > 0).all():  # sets without unbiased terms: by expected ones
            bare = cells.sum(axis=0) == 0
            sums_e, cells_e = self.questions.by_set(expected, sets, count)
            sums[:, bare], cells[:, bare] = sums_e[:, bare], cells_e[:, bare]
        return SetMeans(
            latent,
            centre,
            drawn,
            even_mean,
            self.questions.by_unit(sums),
            self.questions.by_unit(cells),
            self._virtual_sets(sets, count),
            self.questions.size / self.questions.units,
        )

    def powers(self, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means of b, b² and b² h: (draws, sets, 3), and (sets, 3) at even weights (`hotmess.answers.closed`)."""
        return self._both(sets, int(sets.max()) + 1, powers=True)

    def weighted(self, sums: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weighted means (draws, sets, terms) of question sums, and at even weights; nan in sets without cells."""
        flat = sums.reshape(len(sums), -1)
        out = np.empty((self.draws, *sums.shape[1:]))

        def mean(w: np.ndarray) -> np.ndarray:
            with np.errstate(invalid="ignore", divide="ignore"):
                return (w @ flat).reshape(len(w), *sums.shape[1:]) / (w @ cells)[:, :, None]

        for block, w in self._blocks():
            out[block] = mean(w)
        return out, mean(self.questions.even())[0]

    def _both(self, sets: np.ndarray, count: int, *, powers: bool) -> tuple[np.ndarray, np.ndarray]:
        pairs, piece = np.unique(self.group * count + sets, return_inverse=True)
        found = features(self.cells, self.group, self.questions.question, piece=np.ravel(piece), options=False)
        into = (pairs % count)[:, None] == np.arange(count)  # pieces add up to sets
        out = []
        for weights, parameters in ((self._blocks(), self.parameters), (self._even(), self.centre)):
            sums, size = piece_sums(found, weights, parameters, len(pairs), powers=powers)
            out.append(np.einsum("dpt,ps->dst", sums, into) / (size @ into)[:, :, None])
        return out[0], out[1][0]

    def _fitted(
        self, weights: Callable[[], Blocks], draws: int, seed: int | None, start: dict[str, np.ndarray] | None
    ) -> dict[str, np.ndarray]:
        apart = np.unique(self.group[self.cells.apart(self.group)])
        return weighted_fit(
            self._features(None), weights(), draws, self.groups, self.prior, apart=apart, seed=seed, start=start
        )

    def _features(self, piece: np.ndarray | None):  # type: ignore[no-untyped-def]
        return self._all

    @cached_property
    def _all(self):  # type: ignore[no-untyped-def]
        return features(self.cells, self.group, self.questions.question)

    def _blocks(self) -> Blocks:
        return self.questions.blocks(self.draws, self.seed)

    def _even(self) -> Blocks:
        return iter([(slice(0, 1), self.questions.even())])

    @cached_property
    def _virtual(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return virtual_questions(self.cells, self.group, self.questions.question, self.centre, seed=self.seed)

    def _virtual_sets(self, sets: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        cell, question, terms = self._virtual
        return Questions(question).by_set(terms, sets[cell], count)


def three(two: np.ndarray) -> np.ndarray:
    """(…, 3) error, bias² and variance from (…, 2) error and bias²."""
    return np.concatenate([two, two[..., :1] - two[..., 1:]], axis=-1)
