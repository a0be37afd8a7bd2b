"""From a fit of answers to the bootstrap behind its statements about questions like these (`hotmess.statements`).

Groups that are not pooled have the posterior bootstrap, whatever the engine that drew them: closed for letters and free
text, by least squares on draws for terms without closed expectations. Groups pooled by a formula have the infinitesimal
jackknife on the draws themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.drawn import Bootstrap, Drawn
from hotmess.answers.one_hot import one_hot_points
from hotmess.answers.pointwise import question_log_likelihood
from hotmess.decompose.grouping import question_index, question_units
from hotmess.statements.letters import LetterBootstrap
from hotmess.statements.means import SetMeans
from hotmess.statements.pooled import PooledBootstrap
from hotmess.statements.questions import Questions
from hotmess.statements.sampled import SampledBootstrap, response

if TYPE_CHECKING:
    from hotmess.responses.cells import Cells


def bootstrap_of(fit: Drawn, metric: str, weights: np.ndarray | None = None) -> Bootstrap:
    """The bootstrap of a fit's terms under a metric; weights (draws, questions) in place of its own draws of them."""
    question = question_index(fit.cells.table)
    questions = Questions(question, *question_units(fit.cells.table, question), given=weights)
    draws = fit.kept_draws if weights is None else len(weights)
    closed = fit.closed(metric)
    unbiased = None if metric in ("kl", "zero-one") else unbiased_cells(fit.cells, fit.unparsable)
    if fit.formula is not None:
        samples = fit.parameters()
        likelihood = question_log_likelihood(fit.letters, fit.groups.index, samples, questions.question)
        drawn = fit.terms(metric) if not closed else None
        terms = () if drawn is None else (drawn.error, drawn.bias2, drawn.variance)
        return PooledBootstrap(
            fit.letters,
            fit.groups.index,
            questions,
            samples,
            likelihood,
            _priors(fit),
            unbiased,
            draws,
            fit.seed,
            terms,
        )
    none = np.full((len(fit.cells), 3), np.nan)
    letters = LetterBootstrap(
        fit.letters,
        fit.groups.index,
        questions,
        fit.prior,
        none if unbiased is None else unbiased,
        draws,
        fit.seed,
    )
    if closed:
        return letters
    drawn = fit.terms(metric)
    found = response([drawn.error, drawn.bias2, drawn.variance], fit.groups.index, fit.parameters())
    return SampledBootstrap(found, fit.groups.index, questions, letters.parameters, letters.centre, unbiased, fit.seed)


def unbiased_cells(cells: Cells, unparsable: str) -> np.ndarray:
    """(cells, 3) unbiased error, bias² and variance of the squared family; nan where a cell has none."""
    from hotmess.decompose.squared import unbiased

    points = one_hot_points(cells) if unparsable == "wrong" else None
    terms = unbiased(cells.points if points is None else points)
    return np.column_stack([terms.error, terms.bias2, terms.variance])


def means_of(found: Bootstrap, rows: Sequence[np.ndarray], cells: int, known: np.ndarray | None = None) -> SetMeans:
    """Means over sets of cells, given by their rows, which may overlap: disjoint ones are taken together."""
    layers: list[tuple[list[int], np.ndarray]] = []
    for s, own in enumerate(rows):
        for members, sets in layers:
            if (sets[own] < 0).all():
                sets[own] = len(members)
                members.append(s)
                break
        else:
            sets = np.full(cells, -1)
            sets[own] = 0
            layers.append(([s], sets))
    whole = found.means(layers[0][1], known)
    for _, sets in layers[1:]:
        whole = whole.join(found.means(sets, known))
    order = np.argsort([s for members, _ in layers for s in members])
    return whole if (np.diff(order) == 1).all() else whole.take(order)


def _priors(fit: Drawn) -> list[tuple[np.ndarray, float]]:
    """Draws of what has a Normal prior in a pooled fit: standardised coefficients, and units' distances from them."""
    posterior, prior = fit.posterior_draws(), fit.prior
    beta = posterior["coefficients"].values
    beta = beta.reshape(-1, *beta.shape[2:])
    out = []
    for i, scale in enumerate(prior.scale):
        out += [(beta[:, i, j], scale if j == 0 else prior.coefficient) for j in range(beta.shape[2])]
    if "level" in posterior and fit.groups.design is not None:
        level, sigma = (posterior[k].values.reshape(len(beta), *posterior[k].shape[2:]) for k in ("level", "sigma"))
        unit = fit.groups.unit
        members = (unit[:, None] == np.arange(level.shape[2])).astype(float)
        middle = np.einsum("spc,gc,gu->spu", beta, fit.groups.design, members / members.sum(axis=0))
        z = (level - middle) / sigma[..., None]
        out += [(z[:, i, u], 1.0) for i in range(z.shape[1]) for u in range(z.shape[2])]
    return out
