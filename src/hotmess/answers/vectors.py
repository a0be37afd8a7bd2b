"""Probability vectors of a response table: the latent model's terms for sets of questions, as a `Fit` gives of letters.

The model itself is `hotmess.answers.probabilities`; every cell has one, groups are told apart by benchmark, model,
condition and budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.population import SetDraws, aggregate
from hotmess.answers.probabilities import ProbabilityFit, fit_probabilities
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import Gate, gate_draws

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses

KEYS = ("benchmark", "model", "condition", "budget")


@dataclass(frozen=True)
class VectorFit:
    """Posterior of every cell's distribution of probability vectors.

    Attributes
    ----------
    table
        one row per cell: benchmark, model, condition, budget, question, responses.
    posterior
        the cells' draws.
    f, cell
        the responses, target first, and the cell of each.
    notes
        data accounting.
    """

    table: pd.DataFrame
    posterior: ProbabilityFit
    f: np.ndarray
    cell: np.ndarray
    seed: int
    notes: tuple[str, ...] = ()

    @property
    def gate(self) -> Gate:
        """Diagnostics of the groups' (a, kappa, phi)."""
        draws: dict[str, np.ndarray] = {}
        for name in ("logit_a", "log_kappa", "log_phi"):
            values = self.posterior.parameters[name]
            draws |= {f"{name}[{g}]": values[:, :, g] for g in range(values.shape[2])}
        return gate_draws(draws)

    @cached_property
    def misfit(self) -> tuple[str, ...]:
        """What the posterior predictive check says against the model; empty where nothing."""
        return self.posterior.misfit(self.f, self.cell, seed=self.seed)

    def draws(
        self, by: Sequence[str] = ("model",), *, population: str = "like-these", metric: str = "brier"
    ) -> SetDraws:
        """Draws of mean error, bias² and variance over the questions of each set, for one population."""
        terms = self.posterior.terms(metric)
        values = [terms.error, terms.bias2, terms.variance]
        chains = self.posterior.chains
        table, means = aggregate(values, self.table, by, population=population, seed=self.seed, chains=chains)
        return SetDraws(table, means[0], means[1], means[2], population, metric)

    def summary(
        self,
        by: Sequence[str] = ("model",),
        *,
        population: str = "like-these",
        metric: str = "brier",
        interval: float = 0.9,
    ) -> pd.DataFrame:
        """Medians and intervals of error, bias², variance and incoherence of each set.

        `reliable` says whether the gate is passed and the predictive check finds nothing.
        """
        if not 0 < interval < 1:
            raise BadInput(f"The interval {interval:g} is not a probability between 0 and 1, as 0.9.")
        sets = self.draws(by, population=population, metric=metric)
        out = sets.table.copy()
        reliable = np.full(len(out), self.gate.passed and not self.misfit)
        for name in ("error", "bias2", "variance", "incoherence"):
            values = getattr(sets, name)
            flat = values.reshape(-1, values.shape[-1])
            out[name] = np.median(flat, axis=0)
            for suffix, level in (("low", (1 - interval) / 2), ("high", (1 + interval) / 2)):
                out[f"{name}_{suffix}"] = np.quantile(flat, level, axis=0)
            reliable &= [gate_draws({name: values[..., i]}).passed for i in range(len(out))]
        return out.assign(reliable=reliable)


def fit_vectors(responses: Responses | pd.DataFrame, *, seed: int = 0, draws: int = 2000, **options: Any) -> VectorFit:
    """Fit probability vectors: a response table with `probs` and `target`, wrongly formatted responses left out.

    `options` are those of `hotmess.answers.probabilities.fit_probabilities`.

    Raises
    ------
    BadInput
        If there is no such column.
    NotTestable
        If no question has two responses; or few-shot contexts repeat, which this model does not know.
    """

    table: Any = getattr(responses, "table", responses)
    missing = [name for name in ("benchmark", "model", "question", "probs", "target") if name not in table]
    if missing:
        raise BadInput(f"The responses have no column {missing[0]!r}, which the model of probability vectors needs.")
    keep = np.array([x is not None and np.all(np.isfinite(np.asarray(x, float))) for x in table["probs"]])
    notes: tuple[str, ...] = ()
    if not keep.all():
        notes = (f"{int((~keep).sum()):,} wrongly formatted responses are left out of the model of probabilities.",)
    table = table[keep].reset_index(drop=True)
    keys = [name for name in KEYS if name in table]
    groups = table[keys].fillna("").astype(str)
    names = groups.assign(question=table["question"].astype(str))
    if "context" in table and table["context"].notna().any():
        context = names.assign(context=table["context"].astype(str))
        if context.duplicated().any() and context.groupby([*keys, "question"])["context"].nunique().max() > 1:
            raise NotTestable(
                "Few-shot contexts repeat within questions, which the model of probability vectors does not know; use "
                "the unbiased estimator."
            )
    cell: Any = names.groupby([*keys, "question"], sort=True).ngroup().to_numpy()
    count = np.bincount(cell)
    if len(count) == 0 or count.max() < 2:
        raise NotTestable("Every question has one response only: variance cannot be told from bias.")
    probs = [np.asarray(x, float) for x in table["probs"]]
    width = max(map(len, probs))
    f, real = np.zeros((len(probs), width)), np.zeros((len(count), width), bool)
    for i, (x, y) in enumerate(zip(probs, table["target"].astype(int), strict=True)):
        f[i, : len(x)] = np.r_[x[y], np.delete(x, y)]
        real[cell[i], : len(x)] = True
    first = np.unique(cell, return_index=True)[1]
    cells = names.iloc[first].reset_index(drop=True).assign(responses=count)
    group: Any = cells.groupby(keys, sort=True).ngroup().to_numpy()
    posterior = fit_probabilities(f, cell, real, group=group, seed=seed, draws=draws, **options)
    return VectorFit(cells, posterior, f, cell, seed, notes)
