"""What the temperature model says: incoherence as a function of length and of
budget, and its change per doubling (methods, section 5).

Everything is standardised: the same questions at every length, each unit's own observed range. The reference length of
a question is its mean within the budget (natural) and over its budgets (budget).
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hotmess.answers.population import question_weights
from hotmess.arrays import Floats

if TYPE_CHECKING:
    from jaxtyping import Float

    from hotmess.temperature.data import LengthData

QUANTILES = (0.1, 0.9)  # of natural lengths, between which the average slope is taken
BLOCK = 100_000  # numbers held at once: what a processor's own cache takes


@dataclass(frozen=True)
class Curves:
    """Draws of set terms at points of length and budget.

    Attributes
    ----------
    error, bias2, variance
        (draws, G, P) means over a unit's questions.
    parts
        (draws, G, P, 3) accuracy, spread of accuracy, concentration of wrong answers (methods, section 5), an
        unparsable response counted as one more wrong option.
    by_cell
        (n, P, 2) means over the draws of every cell's error and variance, at even weights.
    """

    error: Float[np.ndarray, "draws G P"]
    bias2: Float[np.ndarray, "draws G P"]
    variance: Float[np.ndarray, "draws G P"]
    parts: Float[np.ndarray, "draws G P 3"]
    by_cell: Float[np.ndarray, "n P 2"] | None = None

    @property
    def incoherence(self) -> Floats:
        """Ratio of sums Σ variance / Σ error, (draws, G, P)."""
        ratio: Floats = self.variance / self.error
        return ratio

    @property
    def log_odds(self) -> Floats:
        """logit of the incoherence, log(Σ variance / Σ bias²)."""
        odds: Floats = np.log(self.variance) - np.log(self.bias2)
        return odds


def points(data: LengthData, *, steps: int = 7) -> dict[str, Floats]:
    """(G, P, F) features at which units are compared: `natural` and `budget` ranges, `zero`, and both curves.

    natural: the 10% and 90% quantiles of z; budget: the smallest and largest mean x of the budgets with tokens; zero:
    the budget without tokens and the smallest with; natural_curve: `steps` points from the 5% to the 95% quantile;
    budget_curve: every level (nan where a unit lacks it).
    """
    units, f = len(data.units), len(data.features)
    at = {name: i for i, name in enumerate(data.features)}
    out: dict[str, Floats] = {}
    unit = np.asarray(data.dense.unit)
    levels = np.full((units, len(data.levels), f), np.nan)
    for g in range(units):
        rows = data.at_level[:, unit == g]
        seen = np.isfinite(rows).all(0).any(0)
        levels[g, seen] = np.nanmean(rows[:, :, seen], axis=1).T
    out["budget_curve"] = levels
    with_tokens = levels[..., at["zero"]] < 0.5 if "zero" in at else np.isfinite(levels[..., 0])
    if "natural" in at:
        z, w = data.dense.features[at["natural"]], np.asarray(data.dense.weight)
        if "zero" in at:
            w = w * (data.dense.features[at["zero"]] == 0)
        grid = np.r_[QUANTILES, np.linspace(0.05, 0.95, steps)]
        values = np.zeros((units, len(grid), f))
        for g in range(units):
            rows = unit == g
            values[g, :, at["natural"]] = _quantiles(z[rows].ravel(), w[rows].ravel(), grid)
        out["natural"], out["natural_curve"] = values[:, :2], values[:, 2:]
    if "budget" in at:
        x = np.where(with_tokens, levels[..., at["budget"]], np.nan)
        ends = np.zeros((units, 2, f))
        ends[:, 0, at["budget"]], ends[:, 1, at["budget"]] = np.fmin.reduce(x, 1), np.fmax.reduce(x, 1)
        out["budget"] = ends
    if "zero" in at:
        ends = np.zeros((units, 2, f))
        ends[:, 0, at["zero"]] = 1
        if "budget" in at:
            ends[:, 1, at["budget"]] = out["budget"][:, 0, at["budget"]]
        out["zero"] = ends
    return out


def _quantiles(values: Floats, weights: Floats, levels: Floats) -> Floats:
    """Weighted quantiles, at even weights NumPy's `hazen`: between lengths they move with the weights, where NumPy's
    only weighted method, `inverted_cdf`, jumps from one response to the next, and the points compared with it.

    >>> x, levels = np.random.default_rng(0).normal(size=9), np.array([0.1, 0.5, 0.9])
    >>> np.allclose(_quantiles(x, np.ones(9), levels), np.quantile(x, levels, method="hazen"))
    True
    """
    keep = weights > 0
    order = np.argsort(values[keep], kind="stable")
    v, w = values[keep][order], weights[keep][order]
    return np.interp(levels, (np.cumsum(w) - 0.5 * w) / w.sum(), v)


def curves(
    data: LengthData,
    theta: Float[np.ndarray, "draws G T"],
    scores: Float[np.ndarray, "draws K n"],
    where: Float[np.ndarray, "G P features"],
    *,
    population: str,
    seed: int,
    effects: Float[np.ndarray, "draws G E"] | None = None,
) -> Curves:
    """Set terms of every unit at given features.

    Parameters
    ----------
    theta, scores
        (draws, G, T) and (draws, K, n) posterior draws.
    where
        (G, P, F) features.
    population
        `these`: a unit's questions weigh alike; `like-these`: Dirichlet(1, …, 1) weights, the same for all units.
    effects
        (draws, G, 2F) in place of the units' own effects, such as a new model's.
    """
    draws, units, _ = theta.shape
    unit = np.asarray(data.dense.unit)
    f = len(data.features)
    effects = theta[:, :, 3:] if effects is None else effects
    question = data.question
    weights = question_weights(int(question.max()) + 1, draws, population=population, seed=seed)
    k, n = scores.shape[1:]
    points = where.shape[1]
    out = np.full((6, draws, units, points), np.nan)
    by_cell = np.zeros((n, points, 2))
    block = max(1, BLOCK // ((k + 1) * n))
    order = np.argsort(unit, kind="stable")
    edges = np.searchsorted(unit[order], np.arange(units))
    real = np.asarray(data.dense.real)[:, order]
    options = data.choices[order].astype(float)
    for start in range(0, draws, block):
        s = slice(start, start + block)
        w = weights[s][:, question[order]]
        total = np.add.reduceat(w, edges, axis=1)
        d = scores[s][:, :, order]
        for p in range(points):
            at = np.nan_to_num(where[:, p])
            heat = (effects[s, :, :f] * at).sum(-1)[:, unit[order]]
            lift = (effects[s, :, f:] * at).sum(-1)[:, unit[order]]
            terms = _cell_terms(d, heat, lift, real, options, uniform=data.uniform)
            by_cell[order, p] += np.stack([terms[0].sum(0), terms[2].sum(0)], axis=1) / draws
            for i, value in enumerate(terms):
                out[i, s, :, p] = np.add.reduceat(w * value, edges, axis=1) / total
    missing = ~np.isfinite(where).all(-1)
    out[:, :, missing] = np.nan
    from hotmess.decompose.parts import from_moments

    return Curves(out[0], out[1], out[2], from_moments(np.moveaxis(out[3:6], 0, -1)), by_cell)


def _cell_terms(
    d: Floats, heat: Floats, lift: Floats, real: NDArray[np.bool_], options: Floats, *, uniform: bool
) -> tuple[Floats, ...]:
    """Scores d (draws, K, n), log temperatures and lifts (draws, n) -> six terms (draws, n) of the cells.

    Error, bias² and variance, accuracy, its square and the sum of squares of the wrong options' probabilities; of n
    cells with `options` each, among which those that are `real` (K, n). With `uniform` the last wrong option stands for
    responses that named none, which count as even guesses.
    """
    cold = np.exp(-heat)
    a = [lift * cold, *(np.where(real[k], d[:, k] * cold, -np.inf) for k in range(d.shape[1]))]
    top = functools.reduce(np.maximum, a)
    e = [np.exp(x - top) for x in a]
    scale = 1 / sum(e)
    right, *wrong = [x * scale for x in e]
    u, named = (wrong[-1], wrong[:-1]) if uniform else (np.zeros_like(right), wrong)
    off, missed, squares = 1 - 1 / options, sum(named), sum(x**2 for x in named)
    # sums of what is positive: a difference would be 0 where a model is all but always right, or wrong
    before = itertools.accumulate([right, *named[:-1]])
    return (
        2 * missed + u * off,
        (missed + u * off) ** 2 + squares + u * (2 * missed + off * u) / options,
        2 * sum(x * less for x, less in zip(named, before)) + u * (right + missed) * off,
        right,
        right**2,
        squares + u**2,
    )


def average_slopes(curve: Curves, distance: Floats) -> dict[str, Floats]:
    """Average change per doubling between the two points of a curve, each (draws, G).

    `incoherence`: of the logit; `accuracy`; `change`: incoherence at the second point minus that at the first, with its
    Shapley parts (draws, G, 3) as `parts`. distance: (G,) doublings between the points.
    """
    from hotmess.decompose.parts import shapley

    odds, accuracy, value = curve.log_odds, curve.parts[..., 0], curve.incoherence
    return {
        "incoherence": (odds[..., 1] - odds[..., 0]) / distance,
        "accuracy": (accuracy[..., 1] - accuracy[..., 0]) / distance,
        "change": value[..., 1] - value[..., 0],
        "parts": shapley(curve.parts[..., 0, :], curve.parts[..., 1, :]),
    }
