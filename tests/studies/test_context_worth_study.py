"""The study of few-shot contexts in small: intervals for these questions hold the truth more often."""

from __future__ import annotations

import context_worth
import numpy as np
import pytest


@pytest.mark.slow
def test_intervals_for_these_questions_hold_the_truth_under_contexts() -> None:
    """Of 24 intervals 90% are 21.6; taken for independent, 79%, 58% and 67% of bias², variance and incoherence."""
    counted, independent = np.sum([context_worth.inside(seed, 300).sum(axis=1) for seed in range(8)], axis=0)
    assert counted >= 18 and independent <= counted - 3
