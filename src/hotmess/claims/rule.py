"""The rule that decides (methods, section 7): from a posterior probability in two populations to a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from hotmess.estimates.estimate import THRESHOLD
from hotmess.inference.gate import Gate, diagnose
from hotmess.statements.effective import Effective
from hotmess.statements.tail import probability_above

SUPPORTED, CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE = "supported", "contradicted", "inconclusive", "not testable"
NEGLIGIBLE = "negligible"
DECIDED = (SUPPORTED, CONTRADICTED)
OTHER = {"like-these": "these", "these": "like-these"}
"""Populations of questions, and which is the other."""


@dataclass(frozen=True)
class Probability:
    """P(claim) with its Monte Carlo interval (95%), which never is a point even where all draws agree."""

    value: float
    low: float
    high: float
    effective: float

    def at(self, value: float, location: float = 1.0) -> Probability:
        """A value read off a smoothed tail, from as many effective draws.

        Its score z is known to √((l + z²/2)/n), as where the draws lie and their sd are both drawn; l:
        `hotmess.statements.effective.Effective.location`.
        """
        z = stats.norm.isf(np.clip(value, 1e-300, 1 - 1e-16))
        error = stats.norm.isf(0.025) * np.sqrt((location + z**2 / 2) / self.effective)
        low, high = (float(stats.norm.sf(z + side * error)) for side in (1, -1))
        return Probability(value, low, high, self.effective)

    def shifted(self, by: float) -> Probability:
        """The same where all draws may lie `by` of their standard deviations (sd) off: its score z is known no better.

        >>> p = Probability(0.99, 0.985, 0.994, 2000.0)
        >>> p.shifted(0.0) == p, round(p.shifted(0.1).low, 3), round(p.shifted(0.1).effective)
        (True, 0.981, 95)
        """
        if not by > 0:
            return self
        ends = stats.norm.isf(np.clip([self.low, self.high], 1e-300, 1 - 1e-16))
        middle, half = ends.mean(), np.hypot(np.ptp(ends) / 2, stats.norm.isf(0.025) * by)
        low, high = (float(stats.norm.sf(middle + side * half)) for side in (1, -1))
        return Probability(self.value, low, high, 1 / (1 / self.effective + by**2))


def probability(holds: np.ndarray) -> Probability:
    """P from indicator draws (chain, draw), with a Jeffreys interval at the effective number of draws.

    >>> p = probability(np.ones((4, 500), bool))
    >>> p.value, p.low > 0.99
    (1.0, True)
    """
    p = float(holds.mean())
    n = holds.size
    _, bulk, _ = diagnose(holds.astype(float))
    effective = float(min(n, bulk)) if np.isfinite(bulk) and bulk > 0 else float(n)
    a, b = p * effective + 0.5, (1 - p) * effective + 0.5
    return Probability(p, float(stats.beta.ppf(0.025, a, b)), float(stats.beta.ppf(0.975, a, b)), effective)


def smoothed(
    draws: np.ndarray,
    low: float = 0.0,
    high: float = np.inf,
    *,
    effective: Effective | None = None,
    shift: float = 0.0,
) -> Probability:
    """P(low < quantity < high) of draws (chain, draw) of a statement about questions like these, from smoothed tails.

    Its tails are those of Student's t with the effective questions as degrees of freedom; without them, of what is
    drawn by chains, it is counted. shift: `Quantity.shift`.

    >>> x = np.random.default_rng(0).normal(2.0, 1.0, (4, 500))
    >>> p = smoothed(x, effective=Effective(np.inf, np.inf, 100))
    >>> abs(p.value - 0.97725) < 0.006
    True
    """
    counted = probability((draws > low) & (draws < high))
    if effective is None or not np.isfinite(draws).all():
        return counted.shifted(shift)
    above = probability_above(draws, low, effective.df)
    value = above if np.isinf(high) else above - probability_above(draws, high, effective.df)
    return counted.at(float(np.clip(value, 0.0, 1.0)), effective.location).shifted(shift)


def decide(
    p: Probability, other: float, *, gate: Gate, threshold: float = THRESHOLD, few: str = ""
) -> tuple[str, tuple[str, ...]]:
    """The rule: a verdict and the reasons that held it back.

    few: why the statement decides nothing, where its errors sit on too few questions.

    Supported: P > threshold for the population asked about, the same sign in the other population (`other`, its P, on
    the same side of one half), and the Monte Carlo interval of P clears the threshold. Contradicted: likewise below
    1 - threshold. Not testable: the gate failed. Else inconclusive.

    >>> decide(Probability(0.99, 0.985, 0.995, 2000.0), 0.9, gate=Gate())
    ('supported', ())
    >>> decide(Probability(0.99, 0.985, 0.995, 2000.0), 0.9, gate=Gate(("R-hat of x is 1.2",)))[0]
    'not testable'
    """
    if not gate.passed:
        return NOT_TESTABLE, gate.reasons
    if p.value > threshold:
        wanted, clear, agrees = SUPPORTED, p.low > threshold, other > 0.5
    elif 1 - p.value > threshold:
        wanted, clear, agrees = CONTRADICTED, 1 - p.high > threshold, other < 0.5
    else:
        between = f"the posterior probability {p.value:.3f} lies between {1 - threshold:.3g} and {threshold:.7g}"
        return INCONCLUSIVE, (few, between) if few else (between,)
    reasons = [few] if few else []
    if not clear:
        reasons.append(
            f"the Monte Carlo interval of the probability, {p.low:.3f} to {p.high:.3f}, does not clear {threshold:.7g}"
        )
    if not agrees:
        reasons.append("the other population has the opposite sign")
    return (wanted, ()) if not reasons else (INCONCLUSIVE, tuple(reasons))


def practically_none(
    draws: np.ndarray,
    other: np.ndarray,
    delta: float | None,
    *,
    threshold: float = THRESHOLD,
    effective: Effective | None = None,
    shift: float = 0.0,
) -> bool:
    """Whether a quantity is practically none: P(θ > -δ) and P(θ < δ) each above the threshold.

    Monte Carlo intervals of both must clear it, and in the other population each must be above one half.

    >>> rng = np.random.default_rng(0)
    >>> near, far = rng.normal(0.0, 0.3, (4, 500)), rng.normal(0.9, 0.3, (4, 500))
    >>> practically_none(near, near, 1.0), practically_none(far, far, 1.0), practically_none(near, near, None)
    (True, False, False)
    """
    if delta is None or (effective is not None and effective.few):
        return False
    sides = ((draws, other), (-draws, -other))
    return all(
        smoothed(own, -delta, effective=effective, shift=shift).low > threshold and (rest > -delta).mean() > 0.5
        for own, rest in sides
    )
