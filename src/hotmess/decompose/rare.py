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
    one_more = np.random.default_rng([asked, 89]).beta(1, asked, len(spread))
    for common in {0.0, least, top}:
        if len(np.unique(question[np.abs(value - common) > SAME])) < min(RARE, asked / 2):
            if common > least:
                low = min(low, float(np.quantile(spread * (1 - one_more) + least * one_more, tail)))
            if common < top:
                high = max(high, float(np.quantile(spread * (1 - one_more) + top * one_more, 1 - tail)))
    return low, high
