"""0/1 loss, any number of options, ties included (methods, section 1).

The main answer is the most frequent one. bias = 1 where it is wrong; variance = P(answer ≠ main);
error = bias + s · variance, with s = 1 where the main answer is right and s = −P(answer = target | answer ≠ main) where
it is wrong (Domingos 2000; Hägele et al. 2026 write s = ±1, which is exact for two options only). Terms of tied main
answers are averaged. The terms do not average over questions, so incoherence is not defined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.points import Points, Totals, totals
from hotmess.decompose.squared import Terms

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True)
class ZeroOne:
    """Terms of 0/1 loss, one number per cell: error = bias + net_variance, net_variance = s · variance."""

    error: Float[np.ndarray, " cells"]
    bias: Float[np.ndarray, " cells"]
    variance: Float[np.ndarray, " cells"]
    net_variance: Float[np.ndarray, " cells"]

    def terms(self) -> Terms:
        """As `Terms`: `bias2` holds the bias; error is not the sum of the two."""
        return Terms(self.error, self.bias, self.variance)


def plug_in(points: Points | Totals) -> ZeroOne:
    """Plug-in terms from votes: one-hot answers, or the arg max of a probability vector with ties split.

    An unparsable answer is the uniform vector: an answer drawn at random. For two options the paper's
    formula holds:

    >>> from hotmess.decompose.points import from_responses
    >>> z = np.eye(2)[[0, 0, 1]]
    >>> out = plug_in(from_responses(z, np.eye(2)[[1]], cell=np.zeros(3, int)))
    >>> out.bias.item(), out.variance.round(3).item(), out.net_variance.round(3).item(), out.error.round(3).item()
    (1.0, 0.333, -0.333, 0.667)
    """
    t = totals(points) if isinstance(points, Points) else points
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = t.sum / t.n[:, None]
    right = (t.target * mean).sum(axis=1)
    top = mean.max(axis=1)
    # Sums of 1/C are not exact in floating point: ties are within a few rounding errors.
    main = mean >= top[:, None] - 1e-9
    main = np.where((top <= 0)[:, None], t.target == 0, main)
    share = main / np.maximum(main.sum(axis=1, keepdims=True), 1)
    on_target = (share * t.target).sum(axis=1)
    variance = (share * (1 - mean)).sum(axis=1)
    bias = 1 - on_target
    net = on_target * (1 - right) - bias * right
    bad = ~np.isfinite(right)
    return ZeroOne(*(np.where(bad, np.nan, value) for value in (1 - right, bias, variance, net)))
