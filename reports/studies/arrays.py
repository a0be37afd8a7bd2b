"""Latent and unbiased intervals of many simulated data sets at once, from arrays of counts and without tables.

What the studies share. Each step is the package's own: tail counts, exact grid posterior, conjugate draws, question
weights; unbiased terms, Bayesian bootstrap, jackknife. Data sets of equal size are stacked, one group per data set
and model, since the cost of a draw is mostly that of the loop around it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from hotmess.answers.conjugate import LetterCells, term_draws
from hotmess.answers.grid import grid_posterior
from hotmess.answers.population import question_weights
from hotmess.answers.prior import AnswerPrior
from hotmess.answers.tails import tail_counts
from hotmess.decompose.intervals import bootstrap_interval, jackknife, linear_interval, ratio_contrast
from hotmess.decompose.intervals import question_shares as bootstrap_weights
from hotmess.decompose.points import Points, from_tally
from hotmess.decompose.squared import plug_in, unbiased

QUANTITIES = ("bias2", "variance", "incoherence")
POPULATIONS = ("these", "like-these")
INTERVAL = 0.9
FEW = 50


@dataclass(frozen=True)
class Intervals:
    """Point estimate, low and high: (data sets, quantities); nan where undefined."""

    estimate: np.ndarray
    low: np.ndarray
    high: np.ndarray


def quantities(error: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """bias², variance and incoherence in a new last axis, from means over questions; nan where there is no error.

    >>> quantities(np.array(2.0), np.array(0.5)).tolist()
    [1.5, 0.5, 0.25]
    """
    ratio = np.divide(variance, error, out=np.full(np.shape(error), np.nan), where=error > 0)
    return np.stack([error - variance, variance, ratio], axis=-1)


def latent_parameters(counts: np.ndarray, *, draws: int, seed: int) -> dict[str, np.ndarray]:
    """Posterior draws (draws, groups) of the group parameters; counts (groups, questions, K), the target first."""
    groups, questions, k = counts.shape
    flat = counts.reshape(-1, k)
    index = np.repeat(np.arange(groups), questions)
    tails = tail_counts(flat[:, 0], flat[:, 1:], index, groups=groups, options=np.full(len(flat), k - 1))
    return grid_posterior(tails, AnswerPrior(), draws=draws, seed=seed)


def latent_draws(counts: np.ndarray, *, draws: int, seed: int) -> dict[str, np.ndarray]:
    """Posterior draws of the quantities, by population: (draws, data sets, models, quantities).

    counts: (data sets, models, questions, K), the target first.
    """
    sets, models, questions, k = counts.shape
    flat = counts.reshape(-1, k)
    parameters = latent_parameters(counts.reshape(-1, questions, k), draws=draws, seed=seed)
    cells = LetterCells(flat[:, 0], flat[:, 1:], np.zeros(len(flat), int), np.full(len(flat), k))
    index = np.repeat(np.arange(sets * models), questions)
    terms = term_draws(cells, index, parameters, seed=seed + 1, threads=1)["brier"]
    shape = (draws, sets, models, questions)
    out = {}
    for population in POPULATIONS:
        w = question_weights(sets * questions, draws, population=population, seed=seed + 2).reshape(draws, sets, -1)
        w = w / w.sum(-1, keepdims=True)
        means = [np.einsum("dsmq,dsq->dsm", x.reshape(shape), w) for x in (terms.error, terms.variance)]
        out[population] = quantities(*means)
    return out


def latent_intervals(counts: np.ndarray, contrast: np.ndarray, *, draws: int, seed: int) -> dict[str, Intervals]:
    """Posterior medians and equal-tailed 90% intervals of `contrast` (models,) of the quantities.

    The limits are the 0.05 (draws + 1)-th draw from either end, which covers exactly 90% however few the draws.
    """
    out = {}
    for population, values in latent_draws(counts, draws=draws, seed=seed).items():
        x = np.einsum("dsmk,m->dsk", values, contrast)
        tail = (1 - INTERVAL) / 2
        low, middle, high = np.quantile(x, [tail, 0.5, 1 - tail], axis=0, method="weibull")
        out[population] = Intervals(middle, low, high)
    return out


def letter_points(counts: np.ndarray) -> Points:
    """Points of one-hot answers: counts (…, K), or (…, contexts, K) in `context_points`; the target first."""
    k = counts.shape[-1]
    copies = counts.reshape(-1)
    cell = np.repeat(np.arange(len(copies) // k), k)
    some = copies > 0
    target = np.broadcast_to(np.eye(k)[0], (len(copies) // k, k))
    return from_tally(
        np.tile(np.eye(k), (len(copies) // k, 1))[some], target, cell=cell[some], copies=copies[some].astype(np.int64)
    )


def context_points(counts: np.ndarray) -> Points:
    """Points of one-hot answers by few-shot context: counts (…, contexts, K), the target first."""
    contexts, k = counts.shape[-2:]
    copies = counts.reshape(-1)
    cells = len(copies) // (contexts * k)
    some = copies > 0
    cell = np.repeat(np.arange(cells), contexts * k)[some]
    context = np.tile(np.repeat(np.arange(contexts), k), cells)[some]
    z = np.tile(np.eye(k), (cells * contexts, 1))[some]
    target = np.broadcast_to(np.eye(k)[0], (cells, k))
    return from_tally(z, target, cell=cell, copies=copies[some].astype(np.int64), context=context)


def point_estimates(points: Points, shape: tuple[int, int, int], *, estimator: str) -> np.ndarray:
    """(data sets, models, quantities) of the plug-in or unbiased estimator; shape is (data sets, models, questions)."""
    terms = (plug_in if estimator == "plug-in" else unbiased)(points)
    return quantities(terms.error.reshape(shape).mean(-1), terms.variance.reshape(shape).mean(-1))


def unbiased_intervals(
    points: Points, shape: tuple[int, int, int], contrast: np.ndarray, *, draws: int, seed: int
) -> dict[str, Intervals]:
    """The same without a model: Bayesian bootstrap for questions like these, jackknife for these."""
    sets, models, questions = shape
    terms = unbiased(points)
    error, variance = (np.asarray(x).reshape(shape) for x in (terms.error, terms.variance))
    each = quantities(error.mean(-1), variance.mean(-1))
    estimate = np.einsum("smk,m->sk", each, contrast)
    low, high = np.empty_like(estimate), np.empty_like(estimate)
    for s in range(sets):
        w = bootstrap_weights(questions, draws, seed + s)
        x = np.einsum("dmk,m->dk", quantities(w @ error[s].T, w @ variance[s].T), contrast)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            low[s], high[s] = bootstrap_interval(x, estimate[s], interval=INTERVAL, questions=questions)
    out = {"like-these": Intervals(estimate, low, high)}
    jack = jackknife(points, unbiased)
    covariance, clusters = jack.covariance.reshape(*shape, 3, 3), jack.clusters.reshape(shape)
    weights = np.full(questions, 1 / questions)
    half = np.zeros((sets, len(QUANTITIES)))
    for s in range(sets):
        for m in range(models):
            one = type(jack)(covariance[s, m], clusters[s, m])
            ratio = ratio_contrast(float(error[s, m].mean()), float(variance[s, m].mean()))
            for k, direction in enumerate((np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0]), ratio)):
                a, b, _ = linear_interval(direction, weights, one, 0.0, interval=INTERVAL, questions=questions)
                half[s, k] += (contrast[m] * (b - a) / 2) ** 2
    half = np.sqrt(half)
    out["these"] = Intervals(estimate, estimate - half, estimate + half)
    return out
