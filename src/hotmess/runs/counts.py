"""What people count by hand on repeated responses, question by question:
pass@k, pass^k, flips, agreement, entropy (methods, section 10).

All are U-statistics of a question's own responses: the average of a kernel over all ways to take k of its n responses
without putting any back, so that each is unbiased for k ≤ n whatever the answer distribution is. Responses come as one
flat array with the index of the question each belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from hotmess.arrays import Floats, Ints


@dataclass(frozen=True)
class Sorted:
    """Scores sorted within questions.

    Attributes
    ----------
    value
        (N,) scores, ascending within each question.
    question
        (N,) the question of each, ascending.
    rank
        (N,) 1 for the smallest of its question.
    n
        (Q,) responses of each question.
    """

    value: Floats
    question: Ints
    rank: Ints
    n: Ints


def sort_scores(value: Floats, question: Ints, questions: int) -> Sorted:
    """Scores (N,) of questions (N,) from 0 to `questions` − 1, sorted within each.

    >>> sort_scores(np.array([1.0, 0.0, 0.5]), np.array([0, 0, 1]), 2).value.tolist()
    [0.0, 1.0, 0.5]
    """
    order = np.lexsort((value, question))
    n = np.bincount(question, minlength=questions).astype(np.int64)
    start = np.cumsum(n) - n
    owner = np.asarray(question, np.int64)[order]
    return Sorted(np.asarray(value, float)[order], owner, np.arange(len(order)) - start[owner] + 1, n)


def best_of(scores: Sorted, k: int) -> Floats:
    """(Q,) expected best of k responses, Σ_i x_(i) C(i − 1, k − 1) / C(n, k); NaN where n < k.

    For scores of 0 and 1 this is pass@k = 1 − C(n − c, k) / C(n, k) with c right ones (Chen and others 2021, eq. 1).

    >>> best_of(sort_scores(np.array([0.0, 0.0, 1.0, 1.0]), np.zeros(4, int), 1), 2).round(6).tolist()
    [0.833333]
    """
    return _ordered(scores, k, scores.rank - 1)


def worst_of(scores: Sorted, k: int) -> Floats:
    """(Q,) expected worst of k responses, Σ_i x_(i) C(n − i, k − 1) / C(n, k); NaN where n < k.

    For scores of 0 and 1 this is pass^k = C(c, k) / C(n, k), that all of k are right (Yao and others 2024).

    >>> worst_of(sort_scores(np.array([0.0, 0.0, 1.0, 1.0]), np.zeros(4, int), 1), 2).round(6).tolist()
    [0.166667]
    """
    return _ordered(scores, k, scores.n[scores.question] - scores.rank)


def _ordered(scores: Sorted, k: int, others: Ints) -> Floats:
    """Σ x_(i) C(others, k − 1) / C(n, k)."""
    if k < 1:
        raise ValueError("k counts responses, from 1")
    n = scores.n[scores.question]
    with np.errstate(invalid="ignore"):
        weight = np.exp(_log_choose(others, k - 1) - _log_choose(n, k))
    weight = np.where((others >= k - 1) & (n >= k), weight, 0.0)
    out = np.bincount(scores.question, weight * scores.value, minlength=len(scores.n))
    return np.where(scores.n >= k, out, np.nan)


def _log_choose(n: Ints, k: int) -> Floats:
    n = np.maximum(np.asarray(n, float), k)
    out: Floats = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return out


def pair_moments(scores: Sorted) -> tuple[Floats, Floats, Floats]:
    """(Q,) means of x, of x² and of x x′ over pairs of different responses; the last is NaN where n = 1."""
    size = len(scores.n)
    n = scores.n.astype(float)
    total = np.bincount(scores.question, scores.value, minlength=size)
    square = np.bincount(scores.question, scores.value**2, minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        pairs = (total**2 - square) / (n * (n - 1))
        return total / n, square / n, np.where(n > 1, pairs, np.nan)


def flips(scores: Sorted, right: float = 1.0) -> Floats:
    """(Q,) chance that of two runs one is right and one is not, 2 c (n − c) / (n (n − 1)); NaN where n = 1.

    A response is right where its score reaches `right`.

    >>> flips(sort_scores(np.array([0.0, 1.0, 1.0]), np.zeros(3, int), 1)).round(6).tolist()
    [0.666667]
    """
    c = np.bincount(scores.question, scores.value >= right, minlength=len(scores.n))
    n = scores.n.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 1, 2 * c * (n - c) / (n * (n - 1)), np.nan)


def agreement(answer: Ints, question: Ints, questions: int) -> Floats:
    """(Q,) chance that two responses to a question are the same answer, Σ_a m_a (m_a − 1) / (n (n − 1)).

    Answers are whole numbers that mean something within their question only; no target is needed. NaN where n = 1.

    >>> agreement(np.array([0, 0, 1]), np.zeros(3, int), 1).round(6).tolist()
    [0.333333]
    """
    owner, m = _tally(answer, question)
    n = np.bincount(question, minlength=questions).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        same = np.bincount(owner, m * (m - 1), minlength=questions) / (n * (n - 1))
    return np.where(n > 1, same, np.nan)


def entropy(answer: Ints, question: Ints, questions: int) -> Floats:
    """(Q,) entropy of the answers in nats, Σ_a (m_a / n) (ψ(n) − ψ(m_a)) (Zhang 2012).

    Its bias, −Σ_{j ≥ n} Σ_a p_a (1 − p_a)^j / j, falls geometrically in n; that of Σ (m/n) log(n/m) falls as 1/n.

    >>> entropy(np.array([0, 0, 0, 0]), np.zeros(4, int), 1).tolist()
    [0.0]
    """
    owner, m = _tally(answer, question)
    n = np.bincount(question, minlength=questions).astype(float)
    each = m / n[owner] * (digamma(n[owner]) - digamma(m))
    return np.where(n > 1, np.bincount(owner, each, minlength=questions), np.nan)


def most_entropy(n: int) -> float:
    """The greatest `entropy` of n responses, when no two are alike: ψ(n) − ψ(1).

    >>> most_entropy(2)
    1.0
    """
    return float(digamma(n) - digamma(1))


def _tally(answer: Ints, question: Ints) -> tuple[Ints, Floats]:
    """How often each answer was given: its question, and the count."""
    pair, m = np.unique(np.stack([question, answer], axis=1), axis=0, return_counts=True)
    return pair[:, 0], m.astype(float)


def intraclass_influence(mean: Floats, square: Floats, pairs: Floats) -> Floats:
    """(Q,) what each question does to `intraclass` at even weights, to first order, times Q; 0 where nothing varies.

    >>> intraclass_influence(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.0, 1.0])).round(3)
    array([ 0.667, -1.333,  0.667])
    """
    centre, second, both = mean.mean(), square.mean(), pairs.mean()
    whole = second - centre**2
    if not whole > 0:
        return np.zeros_like(mean)
    moved = -2 * centre * (mean - centre)
    icc = (both - centre**2) / whole
    out: Floats = (pairs - both + moved - icc * (square - second + moved)) / whole
    return out


def intraclass(mean: Floats, square: Floats, pairs: Floats, weight: Floats) -> Floats:
    """Intra-class correlation of scores: between-question variance over total variance, without a model.

    With means over questions under weights w (summing to 1): between = Σ w E[x x′] − (Σ w m)²₋, within = Σ w (E[x²] −
    E[x x′]), where (Σ w m)²₋ = Σ_{q≠r} w_q w_r m_q m_r / (1 − Σ w²) takes pairs of different questions only, so that
    both parts are unbiased under equal weights. For equal n this is (MSB − MSW) / (MSB + (n − 1) MSW), ICC(1) of Shrout
    and Fleiss (1979), to the last digit.

    Parameters
    ----------
    mean, square, pairs
        (Q,) of `pair_moments`.
    weight
        (…, Q) weights of questions; rows sum to 1.

    >>> intraclass(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.full((1, 2), 0.5)).tolist()
    [1.0]
    """
    first = weight @ mean
    own = (weight**2).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        across = (first**2 - weight**2 @ mean**2) / (1 - own)
        between = weight @ pairs - across
        within = weight @ (square - pairs)
        return np.where(between + within > 0, between / (between + within), np.nan)
