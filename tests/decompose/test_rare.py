"""Where next to no question shows a difference: the interval holds the truth in data sets drawn from it."""

import numpy as np
import pytest

from hotmess.decompose.intervals import question_shares
from hotmess.decompose.rare import rare_ends, rare_ratio_ends


@pytest.mark.parametrize(("up", "down"), [(0.02, 0.0), (0.05, 0.0), (0.03, 0.03)])
def test_rare_differences_are_covered(up, down):
    """Of 60 questions some differ by 1: 90% intervals hold up − down in 87% of 400 data sets at least."""
    rng, where = np.random.default_rng(8), np.arange(60)
    weights, held, plain = question_shares(60, 400, 0), 0, 0
    for _ in range(400):
        d = rng.choice([1.0, 0.0, -1.0], 60, p=[up, 1 - up - down, down])
        spread = weights @ d
        bare = np.quantile(spread, [0.05, 0.95])
        low, high = rare_ends(d, where, spread, tuple(bare), 0.9, least=-1.0)
        held += low <= up - down <= high
        plain += bare[0] <= up - down <= bare[1]
    assert held >= 348 > plain


@pytest.mark.parametrize("hard", [0.02, 0.05, 0.1])
def test_incoherence_of_rare_errors_is_covered(hard):
    """Of 100 questions some are right with a chance of their own, even over (0, 1), the rest always: of two options
    variance is 2 a (1 − a) of 2 (1 − a) on average, a third. 90% intervals hold it in 87% of 300 data sets at least."""
    rng, where = np.random.default_rng(4), np.arange(100)
    weights, held, plain, sets = question_shares(100, 400, 0), 0, 0, 0
    for _ in range(300):
        a = np.where(rng.random(100) < hard, rng.random(100), 1.0)
        error, variance = 2 * (1 - a), 2 * a * (1 - a)
        if not error.any():
            continue
        drawn = weights @ np.stack([error, variance], axis=1)
        bare = np.quantile(drawn[:, 1] / drawn[:, 0], [0.05, 0.95])
        low, high = rare_ratio_ends(error, variance, where, drawn, tuple(bare), 0.9, 2.0)
        held += low <= 1 / 3 <= high
        plain += bare[0] <= 1 / 3 <= bare[1]
        sets += 1
    assert held >= 0.87 * sets > plain
