"""Copies that are not equal, or do not lie in one cell: lengths made longer, another condition, another name.

**Padded.** Let N_g be the number of pairs of one cell with equal answers whose lengths differ by g. Lengths spread
smoothly, so honest N_g change little with g, and N_0 is about half of N_1 (a gap of 1 comes with two signs). Copies
whose lengths were all raised by g make N_g stand out. Refused: one g from 1 to 64 where N_g is more than four times N_0
and five times the median N, and half of the responses have such a partner.

**Elsewhere.** Of two groups (a condition, a budget or a model is another one) on one benchmark, let s be the share of
the responses of the smaller one to shared questions that have an equal one in the other group, by text and tokens, or
by answer and length. In a group itself two responses are equal at a rate p, so that honest responses have a partner
among n at a rate of at most 1 - (1 - p)^n. Refused: s of 0.8 or more where that is below 0.4. Groups with one response
to a question say nothing on p: greedy answers may honestly be equal under two conditions. The first `MOST` questions of
a benchmark are looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from hotmess.arrays import Ints
from hotmess.responses.repeats import Draws, Stack, pairs_of

LONGEST_PAD = 64
"""Greatest difference of lengths that is looked at."""

FEWEST = 10
"""Pairs, or questions, below which nothing is said."""

MOST = 500
"""Questions of a benchmark that are looked at."""

MOST_GROUPS = 8
"""A response that is equal in more groups than these is a template, no evidence."""


def padding(stacks: Sequence[Stack], shortest: float) -> tuple[int, float] | None:
    """The gap by which lengths of copies were raised and the share of responses that have such a partner; or None.

    >>> lengths = np.array([[100.0 + 7 * q * q % 611, 101.0 + 7 * q * q % 611] for q in range(40)])
    >>> padding([Stack(np.zeros((40, 2), int), lengths, lengths.astype(int))], 20.0)
    (1, 1.0)
    """
    counts = np.zeros(2 * LONGEST_PAD + 1, dtype=np.int64)
    responses = 0
    for stack in stacks:
        long = np.median(stack.lengths, axis=1) >= shortest
        answers, lengths = stack.answers[long], stack.lengths[long]
        responses += answers.size
        for gap, same in pairs_of(answers, lengths):
            gap = gap[same & (gap < len(counts))]
            near = gap[gap == np.round(gap)].astype(np.int64)
            counts += np.bincount(near, minlength=len(counts))
    if not responses:
        return None
    pad = 1 + int(np.argmax(counts[1 : LONGEST_PAD + 1]))
    others = np.delete(counts, pad)
    share = min(1.0, 2 * float(counts[pad]) / responses)
    least = max(4 * int(counts[0]), 5 * float(np.median(others))) + FEWEST
    return (pad, share) if counts[pad] > least and share >= 0.5 else None


def elsewhere(draws: Draws, group: Ints, shortest: float) -> tuple[int, int, float] | None:
    """Two groups, the responses of one of which are in the other again, and the share s; or None (see the module)."""
    if not len(draws):
        return None
    keep = (draws.text | (draws.length >= shortest)) & (draws.question <= np.unique(draws.question)[:MOST][-1])
    draws, group = draws.take(keep), group[keep]
    if not len(draws) or group.min() == group.max():
        return None
    keys = np.unique(draws.key, return_inverse=True)[1].ravel()
    kind = np.unique(draws.question * (int(keys.max()) + 1) + keys, return_inverse=True)[1].ravel()
    span = int(group.max()) + 1
    held, sizes = np.unique(kind * span + group, return_counts=True)
    kind, of = held // span, held % span
    groups = np.bincount(kind)
    together: Counter[tuple[int, int]] = Counter()
    for step in range(1, MOST_GROUPS):
        pairs = np.flatnonzero((kind[step:] == kind[:-step]) & (groups[kind[step:]] <= MOST_GROUPS))
        codes, where = np.unique(of[pairs] * span + of[pairs + step], return_inverse=True)
        shared = np.bincount(where.ravel(), np.minimum(sizes[pairs], sizes[pairs + step]), len(codes))
        together.update(
            {(int(code // span), int(code % span)): round(n) for code, n in zip(codes, shared, strict=True)}
        )
    for (a, b), equal in together.most_common(50):
        one, other = draws.take(group == a), draws.take(group == b)
        both = np.intersect1d(one.question, other.question)
        one, other = (part.take(np.isin(part.question, both)) for part in (one, other))
        fewest, most = min(len(one), len(other)), max(len(one), len(other))
        if len(both) < FEWEST or fewest < 2 * len(both) or equal < 0.8 * fewest:
            continue
        rate = max(_ties(one), _ties(other))
        if 1 - (1 - rate) ** (most / len(both)) < 0.4:
            return a, b, float(equal / fewest)
    return None


def _ties(draws: Draws) -> float:
    """How often two responses of one group to one question are equal."""
    _, cells, sizes = np.unique(draws.question, return_inverse=True, return_counts=True)
    _, same = np.unique(np.stack([cells.ravel(), draws.key]), axis=1, return_counts=True)
    pairs = float((sizes * (sizes - 1)).sum())
    return float((same * (same - 1)).sum()) / pairs if pairs else 1.0
