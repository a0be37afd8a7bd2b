"""A fit of latent positions: the same groups, laws and claims as for letters, with terms from distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.conjugate import TermDraws
from hotmess.answers.drawn import Bootstrap
from hotmess.answers.fit_sets import aggregated
from hotmess.answers.population import SetDraws
from hotmess.answers.position_cells import PositionCells
from hotmess.answers.positions import pair_variance, position_draws
from hotmess.answers.posterior import Fit
from hotmess.answers.resemblance import PAIRS
from hotmess.answers.worth import worth
from hotmess.errors import NotTestable, listed, tails
from hotmess.statements.sampled import SampledBootstrap

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class PositionFit(Fit):
    """Posterior of latent distributions over positions (`hotmess.answers.positions`)."""

    def _drawn(self, draws: int | None = None) -> tuple[dict[str, TermDraws], np.ndarray]:
        draws = draws or self.kept_draws
        key = ("terms", "positions", draws)
        if key not in self.made:
            assert isinstance(self.letters, PositionCells)
            counts = worth(self.letters, self.cells, self.groups.index)
            self.made[key] = position_draws(counts, self.groups.index, self.parameters(draws), seed=self.seed)
        out: tuple[dict[str, TermDraws], np.ndarray] = self.made[key]
        return out

    def terms(self, metric: str = "brier", draws: int | None = None) -> TermDraws:
        """Draws (draws, cells) of error, bias² and variance: the squared family, or 0/1 loss for text."""
        return self._drawn(draws)[0]["zero-one" if self.named(metric) == "zero-one" else "squared"]

    def named(self, metric: str) -> str:
        """The metric's name for this outcome: `brier`, the default of letters, stands for the squared family."""
        from hotmess.decompose.methods import choose_metric

        return choose_metric(self.cells.outcome, None if metric == "brier" else metric)

    @listed("by")
    def draws(
        self, by: Sequence[str] = ("model",), *, population: str = "like-these", metric: str = "brier"
    ) -> SetDraws:
        """Draws of mean error, bias² and variance over the questions of each set, for one population."""
        return super().draws(by, population=population, metric=self.named(metric))

    def make_bootstrap(self, metric: str, weights: np.ndarray | None) -> Bootstrap:
        """As of letters; the scale of a group's variances, which its pairs of responses show, moves with weights."""
        found = super().make_bootstrap(metric, weights)
        assert isinstance(self.letters, PositionCells)
        if not isinstance(found, SampledBootstrap) or self.letters.alike is None or self.named(metric) == "zero-one":
            return found
        index = self.groups.index
        counts = worth(self.letters, self.cells, index)
        scaled = np.isin(index, index[counts.rest])
        return replace(found, scatter=np.where(scaled, pair_variance(counts), np.nan), pairs=PAIRS)

    def closed(self, metric: str) -> bool:
        """Of free text: its answers are corners of a simplex, as letters are."""
        return self.cells.outcome == "text" and self.named(metric) != "zero-one"

    @listed("by")
    def moments(self, by: Sequence[str] = ("model",), *, population: str = "like-these") -> np.ndarray:
        """As of letters, for free text.

        Raises
        ------
        NotTestable
            For other outcomes: a test pattern or a score is not just right or wrong.
        """
        if self.cells.outcome != "text":
            raise NotTestable(
                "The three parts of a change of incoherence need answers that are right or wrong, not "
                f"{self.cells.outcome}."
            )
        return super().moments(by, population=population)

    @listed("by")
    def new_answers(
        self, by: Sequence[str] = ("model",), *, population: str = "like-these", interval: float = 0.9
    ) -> pd.DataFrame:
        """Distinct wrong positions seen per question, and the probability that one more response is at a new one.

        Columns: `distinct` (mean number per question of wrong positions seen, the origin not counted) and `unseen` with
        its interval: the mean over questions of the mass that the posterior has on positions never seen.
        """
        unseen = self._drawn()[1]
        seen = (self.letters.wrong > 0).sum(axis=1).astype(float)
        every = np.broadcast_to(seen, unseen.shape)
        table, means = aggregated(self, [unseen, every], by, population)
        flat = means[0].reshape(-1, len(table))
        low, high = np.quantile(flat, tails(interval), axis=0)
        distinct = aggregated(self, [every], by, "these")[1][0].reshape(-1, len(table))[0]
        return table.assign(distinct=distinct, unseen=np.median(flat, axis=0), unseen_low=low, unseen_high=high)
