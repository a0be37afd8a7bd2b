"""Incoherence against the length of a question's own responses, continuously and without a model (methods, section 5).

Lengths become normal scores u within a cell (a model's responses to a question at a budget): the expected normal order
statistics of their ranks (Blom 1958), ties sharing the mean of their ranks. With p(u) the mean position of a response
of score u, two responses of a cell have

    E ½|z_s - z_t|² = 1 - p(u_s)·p(u_t)                          for one-hot z
                    = v + v′ (u_s + u_t)/2 - |p₁|² u_s u_t       for p(u) = p₀ + p₁u

where v(u) = 1 - |p(u)|² is the variance at u and v′ = -2 p₀·p₁ its derivative at the middle. Normal scores are
symmetric, Σu = Σu³ = 0, so the product u_s u_t is orthogonal to the sum over the pairs of a cell, and least squares of
½|z_s - z_t|² on (u_s + u_t)/2 over all pairs is unbiased for v′; that of |z_s - y|² on u_s for the derivative e′ of the
error. With means over cells,

    change of incoherence = ω (v′ - I e′)/e,      I = v/e,      ω = 2 √(2/π) = 1.596

over ω standard deviations, how far the middles of the longer and of the shorter half of Normal lengths lie apart: the
change from half to half, from all pairs where a median split has those within halves alone. Where few-shot contexts
repeat, pairs are of different contexts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.grouping import question_index, question_units
from hotmess.errors import NotTestable
from hotmess.estimates.control import DRAWS, PERMUTATIONS
from hotmess.estimates.estimate import NOTHING, Estimate, with_scatter
from hotmess.responses.placing import Space
from hotmess.responses.table import CELL
from hotmess.responses.units import CLUSTER, WEIGHT
from hotmess.runs.clusters import response_clusters
from hotmess.runs.length_pairs import (
    kept,
    normal_scores,
    order_within,
    pair_noise,
    pair_sums,
    set_sums,
    slope_terms,
    sums_of,
)
from hotmess.runs.places import places
from hotmess.runs.score_sums import LeftOut, left_out, score_sums
from hotmess.statements.influence import gradient, influences
from hotmess.statements.means import SetMeans
from hotmess.statements.questions import Questions

if TYPE_CHECKING:
    import pandas as pd
    from jaxtyping import Float

    from hotmess.responses.table import Responses
    from hotmess.statements.settle import Settled

BETWEEN_HALVES = float(2 * np.sqrt(2 / np.pi))
MOST_DIMENSIONS = 60
LEAST = 4
"""Responses (or few-shot contexts) of a cell: the jackknife leaves one out, and three are the fewest with a slope."""


def change(means: Float[np.ndarray, "*draws sets 4"]) -> Float[np.ndarray, "*draws k"]:
    """(…, sets + 1) ω (v′ - I e′)/e of sets (models), then their mean."""
    e, v, error_slope, variance_slope = np.moveaxis(means, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        each = BETWEEN_HALVES * (variance_slope - v / e * error_slope) / e
    return np.concatenate([each, each.mean(axis=-1, keepdims=True)], axis=-1)


@dataclass(frozen=True)
class WithinQuestion:
    """Responses with their normal scores, by cell; cells with too few responses, or one length, are left out.

    Attributes
    ----------
    z, error, u
        (n, D), (n,), (n,) positions, squared distances from the target, normal scores.
    cell, cluster
        (n,) cell of each response, and cluster within which responses are not independent (a few-shot context, or the
        response itself).
    owner
        (clusters,) cell of each cluster.
    table
        One row per cell: its names, family, model_size_b, mean log2_length.
    models
        Names, by size.
    model, questions
        (cells,) index of each cell's model, and the questions that are weighted.
    """

    z: np.ndarray
    error: np.ndarray
    u: np.ndarray
    cell: np.ndarray
    cluster: np.ndarray
    owner: np.ndarray
    table: pd.DataFrame
    models: tuple[str, ...]
    model: np.ndarray
    questions: Questions

    def terms(self, u: np.ndarray | None = None) -> np.ndarray:
        """(cells, 4) of `slope_terms`, with other scores where given."""
        return self._own_terms if u is None else self._terms(self._sums(u))

    @cached_property
    def _own_terms(self) -> np.ndarray:
        return self._terms(set_sums(self.z, self.error, self.u, self._of))

    def _terms(self, single: np.ndarray) -> np.ndarray:
        if self._alone:  # a response makes no pairs with itself
            return slope_terms(single, pair_sums(single))
        sums, inside = (sums_of(self.owner, x) for x in (single, pair_sums(single)))
        return slope_terms(sums, pair_sums(sums) - inside)

    @cached_property
    def _sums(self) -> Callable[[np.ndarray], np.ndarray]:
        return score_sums(self.z, self.error, self._of)

    @property
    def _of(self) -> np.ndarray:
        return self.cell if self._alone else self.cluster

    @property
    def _alone(self) -> bool:
        """Whether every response is its own cluster."""
        return len(self.owner) == len(self.u)

    def covariance(self) -> np.ndarray:
        """(cells, 4, 4) by the jackknife, leaving out one cluster at a time.

        Where every response is its own cluster, less what the jackknife counts too often (`length_pairs.kept`,
        `length_pairs.pair_noise`); few-shot contexts have it as it is.
        """
        single = self._alone and self.z.shape[1] <= MOST_DIMENSIONS
        share = kept(self.u, self.cell) if single else None
        out = []
        for one in self._left_out():
            count = np.bincount(one.owner).astype(float)
            away = one.again - (sums_of(one.owner, one.again) / count[:, None])[one.owner]
            away *= np.sqrt(((count - 1) / count)[one.owner, None] if share is None else share[one.clusters])
            out.append(sums_of(one.owner, (away[:, :, None] * away[:, None, :]).reshape(len(away), -1)))
        found = np.concatenate(out).reshape(-1, 4, 4)
        if single:
            found[:, [1, 3], [1, 3]] -= pair_noise(self.z, self.u, self.cell)
        return found

    def _left_out(self) -> Iterator[LeftOut]:
        return left_out(self.z, self.error, self.u, self.cluster, self.owner)

    def known(self) -> np.ndarray:
        """(cells,) whether a cell has its terms with any of its clusters left out."""
        out = np.bincount(self.owner) >= LEAST
        for one in self._left_out():
            out[one.start + one.owner[~np.isfinite(one.again).all(axis=1)]] = False
        return out

    def take(self, keep: np.ndarray) -> WithinQuestion:
        """Some cells only; keep: (cells,) true or false."""
        rows = keep[self.cell]
        cluster, owner = np.unique(self.cluster[rows], return_inverse=True)[1], np.cumsum(keep) - 1
        first = np.unique(cluster, return_index=True)[1]
        cell = owner[self.cell[rows]]
        table = self.table[keep].reset_index(drop=True)
        return replace(
            self,
            z=self.z[rows],
            error=self.error[rows],
            u=self.u[rows],
            cell=cell,
            cluster=cluster,
            owner=cell[first],
            table=table,
            model=self.model[keep],
            questions=_questions(table),
        )

    def means(self, *, draws: int, seed: int, u: np.ndarray | None = None) -> SetMeans:
        """Weighted means of the terms over each model's cells, by the Bayesian bootstrap over questions."""
        sums, cells = self.questions.by_set(self.terms(u), self.model, len(self.models))
        return self.questions.plain(sums, cells, draws, seed)

    def settled(self, *, draws: int, seed: int, u: np.ndarray | None = None) -> Settled:
        """Every model's change, then their mean, for questions like these (`hotmess.statements.settle`)."""
        return self.means(draws=draws, seed=seed, u=u).settle(change)

    def these(self, *, draws: int, seed: int) -> np.ndarray:
        """(draws, models + 1) the same for these questions, as uncertain as their responses leave it (jackknife)."""
        terms, noise = self.terms(), self.covariance()
        rng = np.random.default_rng([seed, 53])
        out = np.empty((draws, len(self.models), 4))
        share = self.shares()
        for m in range(len(self.models)):
            rows = self.model == m
            values, vectors = np.linalg.eigh(np.einsum("c,cij->ij", share[rows] ** 2, noise[rows]))
            root = vectors * np.sqrt(np.maximum(values, 0.0))
            out[:, m] = share[rows] @ terms[rows] + rng.normal(size=(draws, 4)) @ root.T
        return change(out)

    def shares(self) -> np.ndarray:
        """(cells,) weight of each cell in the mean over its model's."""
        own = np.ones(len(self.table)) if self.questions.own is None else self.questions.own[self.questions.question]
        return np.asarray(own / np.bincount(self.model, own)[self.model])

    def estimate(self, u: np.ndarray | None = None) -> Estimate:
        """Mean over models of the change, with its standard error by the influences of the questions."""
        both = self.questions.by_set(self.terms(u), self.model, len(self.models))
        sums, cells = (self.questions.by_unit(x) for x in both)
        mean = sums.sum(axis=0) / cells.sum(axis=0)[:, None]
        value = float(change(mean)[-1])
        slope = gradient(lambda m: change(m)[..., -1:], mean)
        if not np.isfinite(value):
            return NOTHING
        return with_scatter(value, influences(slope, sums, cells)[:, 0])

    def permuted(self, seed: int, *, permutations: int = PERMUTATIONS) -> Iterator[Settled]:
        """The same statements with lengths permuted within cells."""
        order = order_within(self.cell)
        for p in range(permutations):
            u = self.u[order(np.random.default_rng([seed, p, 59]).random(len(self.u)))]
            yield self.settled(draws=DRAWS, seed=seed + p, u=u)


def within_question(responses: Responses, *, space: Space | None = None) -> WithinQuestion:
    """Responses of any outcome with a target, arranged for the contrast.

    Raises
    ------
    NotTestable
        If there are no lengths or no targets, or no question has four responses (few-shot contexts, where they repeat)
        of different lengths.
    """
    import pandas as pd

    if responses.length is None:
        raise NotTestable(
            "There is no length column (reasoning_tokens or actions), so long and short cannot be compared."
        )
    tokens = responses.lengths()
    z, error = places(responses, space=space)
    here = np.flatnonzero(np.isfinite(tokens))
    if np.isnan(error[here]).all():
        raise NotTestable(f"The outcome {responses.outcome} has no target, so there is no incoherence.")
    table, keys = responses.table, list(CELL)
    group = table[keys].iloc[here].groupby(keys, observed=True, sort=True).ngroup().to_numpy(np.int64)
    order = np.argsort(group, kind="stable")
    here, cell = here[order], group[order]
    u = normal_scores(tokens[here], cell)
    first = np.flatnonzero(np.diff(cell, prepend=-1))
    named = [name for name in (CLUSTER, WEIGHT) if name in table]
    cells = table[[*keys, "family", "model_size_b", *named]].iloc[here[first]].reset_index(drop=True)
    cells["log2_length"] = np.bincount(cell, np.log2(tokens[here])) / np.bincount(cell)
    cluster = response_clusters(table["context"].iloc[here], cell)
    size = cells.groupby("model", observed=True)[["model_size_b"]].first().reset_index()
    models = tuple(size.sort_values(["model_size_b", "model"])["model"].astype(str))
    owner = np.zeros(int(cluster.max()) + 1, np.int64)
    owner[cluster] = cell
    model = pd.Index(models).get_indexer(pd.Index(cells["model"].astype(str)))
    made = WithinQuestion(z[here], error[here], u, cell, cluster, owner, cells, models, model, _questions(cells))
    keep = made.known()
    if not keep.any():
        raise NotTestable(
            f"No question has {LEAST} or more responses (of different few-shot contexts, where there are any) of "
            "different lengths at one budget."
        )
    kept = made if keep.all() else made.take(keep)
    left = sorted(set(kept.model.tolist()))
    return replace(kept, models=tuple(models[m] for m in left), model=np.searchsorted(left, kept.model))


def _questions(cells: pd.DataFrame) -> Questions:
    """Whom weights are drawn for: questions, or the clusters they come in, with their own weights where named."""
    question = question_index(cells)
    return Questions(question, *question_units(cells, question))
