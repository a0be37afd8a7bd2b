"""Hypergeometric draws of many questions at once."""

import numpy as np
import pytest
from scipy import stats

from hotmess.estimates import dealing
from hotmess.estimates.dealing import hypergeometric


@pytest.mark.parametrize("largest", [dealing.LARGEST, 0])
def test_draws_have_the_distribution_of_sampling_without_replacement(largest, monkeypatch):
    monkeypatch.setattr(dealing, "LARGEST", largest)
    cases = [(3, 9, 5), (12, 2, 7), (1, 1, 1), (8, 8, 8), (0, 6, 3), (6, 0, 3), (5, 4, 0), (2, 12, 13)]
    size, rng = 4000, np.random.default_rng(1)
    drawn = hypergeometric(rng, *(np.repeat(x, size) for x in np.array(cases).T)).reshape(len(cases), size)
    for (good, bad, need), own in zip(cases, drawn):
        law = stats.hypergeom(good + bad, good, need)
        low, high = law.support()
        assert low <= own.min() and own.max() <= high
        seen, expected = np.bincount(own, minlength=high + 1) / size, law.pmf(np.arange(high + 1))
        np.testing.assert_allclose(seen, expected, atol=4.5 * np.sqrt(0.25 / size))


def test_the_table_is_that_of_scipy():
    table = dealing._distribution(9, 5, 8)
    for total in range(1, 10):
        for good in range(total + 1):
            for need in range(min(total, 5) + 1):
                expected = stats.hypergeom(total, good, need).cdf(np.arange(8))
                np.testing.assert_allclose(table[total, good, need], expected, atol=1e-12)
