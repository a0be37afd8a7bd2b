"""The three parts of a slope of incoherence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.parts import from_moments, shapley
from hotmess.errors import NotTestable

if TYPE_CHECKING:
    from hotmess.answers.posterior import Fit


def moments_of(fit: Fit, keys: Sequence[str], population: str) -> np.ndarray | None:
    """Moments behind the three parts; None where the outcome is not just right or wrong and has no parts."""
    try:
        return fit.moments(keys, population=population)
    except NotTestable:
        return None


def slope_parts(moments: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Least squares slope over x of the three parts of the change of incoherence from the first set; they add up."""
    factors = from_moments(moments)
    parts = shapley(factors[..., :1, :], factors)
    t = x - x.mean()
    out: np.ndarray = np.einsum("k,cdkp->cdp", t / (t**2).sum(), np.nan_to_num(parts))
    return out
