"""Parts of a question's variance, without a model, from pairs of responses that
share some of their sources (methods, section 10).

A response's position z varies for several reasons: which few-shot context, wording, judge, machine or day it was made
with (its *sources*), and sampling besides. With independent levels, z = Σ_B e_B(levels in B) over the subsets B of the
sources (interactions) and the response itself, and every e_B of its own variance σ²_B, half the mean squared distance
of two responses that agree in the sources A and in no other is

    D(A) = ½ E|z − z′|² = Σ_{B ⊄ A} σ²_B.

So D(∅) is the variance of a response whose levels are all new, D(all) the variance of sampling alone, and differences
of the D are the parts between. This is Henderson's (1953) method 3 for pairs; for balanced designs it is the analysis
of variance. Sources may be crossed or nested: what is nested has no pairs that share the inner level and not the outer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hotmess.arrays import Floats, Ints

Subset = frozenset[int]


@dataclass(frozen=True)
class PairSums:
    """Sums over ordered pairs of different responses to one question that agree in exactly the sources of `shared`.

    Attributes
    ----------
    shared
        The agreement patterns that occur, smallest first.
    count
        (patterns, Q) number of such pairs.
    half
        (patterns, Q) Σ ½|z − z′|² over them.
    """

    shared: tuple[Subset, ...]
    count: Floats
    half: Floats

    def distance(self) -> Floats:
        """(patterns, Q) D of each pattern and question; NaN where a question has no such pair."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.count > 1e-9, self.half / self.count, np.nan)


def subsets(size: int) -> list[Subset]:
    """All subsets of 0, …, size − 1, smallest first.

    >>> [sorted(one) for one in subsets(2)]
    [[], [0], [1], [0, 1]]
    """
    return [frozenset(one) for r in range(size + 1) for one in combinations(range(size), r)]


def pair_sums(z: Floats, question: Ints, levels: Sequence[Ints]) -> PairSums:
    """Sums over pairs by agreement pattern, in time linear in the responses.

    Pairs that agree in A at least are the squares of sums within (question, levels of A); those that agree in A exactly
    follow by inclusion and exclusion over the larger sets.

    Parameters
    ----------
    z
        (N, D) positions.
    question
        (N,) from 0.
    levels
        For each source (N,) whole numbers.
    >>> z = np.array([[0.0], [1.0], [0.0], [0.0]])
    >>> sums = pair_sums(z, np.zeros(4, int), [np.array([0, 0, 1, 1])])
    >>> sums.distance()[:, 0].tolist()
    [0.25, 0.25]
    """
    sources, all_ = len(levels), subsets(len(levels))
    questions = int(question.max()) + 1
    square = np.einsum("nd,nd->n", z, z)
    groups = {one: _codes(question, [levels[s] for s in sorted(one)]) for one in all_}
    count, half = np.zeros((len(all_), questions)), np.zeros((len(all_), questions))
    within = {one: _within(z, square, question, *groups[one], questions) for one in all_}
    for at, shared in enumerate(all_):
        for larger in all_:
            if shared <= larger:
                sign = (-1) ** (len(larger) - len(shared))
                count[at] += sign * within[larger][0]
                half[at] += sign * within[larger][1]
        if len(shared) == sources:  # a response with itself agrees in everything, and is no pair
            count[at] -= np.bincount(question, minlength=questions)
    half[np.abs(half) <= 1e-12 * np.abs(count) * square.max()] = 0.0  # equal positions, but for rounding
    tiny = 1e-9 * max(count.max(), 1.0)
    keep = [i for i in range(len(all_)) if count[i].max() > tiny]
    return PairSums(tuple(all_[i] for i in keep), count[keep], half[keep])


def pair_values(z: Floats, question: Ints, levels: Sequence[Ints], of: Mapping[Subset, float]) -> Floats:
    """(N,) a combination of the D of patterns, response by response: each D(A) over its own pairs.

    Responses without a pair of some pattern have the mean D of those that have one.

    Parameters
    ----------
    of
        The coefficient of each pattern, as `parts` gives them.

    >>> z = np.array([[0.0], [1.0], [0.0], [0.0]])
    >>> pair_values(z, np.zeros(4, int), [np.array([0, 0, 1, 1])], {frozenset(): 1.0}).tolist()
    [0.0, 0.5, 0.25, 0.25]
    """
    square, out = np.einsum("nd,nd->n", z, z), np.zeros(len(z))
    for shared, times in of.items():
        count, half = np.zeros(len(z)), np.zeros(len(z))
        for larger in (one for one in subsets(len(levels)) if shared <= one):
            code, size = _codes(question, [levels[s] for s in sorted(larger)])
            n, norm = np.bincount(code, minlength=size)[code], np.bincount(code, square, minlength=size)[code]
            total = np.stack([np.bincount(code, z[:, d], minlength=size) for d in range(z.shape[1])], axis=1)[code]
            sign = (-1) ** (len(larger) - len(shared))
            count += sign * n
            half += sign * ((n * square + norm) / 2 - np.einsum("nd,nd->n", z, total))
        count -= len(shared) == len(levels)  # itself
        known = count > 0
        value = half / np.maximum(count, 1)
        out += times * np.where(known, value, value[known].mean() if known.any() else 0.0)
    return out


def _codes(question: Ints, levels: Sequence[Ints]) -> tuple[Ints, int]:
    """A whole number for every combination of question and levels."""
    code = np.asarray(question, np.int64)
    for level in levels:
        code = np.unique(code * (int(level.max()) + 1) + level, return_inverse=True)[1]
    return code, int(code.max()) + 1


def _within(z: Floats, square: Floats, question: Ints, code: Ints, size: int, questions: int) -> tuple[Floats, Floats]:
    """Numbers and half squared distances of all ordered pairs within groups, a response with itself included."""
    owner = np.zeros(size, np.int64)
    owner[code] = question
    n = np.bincount(code, minlength=size).astype(float)
    norm = np.bincount(code, square, minlength=size)
    total = np.stack([np.bincount(code, z[:, d], minlength=size) for d in range(z.shape[1])], axis=1)
    half = n * norm - np.einsum("gd,gd->g", total, total)
    number, distance = (np.bincount(owner, value, minlength=questions) for value in (n * n, half))
    return np.asarray(number, float), np.asarray(distance, float)


def parts(shared: Sequence[Subset]) -> dict[Subset | None, dict[Subset, float]]:
    """The parts of variance that the patterns tell apart, each a combination of the D of patterns.

    Of a pattern A that occurs, the part is D(∅) − D(A) less the parts of the smaller patterns inside A: what agreement
    in A takes away and no smaller agreement did. Where all patterns occur these are the σ²_B; where a source lies
    within another, the part of both is the inner one's. What is left of D(∅), named None, is sampling where pairs occur
    that agree in everything, and sampling with the interactions of the sources where they do not.

    >>> {k and tuple(k): {tuple(a): c for a, c in v.items()} for k, v in parts(subsets(1)).items()}
    {(0,): {(): 1.0, (0,): -1.0}, None: {(0,): 1.0}}
    """
    out: dict[Subset | None, dict[Subset, float]] = {}
    empty: Subset = frozenset()
    rest = {empty: 1.0}
    for one in shared:
        if not one:
            continue
        made = {empty: 1.0, one: -1.0}
        for smaller, combination in out.items():
            if smaller is not None and smaller < one:
                _add(made, combination, -1.0)
        out[one] = {a: c for a, c in made.items() if c}
        _add(rest, out[one], -1.0)
    out[None] = {a: c for a, c in rest.items() if c}
    return out


def _add(to: dict[Subset, float], other: dict[Subset, float], times: float) -> None:
    for key, value in other.items():
        to[key] = to.get(key, 0.0) + times * value
