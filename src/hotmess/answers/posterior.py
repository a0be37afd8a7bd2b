"""The posterior of latent answer distributions: draws for groups, questions and sets of questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.answer_posterior import AnswerPosterior
from hotmess.answers.arviz_groups import dressed_as, pointwise_table
from hotmess.answers.bootstrap import bootstrap_of
from hotmess.answers.conjugate import LetterCells, TermDraws, term_draws
from hotmess.answers.drawn import Bootstrap
from hotmess.answers.fit_sets import draws_of, moments_of, sets_of
from hotmess.answers.groups import Groups, find_groups
from hotmess.answers.large_draws import release_others
from hotmess.answers.parameters import called, group_parameters, without_groups
from hotmess.answers.population import (
    SetDraws,
    refuse_unknown,
    set_weights,
)
from hotmess.answers.summaries import summarise, without_errors
from hotmess.answers.worth import worth
from hotmess.decompose.context_scatter import not_told
from hotmess.errors import listed
from hotmess.inference.gate import Gate, gate_tree
from hotmess.responses.cells import take_cells
from hotmess.responses.left_out import kept_rows

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.inference.spec import Spec
    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses

MOST, LEAST = 100_000_000, 1000  # draws × cells of question-level answers held at a time, and draws kept all the same
LARGE = 10_000_000  # draws × cells beyond which only one fit at a time keeps its draws of terms

Make = Callable[..., "Fit"]
"""(cells, spec, pointwise=…, data=…) -> a fit of them; with data, a posterior that is known already."""


@dataclass(frozen=True, repr=False)
class Fit(AnswerPosterior):
    """Posterior of latent answer distributions.

    `data` is an `xarray.DataTree` with ArviZ's groups (posterior, sample_stats, log_prior; log_likelihood,
    observed_data and posterior_predictive per question; constant_data; prior and
    prior_predictive), and `estimands`: incoherence, bias2, variance, error and accuracy by model, over questions like
    these. ArviZ's functions work on it.
    """

    cells: Cells
    letters: LetterCells
    groups: Groups
    data: xr.DataTree
    spec: Spec
    make: Make = field(repr=False, compare=False)
    source: Responses | None = field(default=None, repr=False)
    made: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def gate(self) -> Gate:
        """Diagnostics of the group parameters and hyperparameters."""
        return gate_tree(self.data, called=called(self.groups))

    @property
    def chains(self) -> int:
        return int(self.data["posterior"].sizes["chain"])

    def refit(self, *, pointwise: bool | None = None, **changes: Any) -> Fit:
        """The same cells fitted again: with the settings of `spec`, but for the changes.

        pointwise: whether to keep log likelihoods; default: as here.

        Raises
        ------
        BadInput
            For a setting that a spec does not have, or settings that do not go together.
        """
        keep = "log_likelihood" in self.data.children if pointwise is None else pointwise
        again = self.make(self.cells, self.spec.changed(**changes), pointwise=keep)
        return dressed_as(replace(again, source=self.source), self)

    def without(self, *, questions: Sequence[Any] = (), models: Sequence[str] = ()) -> Fit:
        """The posterior without some questions (names, or (benchmark, question) pairs) or some models.

        A model that shares no group with others is left out exactly where nothing is pooled: the others' draws stay
        what they were. Else the rest is fitted again.

        Raises
        ------
        BadInput
            For a name that is not there.
        NotTestable
            If nothing is left.
        """
        keep = kept_rows(self.cells.table, questions, models)
        cells = take_cells(self.cells, keep)
        some = "log_likelihood" in self.data.children
        known = self._known_draws(cells, keep) if not questions else None
        return dressed_as(self.make(cells, self.spec, pointwise=some, data=known), self)

    @property
    def kept_draws(self) -> int:
        """Draws behind every estimand: all, but where so many cells would not fit in memory, fewer, evenly thinned."""
        each = int(self.data["posterior"].sizes["draw"])
        most = max(LEAST, MOST // len(self.cells)) // self.chains
        return self.chains * max(1, min(each, most))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the numbers leave out."""
        kept, total = self.kept_draws, self.chains * int(self.data["posterior"].sizes["draw"])
        cells = f"answers of {len(self.cells):,} cells in more draws would not fit in memory"
        thinned = [f"{kept:,} of {total:,} draws are used, evenly thinned: {cells}."] * (kept < total)
        return (*thinned, *not_told(self.cells, "", ()))

    def parameters(self, draws: int | None = None) -> dict[str, np.ndarray]:
        """(draws, groups) arrays of logit_a, log_kappa, log_phi, chain by chain: all `kept_draws`, or so many of them,
        evenly thinned."""
        return group_parameters(self.posterior_draws(draws), self.groups)

    def posterior_draws(self, draws: int | None = None) -> xr.Dataset:
        """The posterior's variables in all `kept_draws`, or so many of them, evenly thinned."""
        posterior = self.data["posterior"].dataset
        per_chain, draws = posterior.sizes["draw"], draws or self.kept_draws
        take = np.unique(np.linspace(0, per_chain - 1, max(1, min(per_chain, draws // self.chains))).astype(int))
        return posterior.isel(draw=take)

    def _known_draws(self, cells: Cells, keep: np.ndarray) -> xr.DataTree | None:
        """Draws of the cells kept, where whole groups go and nothing is pooled; else None."""
        left = self.groups.index[keep]
        gone = np.setdiff1d(self.groups.index, left)
        shared = np.isin(np.delete(self.groups.index, keep), left).any()
        if shared or self.formula is not None or type(self.letters) is not LetterCells:
            return None
        after = find_groups(cells, None, by=self.spec.by, columns=self.spec.groups)
        return without_groups(self.data, self.groups, after, gone, self.prior)

    def terms(self, metric: str = "brier", draws: int | None = None) -> TermDraws:
        """Draws (draws, cells) of error, bias² and variance of every question's answer distribution."""
        draws = draws or self.kept_draws
        key = ("terms", metric, draws)
        if key not in self.made:
            if draws * len(self.groups.index) > LARGE:
                release_others(self)
            counts = worth(self.letters, self.cells, self.groups.index)
            self.made[key] = term_draws(
                counts, self.groups.index, self.parameters(draws), metrics=(metric,), seed=self.seed
            )[metric]
        out: TermDraws = self.made[key]
        return out

    @listed("by")
    def draws(
        self, by: Sequence[str] = ("model",), *, population: str = "like-these", metric: str = "brier"
    ) -> SetDraws:
        """Draws of mean error, bias² and variance over the questions of each set, for one population."""
        key = ("sets", metric, tuple(by), population)
        if key not in self.made:
            self.made[key] = draws_of(self, by, population, metric)
        out: SetDraws = self.made[key]
        return out

    def closed(self, metric: str) -> bool:
        """Whether terms have closed expectations given the groups' parameters."""
        return metric == "brier"

    def make_bootstrap(self, metric: str, weights: np.ndarray | None) -> Bootstrap:
        """What draws the terms of questions like these; `weights` (draws, questions) in place of its own."""
        return bootstrap_of(self, metric, weights)

    @listed("by")
    def moments(self, by: Sequence[str] = ("model",), *, population: str = "like-these") -> np.ndarray:
        """(chain, draw, sets, 3) means over questions of a, a² and Σ w², see `hotmess.decompose.parts.from_moments`.

        An unparsable response counts as one more wrong option here, whatever it counts as elsewhere.
        """
        key = ("moments", tuple(by), population)
        if key not in self.made:
            self.made[key] = moments_of(self.unparsable_as_wrong, by, population)
        out: np.ndarray = self.made[key]
        return out

    @listed("by")
    def set_weights(self, by: Sequence[str], population: str) -> np.ndarray:
        """(chain, draw, sets) weight of each set of `draws` and `moments`: sums over its cells of question weights.

        A mean over several sets is the mean of theirs with these weights.
        """
        refuse_unknown(self.cells.table, by)
        found, draws = sets_of(self, by), self.kept_draws
        out = set_weights(found, draws, population=population, seed=self.seed)
        return out.reshape(self.chains, draws // self.chains, -1)

    @cached_property
    def unparsable_as_wrong(self) -> Fit:
        """This fit, with unparsable responses as one more wrong option."""
        if self.unparsable == "wrong" or not self.letters.unparsable.any():
            return self
        return self.refit(unparsable="wrong", pointwise=False)

    @property
    def with_unparsable(self) -> bool:
        """Whether unparsable responses are a category of their own here."""
        return bool(self.letters.unparsable.any())

    @listed("by")
    def summary(
        self,
        by: Sequence[str] = ("model",),
        *,
        population: str = "like-these",
        metric: str = "brier",
        interval: float | None = 0.9,
    ) -> pd.DataFrame:
        """Medians (and intervals) of error, bias², variance and incoherence of each set.

        `reliable` is the gate, and False where no response of a set is wrong: its incoherence is then the prior's.
        """
        sets = self.draws(by, population=population, metric=metric)
        none = Gate(("no response is wrong",))
        flawless = without_errors(self.cells.table, sets.table, by)
        gates = [none if right else self.gate for right in flawless]
        return summarise(sets, gates, interval, lambda: self.draws(by, population="these", metric=metric))

    def pointwise(self) -> pd.DataFrame:
        """What every question adds to the expected log predictive density, for export: one row per question.

        Columns: benchmark, question, responses, right, elpd (PSIS-LOO), pareto_k, log_likelihood (mean over draws).

        Raises
        ------
        BadInput
            Where the fit keeps no log likelihoods.

        Examples
        --------
        >>> import hotmess as hm
        >>> table = hm.fit(hm.example(), draws=200).pointwise()
        >>> len(table), bool(table["pareto_k"].max() < 0.7)
        (60, True)
        """
        return pointwise_table(self)

    def saved(self) -> dict[str, Any]:
        """What makes this fit again, beside its draws."""
        return {"cells": self.cells, "spec": self.spec}

    def save(self, path: str) -> None:
        """Write the posterior as netCDF, whole, for `hotmess.load`; the responses are not in it."""
        from hotmess.inference.store import save_posterior

        save_posterior(self, path)
