"""What these data could show of a claim, and what would decide it (methods, section 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from hotmess.design.decision_rate import decision_rate, standard_error
from hotmess.errors import NotTestable
from hotmess.estimates.estimate import THRESHOLD

if TYPE_CHECKING:
    from hotmess.claims.claim import Claim
    from hotmess.claims.study import Study

POWER, DRAWS = 0.8, 40
MOST = {"questions": 1_000_000, "samples": 1_000, "models": 100}


def smallest_effect(draws: np.ndarray) -> float | None:
    """The smallest effect that is supported with probability 0.8: (t at 0.975 + z at 0.8) sd.

    The first term is the distance from the posterior's median down to its 2.5% quantile, so that its t is the
    posterior's own; the sd of the second is half the distance between the quantiles that a Normal has one sd around
    its median.

    >>> smallest_effect(np.random.default_rng(0).normal(7.0, 0.1, (4, 50_000))).__round__(2)  # (1.96 + 0.84) 0.1
    0.28
    """
    if not np.isfinite(draws).all():
        return None
    lowest, low, middle, high = np.quantile(draws, [1 - THRESHOLD, *stats.norm.cdf([-1, 0, 1])])
    return float(middle - lowest + stats.norm.ppf(POWER) * (high - low) / 2)


@dataclass(frozen=True)
class WouldDecide:
    """How much of one thing alone decides a claim with probability 0.8, if its effect is `effect`.

    Attributes
    ----------
    now
        Questions, samples per question, and (for claims about size) models, of the data.
    needed
        As many of each alone, the others as they are; None where no number of it is enough.
    """

    effect: float
    now: dict[str, int]
    needed: dict[str, int | None]

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {"effect": self.effect, "probability": POWER, "now": self.now, "needed": self.needed}

    def sentence(self) -> str:
        """In words."""
        told = [f"{n:,} {what} instead of {self.now[what]:,}" for what, n in self.needed.items() if n is not None]
        if not told:
            return f"An effect of {self.effect:.2g} would not be found by more {' or '.join(self.now)} alone."
        return f"An effect of {self.effect:.2g} would be supported with probability {POWER} by {', or by '.join(told)}."


def would_decide(study: Study, claim: Claim, effect: float) -> WouldDecide | None:
    """What would decide a claim at an effect; None where the claim has no design, or the data cannot speak to it."""
    if claim.design is None or not effect > 0 or study.large:
        return None
    try:
        c = claim.design(study, DRAWS)
    except NotTestable:
        return None
    now = {"questions": c.questions, "samples": round(float(study.cells.table["responses"].median()))}
    if c.spread > 0:
        now["models"] = c.models

    def rate(**design: int) -> float:
        d = {"models": c.models, **now, **design}
        error, df = standard_error(c, d["questions"], d["samples"], d["models"])
        return float(decision_rate(error, df, effect).mean())

    def enough(what: str) -> Callable[[int], bool]:
        return lambda n: rate(**{what: n}) >= POWER

    return WouldDecide(effect, now, {what: fewest(enough(what), now[what], MOST[what]) for what in now})


def fewest(enough: Callable[[int], bool], least: int, most: int) -> int | None:
    """The fewest from `least` to `most` that are enough, by bisection; None where `most` are not.

    >>> fewest(lambda n: n >= 37, 10, 100), fewest(lambda n: False, 10, 100), fewest(lambda n: True, 10, 100)
    (37, None, 10)
    """
    if enough(least):
        return least
    if not enough(most):
        return None
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if enough(middle) else (middle, most)
    return most
