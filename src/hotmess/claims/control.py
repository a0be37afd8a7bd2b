"""Negative controls: the same data with the labels that carry the claim permuted (methods, section 7).

A control tests calibration, not endogeneity: permuted data should be called "supported" about 2.5% of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hotmess.claims.claim import THRESHOLD, Estimate

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
    ratio: Callable[[Estimate], float] = lambda e: e.value / e.error if e.error > 0 and np.isfinite(e.value) else 0.0  # noqa: E731
    many = list(permuted)
    statistic = ratio(real)
    values = np.array([ratio(e) for e in many])
    supported = float(np.mean([e.probability > THRESHOLD for e in many])) if many else 0.0
    return Control(what, statistic, len(many), 1 + int((values >= statistic).sum()), supported, exhaustive)
