"""Set means of groups pooled by a formula: the infinitesimal jackknife on their
collapsed likelihood (methods, section 3).

Given the parameters, terms have their closed expectations (`hotmess.statements.expected`), so that nothing is drawn per
question; what the posterior mean of each set does when a question is weighted is its covariance with the question's
marginal log likelihood, and the question's own terms (`hotmess.statements.jackknife`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hotmess.answers.conjugate import LetterCells
from hotmess.statements.expected import cell_terms, piece_sums, set_means
from hotmess.statements.jackknife import linear_draws
from hotmess.statements.letters import pieces, three, with_unbiased
from hotmess.statements.means import SetMeans
from hotmess.statements.questions import Questions
from hotmess.statements.sums import Features, counted, features


@dataclass(frozen=True)
class PooledBootstrap:
    """Set means of letters, or of what is drawn, under weights, from posterior draws.

    Attributes
    ----------
    samples
        (samples, groups) posterior draws of the groups' parameters.
    likelihood
        (samples, questions) log likelihood of each question in them.
    prior
        Posterior draws (samples,) of what has a Normal prior, and that prior's standard deviation.
    terms
        Where expectations are not closed: posterior draws (samples, cells) of each of the cells' terms.
    """

    cells: LetterCells
    group: np.ndarray
    questions: Questions
    samples: dict[str, np.ndarray]
    likelihood: np.ndarray
    prior: Sequence[tuple[np.ndarray, float]]
    unbiased: np.ndarray | None
    draws: int
    seed: int
    terms: Sequence[np.ndarray] = ()

    def means(self, sets: np.ndarray, known: np.ndarray | None = None) -> SetMeans:
        """As of `hotmess.statements.letters.LetterBootstrap.means`."""
        count = int(sets.max()) + 1
        if len(self.terms):
            expected = np.column_stack([x.mean(axis=0, dtype=float) for x in self.terms])
            means = self._drawn(sets, count)
        else:
            expected = three(cell_terms(self._features, self._squares, self.samples))
            means = three(self._closed(sets, count, powers=False))
        latent, centre = self._linear(means, expected, sets, count)
        unbiased = self.unbiased
        if unbiased is None:
            unbiased = np.full_like(expected, np.nan)
        elif known is not None:
            unbiased = np.where(known[:, None], unbiased, np.nan)
        return with_unbiased(latent, centre, self.questions, sets, unbiased, lambda: expected, self.seed)

    def powers(self, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means of b, b² and b² h: (draws, sets, 3), and (sets, 3) at even weights (`hotmess.answers.closed`)."""
        count = int(sets.max()) + 1
        expected = cell_terms(self._features, self._squares, self.samples, powers=True)
        return self._linear(self._closed(sets, count, powers=True), expected, sets, count)

    def _linear(
        self, means: np.ndarray, expected: np.ndarray, sets: np.ndarray, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        sums, cells = self.questions.by_set(expected, sets, count)
        return linear_draws(
            means, self.likelihood, sums, cells, self.questions, draws=self.draws, seed=self.seed, prior=self.prior
        )

    def _closed(self, sets: np.ndarray, count: int, *, powers: bool) -> np.ndarray:
        found, of = pieces(self.cells, self.group, self.questions, sets, count)
        samples = len(self.likelihood)
        even = iter([(slice(0, samples), self.questions.even())])
        return set_means(
            *piece_sums(found.patterns, counted(found, even), self.samples, len(of), powers=powers), of, count
        )

    def _drawn(self, sets: np.ndarray, count: int) -> np.ndarray:
        own = self.questions.even()[0][self.questions.question]
        inside = (sets[:, None] == np.arange(count)) * own[:, None]
        inside = inside / inside.sum(axis=0)
        return np.stack([x @ inside for x in self.terms], axis=-1)

    @cached_property
    def _features(self) -> Features:
        return features(self.cells, self.group, self.questions.question, options=False)

    @property
    def _squares(self) -> np.ndarray:
        return np.asarray((self.cells.wrong.astype(float) ** 2).sum(axis=1))
