"""Favourite mistakes of a question: how many wrong answers hold much of the wrong ones, and how much the first."""

from __future__ import annotations

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.errors import tails

MISTAKES = ("modes", "first", "first_low", "first_high", "second")
LEAST = 0.2
"""A wrong answer is a mode where it holds more than this share of the wrong answers."""
DRAWS = 1000


def mistakes(
    cell: Ints, times: Ints, options: Ints | None, cells: int, *, interval: float = 0.9, seed: int = 0
) -> Floats:
    """The columns `MISTAKES` of every cell; NaN where no answer is wrong.

    Shares of wrong answers have the posterior Dirichlet(½ + times given) over the wrong options of letters, and over
    the wrong answers seen and one unseen where nobody knows how many there are. `modes` counts those that hold more
    than a fifth with probability above one half; `first` and `second` are posterior means of the largest shares.

    Parameters
    ----------
    cell, times
        (wrong answers,) the cell of each different wrong answer, ascending, and how often it was given.
    options
        (cells,) how many wrong answers there can be; None: nobody knows.

    >>> found = mistakes(np.array([0, 0]), np.array([9, 9]), np.array([3]), 1)
    >>> int(found[0, 0]), round(float(found[0, 1]), 1)
    (2, 0.6)
    """
    rng = np.random.default_rng([seed, 41])
    known: dict[tuple[int, ...], tuple[float, ...]] = {}
    values = np.full((cells, len(MISTAKES)), np.nan)
    start = np.searchsorted(cell, np.arange(cells + 1))
    for at in range(cells):
        seen = np.sort(times[start[at] : start[at + 1]])[::-1]
        if not len(seen):
            continue
        size = int(options[at]) if options is not None else len(seen) + 1
        key = (size, *seen.tolist())
        if key not in known:
            counts = np.zeros(size)
            counts[: len(seen)] = seen
            w = rng.dirichlet(0.5 + counts, DRAWS)
            ordered = np.sort(w, axis=1)[:, ::-1]
            ends = np.quantile(ordered[:, 0], tails(interval))
            number = float(((w > LEAST).mean(axis=0) > 0.5).sum())
            known[key] = (number, ordered[:, 0].mean(), ends[0], ends[1], ordered[:, 1].mean() if size > 1 else 0.0)
        values[at] = known[key]
    return values
