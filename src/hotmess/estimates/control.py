"""Negative controls: the same data with the labels that carry the claim permuted (methods, section 7).

A control tests calibration, not endogeneity: permuted data should be called "supported" about 2.5% of the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from hotmess.estimates.estimate import THRESHOLD, Estimate

PERMUTATIONS, MAX_SUPPORTED = 99, 0.10


@dataclass(frozen=True)
class Control:
    """The real statistic among permuted ones.

    `rank` counts how many of the statistics (the real one included) are as large as the real one or larger;
    `supported` is the share of permutations that the quick rule calls supported.
    """

    what: str
    statistic: float
    permutations: int
    rank: int
    supported: float
    exhaustive: bool = False

    @property
    def passed(self) -> bool:
        return self.supported <= MAX_SUPPORTED

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "passed": self.passed,
            "what": self.what,
            "statistic": self.statistic,
            "rank": self.rank,
            "permutations": self.permutations,
            "supported_rate": self.supported,
            "exhaustive": self.exhaustive,
        }


def run_control(what: str, real: Estimate, permuted: Iterable[Estimate], *, exhaustive: bool = False) -> Control:
    """Compare the real estimate with permuted ones, on their t statistics."""
    many = list(permuted)
    values = np.array([_ratio(e) for e in many])
    df = np.array([e.df for e in many])
    supported = float(np.mean(stats.t.cdf(values, df) > THRESHOLD)) if many else 0.0
    statistic = _ratio(real)
    return Control(what, statistic, len(many), 1 + int((values >= statistic).sum()), supported, exhaustive)


def _ratio(estimate: Estimate) -> float:
    known = estimate.error > 0 and np.isfinite(estimate.value)
    return float(estimate.value / estimate.error) if known else 0.0
