"""What a published procedure says of a claim: its estimate, p-value and verdict (methods, section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hotmess.claims.rule import CONTRADICTED, INCONCLUSIVE, SUPPORTED
from hotmess.words import show

LEVEL = 0.05


@dataclass(frozen=True)
class Published:
    """Estimate, two-sided p-value (nan where the procedure has none) and verdict of a published procedure."""

    how: str
    estimate: float
    p: float
    verdict: str

    def record(self) -> dict[str, Any]:
        """As JSON: undefined numbers are None."""
        known = {k: float(v) if np.isfinite(v) else None for k, v in (("estimate", self.estimate), ("p", self.p))}
        return {"how": self.how, **known, "verdict": self.verdict}

    def line(self) -> str:
        """In words, for the page."""
        p = f" (p = {self.p:.2g})" if np.isfinite(self.p) else ""
        return f"{self.how}: {show(self.estimate)}{p}, which it would call {self.verdict}."


def judge(how: str, estimate: float, p: float = np.nan) -> Published:
    """By sign where there is no p-value, else by sign where p < 0.05.

    >>> judge("a line", 0.3, 0.2).verdict, judge("a line", 0.3, 0.01).verdict, judge("a difference", -0.1).verdict
    ('inconclusive', 'supported', 'contradicted')
    """
    if not np.isfinite(estimate) or (np.isfinite(p) and p >= LEVEL) or estimate == 0:
        return Published(how, float(estimate), float(p), INCONCLUSIVE)
    return Published(how, float(estimate), float(p), SUPPORTED if estimate > 0 else CONTRADICTED)


def least_squares(x: np.ndarray, y: np.ndarray, group: np.ndarray) -> tuple[float, float]:
    """Slope of y on x with a level for each group, and its two-sided p-value, by statsmodels.

    >>> slope, p = least_squares(np.arange(4.0), np.array([0.0, 1.1, 1.9, 3.0]), np.zeros(4))
    >>> round(slope, 2), p < 0.01
    (0.98, True)
    """
    from statsmodels.regression.linear_model import OLS  # of statsmodels.api, which imports everything else too

    levels = np.unique(group)
    if len(x) < len(levels) + 2 or np.ptp(x) == 0:
        return np.nan, np.nan
    design = np.column_stack([x, *(group == g for g in levels)]).astype(float)
    fit = OLS(y, design).fit()
    return float(fit.params[0]), float(fit.pvalues[0])
