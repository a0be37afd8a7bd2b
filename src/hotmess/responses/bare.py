"""Copies among bare answers, where neither a text nor a length tells one response from another.

**Another name.** Let two groups (another model, condition or budget) have n >= 2 responses each to a question, with
n_k and m_k of answer k. Were all 2n draws from one distribution, which makes the groups as alike as honest draws can
be, then given the pooled counts the two would hold the same answers (n_k = m_k for all k) with probability

    p = prod_k C(2 n_k, n_k) / C(2n, n),

at most n / (2n - 1) where the pooled answers are not all one. In the same order they are with probability
p prod_k n_k! / n!, at most p / n. Refused: this in four of five of the questions whose pooled answers are not all one,
with a tail of the sum of these Bernoulli variables (Poisson-binomial) below 1e-6 after correction for the number of
pairs.

**Draws of one group.** Given the answers to a question, two draws agree with probability
sum_k n_k (n_k - 1) / (n (n - 1)). Refused: two draws that agree in all questions with more than one answer, likewise.
In nearly all is not enough: draws may be ranked by likelihood, so that neighbours agree.

Order says nothing where a group's equal answers lie together in every question, as those of rows made from counts do,
and would rarely by chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from hotmess.arrays import Bools, Floats, Ints
from hotmess.responses.repeats import Draws

RARE = 1e-6
"""Tail probability, corrected for the number of pairs, below which equal answers are copies."""

SHARE = 0.8
"""Share of the questions in which copies are equal at least."""

SORTED = 0.05
"""Probability of equal answers that all lie together, below which somebody has sorted them."""

FEWEST = 5
"""Questions below which nothing is said."""

MOST = 500
"""Questions that are looked at."""


@dataclass(frozen=True)
class Sequences:
    """The answers of every group to every question: arrays of shape (groups, questions).

    `ordered` and `unordered` are signatures of the answers with and without their order, 0 where there are fewer than
    two; `same` and `order` the logarithms of p and of prod n_k! / n!; `one` says that all answers are one; `sizes` is
    n; `made` (groups,) says that order was made by sorting.
    """

    ordered: Ints
    unordered: Ints
    same: Floats
    order: Floats
    one: Bools
    sizes: Ints
    made: Bools


def sequences(draws: Draws, group: Ints) -> Sequences:
    """Answers by group and by question in its context, in the order of their sample numbers (else of their rows).

    Args:
        draws: at least one response.
        group: code of each one's group, from 0.
    """
    groups = int(group.max()) + 1
    draws, group = _first(draws, group)
    contexts = int(draws.context.max()) + 2  # -1 where there is none
    cell = np.unique(draws.question * contexts + draws.context + 1, return_inverse=True)[1].ravel()
    cells = int(cell.max()) + 1
    at = group * cells + cell
    rows = np.lexsort((draws.sample, at))
    at, answer = at[rows], draws.answer[rows]
    starts = np.flatnonzero(np.diff(at, prepend=-1))
    n = np.diff(np.append(starts, len(at)))
    rank = np.arange(len(at)) - np.repeat(starts, n)
    rng = np.random.default_rng(0)
    word = rng.integers(1, 1 << 62, size=int(answer.max()) + 1)[answer]
    place = 2 * rng.integers(1, 1 << 61, size=int(rank.max()) + 1)[rank] + 1
    breaks = np.diff(answer, prepend=-1) != 0
    breaks[starts] = True
    runs = np.add.reduceat(breaks.astype(np.int64), starts)

    kinds = np.lexsort((answer, at))
    fresh = np.flatnonzero((np.diff(at[kinds], prepend=-1) != 0) | (np.diff(answer[kinds], prepend=-1) != 0))
    n_k = np.diff(np.append(fresh, len(at)))
    owner = np.searchsorted(starts, kinds[fresh], side="right") - 1
    distinct = np.bincount(owner, minlength=len(starts))
    orders = np.bincount(owner, gammaln(n_k + 1), len(starts)) - gammaln(n + 1)
    alike = np.bincount(owner, gammaln(2 * n_k + 1) - 2 * gammaln(n_k + 1), len(starts))
    alike -= gammaln(2 * n + 1) - 2 * gammaln(n + 1)

    several = n >= 2
    where = at[starts][several]

    def spread(values: np.ndarray, kind: type = float) -> np.ndarray:
        out: np.ndarray = np.zeros(groups * cells, dtype=kind)
        out[where] = values[several]
        return out.reshape(groups, cells)

    with np.errstate(over="ignore"):
        ordered, unordered = (np.add.reduceat(words, starts) | 1 for words in (word * place, word))
    loose = spread(runs > distinct, bool)
    together = spread(gammaln(distinct + 1) + orders)
    return Sequences(
        ordered=spread(ordered, np.int64),
        unordered=spread(unordered, np.int64),
        same=spread(alike),
        order=spread(orders),
        one=spread(distinct == 1, bool),
        sizes=spread(n, np.int64),
        made=~loose.any(axis=1) & (together.sum(axis=1) < np.log(SORTED)),
    )


def another_name(found: Sequences) -> tuple[int, int, float] | None:
    """Two groups that hold the same answers (see the module), and the share of questions where they do; or None."""
    groups = len(found.made)
    pairs = groups * (groups - 1)  # twice: with and without order
    for by_order in (True, False):
        keys = found.ordered if by_order else found.unordered
        for a in range(groups - 1):
            equal = (keys[a] == keys[a + 1 :]) & (keys[a] != 0)
            told = (keys[a] != 0) & (keys[a + 1 :] != 0) & ~(equal & found.one[a])
            equal &= told
            number, of = equal.sum(axis=1), told.sum(axis=1)
            likely = (of >= FEWEST) & (number >= SHARE * of)
            if by_order:
                likely &= ~(found.made[a] | found.made[a + 1 :])
            for at in np.flatnonzero(likely):
                b = a + 1 + int(at)
                n = found.sizes[a]
                exact = np.exp(found.same[a] + (found.order[a] if by_order else 0))
                most = n / np.maximum(2 * n - 1, 1) / (n if by_order else 1)
                p = np.where(equal[at], exact, np.minimum(most, 1))[told[at]]
                if pairs * tail(p, int(number[at])) < RARE:
                    return a, b, float(number[at] / of[at])
    return None


def agreeing(draws: Draws) -> tuple[int, int] | None:
    """Two draws of one group that always agree (see the module), by number; or None."""
    import pandas as pd

    draws = draws.take(draws.sample >= 0)
    draws, _ = _first(draws, draws.sample)
    cell, cells = pd.factorize(pd.MultiIndex.from_arrays([draws.question, draws.context]))
    place, places = pd.factorize(draws.sample, sort=True)
    if len(cells) < FEWEST or not 3 <= len(places) <= 64:
        return None
    keys = np.full((len(cells), len(places)), -1, dtype=np.int64)
    keys[cell, place] = draws.answer
    keys = keys[(keys >= 0).all(axis=1)]
    n = keys.shape[1]
    agree = sum((keys == np.roll(keys, step, axis=1)).sum(axis=1) for step in range(1, n))  # ordered pairs of draws
    runs = 1 + (keys[:, 1:] != keys[:, :-1]).sum(axis=1)
    ranked = np.sort(keys, axis=1)
    distinct = 1 + (ranked[:, 1:] != ranked[:, :-1]).sum(axis=1)
    loose = bool((runs > distinct).any())
    keys, p = keys[distinct > 1], (np.asarray(agree) / (n * (n - 1)))[distinct > 1]
    if len(keys) < FEWEST or not loose:
        return None
    pairs = n * (n - 1) / 2
    for u in range(n - 1):
        equal = np.flatnonzero((keys[:, u, None] == keys[:, u + 1 :]).all(axis=0))
        if len(equal) and pairs * p.prod() < RARE:
            return int(places[u]) + 1, int(places[u + 1 + equal[0]]) + 1
    return None


def tail(p: Floats, least: int) -> float:
    """P(sum of Bernoulli(p_i) >= least), by convolution.

    >>> round(tail(np.array([0.5, 0.5, 0.2]), 2), 3)  # 0.25 + 2 * 0.25 * 0.2
    0.35
    """
    chances = np.ones(1)
    for chance in p:
        chances = np.convolve(chances, [1 - chance, chance])
    return float(chances[least:].sum())


def _first(draws: Draws, group: Ints) -> tuple[Draws, Ints]:
    """The responses to the first `MOST` questions, and their groups."""
    keep = draws.question <= (np.unique(draws.question)[:MOST][-1] if len(draws) else 0)
    return draws.take(keep), group[keep]
