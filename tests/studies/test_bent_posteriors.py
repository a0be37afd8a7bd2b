"""Spreads of bent posteriors by adaptive mixtures, against quadrature."""

from __future__ import annotations

import bent_posteriors
import numpy as np
import pytest


@pytest.mark.parametrize(
    ("size", "sd", "around", "within"), [(2, 1.5, 0.25, 0.03), (2, 1.0, 0.5, 0.03), (5, 1.0, 0.5, 0.05)]
)
def test_spreads_of_a_bent_posterior_are_the_exact_ones(size, sd, around, within):
    """On average over 60 units with the same likelihood; y follows x², and the rest are Normal."""
    ratios, told = bent_posteriors.drawn(size, sd, around, units=60, seed=0)
    np.testing.assert_allclose(ratios.mean(axis=0), 1.0, rtol=within)
    _, effective, k = told.T
    assert np.mean((k < 0.7) & (effective > 150)) > 0.9
