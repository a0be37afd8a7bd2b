"""The chance that a claim is called supported in a design, in closed form (methods, section 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from hotmess.design.components import Components
from hotmess.design.variance import sampling_variance
from hotmess.estimates.estimate import THRESHOLD


def standard_error(
    c: Components, questions: float, samples: float, models: int | None = None
) -> tuple[np.ndarray, float]:
    """(draws,) standard errors of the estimate in a design, and its degrees of freedom.

    With other sizes than the pilot's, they are spread evenly over the pilot's range, and measurement errors are taken
    as independent between models.
    """
    n = samples * c.share
    measured = (c.questions / questions) * (c.between + sampling_variance(c.sampling, n))
    if c.spread > 0:
        k = c.models if models is None else models
        spread = c.spread if k == c.models else float((((np.arange(k) / (k - 1) - 0.5) * c.span) ** 2).sum())
        return np.sqrt((c.residual + measured * c.spread) / spread), k - 2
    k = c.models if models is None else models
    if k != c.models:
        measured = measured * c.models / k
    df = c.bins - 1 if c.bins else questions - 1
    return np.sqrt(c.residual * c.models / k + measured), df


def as_the_posterior(c: Components, variance: float, samples: float) -> Components:
    """Components that sum up to the variance which a statement on the pilot itself has.

    They are scaled as a whole. Between sides of the same questions the sampling variance S at the pilot's samples
    stands instead, and max(variance − S, 0) is what lies between questions; where S is more than all, it is scaled.

    Parameters
    ----------
    variance
        Of the claim's quantity.
    samples
        Per cell of the pilot.
    """
    if c.paired:
        measured = sampling_variance(c.sampling, samples * c.share)
        left = variance - c.residual
        part = np.clip(left / np.where(measured > 0, measured, 1.0), 0.0, 1.0)
        return replace(c, between=np.maximum(left - measured, 0.0), sampling=part[:, None] * c.sampling)
    error, _ = standard_error(c, c.questions, samples)
    own = float(error.mean()) ** 2
    ratio = variance / own if own > 0 else 1.0
    return replace(c, between=ratio * c.between, sampling=ratio * c.sampling, residual=ratio * c.residual)


def variance_shown(c: Components, smallest: float, samples: float) -> float:
    """The variance with which data find their smallest effect with probability 0.8: that is (t at 0.975 + z at 0.8)
    standard errors."""
    _, df = standard_error(c, c.questions, samples)
    return float((smallest / (stats.t.ppf(THRESHOLD, df) + stats.norm.ppf(0.8))) ** 2)


def as_shown(c: Components, smallest: float | None, samples: float) -> Components:
    """`as_the_posterior` by the smallest effect that the data could show; as they are where there is none."""
    return c if smallest is None else as_the_posterior(c, variance_shown(c, smallest, samples), samples)


def decision_rate(error: np.ndarray, df: float, effect: np.ndarray | float) -> np.ndarray:
    """P(estimate/standard error > t at 0.975), the estimate Normal(effect, error²), the error estimated with df.

    >>> round(float(decision_rate(np.array([1.0]), 1e6, 0.0)[0]), 3), round(float(decision_rate(1.0, 1e6, 2.8)), 1)
    (0.025, 0.8)
    """
    critical = stats.t.ppf(THRESHOLD, df)
    with np.errstate(all="ignore"):
        rate = stats.nct.sf(critical, df, np.clip(effect / np.asarray(error), -30, 30))
    out: np.ndarray = np.nan_to_num(rate)
    return out


def clearing_rate(error: np.ndarray, df: float, edges: Sequence[float]) -> np.ndarray:
    """P(all edges are cleared by t at 0.975), `edges` how far each lies from the effect; at least 0.

    An estimate that misses one edge clears the others, so that the chances to miss add up.

    >>> clearing_rate(np.array([1.0]), 1e6, [2.8]).round(1), clearing_rate(np.array([1.0]), 1e6, [2.8, 2.8]).round(1)
    (array([0.8]), array([0.6]))
    """
    missed = sum(1 - decision_rate(error, df, edge) for edge in edges)
    out: np.ndarray = np.clip(1 - missed, 0.0, 1.0)
    return out


def supported_rate(error: np.ndarray, df: float, effect: np.ndarray | float, negligible: float | None) -> np.ndarray:
    """P(called supported): `decision_rate`, and not *practically none*, which is decided first.

    Of a region (-δ, δ) the estimate must come within t at 0.975 standard errors of δ: the lesser of both chances, which
    is exact where the error is known.

    >>> supported_rate(np.array([0.01]), 1e6, np.array([0.05]), 0.2).round(3)  # five errors from 0, fifteen from 0.2
    array([0.])
    """
    rate = decision_rate(error, df, effect)
    if negligible is None:
        return rate
    away = np.clip((effect - negligible) / error, -30, 30)
    out: np.ndarray = np.minimum(rate, np.nan_to_num(stats.nct.sf(-stats.t.ppf(THRESHOLD, df), df, away)))
    return out
