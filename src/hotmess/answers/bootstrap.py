"""From a fit of answers to the bootstrap behind its statements about questions like these (`hotmess.statements`).

Groups that are not pooled have the posterior bootstrap, whatever the engine that drew them: closed for letters and free
text, by least squares on draws for terms without closed expectations. Groups pooled by a formula have the infinitesimal
jackknife on the draws themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.conjugate import LetterCells
from hotmess.answers.drawn import Bootstrap, Drawn, DrawnTerms
from hotmess.answers.pointwise import question_log_likelihood
from hotmess.answers.shared_contexts import NOT_SQUARED, points_of, under_contexts
from hotmess.decompose.context_scatter import terms_of
from hotmess.decompose.grouping import question_index, question_units
from hotmess.decompose.squared import unbiased as unbiased_terms
from hotmess.statements.letters import LetterBootstrap
from hotmess.statements.means import SetMeans
from hotmess.statements.pooled import PooledBootstrap
from hotmess.statements.questions import Questions
from hotmess.statements.sampled import SampledBootstrap, response

if TYPE_CHECKING:
    from hotmess.responses.cells import Cells


def bootstrap_of(fit: Drawn, metric: str, weights: np.ndarray | None = None) -> Bootstrap:
    """The bootstrap of a fit's terms under a metric; weights (draws, questions) in place of its own draws of them."""
    closed = fit.closed(metric)
    if fit.formula is None:
        return unpooled(fit, fit.letters, metric, weights, closed=closed)
    questions, draws, unbiased = _about(fit, metric, weights)
    samples = fit.parameters()
    likelihood = question_log_likelihood(fit.letters, fit.groups.index, samples, questions.question)
    drawn = fit.terms(metric) if not closed else None
    terms = () if drawn is None else (drawn.error, drawn.bias2, drawn.variance)
    return PooledBootstrap(
        fit.letters, fit.groups.index, questions, samples, likelihood, _priors(fit), unbiased, draws, fit.seed, terms
    )


def unpooled(
    fit: DrawnTerms, letters: LetterCells, metric: str, weights: np.ndarray | None = None, *, closed: bool = False
) -> LetterBootstrap | SampledBootstrap:
    """The same where no formula pools the groups, whose parameters under weights follow from the counts `letters`.

    closed: whether the terms have closed expectations; else they move with the parameters as the fit's draws do.
    """
    questions, draws, unbiased = _about(fit, metric, weights)
    group, seed = fit.groups.index, fit.seed
    none = np.full((len(fit.cells), 3), np.nan)
    found = LetterBootstrap(letters, group, questions, fit.prior, none if unbiased is None else unbiased, draws, seed)
    if closed:
        return found
    drawn = fit.terms(metric)
    moves = response([drawn.error, drawn.bias2, drawn.variance], group, fit.parameters())
    return SampledBootstrap(moves, group, questions, found.parameters, found.centre, unbiased, seed)


def _about(fit: DrawnTerms, metric: str, weights: np.ndarray | None) -> tuple[Questions, int, np.ndarray | None]:
    """The questions, how many draws, and the cells' unbiased terms where the metric has any."""
    points = points_of(fit.cells, fit.unparsable)
    unbiased = None if metric in NOT_SQUARED else terms_of(points, unbiased_terms)
    question = question_index(fit.cells.table)
    questions = Questions(question, *question_units(fit.cells.table, question), given=weights)
    return questions, fit.kept_draws if weights is None else len(weights), unbiased


def means_of(
    found: Bootstrap,
    rows: Sequence[np.ndarray],
    cells: Cells,
    known: np.ndarray | None = None,
    *,
    unparsable: str,
    seed: int,
) -> SetMeans:
    """Means over sets of cells, given by their rows, which may overlap: disjoint ones are taken together.

    They scatter over few-shot contexts that questions share, too. Where questions were asked again for what they had
    been answered, unbiased terms are off, and guard nothing.
    """
    layers: list[tuple[list[int], np.ndarray]] = []
    for s, own in enumerate(rows):
        for members, sets in layers:
            if (sets[own] < 0).all():
                sets[own] = len(members)
                members.append(s)
                break
        else:
            sets = np.full(len(cells), -1)
            sets[own] = 0
            layers.append(([s], sets))
    whole = found.means(layers[0][1], known)
    for _, sets in layers[1:]:
        whole = whole.join(found.means(sets, known))
    order = np.argsort([s for members, _ in layers for s in members])
    means = whole if (np.diff(order) == 1).all() else whole.take(order)
    means = under_contexts(means, rows, cells, unparsable=unparsable, seed=seed, known=known)
    return means.unguarded() if cells.chosen else means


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
