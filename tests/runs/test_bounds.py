"""Bounds beyond the responses drawn hold the truth, and are not wider than what is identified requires."""

import numpy as np
import pytest

from hotmess.errors import NotTestable
from hotmess.runs.bounds import beyond


@pytest.mark.parametrize(
    "draw, truth",
    [
        (lambda rng, q: np.where(rng.random(q) < 0.5, 1.0, 0.8), lambda k: 0.5 + 0.5 * 0.8**k),
        (lambda rng, q: np.full(q, 0.9), lambda k: 0.9**k),
        (lambda rng, q: rng.beta(2, 1, q), lambda k: 2 / (k + 2)),
    ],
)
def test_bounds_hold_the_truth_at_the_confidence_given(draw, truth):
    """At least 90% of data sets: fewer by chance alone in one of 10,000 runs of this test."""
    rng = np.random.default_rng(11)
    k, sets, held = 20, 60, 0
    for _ in range(sets):
        right = rng.binomial(5, draw(rng, 150))
        low, high = beyond(right, np.full(150, 5), k)
        held += low <= truth(k) <= high
    assert held >= 0.9 * sets - 3.7 * np.sqrt(sets * 0.09)


def test_a_beta_fitted_to_the_counts_says_too_much():
    """Half the questions at 1 and half at 0.8: pass^20 is 0.506, a Beta fitted says 0.361, which no G allows."""
    from scipy import stats

    p = np.repeat([1.0, 0.8], 50_000)
    right = np.concatenate(
        [np.full(50_000, 5), np.repeat(np.arange(6), np.rint(50_000 * stats.binom.pmf(range(6), 5, 0.8)).astype(int))]
    )
    low, high = beyond(right, np.full(len(right), 5), 20)
    assert 0.361 < low < (p**20).mean() < high
    assert 0.1 < high - low < 0.35  # five responses do not tell all of it


def test_both_ends_are_reached_by_what_fits():
    """All right in every response: p may be 1 throughout, so the upper bound is 1; pass@k likewise from below."""
    right = np.full(400, 5)
    low, high = beyond(right, right, 10)
    assert high == 1 and 0.5 < low < 1
    low, high = beyond(0 * right, right, 10, best=True)
    assert low == 0 and 0 < high < 0.5


def test_different_numbers_of_responses_are_bounded_together():
    right, n = np.r_[np.full(300, 2), np.full(300, 6)], np.r_[np.full(300, 2), np.full(300, 6)]
    low, high = beyond(right, n, 12)
    assert 0.3 < low < high == 1


def test_counts_that_no_distribution_gives_are_refused():
    right, n = np.r_[np.full(5000, 2), np.full(5000, 0)], np.r_[np.full(5000, 2), np.full(5000, 6)]
    with pytest.raises(NotTestable, match="goes with its outcomes"):
        beyond(right, n, 12)
