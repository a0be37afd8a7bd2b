"""Draws of the means of unbiased terms over sets of cells, without a model (methods, section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.population import aggregate, question_sets
from hotmess.decompose import squared
from hotmess.decompose.context_scatter import (
    context_influence,
    context_moves,
    degrees_of_freedom,
    moved_estimates,
    shared_contexts,
)
from hotmess.decompose.grouping import unit_index
from hotmess.decompose.intervals import jackknife
from hotmess.responses.outcomes import OUTCOMES

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.cells import Cells


def unbiased_draws(
    cells: Cells, rows: np.ndarray, by: list[str], population: str, draws: int, chains: int, seed: int
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The sets' table, draws (chain, draw, sets, 3) of mean error, bias² and variance, and (sets, 3) their estimates.

    Questions like these have their weights, these questions the jackknife's covariance; contexts that questions share
    move both.
    """
    points = cells.points
    table = cells.table.iloc[rows].reset_index(drop=True)
    terms = squared.unbiased(points)
    value = np.stack([terms.error, terms.bias2, terms.variance], axis=1)[rows]
    spread = [np.broadcast_to(v, (draws, len(v))) for v in value.T]
    frame, means = aggregate(spread, table, by, population=population, seed=seed, chains=chains)
    drawn = np.moveaxis(means, 0, -1)
    estimate = aggregate(list(value.T[:, None, :]), table, by, population="these", seed=0, chains=1)[1][:, 0, 0].T
    if population == "these":
        covariance = jackknife(points, squared.unbiased).covariance[rows]
        index = table.groupby(by, sort=True, observed=True, dropna=False).ngroup().to_numpy() if by else 0 * rows
        rng, share = np.random.default_rng([seed, 5]), unit_index(table)[1]
        for s in range(len(frame)):
            own = np.flatnonzero(index == s)
            noise = np.einsum("c,cab->ab", share[own] ** 2, covariance[own]) / share[own].sum() ** 2
            if np.isfinite(noise).all():
                drawn[..., s, :] += rng.multivariate_normal(
                    np.zeros(3), noise, (chains, draws // chains), method="eigh"
                )
            else:
                drawn[..., s, :] = np.nan  # a cell with fewer than three responses has no jackknife
    context = shared_contexts(cells)
    if context is not None:
        sets = [rows[own] for own in question_sets(table, by).rows]
        influence = context_influence(cells, context, sets, alone=population == "these")
        df = degrees_of_freedom(cells, context, sets)
        moves, flat = context_moves(influence, df, draws, seed), drawn.reshape(draws, len(frame), 3)
        drawn = moved_estimates(flat, moves, OUTCOMES[cells.outcome].scale).reshape(drawn.shape)
    return frame, drawn, estimate
