"""Posterior predictive checks of probability vectors: statistics of a data set, tail shares, sentences."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hotmess.arrays import Floats, Ints

SAID = {
    "certain": "the share of certain responses",
    "largest": "the largest probability of a response",
    "square": "the sum of squared probabilities",
    "entropy": "the entropy of a response",
    "variance": "the variance of a question's responses",
    "agreement": "how often two responses of a question have one most probable option",
    "zeros": "the share of options without any probability",
    "surer": "how much surer responses are whose most probable option is the question's usual one",
}


def statistics(f: Floats, cell: Ints) -> Floats:
    n = np.bincount(cell)
    width = f.shape[1]
    sums = np.stack([np.bincount(cell, weights=f[:, k], minlength=len(n)) for k in range(width)], 1)
    there = np.maximum(n, 1)
    square, top, largest = (f**2).sum(1), f.argmax(1), f.max(1)
    entropy = -(f * np.log(np.where(f > 0, f, 1.0))).sum(1)
    variance = np.bincount(cell, weights=square) / there - ((sums / there[:, None]) ** 2).sum(1)
    counts = np.bincount(cell * width + top, minlength=len(n) * width).reshape(-1, width)
    pairs = np.maximum(n * (n - 1), 1)
    agreement = ((counts * (counts - 1)).sum(1) / pairs)[n > 1]
    usual = top == counts.argmax(1)[cell]
    split = (counts.max(1) < n)[cell]
    surer = largest[usual & split].mean() - largest[~usual].mean() if (~usual).any() else 0.0
    means = (largest >= 1 - 1e-6).mean(), largest.mean(), square.mean(), entropy.mean(), variance[n > 0].mean()
    return np.array([*means, agreement.mean() if len(agreement) else 1.0, (f == 0).mean(), surer])


def tail_share(made: Floats, seen: Floats) -> Floats:
    """Share of replicated statistics (replicates, …) at or above those seen, ties by half.

    Where none or all are above, a Normal's tail says how far out, which counting cannot.
    """
    from scipy.stats import norm

    n = len(made)
    above: Floats = ((made > seen) + 0.5 * (made == seen)).mean(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (seen - made.mean(0)) / made.std(0)
    above = np.where(above == 0, np.minimum(norm.sf(z), 0.5 / n), above)
    return np.where(above == 1, 1 - np.minimum(norm.sf(-z), 0.5 / n), above)


def said(check: Mapping[str, tuple[float, float]], level: float) -> tuple[str, ...]:
    out = []
    for name, (seen, above) in check.items():
        if min(above, 1 - above) < level / 2:
            out.append(
                f"The model of probability vectors does not make such data: {SAID[name]} is {seen:.3g} on average, "
                f"{'larger' if above < 0.5 else 'smaller'} than in all but {min(above, 1 - above):.1%} of the data "
                "sets that it makes; rely on the unbiased estimator."
            )
    return tuple(out)
