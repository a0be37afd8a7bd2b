"""The three parts of a slope of incoherence."""

from __future__ import annotations

import numpy as np

from hotmess.decompose.parts import from_moments, shapley


def slope_parts(moments: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Least squares slope over x of the three parts of the change of incoherence from the first set; they add up."""
    factors = from_moments(moments)
    parts = shapley(factors[..., :1, :], factors)
    t = x - x.mean()
    return np.einsum("k,cdkp->cdp", t / (t**2).sum(), np.nan_to_num(parts))
