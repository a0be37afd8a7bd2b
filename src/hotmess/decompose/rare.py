"""Intervals of means where next to none of the questions is away from one value: an end of the range, or for
differences nothing (methods, section 10)."""

from __future__ import annotations

from typing import Any

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.errors import tails

RARE = 10
"""Fewer questions than this away from a value are rare, where they are the smaller part."""
SAME = 1e-9
"""Values nearer to each other than this are one, as chances from logarithms of binomial coefficients are."""


def rare_ends(
    value: Floats,
    question: Ints,
    spread: Floats,
    ends: tuple[Any, Any],
    interval: float,
    top: float = 1.0,
    least: float = 0.0,
) -> tuple[Any, Any]:
    """Ends of a mean of values from `least` to `top` where next to none of the questions is away from one value.

    What nearly no question shows the bootstrap hardly draws: with none, its interval is a point. The weights then have
    one more question, at `top` for the upper end and at `least` for the lower one (Learned-Miller and Thomas 2020);
    where all Q are 1 the lower end is α^(1/Q), the exact one, and where two models never differ the difference may be
    as far from 0 as 1 − α^(1/Q). The values looked at are 0, `least` and `top`.

    Parameters
    ----------
    value, question
        (cells,) values from `least` to `top`, and the question of each.
    spread
        (draws,) of their mean under the weights of the bootstrap.
    ends
        The ends that these draws give.

    >>> low, high = rare_ends(np.ones(40), np.arange(40), np.ones(20_000), (1.0, 1.0), 0.9)
    >>> round(low, 2), round(0.05 ** (1 / 40), 2), high
    (0.93, 0.93, 1.0)
    >>> low, high = rare_ends(np.zeros(40), np.arange(40), np.zeros(20_000), (0.0, 0.0), 0.9, least=-1.0)
    >>> round(low, 2), round(high, 2)
    (-0.07, 0.07)
    """
    low, high = ends
    asked, tail = len(np.unique(question)), tails(interval)[0]
    one_more = _one_more(asked, len(spread))
    for common in {0.0, least, top}:
        if _rare(value - common, question, asked):
            if common > least:
                low = min(low, float(np.quantile(spread * (1 - one_more) + least * one_more, tail)))
            if common < top:
                high = max(high, float(np.quantile(spread * (1 - one_more) + top * one_more, 1 - tail)))
    return low, high


def rare_ratio_ends(
    error: Floats, variance: Floats, question: Ints, spread: Floats, ends: tuple[Any, Any], interval: float, top: float
) -> tuple[Any, Any]:
    """The same of incoherence, where next to none of the questions is away from the line variance = c error, c nought,
    one or the incoherence itself, on which questions without errors lie for every c.

    The one question more has an error of half the largest, all of it variance, for the upper end, and the largest, none
    of it variance, for the lower one. Where one of 40 questions has errors, they say next to nothing:

    >>> error, spread = np.eye(1, 40)[0], np.ones((20_000, 2)) / [40, 80]
    >>> low, high = rare_ratio_ends(error, error / 2, np.arange(40), spread, (0.5, 0.5), 0.9, 2.0)
    >>> round(low, 2), round(high, 2)
    (0.07, 0.88)

    Parameters
    ----------
    error, variance, question
        (cells,) terms, and the question of each.
    spread
        (draws, 2) of their means under the weights of the bootstrap.
    ends
        The ends that these draws give.
    top
        The largest error there can be.
    """
    low, high = ends
    asked, tail = len(np.unique(question)), tails(interval)[0]
    drawn, own = spread.T, variance.sum() / error.sum()
    if any(_rare(variance - common * error, question, asked) for common in (0.0, 1.0, own)):
        one_more = _one_more(asked, len(spread))
        whole, part = drawn * (1 - one_more)
        low = min(low, float(np.quantile(part / (whole + top * one_more), tail)))
        half = top / 2 * one_more
        high = max(high, float(np.quantile((part + half) / (whole + half), 1 - tail)))
    return low, high


def _rare(away: Floats, question: Ints, asked: int) -> bool:
    """Whether few of the questions asked have values that are not 0."""
    return bool(len(np.unique(question[np.abs(away) > SAME])) < min(RARE, asked / 2))


def _one_more(asked: int, draws: int) -> Floats:
    """(draws,) weights of one question more."""
    return np.random.default_rng([asked, 89]).beta(1, asked, draws)
