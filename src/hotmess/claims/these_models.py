"""What a claim on model size says of these models themselves, beside its verdict on models like these (methods, 4)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.rule import OTHER, decide, smoothed
from hotmess.errors import NotTestable, median_and_tails
from hotmess.estimates.estimate import THRESHOLD
from hotmess.words import with_interval

if TYPE_CHECKING:
    from hotmess.claims.claim import Quantity
    from hotmess.claims.study import Study


@dataclass(frozen=True)
class TheseModels:
    """A slope of these models' own terms: uncertain over questions only. It never decides a claim.

    why: what holds a verdict back that its probability alone would give; empty where nothing does.
    """

    models: int
    verdict: str
    probability: float
    median: float
    low: float
    high: float
    why: str = ""

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return dict(vars(self))

    def line(self) -> str:
        """In words."""
        value, because = with_interval(self.median, self.low, self.high), f", as {self.why}" if self.why else ""
        return f"among these {self.models} models {value}, P = {self.probability:.3f}: {self.verdict}{because}."

    def sentence(self) -> str:
        """In words, after a verdict on models like these."""
        return f" The verdict is on models like these; {self.line()}"


def these_models(
    quantity: Callable[[Study, str], tuple[Quantity, int]] | None,
    study: Study,
    population: str,
    interval: float,
    region: tuple[float, float] | None,
    *,
    threshold: float = THRESHOLD,
) -> TheseModels | None:
    """The claim among these models, by the same rule; None where it is not about them, or their data say nothing.

    quantity: (study, population of questions) -> the quantity and how many models it is of.
    """
    if quantity is None:
        return None
    with contextlib.suppress(NotTestable):
        (own, models), (other, _) = (quantity(study, p) for p in (population, OTHER[population]))
        low, high = region or (0.0, np.inf)
        p = smoothed(own.draws, low, high, effective=own.effective)
        beside = float(((other.draws > low) & (other.draws < high)).mean())
        few = own.effective.sentence() if own.effective is not None and own.effective.few else ""
        verdict, reasons = decide(p, beside, gate=own.gate, threshold=threshold, few=few)
        between = own.gate.passed and not few and 1 - threshold <= p.value <= threshold
        ends = np.quantile(own.draws, median_and_tails(interval))
        why = "" if between else "; ".join(reasons)
        return TheseModels(models, verdict, p.value, float(ends[1]), float(ends[0]), float(ends[2]), why)
    return None
