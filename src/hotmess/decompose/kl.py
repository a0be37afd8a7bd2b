"""The KL family: bias and variance of smoothed predictions around their geometric mean (methods, section 1).

Predictions are smoothed, f ← (f + δ)/(1 + Cδ), and averaged as log f̄ = E log f − log Z with Z = Σ_c exp(E log f[c]).
Then error = −E log f[y], variance = E KL(f̄‖f) = −log Z, bias = KL(y‖f̄) = error − variance (Hägele et al. 2026).
For one-hot answers all three grow as log(1/δ): report sensitivity to δ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Ints
from hotmess.decompose.points import Points, Totals, totals
from hotmess.decompose.squared import Terms

if TYPE_CHECKING:
    from jaxtyping import Float, Int


DELTA = 1e-12


def log_smoothed(
    predictions: Float[np.ndarray, "m d"], choices: Int[np.ndarray, " m"], *, delta: float = DELTA
) -> Float[np.ndarray, "m d"]:
    """log((f + δ)/(1 + Cδ)) of predictions f (m, D) over C = `choices` (m,) options; 0 beyond the options.

    >>> log_smoothed(np.array([[1.0, 0.0, 0.0]]), np.array([2]), delta=0.5).round(3).tolist()
    [[-0.288, -1.386, 0.0]]
    """
    valid = np.arange(predictions.shape[1]) < np.asarray(choices)[:, None]
    return np.where(valid, np.log(predictions + delta) - np.log1p(np.asarray(choices) * delta)[:, None], 0.0)


def plug_in(points: Points | Totals, choices: Ints) -> Terms:
    """Plug-in terms from log predictions; `bias2` holds the bias.

    Low in variance by no constant factor; no unbiased estimator is known.

    Args:
        points: positions are logarithms of smoothed predictions, targets one-hot.
        choices: number of options, one per cell.
    """
    t = totals(points) if isinstance(points, Points) else points
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = t.sum / t.n[:, None]
    valid = np.arange(mean.shape[1]) < np.asarray(choices)[:, None]
    shifted = np.where(valid, mean, -np.inf)
    top = shifted.max(axis=1, initial=-np.inf)
    with np.errstate(invalid="ignore"):
        log_z = top + np.log(np.exp(shifted - top[:, None]).sum(axis=1))
    error = -(t.target * mean).sum(axis=1)
    variance = np.maximum(-log_z, 0.0)
    return Terms(error, error - variance, variance)


def from_counts(
    counts: Int[np.ndarray, "cells k"],
    target: Int[np.ndarray, " cells"],
    choices: Int[np.ndarray, " cells"],
    *,
    delta: float = DELTA,
) -> Terms:
    """Plug-in terms of one-hot answers, in closed form from their counts.

    Args:
        counts: (cells, Kmax + 1) answers by option, unparsable ones last: they are the uniform vector.
        target: (cells,) the right option.
        choices: (cells,) number of options C.
        delta: smoothing δ.

    The limit of variance/error as δ → 0 is (1 − p_max)/(1 − a), here 1, reached only as 1/log(1/δ):

    >>> terms = from_counts(np.array([[2, 2, 1, 0, 0]]), np.array([0]), np.array([4]))
    >>> (terms.variance / terms.error).round(3).tolist()
    [0.958]
    """
    choices = np.asarray(choices)
    width = counts.shape[1] - 1
    n = counts.sum(axis=1)
    smooth = np.log1p(choices * delta)
    hit, miss = np.log1p(delta) - smooth, np.log(delta) - smooth
    flat = -np.log(choices)
    valid = np.arange(width) < choices[:, None]
    parsed = n - counts[:, -1]
    total = counts[:, :-1] * hit[:, None] + (parsed[:, None] - counts[:, :-1]) * miss[:, None]
    total = np.where(valid, total + (counts[:, -1] * flat)[:, None], 0.0)
    one = np.ones(len(counts))
    return plug_in(Totals(n * one, n * one, total, one, one, one, np.eye(width)[target]), choices)
