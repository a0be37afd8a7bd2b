"""Uncertainty without a model, from the terms of each question; never by resampling responses (methods, section 2).

Two populations, two estimands. *Questions like these*: Dirichlet(1, …, 1) weights on questions (the Bayesian bootstrap,
Rubin 1981), the same weights for every model, size, budget and half. *These questions*: jackknife variances of the
terms of each cell, leaving out one cluster at a time, summed over questions; delta method for the ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from hotmess.arrays import Floats, Ints
from hotmess.decompose.points import Points, Totals, leave_one_out, totals
from hotmess.decompose.squared import Terms
from hotmess.errors import BadInput, checked_count, tails

if TYPE_CHECKING:
    from jaxtyping import Float


FEW = 50
"""With fewer questions than this, intervals are widened by Student's t, and that is said."""

DRAWS = 200
"""Fewer draws than this have no interval: its ends would be those of the draws."""


def question_shares(
    questions: int, draws: int, seed: int | np.random.Generator
) -> Float[np.ndarray, "draws questions"]:
    """Dirichlet(1, …, 1) weights on questions: (draws, questions), rows sum to 1, the same for the same arguments.

    >>> question_shares(3, 2, 0).sum(axis=1).round(12).tolist()
    [1.0, 1.0]
    """
    out: Floats = np.random.default_rng(seed).standard_exponential((checked_count("draws", draws), questions))
    out /= out.sum(axis=1, keepdims=True)
    return out


def on_questions(w: Floats, cluster: Ints | None, own: Floats | None) -> Floats:
    """Weights of questions from those that were drawn: a cluster's on each of its questions, times their own.

    w: (draws, units); cluster: (questions,) unit of each question, None where they are the units; own: (questions,)
    positive weights of any scale, None where all weigh alike.

    >>> on_questions(np.array([[0.5, 1.5]]), np.array([0, 0, 1]), np.array([1.0, 2.0, 3.0])).tolist()
    [[0.25, 0.5, 2.25]]
    """
    if cluster is not None:
        w = w[:, cluster]
    if own is None:
        return w
    if not (np.isfinite(own).all() and (own > 0).all()):
        raise BadInput("Weights of questions must be positive and finite; leave out the questions that have none.")
    out: Floats = w * (own / own.mean())
    return out


def student(tail: float, df: Any) -> Any:
    """Where so much of Student's t lies above. (`scipy.stats`, which says the same, takes half a second to import.)

    >>> round(float(student(0.05, 4.0)), 4), round(float(student(0.05, np.inf)), 4)
    (2.1318, 1.6449)
    """
    return -special.stdtrit(np.minimum(df, 1e9), tail)


def bootstrap_interval(
    draws: Floats, estimate: Floats, *, interval: float, questions: Floats | int
) -> tuple[Floats, Floats]:
    """Equal-tailed interval from Bayesian bootstrap draws.

    Below 50 questions Q the distances from the estimate are multiplied by t_{Q−1}/z · √((Q + 1)/(Q − 1)): Student's t
    for the unknown spread, and the bootstrap's own deficit in variance. One question has no interval (NaN), and fewer
    than 200 draws have none.

    Args:
        draws: (draws, …) of the estimand.
        estimate: (…) its point estimate.
        interval: probability inside, as 0.9.
        questions: (…) number of questions behind each.
    """
    tail = tails(interval)[0]
    q = np.broadcast_to(np.asarray(questions, dtype=float), np.shape(estimate))
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        widen = student(tail, np.maximum(q - 1, 1)) / -special.ndtri(tail) * np.sqrt((q + 1) / (q - 1))
    factor = np.where((q < 2) | (len(draws) < DRAWS), np.nan, np.where(q < FEW, widen, 1.0))
    return estimate - factor * (estimate - low), estimate + factor * (high - estimate)


@dataclass(frozen=True)
class Jackknife:
    """Covariances of the terms of each cell.

    Attributes:
        covariance: (cells, 3, 3) of (error, bias2, variance); NaN in cells with too few clusters.
        clusters: (cells,) number of clusters J; each cell has J − 1 degrees of freedom.
    """

    covariance: Floats
    clusters: Floats


def jackknife(points: Points, estimator: Callable[[Totals], Terms], choices: np.ndarray | None = None) -> Jackknife:
    """Jackknife covariance of an estimator's terms, leaving out one cluster at a time; O(clusters · D).

    var = (J − 1)/J Σ_j (θ_(j) − θ̄)², with θ_(j) the terms without cluster j. The unbiased estimator needs three
    clusters, since two must remain. (`choices`, where given, is handed to the estimator row by row.)
    """
    whole = totals(points)
    rest = leave_one_out(points, whole)
    terms = estimator(rest) if choices is None else estimator(rest, choices[points.cell])  # type: ignore[call-arg]
    theta = np.stack([terms.error, terms.bias2, terms.variance], axis=1)
    c = points.copies.astype(float)
    centre = _sum(points, c[:, None] * theta) / whole.clusters[:, None]
    away = theta - centre[points.cell]
    outer = _sum(points, c[:, None, None] * away[:, :, None] * away[:, None, :])
    return Jackknife(outer * ((whole.clusters - 1) / whole.clusters)[:, None, None], whole.clusters)


def linear_interval(
    contrast: Floats, weights: Floats, jack: Jackknife, estimate: float, *, interval: float, questions: int
) -> tuple[float, float, float]:
    """Interval for *these questions* of a weighted sum of terms, or by the delta method of a function of one.

    Args:
        contrast: (3,) coefficients on (error, bias2, variance).
        weights: (cells,) weights of cells in the sum.
        jack: jackknife covariances of those cells.
        estimate: the point estimate.
        interval: probability inside.
        questions: number of questions; below 50 Student's t takes the normal's place, with Satterthwaite's degrees
            of freedom, (Σ v_i)² / Σ (v_i²/(J_i − 1)).

    Returns:
        Low, high, standard error.
    """
    parts = weights**2 * np.einsum("a,cab,b->c", contrast, jack.covariance, contrast, optimize=True)
    parts = np.maximum(parts, 0.0) if not np.isnan(parts).any() else parts
    variance = parts.sum()
    tail = tails(interval)[0]
    critical = -float(special.ndtri(tail))
    if questions < FEW and variance > 0:
        critical = student(tail, variance**2 / (parts**2 / (jack.clusters - 1)).sum())
    error = float(np.sqrt(variance))
    return float(estimate - critical * error), float(estimate + critical * error), error


def ratio_contrast(error: float, variance: float) -> Float[np.ndarray, " 3"]:
    """Delta method: the derivative of variance/error with respect to the means (error, bias2, variance).

    >>> ratio_contrast(2.0, 1.0).tolist()
    [-0.25, 0.0, 0.5]
    """
    return np.array([-variance / error**2, 0.0, 1.0 / error]) if error > 0 else np.full(3, np.nan)


def _sum(points: Points, values: Floats) -> Floats:
    out = np.zeros((points.cells, *values.shape[1:]))
    np.add.at(out, points.cell, values)
    return out
