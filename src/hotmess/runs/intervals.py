"""Intervals of parts of variance whose levels (prompts, judges) are the same for all questions.

Such a part is known from K levels, however many questions there are: its variance over levels is that of the
jackknife, (K − 1)/K Σ (θ_(ℓ) − θ̄)², its variance over questions that of the bootstrap. Their sum is a little more than
the variance of the estimate, since what changes with question and level together is in both.
"""

from __future__ import annotations

import numpy as np
from scipy import stats

from hotmess.decompose.points import Floats

CERTAIN = 3.0
"""Degrees of freedom from which a part's distribution is taken for that of a variance."""


def jackknife_variance(without: Floats) -> Floats:
    """(…) (K − 1)/K Σ_ℓ (θ_(ℓ) − θ̄)² of estimates without each level, (K, …).

    >>> jackknife_variance(np.array([[1.0], [2.0], [3.0]])).round(6).tolist()
    [1.333333]
    """
    levels = len(without)
    return np.asarray((levels - 1) / levels * np.square(without - without.mean(axis=0)).sum(axis=0))


def variance_interval(value: float, variance: float, levels: int, interval: float) -> tuple[float, float]:
    """Interval of a variance component estimated as `value` with the given variance from `levels` levels.

    df = 2 value² / variance (Satterthwaite 1946): value · df / χ²_df. Below 3 degrees of freedom the part may well be
    nothing, whose estimates lie about 0 to both sides: the interval is then widened to hold value ± t_{levels − 1} sd.

    >>> low, high = variance_interval(1.0, 2 / 20, 21, 0.9)
    >>> round(low, 3), round(high, 3)
    (0.637, 1.843)
    """
    tail = (1 - interval) / 2
    reach = float(stats.t.isf(tail, max(levels - 1, 1)) * np.sqrt(variance))
    df = 2 * value**2 / variance if value > 0 and variance > 0 else 0.0
    if df < 0.5:
        return value - reach, value + reach
    low, high = (float(value * df / stats.chi2.ppf(p, df)) for p in (1 - tail, tail))
    return (low, high) if df >= CERTAIN else (min(low, value - reach), max(high, value + reach))


def share_interval(value: float, variance: float, levels: int, interval: float) -> tuple[float, float]:
    """Interval of a ratio: value ± t_{levels − 1} sd."""
    reach = float(stats.t.isf((1 - interval) / 2, max(levels - 1, 1)) * np.sqrt(variance))
    return value - reach, value + reach
