"""Slopes of log variance on log length for questions like these: weights act on the fit (methods, section 3).

A least squares slope is a function of the means of (m, x, x m, x²) over an arm's cells, m the expected log variance
given the arm's line and tau, y + tau²/(tau² + s²) away from it. Those means move with the weight of a question by their
covariance with its marginal log likelihood, the latent log variances integrated out,

    l_q = sum over its cells of log Normal(y | level_a + slope_a x, tau² + s²),

and by what the question itself adds (`hotmess.statements.jackknife`). The same by y in place of m, under the same
weights, is the statement without a model that guards it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.grouping import question_units
from hotmess.statements.jackknife import linear_draws
from hotmess.statements.letters import with_unbiased
from hotmess.statements.means import SetMeans
from hotmess.statements.questions import Questions

if TYPE_CHECKING:
    import pandas as pd
    from jaxtyping import Float, Int

    from hotmess.laws.length_prior import LengthPrior
    from hotmess.statements.settle import Settled


def line_terms(y: Float[np.ndarray, "*n cells"], x: Float[np.ndarray, " cells"]) -> Float[np.ndarray, "*n cells 4"]:
    """(…, 4) y, x, x y and x² of every cell, of whose means a least squares slope is a function."""
    wide = np.broadcast_to(x, y.shape)
    return np.stack([y, wide, wide * y, wide**2], axis=-1)


def slopes_and_mean(means: Float[np.ndarray, "*draws arms 4"]) -> Float[np.ndarray, "*draws k"]:
    """(…, arms + 1) least squares slope of every arm from the means of its `line_terms`, and the slopes' mean.

    >>> x = np.array([0.0, 1.0, 2.0])
    >>> slopes_and_mean(line_terms(1 + 3 * x, x).mean(axis=0)[None]).round(9).tolist()
    [3.0, 3.0]
    """
    y, x, xy, xx = np.moveaxis(means, -1, 0)
    slope = (xy - x * y) / (xx - x**2)
    return np.concatenate([slope, slope.mean(axis=-1, keepdims=True)], axis=-1)


def settled_slopes(
    table: pd.DataFrame,
    posterior: Mapping[str, np.ndarray],
    prior: LengthPrior,
    *,
    seed: int,
) -> Settled:
    """Slopes of every arm for questions like these, and their mean over arms, last.

    Parameters
    ----------
    table
        One row per cell: `arm`, `question_number`, `x`, `log_variance`, `error`, and cluster and weight where named.
    posterior
        Draws of `level` and `line` (draws, arms), of `tau` and `omega` (draws,).
    """
    question = np.unique(table["question_number"], return_inverse=True)[1]
    return slope_means(
        expected_log_variance(table),
        table["x"].to_numpy(),
        table["error"].to_numpy(),
        table["arm"].to_numpy(),
        Questions(question, *question_units(table, question)),
        posterior,
        prior,
        seed=seed,
    ).settle(slopes_and_mean)


def weighted_slope(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(draws,) weighted least squares slopes of y (draws, n) on x (n,).

    >>> weighted_slope(np.array([0.0, 1.0, 2.0]), np.array([[1.0, 3.0, 5.0]]), np.ones((1, 3))).tolist()
    [2.0]
    """
    total = weights.sum(axis=1, keepdims=True)
    t = x - (weights @ x)[:, None] / total
    out: np.ndarray = (weights * t * y).sum(axis=1) / (weights * t * t).sum(axis=1)
    return out


def expected_log_variance(table: pd.DataFrame) -> np.ndarray:
    """(cells,) log V̂ + s²/2: E log V̂ lies so much below log v."""
    out: np.ndarray = table["log_variance"].to_numpy() + table["error"].to_numpy() ** 2 / 2
    return out


def slope_means(
    y: Float[np.ndarray, " cells"],
    x: Float[np.ndarray, " cells"],
    error: Float[np.ndarray, " cells"],
    arm: Int[np.ndarray, " cells"],
    questions: Questions,
    posterior: Mapping[str, np.ndarray],
    prior: LengthPrior,
    *,
    seed: int,
) -> SetMeans:
    """Means of `line_terms` over every arm, by the model and without it, under the same weights."""
    arms = int(arm.max()) + 1
    level, line, tau = posterior["level"], posterior["line"], posterior["tau"]
    expected = level[:, arm] + line[:, arm] * x
    variance = tau[:, None] ** 2 + error**2
    likelihood = -0.5 * ((y - expected) ** 2 / variance + np.log(variance))
    by_question = likelihood @ np.eye(questions.size)[questions.question]
    drawn = line_terms(expected + tau[:, None] ** 2 / variance * (y - expected), x)
    own = questions.even()[0][questions.question]
    inside = (arm[:, None] == np.arange(arms)) * own[:, None]
    means = np.einsum("dct,ca->dat", drawn, inside / inside.sum(axis=0))
    mean = drawn.mean(axis=0)
    sums, cells = questions.by_set(mean, arm, arms)
    latent, centre = linear_draws(
        means, by_question, sums, cells, questions, draws=len(tau), seed=seed, prior=_standardised(posterior, prior)
    )
    return with_unbiased(latent, centre, questions, arm, line_terms(y, x), lambda: mean, seed)


def _standardised(posterior: Mapping[str, np.ndarray], prior: LengthPrior) -> list[tuple[np.ndarray, float]]:
    """Draws of what is standard normal a priori: levels and slopes, the latter by the symmetric root given omega."""
    level, line, omega = posterior["level"], posterior["line"], posterior["omega"][:, None]
    arms = line.shape[1]
    middle = line.mean(axis=1, keepdims=True)
    free = (line - middle) / omega + middle / np.sqrt(arms * prior.slope**2 + omega**2)
    return [(v, 1.0) for v in (*(level / prior.level).T, *free.T)]
