"""Responses dealt anew between two sides: hypergeometric draws of many questions at once.

Of few responses per question a table has the distribution function of every hypergeometric distribution there can be,
and a draw is a search in it, a third of the time of a sampler that starts anew with each question.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from jaxtyping import Float, Int

LARGEST = 1_000_000
"""Numbers of a table at most; with more, NumPy draws."""


def hypergeometric(
    rng: np.random.Generator,
    good: Int[np.ndarray, " n"],
    bad: Int[np.ndarray, " n"],
    need: Int[np.ndarray, " n"],
) -> Int[np.ndarray, " n"]:
    """How many of `need` drawn without replacement from good and bad are good.

    >>> n = np.array([3, 3, 3])
    >>> hypergeometric(np.random.default_rng(0), np.array([0, 3, 4]), np.array([5, 0, 5]), n).tolist()[:2]
    [0, 3]
    """
    out = np.where(bad > 0, 0, need)
    rows = np.flatnonzero((good > 0) & (bad > 0) & (need > 0))
    if not len(rows):
        return out
    good, bad, need = good[rows], bad[rows], need[rows]
    total, most = int((good + bad).max()), int(need.max())
    width = 1 << most.bit_length()
    if (total + 1) ** 2 * (most + 1) * width > LARGEST:
        out[rows] = rng.hypergeometric(good, bad, need)
        return out
    flat = _distribution(total, most, width).ravel()
    at = (((good + bad) * (total + 1) + good) * (most + 1) + need) * width
    u = 1.0 - rng.random(len(rows))
    start, step = at, width // 2
    while step:
        at = at + step * (flat[at + step - 1] < u)
        step //= 2
    out[rows] = at - start
    return out


@lru_cache(maxsize=4)
def _distribution(total: int, most: int, width: int) -> Float[np.ndarray, "total good need taken"]:
    """P(taken ≤ k) of `need` from `total` of which so many are good; 1 from what can be taken at most on."""
    n, good, need, k = np.ogrid[: total + 1, : total + 1, : most + 1, :width]
    inside = (k <= good) & (need - k <= n - good) & (k <= need) & (good <= n) & (need <= n)
    safe = (np.where(inside, x, 0) for x in (n, good, need, k))
    log_p = _log_hypergeometric(*safe)
    p = np.where(inside, np.exp(log_p), 0.0)
    return np.asarray(np.where(k >= np.minimum(good, need), 1.0, np.cumsum(p, axis=-1)))


def _log_hypergeometric(n: np.ndarray, good: np.ndarray, need: np.ndarray, k: np.ndarray) -> np.ndarray:
    log = special.gammaln(np.arange(n.max() + 2) + 1.0)

    def choose(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(log[a] - log[b] - log[a - b])

    return np.asarray(choose(good, k) + choose(n - good, need - k) - choose(n, need))
