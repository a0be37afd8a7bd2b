"""Draws of error, bias² and variance of sets of cells, by a model and without one, with the same question weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.answer_posterior import AnswerPosterior
from hotmess.answers.population import POPULATIONS, aggregate, question_sets
from hotmess.answers.shared_contexts import NOT_SQUARED, terms_under_contexts
from hotmess.decompose.intervals import FEW
from hotmess.errors import BadInput, NotTestable, one_seed
from hotmess.interpret.unbiased_sets import unbiased_draws
from hotmess.responses.units import CLUSTER
from hotmess.responses.values import suggest

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.inference.gate import Gate
    from hotmess.responses.cells import Cells
    from hotmess.statements.means import SetMeans

QUANTITIES = ("incoherence", "bias2", "variance", "error")
DRAWS, CHAINS = 4000, 4
SAMPLED = ("seed", "draws", "chains", "warmup")


@dataclass(frozen=True)
class Source:
    """What draws are made from: cells, and the fit to them where the outcome has a latent model."""

    cells: Cells
    fit: AnswerPosterior | None
    metric: str
    seed: int
    notes: tuple[str, ...] = ()

    @cached_property
    def separable(self) -> np.ndarray:
        """(cells,) whether a cell has an unbiased estimate: the metric has one, and the cell two clusters or more."""
        from hotmess.decompose import squared

        if self.metric in NOT_SQUARED:
            return np.zeros(len(self.cells.table), bool)
        found: np.ndarray = np.isfinite(squared.unbiased(self.cells.points).variance)
        return found

    @property
    def gate(self) -> Gate:
        from hotmess.inference.gate import Gate

        return Gate() if self.fit is None else self.fit.gate


@dataclass(frozen=True)
class Sets:
    """Draws for sets of cells.

    Attributes
    ----------
    table
        One row per set: the columns that name it, questions, responses.
    latent
        (chain, draw, sets, 3) of mean error, bias² and variance, or None where the outcome has no latent model.
    unbiased
        The same without a model: Bayesian bootstrap over questions, or normal with the jackknife's covariance for these
        questions. None where the metric has no unbiased estimator.
    estimate
        (sets, 3) the unbiased estimates themselves.
    questions
        (sets,) the number of questions that widens the interval without a model where it is small.
    means
        What statements about questions like these are functions of (`hotmess.statements.means`); `latent` are then its
        draws before they are settled.
    """

    table: pd.DataFrame
    latent: np.ndarray | None
    unbiased: np.ndarray | None
    estimate: np.ndarray | None
    questions: np.ndarray
    means: SetMeans | None = None

    def take(self, index: Sequence[int]) -> Sets:
        """Some of the sets."""
        at = list(index)

        def pick(x: np.ndarray | None) -> np.ndarray | None:
            return None if x is None else x[..., at, :]

        return Sets(
            self.table.iloc[at].reset_index(drop=True),
            pick(self.latent),
            pick(self.unbiased),
            pick(self.estimate),
            self.questions[at],
            None if self.means is None else self.means.take(at),
        )


def quantity(terms: np.ndarray, name: str) -> np.ndarray:
    """error, bias2, variance, or incoherence = variance / error, from (…, 3) terms; undefined where the error is 0.

    >>> quantity(np.array([2.0, 1.5, 0.5]), "incoherence").item()
    0.25
    """
    if name != "incoherence":
        return terms[..., ("error", "bias2", "variance").index(name)]
    error, variance = terms[..., 0], terms[..., 2]
    out: np.ndarray = np.divide(variance, error, out=np.full_like(error, np.nan), where=error > 0)
    return out


def source_of(about: Any, columns: Sequence[str] = (), *, metric: str | None = None, **settings: Any) -> Source:
    """A source from a fit (as it is), a study (its fit), or responses (fitted here, groups unpooled).

    columns: what must be a column of the cells; responses are divided by those that vary within a cell.
    settings: seed, draws, chains, unparsable of the fit, where one is made.

    Raises
    ------
    BadInput
        For a column that is not there.
    """
    from hotmess.answers.fit import fit
    from hotmess.claims.study import Study
    from hotmess.decompose.methods import choose_metric
    from hotmess.inference.spec import Spec
    from hotmess.responses.cells import need_repeats, reduce
    from hotmess.responses.table import CELL, Responses
    from hotmess.responses.tally import CARRIED

    settings = one_seed(settings)
    if isinstance(about, Source):
        need(columns, about.cells.table.columns)
        return about
    if isinstance(about, Study):
        metric = metric or about.metric
        settings = about.sampled | about.answers | settings
        if set(columns) <= set(about.cells.table.columns):
            try:
                about = about.fit
            except BadInput:  # no latent model for this outcome: estimates without one
                about = about.responses
        else:
            about = about.grouped if "difficulty" in columns else about.responses
    if isinstance(about, Responses):
        need(columns, about.table.columns)
        split = [c for c in columns if c not in (*CELL, *CARRIED)]
        cells = reduce(about, split=split)
        need_repeats(cells)
        metric = choose_metric(about.outcome, metric)
        seed, fitted = settings.get("seed", 0), None
        notes: tuple[str, ...] = ()
        sampled = {"seed": 0, "draws": 1, "chains": 1, "warmup": 0} | settings
        Spec("grid", None, *(sampled[name] for name in SAMPLED))  # what is wrong with these is no lack of a model
        try:
            fitted = fit(cells, pointwise=False, by=split, **settings)
        except BadInput as reason:
            notes = (f"There is no latent model here, so estimates are without one. {reason}",)
        return Source(cells, fitted, metric, seed, notes)
    if not isinstance(about, AnswerPosterior):
        raise BadInput(f"This reads a fit, a study or responses, not {type(about).__name__}.")
    need(columns, about.cells.table.columns)
    return Source(about.cells, about, choose_metric(about.cells.outcome, metric), about.seed)


def need(columns: Sequence[str], have: Iterable[Any]) -> None:
    """Refuse a column that is not there, suggesting the nearest name."""
    for name in columns:
        if name not in set(have):
            raise BadInput(f"There is no column {name!r}{suggest(name, have)}; there are {', '.join(map(str, have))}.")


def sets_of(
    source: Source,
    by: Sequence[str],
    *,
    population: str = "like-these",
    rows: np.ndarray | None = None,
    unbiased_rows: np.ndarray | None = None,
) -> Sets:
    """Draws of the sets of cells that agree in the `by` columns; `rows` limits them to some cells.

    Latent and unbiased draws share the question weights, draw by draw. Cells of one response (or one few-shot context)
    have no unbiased estimate and stay out of it.
    """
    if population not in POPULATIONS:
        raise BadInput(f"The population is {population!r}; it can be {' or '.join(POPULATIONS)}.")
    cells = source.cells
    rows = np.arange(len(cells.table)) if rows is None else rows
    table, by = cells.table.iloc[rows].reset_index(drop=True), list(by)
    frame, latent, means = None, None, None
    count, chains = DRAWS, CHAINS
    if population == "like-these" and source.fit is not None:
        found = question_sets(table, by)
        known = None
        if unbiased_rows is not None:
            known = np.isin(np.arange(len(cells.table)), unbiased_rows)
        statement = source.fit.statement(rows=[rows[own] for own in found.rows], metric=source.metric, known=known)
        frame, count, chains = found.table, len(statement.latent), source.fit.chains
        latent = statement.latent.reshape(chains, count // chains, *statement.latent.shape[1:])
        means = statement
    elif source.fit is not None:
        terms = source.fit.terms(source.metric)
        values = [t[:, rows] for t in (terms.error, terms.bias2, terms.variance)]
        count, chains = len(values[0]), source.fit.chains
        frame, drawn = aggregate(values, table, by, population=population, seed=source.seed, chains=chains)
        flat = np.moveaxis(drawn, 0, -1).reshape(count, len(frame), 3)
        sets = [rows[own] for own in question_sets(table, by).rows]
        flat = terms_under_contexts(
            flat,
            sets,
            cells,
            population=population,
            metric=source.metric,
            unparsable=source.fit.unparsable,
            seed=source.seed,
        )
        latent = flat.reshape(chains, count // chains, len(frame), 3)
    unbiased = estimate = None
    separable = rows[source.separable[rows]] if unbiased_rows is None else unbiased_rows
    if len(separable):
        own, unbiased, estimate = unbiased_draws(cells, separable, by, population, count, chains, source.seed)
        if frame is None:
            frame = own
        elif len(own) < len(frame):
            place = {tuple(row): i for i, row in enumerate(own[by].itertuples(index=False))}
            at = [place.get(tuple(row), len(own)) for row in frame[by].itertuples(index=False)]
            unbiased, estimate = (
                np.concatenate([x, np.full_like(x[..., :1, :], np.nan)], axis=-2)[..., at, :]
                for x in (unbiased, estimate)
            )
    if frame is None:
        raise NotTestable(f"The metric {source.metric} has neither a latent model nor an unbiased estimate here.")
    few = np.full(len(frame), FEW)
    if population == "like-these":
        few = frame["questions"].to_numpy()
        if CLUSTER in table:
            few = question_sets(table if latent is not None else cells.table.iloc[separable], by).units
    return Sets(frame, latent, unbiased, estimate, few, means).take(_in_order(frame, by, cells.table))


def _in_order(frame: pd.DataFrame, by: Sequence[str], cells: pd.DataFrame) -> list[int]:
    """Sets in the order of their names: models by family and size, numbers in names as numbers."""
    from hotmess.decompose.grouping import models_in_order, natural

    ranks: list[list[Any]] = []
    for name in by:
        column = frame[name]
        if name == "model":
            order = models_in_order(cells)["model"].astype(str).tolist()
            ranks.append([order.index(str(v)) for v in column])
        elif hasattr(column, "cat"):
            ranks.append(column.cat.codes.tolist())
        else:
            ranks.append(column.tolist() if column.dtype.kind in "iufb" else [natural(str(v)) for v in column])
    return sorted(range(len(frame)), key=lambda i: tuple(rank[i] for rank in ranks))
