"""pass^k and pass@k beyond the responses that were drawn: what n responses identify is a bound (methods, section 10).

The count of right ones among n responses has the distribution f_c = ∫ C(n, c) p^c (1 − p)^(n − c) dG(p), where G is how
the chance of a right answer scatters over questions. f holds the first n moments of G and nothing more, so ∫ p^k dG for
k > n is known to lie between two numbers only; a Beta distribution put in G's place picks one of them by assumption.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import optimize, stats

from hotmess.arrays import Floats, Ints
from hotmess.errors import NotTestable

SLACK = 1e-8
"""What the programmes are solved to."""
GRID = 801
"""Points at which G may have mass: Chebyshev's, dense where p is near 0 and 1 and p^k bends most."""


def beyond(right: Ints, n: Ints, k: int, *, best: bool = False, interval: float = 0.9) -> tuple[float, float]:
    """Bounds that hold the mean of p^k (or 1 − (1 − p)^k) over questions like these, with confidence `interval`.

    The smallest and the largest ∫ p^k dG over all distributions G whose count distribution stays within the band of
    Dvoretzky, Kiefer and Wolfowitz about the observed one, sup_c |F_G(c) − F̂(c)| ≤ √(log(2 b/α) / 2Q) (Massart 1990; b
    numbers of responses, each with its own band): two linear programmes. The coverage is at least `interval` for any G;
    it does not depend on the shape of G, and no more data on k is pretended than there is.

    Parameters
    ----------
    right, n
        (Q,) right responses and responses of each question.
    k
        How many are taken.
    best
        False: all of k are right (pass^k). True: at least one is (pass@k).

    Returns
    -------
    Low and high.

    Raises
    ------
    NotTestable
        Where no distribution stays within the bands.

    >>> low, high = beyond(np.repeat([5, 4, 3, 2], [267, 82, 41, 10]), np.full(400, 5), 20)
    >>> 0.1 < low < high < 0.8
    True
    """
    sizes = np.unique(n)
    p = _grid(GRID)
    value = 1 - (1 - p) ** k if best else p**k
    alpha = (1 - interval) / len(sizes)
    rows, bound = [], []
    for size in sizes:
        own = right[n == size]
        eps = np.sqrt(np.log(2 / alpha) / (2 * len(own)))
        below = stats.binom.cdf(np.arange(size)[:, None], size, p[None, :])
        seen = np.cumsum(np.bincount(own, minlength=size + 1))[:-1] / len(own)
        rows += [below, -below]
        bound += [seen + eps, eps - seen]
    a, b = np.concatenate(rows), np.concatenate(bound)
    found = []
    for sign in (1.0, -1.0):
        out = optimize.linprog(
            sign * value, A_ub=a, b_ub=b, A_eq=np.ones((1, len(p))), b_eq=[1.0], bounds=(0, 1), method="highs"
        )
        if out.status != 0:
            raise NotTestable(
                "No distribution of the chance of a right answer gives these counts: responses to a question are not "
                "independent of each other, or how often it was asked goes with its outcomes; beyond the responses "
                "drawn nothing is known."
            )
        found.append(sign * float(out.fun))
    return max(0.0, found[0] - SLACK), min(1.0, found[1] + SLACK)


@lru_cache(maxsize=2)
def _grid(size: int) -> Floats:
    return (1 - np.cos(np.pi * np.arange(size) / (size - 1))) / 2
