"""Means over large sets of questions from closed moments, draw by draw, without drawing their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.closed import ENOUGH, Patterns, set_draws
from hotmess.answers.population import QuestionSets

if TYPE_CHECKING:
    import pandas as pd


def closed_means(
    patterns: Patterns,
    found: QuestionSets,
    parameters: dict[str, np.ndarray],
    *,
    population: str,
    chains: int,
    powers: bool,
    seed: int,
) -> tuple[pd.DataFrame, np.ndarray] | None:
    """The sets' table and means (terms, chain, draw, sets); None where a set is too small for a Normal sum.

    Terms: error and bias²; with `powers` b, b² and b² h (see `hotmess.answers.closed`).
    """
    if min(map(len, found.rows)) < ENOUGH:
        return None
    draws = len(parameters["logit_a"])
    weights = found.weights(draws, population=population, seed=seed)
    means = set_draws(patterns, found.rows, found.question, weights, parameters, powers=powers, seed=seed)
    return found.table, np.moveaxis(means.reshape(chains, draws // chains, *means.shape[1:]), -1, 0)
