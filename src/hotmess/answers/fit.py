"""Fitting latent answer distributions: responses in, a `Fit` with posterior draws for groups and questions out."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.closed import ENOUGH, Patterns, find_patterns, set_draws
from hotmess.answers.conjugate import LetterCells, TermDraws, term_draws
from hotmess.answers.groups import Groups, find_groups, formula_words, letter_cells
from hotmess.answers.population import SetDraws, Summaries, aggregate, question_sets, summarise, weight_blocks
from hotmess.answers.prior import PARAMETERS, UNPARSABLE, AnswerPrior
from hotmess.answers.tails import TailCounts, tail_counts
from hotmess.errors import BadInput
from hotmess.inference.resume import resumed

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from hotmess.inference.gate import Gate
    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses

MOST, LEAST = 100_000_000, 1000  # draws × cells of question-level answers held at a time, and draws kept all the same
LARGE = 10_000_000  # draws × cells beyond which only one fit at a time keeps its draws of terms
_holders: list[weakref.ref[Fit]] = []


@dataclass(frozen=True)
class Fit(Summaries):
    """Posterior of latent answer distributions.

    `data` is an `xarray.DataTree` with ArviZ's groups (posterior, sample_stats, log_likelihood per question,
    log_prior, observed_data, constant_data); every ArviZ function works on it.
    """

    cells: Cells
    letters: LetterCells
    groups: Groups
    data: xr.DataTree
    formula: str | None
    prior: AnswerPrior
    seed: int
    unparsable: str = "uniform"
    source: Responses | None = field(default=None, repr=False)
    _cache: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def gate(self) -> Gate:
        """Diagnostics of the group parameters and hyperparameters."""
        from hotmess.inference.gate import gate_tree

        return gate_tree(self.data)

    @property
    def chains(self) -> int:
        return int(self.data["posterior"].sizes["chain"])

    @property
    def kept_draws(self) -> int:
        """Draws behind every estimand: all, but where so many cells would not fit in memory, fewer, evenly thinned."""
        each = int(self.data["posterior"].sizes["draw"])
        most = max(LEAST, MOST // len(self.cells)) // self.chains
        return self.chains * max(1, min(each, most))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the numbers leave out."""
        total = self.chains * int(self.data["posterior"].sizes["draw"])
        if self.kept_draws == total:
            return ()
        return (
            f"{self.kept_draws:,} of {total:,} draws are used, evenly thinned: answers of {len(self.cells):,} cells in "
            "more draws would not fit in memory.",
        )

    def parameters(self, draws: int | None = None) -> dict[str, np.ndarray]:
        """(draws, groups) arrays of logit_a, log_kappa, log_phi, chain by chain: all `kept_draws`, or so many of them,
        evenly thinned."""
        posterior = self.data["posterior"].dataset
        per_chain, draws = posterior.sizes["draw"], draws or self.kept_draws
        take = np.unique(np.linspace(0, per_chain - 1, max(1, min(per_chain, draws // self.chains))).astype(int))
        return group_parameters(posterior.isel(draw=take), self.groups)

    def terms(self, metric: str = "brier", draws: int | None = None) -> TermDraws:
        """Draws (draws, cells) of error, bias² and variance of every question's answer distribution."""
        draws = draws or self.kept_draws
        key = ("terms", metric, draws)
        if key not in self._cache:
            if draws * len(self.groups.index) > LARGE:
                self._release_others()
            self._cache[key] = term_draws(
                self.letters, self.groups.index, self.parameters(draws), metrics=(metric,), seed=self.seed
            )[metric]
        return self._cache[key]

    def _release_others(self) -> None:
        """Large draws are kept for one fit at a time: those of others are made again, the same, if asked for."""
        for other in (reference() for reference in _holders):
            if other is not None and other is not self:
                for key in [k for k in other._cache if k[0] == "terms"]:
                    del other._cache[key]
        _holders[:] = [weakref.ref(self)]

    def draws(
        self, by: Sequence[str] = ("model",), *, population: str = "like-these", metric: str = "brier"
    ) -> SetDraws:
        """Draws of mean error, bias² and variance over the questions of each set, for one population."""
        key = ("sets", metric, tuple(by), population)
        if key not in self._cache:
            closed = None if metric != "brier" else self._closed(by, population)
            if closed is not None:
                table, means = closed
                # With unparsable answers the two moments are error and bias² themselves, else of b, b² and Σ w².
                error, bias2 = means if self.with_unparsable else (2 * means[0], means[1] + means[2])
                self._cache[key] = SetDraws(table, error, bias2, error - bias2, population, metric)
                return self._cache[key]
            terms = self.terms(metric)
            table, means = self._aggregate([terms.error, terms.bias2, terms.variance], by, population)
            self._cache[key] = SetDraws(table, means[0], means[1], means[2], population, metric)
        return self._cache[key]

    def moments(self, by: Sequence[str] = ("model",), *, population: str = "like-these") -> np.ndarray:
        """(chain, draw, sets, 3) means over questions of a, a² and Σ w², see `hotmess.decompose.parts.from_moments`.

        An unparsable response counts as one more wrong option here, whatever it counts as elsewhere.
        """
        key = ("moments", tuple(by), population)
        if key not in self._cache:
            fitted = self.unparsable_as_wrong
            closed = fitted._closed(by, population)
            if closed is not None:
                b, square, wrong = closed[1]
                self._cache[key] = np.stack([1 - b, 1 - 2 * b + square, wrong], axis=-1)
                return self._cache[key]
            terms = fitted.terms("brier")
            means = fitted._aggregate([terms.error, terms.variance], by, population, transform=_moments)[1]
            self._cache[key] = np.moveaxis(means, 0, -1)
        return self._cache[key]

    def set_weights(self, by: Sequence[str], population: str) -> np.ndarray:
        """(chain, draw, sets) weight of each set of `draws` and `moments`: sums over its cells of question weights.

        A mean over several sets is the mean of theirs with these weights.
        """
        self._known(by)
        found = question_sets(self.cells.table, by)
        draws = len(self.parameters()["logit_a"])
        out = np.empty((draws, len(found.rows)))
        for block, w in weight_blocks(found.size, draws, population=population, seed=self.seed):
            out[block] = np.stack([w[:, found.question[rows]].sum(axis=1) for rows in found.rows], axis=-1)
        return out.reshape(self.chains, draws // self.chains, -1)

    @cached_property
    def unparsable_as_wrong(self) -> Fit:
        """This fit, with unparsable responses as one more wrong option."""
        if self.unparsable == "wrong" or not self.letters.unparsable.any():
            return self
        return fit(
            self.cells,
            self.formula,
            groups=self.groups.columns,
            unparsable="wrong",
            prior=self.prior,
            seed=self.seed,
            draws=int(self.data["posterior"].sizes["draw"]),
            chains=self.chains,
            pointwise=False,
        )

    @property
    def with_unparsable(self) -> bool:
        """Whether unparsable responses are a category of their own here."""
        return bool(self.letters.unparsable.any())

    def _closed(self, by: Sequence[str], population: str) -> tuple[pd.DataFrame, np.ndarray] | None:
        """Means over large sets from closed moments, (terms, chain, draw, sets); None where a set is small, or
        for outcomes other than letters.

        Terms: error and bias²; without unparsable responses b, b² and b² h (see `hotmess.answers.closed`).
        """
        key = ("closed", tuple(by), population)
        if key not in self._cache:
            self._known(by)
            found = question_sets(self.cells.table, by)
            if type(self.letters) is not LetterCells or min(map(len, found.rows)) < ENOUGH:
                self._cache[key] = None
                return None
            parameters = self.parameters()
            draws = len(parameters["logit_a"])
            means = set_draws(
                self._patterns,
                found.rows,
                found.question,
                weight_blocks(found.size, draws, population=population, seed=self.seed),
                parameters,
                powers=not self.with_unparsable,
                seed=self.seed,
            )
            shaped = means.reshape(self.chains, draws // self.chains, *means.shape[1:])
            self._cache[key] = found.table, np.moveaxis(shaped, -1, 0)
        return self._cache[key]

    @cached_property
    def _patterns(self) -> Patterns:
        return find_patterns(self.letters, self.groups.index)

    def _known(self, by: Sequence[str]) -> None:
        for name in by:
            if name not in self.cells.table:
                raise BadInput(
                    f"There is no column {name!r}; the cells have {', '.join(map(str, self.cells.table.columns))}."
                )

    def _aggregate(
        self,
        values: Sequence[np.ndarray],
        by: Sequence[str],
        population: str,
        *,
        transform: Callable[..., Sequence[np.ndarray]] | None = None,
    ) -> tuple[pd.DataFrame, np.ndarray]:
        self._known(by)
        return aggregate(
            values,
            self.cells.table,
            by,
            population=population,
            seed=self.seed,
            chains=self.chains,
            transform=transform,
        )

    def summary(
        self,
        by: Sequence[str] = ("model",),
        *,
        population: str = "like-these",
        metric: str = "brier",
        interval: float | None = 0.9,
    ) -> pd.DataFrame:
        """Medians (and intervals) of error, bias², variance and incoherence of each set; `reliable` is the gate."""
        sets = self.draws(by, population=population, metric=metric)
        return summarise(sets, [self.gate] * len(sets.table), interval)

    def save(self, path: str) -> None:
        """Write the posterior as netCDF, beside and moved into place whole."""
        from hotmess.inference.store import save_tree

        save_tree(self.data, path)


def fit(
    responses: Responses | Cells,
    formula: str | None = None,
    *,
    by: Sequence[str] = (),
    groups: Sequence[str] | None = None,
    unparsable: str = "uniform",
    engine: str | None = None,
    backend: str = "numpyro",
    prior: AnswerPrior | None = None,
    seed: int = 0,
    draws: int = 500,
    warmup: int = 500,
    chains: int = 4,
    pointwise: bool = True,
) -> Fit:
    """Fit latent answer distributions (nested Dirichlet; methods, section 3).

    Letters have a fixed set of answers; free text, unit tests, scores and outcomes of your own are distributions over
    positions (`hotmess.answers.positions`), and the fit is a `PositionFit`. Responses that are probability vectors have
    a model of their own and give a `VectorFit`; it pools cells group by group, by `by` or `groups`, never by a formula.

    Parameters
    ----------
    responses
        Responses, or cells reduced from them.
    formula
        Right-hand side over the cells' columns, such as `difficulty * log(model_size_b)`: groups are partially pooled
        around this regression. None: no pooling, each group on its own weak priors, as a law fitted afterwards needs.
    by
        Further columns that tell groups apart, beside benchmark, model, condition, budget, difficulty and half.
    groups
        The columns that tell groups apart, instead of all those.
    engine
        `nuts`, or `grid` (exact, only without a formula, the default there).
    backend
        `numpyro`, or `pymc`: the independent implementation of `hotmess.pymc_models`, sampled by nutpie; letters only.
    pointwise
        Whether to keep the log likelihood of every question in every draw, which LOO needs.

    Raises
    ------
    BadInput
        If the formula cannot be used.
    NotTestable
        If every cell has one response; or the outcome has no target.
    """
    from hotmess.inference.sample import sample
    from hotmess.responses.cells import Cells, need_repeats, reduce

    if not isinstance(responses, Cells) and getattr(responses, "outcome", "") == "probs":
        if formula is not None or engine is not None or backend != "numpyro":
            raise BadInput(
                "Probability vectors have a sampler of their own, group by group: leave out formula, engine and "
                "backend (hm.pymc_model('probability-vectors', responses) is the PyMC model)."
            )
        from hotmess.answers.vectors import fit_vectors

        options = {"draws": draws * chains, "warmup": warmup, "chains": chains}
        return fit_vectors(responses, by=by, groups=groups, prior=prior, seed=seed, **options)  # type: ignore[return-value]
    cells = (
        responses
        if isinstance(responses, Cells)
        else reduce(responses, split=_splits(responses, [*by, *(groups or ())], formula))
    )
    if backend not in ("numpyro", "pymc"):
        raise BadInput(f"The backend is {backend!r}; it can be 'numpyro' or 'pymc'.")
    if backend == "pymc" and (engine == "grid" or cells.counts is None):
        raise BadInput("The backend 'pymc' samples letters by NUTS; use 'numpyro' for other outcomes and for the grid.")
    engine = engine or ("grid" if formula is None else "nuts")
    if engine == "grid" and formula is not None:
        raise BadInput(
            "The grid engine integrates groups one by one and cannot pool them by a formula; use engine 'nuts'."
        )
    if engine not in ("grid", "nuts"):
        raise BadInput(f"The engine is {engine!r}; it can be 'grid' or 'nuts'.")
    need_repeats(cells)
    kind, letters = Fit, letter_cells(cells, unparsable=unparsable) if cells.counts is not None else None
    if letters is None:
        from hotmess.answers.position_fit import PositionFit
        from hotmess.answers.positions import position_cells

        kind, letters = PositionFit, position_cells(cells, unparsable=unparsable)
    prior = prior or letters.prior
    found = find_groups(cells, formula, by=by, columns=groups)
    size = len(found.table)
    tails = tail_counts(
        letters.right,
        letters.wrong,
        found.index,
        groups=size,
        options=letters.options,
        unparsable=letters.unparsable,
    )
    some = found.with_unparsable(letters)
    unparsable_tails = None
    if len(some):
        rows = np.flatnonzero(letters.apart(found.index))
        unparsable_tails = tail_counts(
            letters.unparsable[rows],
            letters.wrong[rows].sum(1, keepdims=True),
            np.searchsorted(some, found.index[rows]),
            groups=len(some),
            options=np.full(len(rows), 2),
        )
    if backend == "pymc":
        from hotmess.pymc_models.answers import answer_model
        from hotmess.pymc_models.sample import sample_pymc

        model = answer_model(cells, formula, by=by, groups=groups, unparsable=unparsable, prior=prior)
        data = sample_pymc(model, seed=seed, draws=draws, warmup=warmup, chains=chains, target_accept=0.95)
    elif engine == "grid":
        data = _grid_tree(tails, unparsable_tails, prior, found, some, seed=seed, draws=draws, chains=chains)
    else:
        from hotmess.answers.nested import centring, nested_dirichlet

        unit_label = found.table.groupby("unit", sort=True).first().index.tolist()
        data = sample(
            nested_dirichlet,
            tails,
            prior,
            found.design,
            found.unit if found.design is not None else None,
            unparsable_tails,
            None if found.design is None else centring(tails, prior, found.unit),
            seed=seed,
            draws=draws,
            warmup=warmup,
            chains=chains,
            target_accept=0.95,
            coords={
                "group": found.labels,
                "parameter": list(PARAMETERS),
                "term": list(found.names),
                "unit": unit_label,
                "unparsable_group": [found.labels[g] for g in some],
            },
            dims={
                **{name: ["group"] for name in PARAMETERS},
                **{name: ["unparsable_group"] for name in UNPARSABLE},
                "coefficients": ["parameter", "term"],
                "sigma": ["parameter"],
                "level": ["parameter", "unit"],
                "free_level": ["parameter", "unit"],
                "free_eta": ["parameter", "group"],
            },
        )
    if pointwise:
        from hotmess.answers.pointwise import add_data

        data = add_data(data, cells, letters, found, group_parameters(data["posterior"].dataset, found))
    source = None if isinstance(responses, Cells) else responses
    return kind(cells, letters, found, data, formula, prior, seed, unparsable, source)


def _moments(error: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, ...]:
    a = 1 - error / 2
    return a, a**2, np.maximum((1 - variance) - a**2, 0)


def _splits(responses: Responses, by: Sequence[str], formula: str | None) -> list[str]:
    from hotmess.responses.table import Responses

    Responses.need(responses)
    have = set(responses.table.columns)
    words = formula_words(formula or "")
    own = {"benchmark", "model", "question", "condition", "budget", "family", "model_size_b", "category", "n_choices"}
    wanted = ["difficulty", "half", *by, *words]
    return [c for c in dict.fromkeys(wanted) if c in have and c not in own]


def group_parameters(posterior: Any, groups: Groups) -> dict[str, np.ndarray]:
    """(draws, groups) arrays of the group parameters; logit_u is -inf where a group has no unparsable response."""
    draws = posterior.sizes["chain"] * posterior.sizes["draw"]
    out = {k: posterior[k].values.reshape(draws, -1) for k in PARAMETERS}
    if "logit_u" in posterior:
        place = [groups.labels.index(label) for label in posterior["unparsable_group"].values]
        for name, fill in zip(UNPARSABLE, (-np.inf, 0.0)):
            out[name] = np.full((draws, len(groups.table)), fill)
            out[name][:, place] = posterior[name].values.reshape(draws, -1)
    return out


@resumed
def _grid_tree(
    tails: TailCounts,
    unparsable: TailCounts | None,
    prior: AnswerPrior,
    groups: Groups,
    some: np.ndarray,
    *,
    seed: int,
    draws: int,
    chains: int,
) -> Any:
    from hotmess.answers.grid import grid_posterior
    from hotmess.inference.gate import independent
    from hotmess.inference.sample import to_tree

    post = grid_posterior(tails, prior, draws=draws * chains, seed=seed, unparsable=unparsable)
    shaped = {k: v.reshape(chains, draws, -1) for k, v in post.items()}
    normals = dict(zip(PARAMETERS, zip(prior.location, prior.scale)))
    normals |= {"logit_u": prior.unparsable, "log_psi": (0.0, 1.5)}
    log_prior = {
        k: (-0.5 * ((v - normals[k][0]) / normals[k][1]) ** 2 - np.log(normals[k][1] * np.sqrt(2 * np.pi))).sum(-1)
        for k, v in shaped.items()
    }
    tree = to_tree(
        shaped,
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        log_prior=log_prior,
        coords={"group": groups.labels, "unparsable_group": [groups.labels[g] for g in some]},
        dims={**{name: ["group"] for name in PARAMETERS}, **{name: ["unparsable_group"] for name in UNPARSABLE}},
    )
    return independent(tree)
