"""Who is weighted, and what needs no model: sums of terms over the cells of each question, and their weighted means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.grouping import unit_count
from hotmess.statements.means import SetMeans
from hotmess.statements.weights import even, weight_blocks

if TYPE_CHECKING:
    from jaxtyping import Float, Int


Blocks = Iterator[tuple[slice, np.ndarray]]


@dataclass(frozen=True)
class Questions:
    """The questions of cells, their clusters, and their own weights.

    Attributes
    ----------
    question
        (cells,) question of each cell, from 0.
    cluster
        (questions,) cluster of each question, from 0; None: each its own.
    own
        (questions,) weight of each question; None: all alike.
    given
        (draws, questions) weights to be used in place of drawn ones; None: they are drawn.
    """

    question: Int[np.ndarray, " cells"]
    cluster: Int[np.ndarray, " questions"] | None = None
    own: Float[np.ndarray, " questions"] | None = None
    given: Float[np.ndarray, "draws questions"] | None = None

    @property
    def size(self) -> int:
        return int(self.question.max()) + 1

    @property
    def units(self) -> int:
        """How many weights are drawn."""
        return unit_count(self.size, self.cluster)

    def blocks(self, draws: int, seed: int) -> Blocks:
        """Weights on questions, block by block."""
        if self.given is not None:
            step = max(1, 20_000_000 // self.size)
            parts = (slice(i, min(i + step, draws)) for i in range(0, draws, step))
            return ((part, self.given[part]) for part in parts)
        return weight_blocks(self.size, draws, seed=seed, cluster=self.cluster, own=self.own)

    def even(self) -> Float[np.ndarray, "1 questions"]:
        """(1, questions) the weights that draws scatter around."""
        return even(self.size, own=self.own)

    def by_set(self, values: np.ndarray, sets: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(questions, sets, terms) sums of values (cells, terms), and (questions, sets) how many cells those are.

        Left out: cells whose values are nan, and cells of no set (-1).
        """
        columns = list(np.ascontiguousarray(values.T))
        known = np.logical_and.reduce([sets >= 0, *map(np.isfinite, columns)])
        place, size = self.question * count + sets, self.size * count
        if not known.all():
            place, columns = place[known], [v[known] for v in columns]
        sums = np.stack([np.bincount(place, v, size) for v in columns], axis=-1)
        cells = np.bincount(place, minlength=size).astype(float)
        return sums.reshape(self.size, count, -1), cells.reshape(self.size, count)

    def by_unit(self, sums: np.ndarray) -> np.ndarray:
        """Sums over the questions of each unit, times the questions' own weights."""
        if self.own is not None:
            sums = sums * (self.own / self.own.mean()).reshape(-1, *[1] * (sums.ndim - 1))
        if self.cluster is None:
            return sums
        out = np.zeros((self.units, *sums.shape[1:]))
        np.add.at(out, self.cluster, sums)
        return out

    def plain(self, sums: np.ndarray, cells: np.ndarray, draws: int, seed: int) -> SetMeans:
        """Statements' means from question sums (questions, sets, terms) of unbiased terms alone, and cells of each."""
        drawn, centre = self.weighted(sums, cells, draws, seed)
        return SetMeans(drawn, centre, None, None, self.by_unit(sums), self.by_unit(cells))

    def weighted(self, sums: np.ndarray, cells: np.ndarray, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Weighted means (draws, sets, terms) of question sums, (sets, terms) at even weights; nan without cells."""
        flat = sums.reshape(len(sums), -1)
        out = np.empty((draws, *sums.shape[1:]))

        def mean(w: np.ndarray) -> np.ndarray:
            with np.errstate(invalid="ignore", divide="ignore"):
                out: np.ndarray = (w @ flat).reshape(len(w), *sums.shape[1:]) / (w @ cells)[:, :, None]
                return out

        for block, w in self.blocks(draws, seed):
            out[block] = mean(w)
        return out, mean(self.even())[0]
