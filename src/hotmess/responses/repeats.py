"""Two statistics that tell draws of their own from copies of each other.

**Distinct share.** In a cell of n responses let o be the number of distinct texts, or of distinct (answer, length)
pairs, divided by n. Under the null two responses agree by chance alone, with a probability of at most q, so that of n
draws a share e(q) = (1 - (1 - q)^n) / (n q) is distinct at least. q = A b: A is the share of pairs of the cell with
equal answers, b the rate at which honest lengths coincide, estimated for each (benchmark, model, condition, budget) as
twice the largest of three rates, plus 0.02: pairs of one question whose lengths differ by 1, 2 or 3 (the mean rate of
these: a smooth distribution of lengths has as many ties as near-ties); equal lengths among pairs of one question with
*different* answers (which are no copies); equal lengths among pairs from different questions (templates). The excess
delta = (e - o) / (e - 1/n) is 0 for honest draws and 1 where all responses are one. Refused: the mean of delta over
questions exceeds 0.4 by more than three of its standard errors. Only questions whose median response is long enough
(20 tokens) are looked at: "ANSWER: A" may honestly be given 30 times.

**Alignment.** Under the null the order of draws means nothing: draws u and v agree as often as any other two. Refused:
two draws agree in four of five questions or more, while the median pair agrees in less than two of five, with a
binomial tail below 1e-6 after correction for the number of pairs. Two runs with the same seeds look like that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from hotmess.arrays import Bools, Floats, Ints

EXCESS = 0.4
"""Excess of equal responses from which on they are copies."""

MOST = 64
"""At most so many responses of a cell are compared."""

PAIRS = 60_000
"""Responses whose pairs are made at a time: what caches hold."""


@dataclass(frozen=True)
class Draws:
    """Columns of the table as arrays of numbers and codes (-1 for none), sorted by question."""

    question: Ints
    context: Ints
    sample: Ints
    answer: Ints
    length: Floats
    key: Ints
    text: Bools
    temperature: Floats
    seed: Ints

    def take(self, rows: Ints | Bools) -> Draws:
        """Some rows."""
        return Draws(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.question)


@dataclass(frozen=True)
class Stack:
    """Cells with the same number n of responses: arrays of shape (cells, n)."""

    answers: Ints
    lengths: Floats
    keys: Ints


def stacks_of(draws: Draws) -> list[Stack]:
    """The cells, those of one size together, each cut to its first `MOST` responses."""
    starts = np.flatnonzero(np.diff(draws.question, prepend=-1))
    sizes = np.diff(np.append(starts, len(draws)))
    stacks = []
    for n in np.unique(sizes):
        rows = starts[sizes == n][:, None] + np.arange(min(n, MOST))
        stacks.append(Stack(draws.answer[rows], draws.length[rows], draws.key[rows]))
    return stacks


def distinct_excess(stacks: Sequence[Stack], shortest: float) -> tuple[Floats, Floats, Floats, Ints]:
    """For each question long enough: delta, distinct share, the share expected at least, and n (see the module)."""
    near = near_pairs = ties = tie_pairs = 0.0
    lengths = []
    long_stacks = []
    for stack in stacks:
        long = np.median(stack.lengths, axis=1) >= shortest
        stack = Stack(stack.answers[long], stack.lengths[long], stack.keys[long])
        if not len(stack.keys):
            continue
        long_stacks.append(stack)
        lengths.append(stack.lengths.ravel())
        for gap, same in pairs_of(stack.answers, stack.lengths):
            near += np.count_nonzero((gap >= 1) & (gap <= 3))
            near_pairs += gap.size
            ties += np.count_nonzero(~same & (gap == 0))
            tie_pairs += same.size - np.count_nonzero(same)
    if not long_stacks:
        none = np.zeros(0)
        return none, none, none, np.zeros(0, dtype=np.int64)
    shares = np.unique(np.concatenate(lengths), return_counts=True)[1] / sum(map(len, lengths))
    questions = sum(len(stack.keys) for stack in long_stacks)
    rates = [near / near_pairs / 6, float((shares**2).sum()) if questions > 1 else 0.0]
    if tie_pairs >= 50:
        rates.append(ties / tie_pairs)
    b = min(1.0, 2 * max(rates) + 0.02)
    results = []
    for stack in long_stacks:
        n = stack.keys.shape[1]
        q = np.clip(b * _agreement(stack.answers), 1e-9, 1.0)
        expected = (1 - (1 - q) ** n) / (n * q)
        ordered = np.sort(stack.keys, axis=1)
        distinct = (1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)) / n
        room = expected - 1 / n
        told = room > 0.2 * (1 - 1 / n)
        delta = (expected[told] - distinct[told]) / room[told]
        results.append((delta, distinct[told], expected[told], np.full(int(told.sum()), n)))
    delta, distinct, expected, sizes = (np.concatenate(parts) for parts in zip(*results, strict=True))
    return delta, distinct, expected, sizes


def pairs_of(answers: Ints, lengths: Floats) -> Iterator[tuple[Floats, Bools]]:
    """How far the lengths of two responses of a cell lie apart, and whether their answers are equal: every pair once.

    Pairs of columns as many places apart, cells side by side, so that nothing is gathered.

    >>> [(gap.ravel().tolist(), same.ravel().tolist()) for gap, same in
    ...     pairs_of(np.array([[0, 0, 1]]), np.array([[5.0, 7.0, 4.0]]))]
    [([2.0, 3.0], [True, False]), ([1.0], [False])]
    """
    n = answers.shape[1]
    step = max(1, PAIRS // max(n, 1))
    for at in range(0, len(answers), step):
        answer, length = (np.ascontiguousarray(x[at : at + step].T) for x in (answers, lengths))
        for apart in range(1, n):
            gap = length[apart:] - length[:-apart]
            yield np.abs(gap, out=gap), answer[apart:] == answer[:-apart]


def _agreement(answers: Ints) -> Floats:
    """Share of pairs of a cell with equal answers."""
    out = np.empty(len(answers))
    n = answers.shape[1]
    step = max(1, PAIRS // n)
    for at in range(0, len(answers), step):
        part = np.ascontiguousarray(answers[at : at + step].T)
        same = [(part[apart:] == part[:-apart]).sum(axis=0) for apart in range(1, n)]
        out[at : at + step] = np.sum(same, axis=0) / (n * (n - 1) / 2)
    return out


def alignment(draws: Draws) -> tuple[str, str, float] | None:
    """Two draws that agree far more often than others do (see the module), with the share of questions; or None."""

    import pandas as pd

    span = int(draws.sample.max(initial=0)) + 2  # samples are -1 where they have no number
    place, places = pd.factorize(draws.context * span + draws.sample, sort=True)  # hashed: no sort of all responses
    question, questions = pd.factorize(draws.question, sort=True)
    if len(questions) < 10 or len(places) < 3:
        return None
    used = np.flatnonzero(np.bincount(place) >= 0.5 * len(questions))[:MOST]
    column = np.full(len(places), -1)
    column[used] = np.arange(len(used))
    keep = column[place] >= 0
    keys = np.full((len(questions), len(used)), np.nan)
    keys[question[keep], column[place[keep]]] = draws.key[keep]
    if len(used) < 3:
        return None
    first, second = np.triu_indices(keys.shape[1], 1)
    equal = np.empty(len(first))
    both = np.empty(len(first))
    for at in range(0, len(first), 256):
        one, other = keys[:, first[at : at + 256]], keys[:, second[at : at + 256]]
        there = ~np.isnan(one) & ~np.isnan(other)
        equal[at : at + 256] = ((one == other) & there).sum(axis=0)
        both[at : at + 256] = there.sum(axis=0)
    share = equal / np.maximum(both, 1)
    usual = float(np.median(share))
    best = int(np.argmax(np.where(both >= 10, share, -1)))
    if share[best] < 0.8 or usual >= 0.4 or both[best] < 10:
        return None
    from scipy.stats import binom

    tail = float(binom.sf(equal[best] - 1, both[best], max(usual, 0.05))) * len(first)
    if tail >= 1e-6:
        return None
    u, v = (int(used[index[best]]) + 1 for index in (first, second))
    return str(u), str(v), float(share[best])
