"""What these data could show of a claim, and what would decide it (methods, section 7)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy import stats

from hotmess.claims.rule import NEGLIGIBLE, SUPPORTED
from hotmess.decompose.context_scatter import shared_contexts
from hotmess.design.decision_rate import as_shown, clearing_rate, standard_error, supported_rate
from hotmess.errors import NotTestable
from hotmess.estimates.estimate import THRESHOLD

if TYPE_CHECKING:
    from hotmess.claims.claim import Claim
    from hotmess.claims.study import Study

POWER, DRAWS = 0.8, 40
NORMAL = 1e6
"""Degrees of freedom at which Student's t is a Normal."""
MOST = {"questions": 1_000_000, "samples": 1_000, "models": 100}


class Regions(Protocol):
    """What has the regions that a verdict is by: a claim, or a comparison of models."""

    @property
    def region(self) -> tuple[float, float] | None:
        """In which the quantity lies if a claim of equality holds."""

    @property
    def negligible(self) -> float | None:
        """Half-width of the region in which it is practically none."""


def smallest_effect(draws: np.ndarray, threshold: float = THRESHOLD) -> float | None:
    """The smallest effect that is supported with probability 0.8: (t at 0.975 + z at 0.8) sd.

    The first term is the distance from the posterior's median down to its 2.5% quantile, so that its t is the
    posterior's own; the sd of the second is half the distance between the quantiles that a Normal has one sd around
    its median. At a look that needs a larger probability the first term is longer as a Normal's is, since draws say
    little of quantiles so far out; None where no probability decides.

    >>> smallest_effect(np.random.default_rng(0).normal(7.0, 0.1, (4, 50_000))).__round__(2)  # (1.96 + 0.84) 0.1
    0.28
    """
    if not np.isfinite(draws).all() or threshold >= 1:
        return None
    lowest, low, middle, high = np.quantile(draws, [1 - THRESHOLD, *stats.norm.cdf([-1, 0, 1])])
    further = stats.norm.ppf(threshold) / stats.norm.ppf(THRESHOLD)
    return float((middle - lowest) * further + stats.norm.ppf(POWER) * (high - low) / 2)


def smallest_of(claim: Claim, draws: np.ndarray, threshold: float = THRESHOLD) -> float | None:
    """`smallest_effect` of a claim; of one of equality how far inside its region, either edge of which may be near."""
    smallest = smallest_effect(draws, threshold)
    if smallest is None or claim.region is None:
        return smallest
    return max(smallest, smallest_effect(-draws, threshold) or 0.0)


def could_show(claim: Claim, smallest: float, *, looked: bool = False) -> str:
    """What the data could show of a claim, in words.

    smallest: of a claim with a direction the effect; of one of equality, how far inside its region the quantity lies.
    looked: whether that is at a look.
    """
    at = " at this look" * looked
    if claim.region is None:
        if smallest > claim.most:
            return (
                f"These data could not show it{at} with probability {POWER}: that takes an effect of {smallest:.2g}, "
                f"and none is above {claim.most:g}."
            )
        return f"These data could show an effect of {smallest:.2g} or more{at}, with probability {POWER}."
    low, high = claim.region
    region = f"its region, {low:g} to {high:g}" if np.isfinite(claim.region).all() else "its region"
    if 2 * smallest > high - low:
        return (
            f"These data could not show it{at} with probability {POWER}: no value lies {smallest:.2g} inside {region}."
        )
    return (
        f"These data could show a value that lies {smallest:.2g} or more inside {region}{at}, with probability {POWER}."
    )


@dataclass(frozen=True)
class WouldDecide:
    """How much of one thing alone decides a claim with probability 0.8, if its effect is `effect`.

    Attributes
    ----------
    effect
        Of the claim's quantity; of a claim of equality, how far inside its region the quantity lies (`inside`).
    against
        Whether the estimate lies on the other side: then the same numbers let an effect of that size contradict it.
    verdicts
        What an effect of that size would be called: where it is practically none, that is decided first.
    contexts
        Whether questions share few-shot contexts, whose scatter more questions or samples leave as it is.
    now
        Questions, samples per question, and (for claims about size) models, of the data.
    needed
        As many of each alone, the others as they are; None where no number of it is enough.
    """

    effect: float
    now: dict[str, int]
    needed: dict[str, int | None]
    inside: bool = False
    against: bool = False
    verdicts: tuple[str, ...] = (SUPPORTED,)
    contexts: bool = False

    def record(self) -> dict[str, Any]:
        """As JSON."""
        asked = {"effect": self.effect, "probability": POWER, "verdicts": list(self.verdicts)}
        return {**asked, "now": self.now, "needed": self.needed}

    def sentence(self, *, once: bool = False) -> str:
        """In words; once: these data have had looks, and what is said is of others that are looked at once."""
        told = [f"{n:,} {what} instead of {self.now[what]:,}" for what, n in self.needed.items() if n is not None]
        what = f"A value {self.effect:.2g} inside the region" if self.inside else f"An effect of {self.effect:.2g}"
        what = f"In new data that are looked at once, a{what[1:]}" if once else what
        if not told:
            return f"{what} would not be found by more {' or '.join(self.now)} alone."
        words = " or ".join({NEGLIGIBLE: "found practically none"}.get(v, v) for v in self.verdicts)
        if any(n == self.now[what] for what, n in self.needed.items()):
            other = "it is likely another: " + "more questions tell" if self.inside else "state another (--effect)"
            return f"{what} would be {words} with probability {POWER} by data of this size; {other}."
        other = f", and one of {-self.effect:.2g}, on this estimate's side, contradicted," if self.contradicts else ""
        more = "; of the contexts that questions share it may take more as well" * self.contexts
        return f"{what} would be {words}{other} with probability {POWER} by {', or by '.join(told)}{more}."

    @property
    def contradicts(self) -> bool:
        """Whether an effect of that size on the estimate's side would be called contradicted."""
        return self.against and self.verdicts == (SUPPORTED,)

    def short(self) -> str:
        """The same for a table's cell."""
        told = [f"{n:,} {what} ({self.now[what]:,} now)" for what, n in self.needed.items() if n is not None]
        sign = "±" * self.contradicts
        what = f"{self.effect:.2g} inside the region" if self.inside else f"an effect of {sign}{self.effect:.2g}"
        what = f"practically none at {what}" if self.verdicts == (NEGLIGIBLE,) else what
        return f"{what}: {' or '.join(told) or 'no more ' + ' or '.join(self.now) + ' alone'}"


def planned(claim: Claim, smallest: float) -> float:
    """The effect for which it is said what would decide: the claim's own where one is stated; of a claim of equality
    the middle of its region; else half the smallest that the data could show, or half the largest that can be."""
    if claim.effect is not None:
        return claim.effect
    if claim.region is not None and np.isfinite(claim.region).all():
        return (claim.region[1] - claim.region[0]) / 2
    return min(smallest, claim.most) / 2


def called(claim: Regions, effect: float) -> tuple[str, ...]:
    """What an effect of that size is called by data that just decide it: within half of the region (-δ, δ) in which it
    is practically none its edge is the farther from it, so that the region is decided no later than the sign."""
    if claim.region is not None or claim.negligible is None or effect >= claim.negligible:
        return (SUPPORTED,)
    return (NEGLIGIBLE,) if 2 * effect <= claim.negligible else (SUPPORTED, NEGLIGIBLE)


def called_rate(claim: Regions, effect: float, error: np.ndarray, df: float) -> np.ndarray:
    """How probable it is that an effect of that size is called one of `called`, at standard errors of the estimate.

    The chances of the verdicts add up, since no estimate has two. Both edges of a region must be cleared: of a claim of
    equality the farther one is out of reach, unless the value lies in the middle.
    """
    if claim.region is not None:
        middle = bool(np.isclose(2 * effect, claim.region[1] - claim.region[0]))
        return clearing_rate(error, df, [effect, effect] if middle else [effect])
    verdicts, rate = called(claim, effect), np.zeros(np.shape(error))
    if SUPPORTED in verdicts:
        rate = rate + supported_rate(error, df, effect, claim.negligible)
    if NEGLIGIBLE in verdicts and claim.negligible is not None:
        rate = rate + clearing_rate(error, df, [claim.negligible - effect, claim.negligible + effect])
    return rate


def would_decide(study: Study, claim: Claim, effect: float, smallest: float | None = None) -> WouldDecide | None:
    """What would decide a claim at an effect; None where no arithmetic is known for it, or the data cannot speak to it.

    smallest: the smallest effect that these data could show. A design is scaled to it; where there is none for the
    claim or the outcome, and its statement rests on questions alone (`by_questions`), their number follows from it: sd
    falls with its root.
    """
    if not effect > 0:
        return None
    c, of_contexts = None, shared_contexts(study.cells) is not None
    if claim.design is not None and not study.large:
        with contextlib.suppress(NotTestable):
            c = claim.design(study, DRAWS)
    if c is None:
        if not claim.by_questions or smallest is None:
            return None
        return replace(by_questions(claim, effect, smallest, study.questions), contexts=of_contexts)
    now = {"questions": c.questions, "samples": samples_now(study)}
    sides = as_shown(c, smallest, now["samples"])
    if sides.spread > 0:
        now["models"] = sides.models

    def rate(**design: int) -> float:
        d = {"models": sides.models, **now, **design}
        error, df = standard_error(sides, d["questions"], d["samples"], d["models"])
        return float(called_rate(claim, effect, error, df).mean())

    def enough(what: str) -> Callable[[int], bool]:
        return lambda n: rate(**{what: n}) >= POWER

    needed = {what: fewest(enough(what), now[what], MOST[what]) for what in now}
    region, verdicts = claim.region is not None, called(claim, effect)
    return WouldDecide(effect, now, needed, region, verdicts=verdicts, contexts=of_contexts)


def by_questions(claim: Regions, effect: float, smallest: float, count: int) -> WouldDecide:
    """How many questions decide it, of which there are `count`, where the sd falls with their root."""
    sd = smallest / stats.norm.ppf([THRESHOLD, POWER]).sum()

    def cleared(n: int) -> bool:
        return bool(called_rate(claim, effect, np.array([sd * np.sqrt(count / n)]), NORMAL)[0] >= POWER - 1e-6)

    needed = {"questions": fewest(cleared, count, MOST["questions"])}
    return WouldDecide(effect, {"questions": count}, needed, claim.region is not None, verdicts=called(claim, effect))


def samples_now(study: Study) -> int:
    """Samples per question of the data: the median over cells."""
    return round(float(study.cells.table["responses"].median()))


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
