"""Probability vectors of a response table: the latent model's terms for sets of questions, as a `Fit` gives of letters.

The model itself is `hotmess.answers.probabilities`; every cell has one, groups are told apart by benchmark, model,
condition and budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import and_
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.answer_posterior import AnswerPosterior
from hotmess.answers.bootstrap import unpooled
from hotmess.answers.conjugate import TermDraws
from hotmess.answers.drawn import Bootstrap
from hotmess.answers.fit_sets import like_these
from hotmess.answers.groups import Groups
from hotmess.answers.parameters import GROUP, vector_words
from hotmess.answers.population import SetDraws, aggregate, question_sets
from hotmess.answers.prior import PARAMETERS, AnswerPrior
from hotmess.answers.probabilities import ProbabilityFit
from hotmess.answers.shared_contexts import sets_under_contexts
from hotmess.answers.summaries import summarise
from hotmess.answers.vector_data import Arranged, arranged, main_options, some_cells
from hotmess.answers.vector_fit import fit_probabilities
from hotmess.errors import BadInput, listed
from hotmess.inference.gate import Gate, gate_draws
from hotmess.inference.spec import Spec
from hotmess.responses.cells import Cells
from hotmess.responses.left_out import kept_rows, rest_of
from hotmess.responses.table import Responses
from hotmess.responses.validate import validate

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


@dataclass(frozen=True, repr=False)
class VectorFit(AnswerPosterior):
    """Posterior of every cell's distribution of probability vectors.

    Attributes
    ----------
    table
        one row per cell: benchmark, model, condition, budget, question, responses, and `group`, its group's number.
    posterior
        the cells' draws.
    f, cell
        the responses, target first, and the cell of each.
    cells
        the same cells, in the same order, as of any outcome.
    spec
        the settings that made it.
    source
        the responses fitted.
    notes
        data accounting.
    """

    table: pd.DataFrame
    posterior: ProbabilityFit
    f: np.ndarray
    cell: np.ndarray
    cells: Cells
    spec: Spec
    source: Responses | None = field(repr=False)
    notes: tuple[str, ...] = ()
    made: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def chains(self) -> int:
        return self.posterior.chains

    @property
    def kept_draws(self) -> int:
        """Draws behind every estimand: all."""
        return len(self.posterior.main)

    def refit(self, **changes: Any) -> VectorFit:
        """The same responses fitted again, with the settings of `spec` but for the changes.

        Raises
        ------
        BadInput
            Where a fit that was read from a file is to be divided into other cells or groups.
        """
        spec = self.spec.changed(**changes)
        if self.source is not None:
            return fit_spec(self.source, spec)
        if (spec.by, spec.groups) != (self.spec.by, self.spec.groups):
            raise BadInput(
                "This fit was read from a file, which holds no responses to divide in another way (by, groups); fit "
                "them again with hotmess.fit."
            )
        return _fitted(self._rows, spec, None)

    @property
    def _rows(self) -> Arranged:
        return Arranged(self.table, self.f, self.cell, self.posterior.real, self.cells, self.notes)

    def without(self, *, questions: Sequence[Any] = (), models: Sequence[str] = ()) -> VectorFit:
        """The rest fitted without some questions (names, or (benchmark, question) pairs) or some models."""
        if self.source is not None:
            return fit_spec(rest_of(self.source, questions, models), self.spec)
        return _fitted(some_cells(self._rows, kept_rows(self.table, questions, models)), self.spec, None)

    @cached_property
    def groups(self) -> Groups:
        """The groups of cells that share parameters, as of any fit."""
        keys = [str(name) for name in self.table if name not in ("question", "responses", "group")]
        first = self.table.drop_duplicates("group").sort_values("group").reset_index(drop=True)
        index = self.table["group"].to_numpy()
        return Groups(first[keys].assign(unit=first["group"]), index, None, (), first["group"].to_numpy(), tuple(keys))

    def parameters(self, draws: int | None = None) -> dict[str, np.ndarray]:
        """(draws, groups) arrays of logit_a, log_kappa, log_phi of the main options, evenly thinned to `draws`."""
        found = {name: self.posterior.parameters[name] for name in PARAMETERS}
        each = found["logit_a"].shape[1]
        take = np.unique(np.linspace(0, each - 1, max(1, min(each, (draws or self.kept_draws) // self.chains))))
        return {name: x[:, take.astype(int)].reshape(-1, x.shape[2]) for name, x in found.items()}

    def terms(self, metric: str = "brier") -> TermDraws:
        """Draws (draws, cells) of error, bias² and variance of every question, under `brier` or `kl`."""
        if metric not in self.made:
            self.made[metric] = self.posterior.terms(metric)
        out: TermDraws = self.made[metric]
        return out

    def make_bootstrap(self, metric: str, weights: np.ndarray | None) -> Bootstrap:
        """What draws the terms of questions like these; `weights` (draws, questions) in place of its own."""
        letters = main_options(self.f, self.cell, self.posterior.real, seed=self.seed)
        return unpooled(self, letters, metric, weights)

    @property
    def gate(self) -> Gate:
        """Diagnostics of every parameter of every group: (a, kappa, phi), tau, and how cells scatter in a group."""
        return reduce(and_, self.gates)

    @cached_property
    def gates(self) -> tuple[Gate, ...]:
        """The same, group by group."""
        out = []
        for g, label in enumerate(self.labels):
            draws: dict[str, np.ndarray] = {}
            words: dict[str, str] = {}
            for name, values in self.posterior.parameters.items():  # (chain, draw, group), or (…, group, kind)
                flat = values[:, :, g].reshape(*values.shape[:2], -1)
                for i, x in enumerate(np.moveaxis(flat, 2, 0)):
                    draws[entry := f"{name}[{label}, {i}]"] = x
                    words[entry] = f"{vector_words(name, i)} in {label}"
            out.append(gate_draws(draws, words=words))
        return tuple(out)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of the groups."""
        keys = [str(name) for name in self.table if name not in ("question", "responses", "group")]
        first = self.table.drop_duplicates("group").sort_values("group")
        return tuple(" ".join(x for x in row if x) for row in first[keys].itertuples(index=False, name=None))

    @cached_property
    def misfits(self) -> tuple[tuple[str, ...], ...]:
        """For every group, what the posterior predictive check says against the model; empty where nothing."""
        return self.posterior.misfits(self.f, self.cell, seed=self.seed)

    @property
    def misfit(self) -> tuple[str, ...]:
        """Sentences of all groups that the model does not fit, with their names."""
        return tuple(f"{label}: {said}" for label, all_ in zip(self.labels, self.misfits, strict=True) for said in all_)

    @property
    def data(self) -> xr.DataTree:
        """The groups' parameters in ArviZ's layout, dimensions chain, draw and answer_group."""
        import xarray as xr

        dims = ("chain", "draw", GROUP, "part")  # parts: lead, its spread, concentration of the rest
        values = {name: (dims[: x.ndim], x) for name, x in self.posterior.parameters.items()}
        return xr.DataTree.from_dict({"posterior": xr.Dataset(values, coords={GROUP: list(self.labels)})})

    def saved(self) -> dict[str, Any]:
        """What makes this fit again; the responses themselves are not kept."""
        names = ("table", "posterior", "f", "cell", "cells", "spec", "notes")
        return {name: getattr(self, name) for name in names}

    def save(self, path: str) -> None:
        """Write the posterior as netCDF, whole, for `hotmess.load`: draws of groups and of cells."""
        from hotmess.inference.store import save_posterior

        save_posterior(self, path)

    @listed("by")
    def draws(
        self, by: Sequence[str] = ("model",), *, population: str = "like-these", metric: str = "brier"
    ) -> SetDraws:
        """Draws of mean error, bias² and variance over the questions of each set, for one population."""
        if population == "like-these":
            key = (metric, tuple(by))
            if key not in self.made:
                self.made[key] = like_these(self, by, metric)
            out: SetDraws = self.made[key]
            return out
        terms = self.terms(metric)
        values = [terms.error, terms.bias2, terms.variance]
        chains = self.posterior.chains
        table, means = aggregate(values, self.cells.table, by, population=population, seed=self.seed, chains=chains)
        sets = SetDraws(table, means[0], means[1], means[2], population, metric)
        rows = question_sets(self.cells.table, by).rows
        return sets_under_contexts(sets, rows, self.cells, unparsable=self.unparsable, seed=self.seed)

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

        `reliable` says whether the gate is passed and the predictive check finds nothing in the set's groups.
        """
        sets = self.draws(by, population=population, metric=metric)
        good = [gate & Gate(said) for gate, said in zip(self.gates, self.misfits, strict=True)]
        group = self.table["group"].to_numpy()
        found = [np.unique(group[rows]) for rows in question_sets(self.cells.table, by).rows]
        gates = [reduce(and_, (good[g] for g in groups)) for groups in found]
        return summarise(sets, gates, interval, lambda: self.draws(by, population="these", metric=metric))


def fit_vectors(
    responses: Responses | pd.DataFrame,
    *,
    by: Sequence[str] = (),
    groups: Sequence[str] | None = None,
    prior: AnswerPrior | None = None,
    seed: int = 0,
    draws: int = 2000,
    warmup: int = 400,
    chains: int = 4,
    **options: Any,
) -> VectorFit:
    """Fit probability vectors: a response table with `probs` and `target`, wrongly formatted responses left out.

    Cells that agree in benchmark, model, condition, budget and `by`, or in `groups` alone, share group parameters;
    `draws` are of all chains together, `options` those of `hotmess.answers.vector_fit.fit_probabilities`.

    Raises
    ------
    BadInput
        If there is no such column.
    NotTestable
        If no question has two responses; or few-shot contexts repeat, which this model does not know.
    """
    source = responses if isinstance(responses, Responses) else validate(responses, outcome="probs")
    each = -(-draws // chains)
    spec = Spec("gibbs", prior or AnswerPrior(), seed, each, chains, warmup, by=tuple(by), options=options or None)
    return fit_spec(source, spec if groups is None else spec.changed(groups=tuple(groups)))


def fit_spec(source: Responses, spec: Spec) -> VectorFit:
    """Fit responses as a spec says; see `fit_vectors`."""
    return _fitted(arranged(source, by=spec.by, groups=spec.groups), spec, source)


def _fitted(rows: Arranged, spec: Spec, source: Responses | None) -> VectorFit:
    """Fit what was arranged; source: the responses it was arranged from, where they are there."""
    posterior = fit_probabilities(
        rows.f,
        rows.cell,
        rows.real,
        group=rows.table["group"].to_numpy(),
        prior=spec.prior,
        seed=spec.seed,
        draws=spec.draws * spec.chains,
        warmup=spec.warmup,
        chains=spec.chains,
        **(spec.options or {}),
    )
    return VectorFit(rows.table, posterior, rows.f, rows.cell, rows.cells, spec, source, rows.notes)
