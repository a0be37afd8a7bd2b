"""The slope of logit incoherence on log length over bins of questions, without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.estimates.estimate import NOTHING, Estimate

if TYPE_CHECKING:
    import pandas as pd


def arm_index(table: pd.DataFrame) -> np.ndarray:
    """(cells,) index of the arm (model, condition, budget) of each cell."""
    from hotmess.laws.length_bins import ARM

    return table.groupby(list(ARM), observed=True, sort=True).ngroup().to_numpy()


def binned_logits(
    variance: np.ndarray, error: np.ndarray, x: np.ndarray, arm: np.ndarray, *, bins: int
) -> tuple[np.ndarray, np.ndarray]:
    """(arms, bins) mean log length and logit incoherence of bins of equally many cells by length; nan where none.

    Incoherence is the ratio of sums of unbiased terms, kept within 0.02 and 0.98.
    """
    arms = int(arm.max()) + 1
    sums = np.full((arms, bins, 3), np.nan)
    for a in range(arms):
        rows = np.flatnonzero(arm == a)
        for b, part in enumerate(np.array_split(rows[np.argsort(x[rows], kind="stable")], bins)):
            if len(part):
                sums[a, b] = variance[part].sum(), error[part].sum(), x[part].mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.clip(sums[..., 0] / sums[..., 1], 0.02, 0.98)
    return sums[..., 2], np.where(sums[..., 1] > 0, np.log(ratio / (1 - ratio)), np.nan)


def length_estimate(variance: np.ndarray, error: np.ndarray, x: np.ndarray, arm: np.ndarray, *, bins: int) -> Estimate:
    """Mean over arms of the slope of logit incoherence on log length over bins; jackknife over bins.

    variance, error, x: (cells,) unbiased terms and mean log length; bin k of all arms is left out together.
    """
    mean, y = binned_logits(variance, error, x, arm, bins=bins)
    whole = _mean_slope(mean, y)
    left = np.array([_mean_slope(np.delete(mean, b, 1), np.delete(y, b, 1)) for b in range(bins)])
    left = left[np.isfinite(left)]
    if len(left) < 3 or not np.isfinite(whole):
        return NOTHING
    error_ = np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
    return Estimate(whole, float(error_), len(left) - 1)


def _mean_slope(x: np.ndarray, y: np.ndarray) -> float:
    """Mean over arms (rows) of the least squares slope over bins; arms with three or more bins that differ in x."""
    use = np.isfinite(x) & np.isfinite(y)
    n = np.maximum(use.sum(1), 1)
    x, y = np.where(use, x, 0.0), np.where(use, y, 0.0)
    away = np.where(use, x - (x.sum(1) / n)[:, None], 0.0)
    spread = (away**2).sum(1)
    has = (use.sum(1) >= 3) & (spread > 1e-12 * n * (1 + (x**2).max(1, initial=0.0)))  # more than rounding
    return float(np.mean((away * y).sum(1)[has] / spread[has])) if has.any() else np.nan
