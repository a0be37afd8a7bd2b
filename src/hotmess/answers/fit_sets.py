"""Statements of a fit about sets of questions: about these, from draws of their answers; about questions like these,
from the bootstrap (`hotmess.answers.bootstrap`), settled one by one (`hotmess.statements.settle`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.bootstrap import means_of
from hotmess.answers.closed import find_patterns
from hotmess.answers.closed_sets import closed_means
from hotmess.answers.conjugate import LetterCells
from hotmess.answers.drawn import Drawn, Stated
from hotmess.answers.population import (
    QuestionSets,
    SetDraws,
    aggregate,
    pair_moments,
    question_sets,
    refuse_unknown,
)
from hotmess.answers.shared_contexts import sets_under_contexts
from hotmess.answers.worth import repeated_contexts
from hotmess.errors import NotTestable
from hotmess.statements.means import incoherence
from hotmess.statements.sampled import SampledBootstrap

if TYPE_CHECKING:
    import pandas as pd


TOGETHER = 24  # sets whose virtual questions are held at a time
LINKS = ("log", "log", "log", "logit")


def draws_of(fit: Drawn, by: Sequence[str], population: str, metric: str) -> SetDraws:
    """Draws of mean error, bias² and variance over the questions of each set, for one population."""
    if population == "like-these":
        return like_these(fit, by, metric)
    closed = None if metric != "brier" else closed_of(fit, by, population)
    if closed is not None:
        table, means = closed
        # With unparsable answers the two moments are error and bias² themselves, else of b, b² and Σ w².
        error, bias2 = means if fit.with_unparsable else (2 * means[0], means[1] + means[2])
        sets = SetDraws(table, error, bias2, error - bias2, population, metric)
    else:
        terms = fit.terms(metric)
        table, means = aggregated(fit, [terms.error, terms.bias2, terms.variance], by, population)
        sets = SetDraws(table, means[0], means[1], means[2], population, metric)
    return sets_under_contexts(sets, _sets(fit, by).rows, fit.cells, unparsable=fit.unparsable, seed=fit.seed)


def moments_of(fit: Drawn, by: Sequence[str], population: str) -> np.ndarray:
    """(chain, draw, sets, 3) means of a, a² and Σ w² (`hotmess.decompose.parts.from_moments`); `fit` has no unparsable
    responses."""
    found = _sets(fit, by)
    if population == "like-these":
        sets = np.empty(len(fit.cells), int)
        for s, rows in enumerate(found.rows):
            sets[rows] = s
        means = _chains(fit, powers_of(fit, sets)[0])
    else:
        means = _moments_of_these(fit, by)
    a, square, wrong = (means[..., i] for i in range(3))
    away, error = 1 - 2 * a + square, 2 * (1 - a)
    plain = SetDraws(found.table, error, away + wrong, error - away - wrong, population, "brier")
    moved = sets_under_contexts(plain, found.rows, fit.cells, unparsable="wrong", seed=fit.seed)
    return means if moved is plain else _moved_moments(away / (away + wrong), moved)


def _moments_of_these(fit: Drawn, by: Sequence[str]) -> np.ndarray:
    closed = closed_of(fit, by, "these")
    if closed is not None:
        b, square, wrong = closed[1]
        return np.stack([1 - b, 1 - 2 * b + square, wrong], axis=-1)
    terms = fit.terms("brier")
    means = aggregate(
        [terms.error, terms.variance],
        _sets(fit, by),
        by,
        population="these",
        seed=fit.seed,
        chains=fit.chains,
        transform=pair_moments,
    )[1]
    return np.moveaxis(means, 0, -1)


def _moved_moments(share: np.ndarray, moved: SetDraws) -> np.ndarray:
    """Means of a, a² and Σ w² that go with moved terms; share: of bias² in (1 − a)², which stays what it was."""
    a = 1 - moved.error / 2
    away = np.clip(share * moved.bias2, (1 - a) ** 2, np.maximum(moved.bias2, (1 - a) ** 2))
    return np.stack([a, away - 1 + 2 * a, np.maximum(moved.bias2 - away, 0)], axis=-1)


def powers_of(fit: Drawn, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(draws, sets, 3) means of a, a² and Σ w² for questions like these, and (sets, 3) at even weights.

    sets: (cells,) the set of each cell from 0, -1: none. `fit` has no unparsable responses.
    """
    found = fit.bootstrap("brier")
    if isinstance(found, SampledBootstrap):
        raise NotTestable("Only answers that are right or wrong have moments of accuracy.")
    both = found.powers(sets)
    drawn, centre = (np.stack([1 - x[..., 0], 1 - 2 * x[..., 0] + x[..., 1], x[..., 2]], axis=-1) for x in both)
    return drawn, centre


def closed_of(fit: Drawn, by: Sequence[str], population: str) -> tuple[pd.DataFrame, np.ndarray] | None:
    """Means over large sets from closed moments, (terms, chain, draw, sets); None where a set is small, for outcomes
    other than letters, and where few-shot contexts repeat.

    Terms: error and bias²; without unparsable responses b, b² and b² h (see `hotmess.answers.closed`).
    """
    found = _sets(fit, by)
    if type(fit.letters) is not LetterCells or repeated_contexts(fit.cells):
        return None
    return closed_means(
        find_patterns(fit.letters, fit.groups.index),
        found,
        fit.parameters(),
        population=population,
        chains=fit.chains,
        powers=not fit.with_unparsable,
        seed=fit.seed,
    )


def like_these(fit: Stated, by: Sequence[str], metric: str) -> SetDraws:
    """Every quantity of every set settled by itself, so that bias² and variance add up to the error but nearly."""
    found = _sets(fit, by)
    each = (_terms, LINKS[:3]) if metric == "zero-one" else (_each, LINKS)
    out, effective, few = [], [], []
    for start in range(0, len(found.rows), TOGETHER):
        some = found.rows[start : start + TOGETHER]
        means = means_of(fit.bootstrap(metric), some, fit.cells, unparsable=fit.unparsable, seed=fit.seed)
        for s in range(len(some)):
            settled = means.take([s]).settle(*each)
            out.append(settled.draws)
            effective.append(np.fmin(settled.df, settled.implied)[-1])
            few.append(settled.few[-1])
    whole = _chains(fit, np.stack(out, axis=1))
    error, bias2, variance = (whole[..., i] for i in range(3))
    ratio = whole[..., 3] if metric != "zero-one" else np.full_like(error, np.nan)
    return SetDraws(
        found.table, error, bias2, variance, "like-these", metric, ratio, np.array(effective), np.array(few)
    )


def _each(means: np.ndarray) -> np.ndarray:
    return np.concatenate([means[..., 0, :], incoherence(means)], axis=-1)


def _terms(means: np.ndarray) -> np.ndarray:
    return np.asarray(means[..., 0, :])


def _chains(fit: Stated, draws: np.ndarray) -> np.ndarray:
    return draws.reshape(fit.chains, len(draws) // fit.chains, *draws.shape[1:])


def _sets(fit: Stated, by: Sequence[str]) -> QuestionSets:
    refuse_unknown(fit.cells.table, by)
    return sets_of(fit, by)


def sets_of(fit: Stated, by: Sequence[str]) -> QuestionSets:
    """The sets of a fit's cells that agree in some columns, found once."""
    key = ("question sets", tuple(by))
    if key not in fit.made:
        fit.made[key] = question_sets(fit.cells.table, by)
    found: QuestionSets = fit.made[key]
    return found


def aggregated(
    fit: Drawn, values: Sequence[np.ndarray], by: Sequence[str], population: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """Means of terms (draws, cells) over the questions of each set: names, and (term, chain, draw, sets)."""
    found = _sets(fit, by)
    return aggregate(values, found, by, population=population, seed=fit.seed, chains=fit.chains)
