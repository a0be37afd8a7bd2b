"""The squared family: Brier, coverage error, score error, squared norm of a
final point, embedding variance (methods, section 1).

error = E|y − z|², bias² = |y − E z|², variance = E|z − E z|², so that error = bias² + variance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.points import Points, Totals, totals

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True)
class Terms:
    """A decomposition, one number per cell.

    Attributes:
        error: expected loss.
        bias2: bias² (the bias term for KL and 0/1).
        variance: variance around the mean prediction.
        context_variance: its part between few-shot contexts (unbiased estimator, repeated contexts), else NaN.
        sampling_variance: its part within a context, else NaN.
    """

    error: Float[np.ndarray, " cells"]
    bias2: Float[np.ndarray, " cells"]
    variance: Float[np.ndarray, " cells"]
    context_variance: Float[np.ndarray, " cells"] = field(default_factory=lambda: np.zeros(0))
    sampling_variance: Float[np.ndarray, " cells"] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for name in ("context_variance", "sampling_variance"):
            if len(getattr(self, name)) != len(self.error):
                object.__setattr__(self, name, np.full(len(self.error), np.nan))


def plug_in(points: Points | Totals) -> Terms:
    """Empirical means in place of expectations, the paper's estimator.

    Variance is low by the factor (n − 1)/n and bias² high by variance/n (Hägele et al. 2026, section 2).

    Answers A×10, B×12, C×8 where D is right:

    >>> from hotmess.decompose.points import from_responses
    >>> z = np.eye(4)[[0] * 10 + [1] * 12 + [2] * 8]
    >>> terms = plug_in(from_responses(z, np.eye(4)[[3]], cell=np.zeros(30, int)))
    >>> terms.bias2.round(3).item(), terms.variance.round(3).item()
    (1.342, 0.658)
    """
    t = totals(points) if isinstance(points, Points) else points
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = t.sum / t.n[:, None]
        length = t.squares / t.n
        square = np.einsum("kd,kd->k", mean, mean)
        variance = np.maximum(length - square, 0.0)
        bias2 = ((t.target - mean) ** 2).sum(axis=1)
    return Terms(bias2 + variance, bias2, variance)


def unbiased(points: Points | Totals) -> Terms:
    """Unbiased estimates from pairs of responses in different clusters.

    D, the mean of z·z′ over pairs from different clusters, estimates |E z|²; S, the same over pairs from one cluster,
    estimates |E z|² + context variance. Then variance = E|z|² − D, its context part S − D, its sampling part
    E|z|² − S, and bias² = error − variance. With independent responses this is plug-in · n/(n − 1). bias² may come out
    negative: that is the price of no bias. A cell with one cluster gives NaN.

    >>> from hotmess.decompose.points import from_responses
    >>> z = np.eye(2)[[0, 1]]
    >>> terms = unbiased(from_responses(z, np.eye(2)[[0]], cell=np.zeros(2, int)))
    >>> terms.variance.item(), terms.bias2.item()
    (1.0, 0.0)
    """
    t = totals(points) if isinstance(points, Points) else points
    across = t.n**2 - t.n_squares
    inside = t.n_squares - t.n
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = t.sum / t.n[:, None]
        length = t.squares / t.n
        between = np.where(across > 0, (np.einsum("kd,kd->k", t.sum, t.sum) - t.within) / across, np.nan)
        within = np.where(inside > 0, (t.within - t.squares) / inside, np.nan)
        error = ((t.target - mean) ** 2).sum(axis=1) + np.maximum(length - np.einsum("kd,kd->k", mean, mean), 0.0)
    variance = length - between
    return Terms(error, error - variance, variance, within - between, length - within)
