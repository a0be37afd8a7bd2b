"""Statements under few-shot contexts that questions share (methods, section 3).

What contexts do to means over sets (`hotmess.decompose.context_scatter`) is added to the draws of these means, of
questions like these, whose weights are then products, question times context, and of these questions, whose posteriors
know each question alone. Error is moved on the logit of its share of the largest there can be (its logarithm, where
there is no largest), incoherence on its own logit, which to first order is the same and leaves all terms where they can
lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.one_hot import one_hot_points
from hotmess.decompose.context_scatter import (
    context_influence,
    context_moves,
    degrees_of_freedom,
    moved_error,
    shared_contexts,
    shifted,
)
from hotmess.responses.outcomes import OUTCOMES

if TYPE_CHECKING:
    from jaxtyping import Float

    from hotmess.answers.population import SetDraws
    from hotmess.decompose.points import Points
    from hotmess.responses.cells import Cells
    from hotmess.statements.means import SetMeans

NOT_SQUARED = ("kl", "zero-one")
"""Metrics without unbiased terms: what contexts do to them is not known."""


def points_of(cells: Cells, unparsable: str) -> Points:
    """Positions whose squared family a fit's terms are: an unparsable response is one more wrong answer, if asked."""
    points = one_hot_points(cells) if unparsable == "wrong" else None
    return cells.points if points is None else points


def under_contexts(
    means: SetMeans, rows: Sequence[np.ndarray], cells: Cells, *, unparsable: str, seed: int, known: np.ndarray | None
) -> SetMeans:
    """Set means that scatter over the contexts that questions share, too; themselves without any.

    Only terms with unbiased estimates are moved: those of KL and 0/1 are not.
    """
    context = None if means.unbiased is None else shared_contexts(cells)
    if context is None or means.unbiased is None:
        return means
    influence = context_influence(cells, context, rows, points=points_of(cells, unparsable), known=known)
    moves = context_moves(influence, degrees_of_freedom(cells, context, rows), len(means.latent), seed)
    latent = _moved(means.latent, moves, OUTCOMES[cells.outcome].scale)
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.nan_to_num(latent[..., 1:] / means.latent[..., 1:], nan=1.0, posinf=1.0)
    parts = means.unbiased[..., 1:] * factor  # alike, so that the two part by what the model says alone
    unbiased = np.concatenate([parts.sum(axis=-1, keepdims=True), parts], axis=-1)
    return replace(means, latent=latent, unbiased=unbiased)


def terms_under_contexts(
    terms: Float[np.ndarray, "draws sets 3"],
    rows: Sequence[np.ndarray],
    cells: Cells,
    *,
    population: str,
    metric: str,
    unparsable: str,
    seed: int,
) -> Float[np.ndarray, "draws sets 3"]:
    """The same of draws of mean error, bias² and variance; of these questions, whose posteriors are each their own."""
    context = None if metric in NOT_SQUARED else shared_contexts(cells)
    if context is None:
        return terms
    points = points_of(cells, unparsable)
    influence = context_influence(cells, context, rows, points=points, alone=population == "these")
    moves = context_moves(influence, degrees_of_freedom(cells, context, rows), len(terms), seed)
    return _moved(terms, moves, OUTCOMES[cells.outcome].scale)


def sets_under_contexts(
    sets: SetDraws, rows: Sequence[np.ndarray], cells: Cells, *, unparsable: str, seed: int
) -> SetDraws:
    """The same of `SetDraws`; themselves where no questions share contexts."""
    flat = np.stack([x.reshape(-1, len(rows)) for x in (sets.error, sets.bias2, sets.variance)], axis=-1)
    settings = {"population": sets.population, "metric": sets.metric, "unparsable": unparsable}
    moved = terms_under_contexts(flat, rows, cells, **settings, seed=seed)
    if moved is flat:
        return sets
    error, bias2, variance = (moved[..., t].reshape(sets.error.shape) for t in range(3))
    return replace(sets, error=error, bias2=bias2, variance=variance)


def _moved(
    terms: Float[np.ndarray, "draws sets 3"], moves: Float[np.ndarray, "draws sets 3"], top: float | None
) -> Float[np.ndarray, "draws sets 3"]:
    """Error, bias² and variance moved where they can lie: the first up to `top`, the others parts of it."""
    centre = terms.mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio, middle = terms[..., 2] / terms[..., 0], centre[..., 2] / centre[..., 0]
        turn = (moves[..., 2] - middle * moves[..., 0]) / centre[..., 0]
        ratio = shifted(ratio, turn / (middle * (1 - middle)))
    error = moved_error(terms[..., 0], moves[..., 0], top)
    return np.stack([error, error * (1 - ratio), error * ratio], axis=-1)
