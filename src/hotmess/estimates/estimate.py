"""An estimate without a model: a value, its standard error, and how well the error is known.

Standard errors are of the estimand for questions like these (scatter between questions, bins or models), so that
permuted data can be judged by the same rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from hotmess.statements.influence import effective

THRESHOLD = 0.975
"""Probability of a direction from which on it is called."""

ROUNDING = 1e-9
"""Share of an error below which bias² or variance is nothing but rounding, and has no logarithm."""


@dataclass(frozen=True)
class Estimate:
    """An estimate without a model: its value, standard error and degrees of freedom (inf: normal)."""

    value: float
    error: float
    df: float = np.inf

    @property
    def probability(self) -> float:
        """P(quantity > 0) from the t (or normal) approximation."""
        if not np.isfinite(self.value) or not self.error > 0:
            return 0.5
        return float(special.stdtr(self.df, self.value / self.error))

    @property
    def statistic(self) -> float:
        """Value over standard error; 0 where there is none."""
        known = self.error > 0 and np.isfinite(self.value)
        return float(self.value / self.error) if known else 0.0


NOTHING = Estimate(np.nan, np.nan)
"""Where the data say nothing."""


def with_scatter(value: float, influence: np.ndarray) -> Estimate:
    """A value with the standard error that its influences by question give it, and Student's degrees of freedom.

    As many as effective questions, 2Q/(kurtosis - 1), and Q - 1 at most (`hotmess.statements.influence`).

    >>> with_scatter(1.0, np.array([3.0] + [0.0] * 99)).df.__round__(2)             # one question carries it all
    2.06
    """
    q = len(influence)
    if q < 3:
        return NOTHING
    df = float(np.fmin(effective(influence[:, None], q)[0], q - 1))
    return Estimate(float(value), float(np.sqrt((influence**2).sum() * q / (q - 1))), df)


def ratio_influence(variance: np.ndarray, error: np.ndarray) -> tuple[float, np.ndarray]:
    """Ratio of sums and each cell's influence on it (delta method)."""
    total = error.sum()
    if total <= 0:
        return np.nan, np.zeros(len(error))
    ratio = variance.sum() / total
    return float(ratio), (variance - ratio * error) / total
