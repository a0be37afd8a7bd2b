"""Closed forms behind the truths of simulated worlds. Answer distributions have the target first."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from scipy.special import logit, ndtr, ndtri

from hotmess.arrays import Floats

PARTS = ("accuracy", "spread", "concentration")
RANGE = (0.1, 0.9)  # quantiles of the natural lengths between which a slope is taken


def incoherence(p: Floats) -> Floats:
    """Brier incoherence of question sets, a ratio of sums over the second last axis: p is (…, questions, options).

    >>> round(float(incoherence(np.array([[0.0, 1 / 3, 0.4, 0.8 / 3]]))), 3)         # A 10, B 12, C 8, D right
    0.329
    """
    variance = 1 - (p**2).sum(-1)
    out: Floats = variance.sum(-1) / (2 * (1 - p[..., 0])).sum(-1)
    return out


def summaries(p: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean accuracy a, its intraclass correlation rho = 1/(kappa + 1), and H = sum (1-a_i)^2 h_i / sum (1-a_i)^2."""
    right = p[..., 0]
    a = right.mean(-1)
    rho = ((right - a[..., None]) ** 2).mean(-1) / (a * (1 - a))
    scatter = (p[..., 1:] ** 2).sum((-1, -2)) / ((1 - right) ** 2).sum(-1)
    return a, rho, scatter


def from_summaries(a: Floats, rho: Floats, scatter: Floats) -> Floats:
    """Incoherence 1 - ½[(1 - a) + rho a](1 + H) (methods, sections 3 and 5)."""
    return 1 - 0.5 * ((1 - a) + rho * a) * (1 + scatter)


def three_parts(before: Floats, after: Floats) -> dict[str, float]:
    """Shapley parts of incoherence(after) - incoherence(before), which they add up to exactly."""
    ends = list(zip(summaries(before), summaries(after), strict=True))
    parts = dict.fromkeys(PARTS, 0.0)
    for order in permutations(range(3)):
        state = [pair[0] for pair in ends]
        for i in order:
            old = from_summaries(*state)
            state[i] = ends[i][1]
            parts[PARTS[i]] += float(from_summaries(*state) - old) / 6
    return parts


def softmax(score: Floats) -> Floats:
    """Softmax over the last axis."""
    e = np.exp(score - score.max(-1, keepdims=True))
    out: Floats = e / e.sum(-1, keepdims=True)
    return out


def slope(low: Floats, high: Floats, distance: float) -> float:
    """Average slope of the logit incoherence between two sets of answer distributions `distance` doublings apart."""
    return float(logit(incoherence(high)) - logit(incoherence(low))) / distance


def given_length(p: Floats, shift: Floats, spread: Floats, z: float) -> Floats:
    """P(answer | length) by Bayes, where log2 length given option k is Normal(shift_k, spread_k).

    z is the length relative to the question's own mean, sum_k p_k shift_k. p: (questions, K); shift, spread:
    broadcastable to it.
    """
    at = z + (p * shift).sum(-1, keepdims=True)
    with np.errstate(divide="ignore"):
        return softmax(np.log(p) - 0.5 * ((at - shift) / spread) ** 2 - np.log(spread))


def halves_given_answer(p: Floats, shift: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Answer distributions below and above each question's own median length, lengths Normal given the answer."""
    low = (shift - 12 * spread).min(-1) + np.zeros(len(p))
    high = (shift + 12 * spread).max(-1) + np.zeros(len(p))
    for _ in range(60):
        middle = (low + high) / 2
        above = (p * ndtr((middle[:, None] - shift) / spread)).sum(-1) > 0.5
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    below = p * ndtr((low[:, None] - shift) / spread)
    return 2 * below, 2 * (p - below)


def halves_given_length(score: Floats, lift: float, heat: float, spread: float) -> tuple[Floats, Floats]:
    """The same where answers follow a temperature: softmax((score + lift z 1[target]) / exp(heat z)), z Normal."""
    quantiles = (np.arange(20) + 0.5) / 40
    lower = np.zeros_like(score)
    upper = np.zeros_like(score)
    for z in spread * ndtri(quantiles):
        lower += at_length(score, lift, heat, z) / 20
        upper += at_length(score, lift, heat, -z) / 20
    return lower, upper


def at_length(score: Floats, lift: float, heat: float, z: float) -> Floats:
    """Answer distributions softmax((score + lift z 1[target]) / exp(heat z))."""
    moved = score.copy()
    moved[..., 0] += lift * z
    return softmax(moved / np.exp(heat * z))
