"""Intervals of means from 0 to 1 where next to none of the questions is away from one end (methods, section 10)."""

from __future__ import annotations

from typing import Any

import numpy as np

from hotmess.arrays import Floats, Ints

RARE = 10
"""Fewer questions than this away from 0 or 1 are rare."""


def rare_ends(
    value: Floats, question: Ints, spread: Floats, ends: tuple[Any, Any], interval: float, top: float = 1.0
) -> tuple[Any, Any]:
    """Ends of a mean of values from 0 to `top` where next to none of the questions is away from 0, or from `top`.

    What nearly no question shows the bootstrap hardly draws: with none, its interval is a point. The weights then have
    one more question, at the other end (Learned-Miller and Thomas 2020); where all Q are 1 the lower end is α^(1/Q),
    the exact one.

    Parameters
    ----------
    value, question
        (cells,) values from 0 to `top`, and the question of each.
    spread
        (draws,) of their mean under the weights of the bootstrap.
    ends
        The ends that these draws give.

    >>> low, high = rare_ends(np.ones(40), np.arange(40), np.ones(20_000), (1.0, 1.0), 0.9)
    >>> round(low, 2), round(0.05 ** (1 / 40), 2), high
    (0.93, 0.93, 1.0)
    """
    low, high = ends
    asked, tail = len(np.unique(question)), (1 - interval) / 2
    one_more = np.random.default_rng([asked, 89]).beta(1, asked, len(spread))
    for bound in (0.0, top):
        if len(np.unique(question[value != bound])) < RARE:
            drawn = spread * (1 - one_more) + (top - bound) * one_more
            if bound == top:
                low = min(low, float(np.quantile(drawn, tail)))
            else:
                high = max(high, float(np.quantile(drawn, 1 - tail)))
    return low, high
