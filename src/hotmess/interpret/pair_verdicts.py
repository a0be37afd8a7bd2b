"""Verdicts on pairs of models: the rule of claims on the difference of their incoherence, and its
words (methods, section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from hotmess.claims.decidable import POWER, by_questions, smallest_effect
from hotmess.claims.guards.of_draws import FEW_REMEDY
from hotmess.claims.rule import (
    DECIDED,
    INCONCLUSIVE,
    NEGLIGIBLE,
    NOT_TESTABLE,
    SUPPORTED,
    decide,
    practically_none,
    smoothed,
)
from hotmess.estimates.estimate import THRESHOLD
from hotmess.interpret.paired_sets import difference
from hotmess.statements.effective import Effective, effective_of, spread_by_count
from hotmess.words import percent, population_words, show

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.inference.gate import Gate
    from hotmess.interpret.sets import Sets

NEGLIGIBLE_CHANGE = 0.02
"""Half-width of the region in which a difference of incoherence is practically none, as for claims about changes."""


@dataclass(frozen=True)
class Pair:
    """A difference of incoherence, and what the rule makes of it.

    Attributes
    ----------
    row
        Its row of the table.
    draws, other
        (chain, draw) in the population asked about and in the other one; empty where there are none.
    effective
        How many questions it rests on, where it is about questions like these.
    reason, threshold
        What held a verdict back; the probability that decides.
    next_step
        What would decide it, where it is inconclusive.
    """

    row: Any
    draws: np.ndarray
    other: np.ndarray
    effective: Effective | None
    verdict: str = NOT_TESTABLE
    reason: str = ""
    smallest: float | None = None
    threshold: float = THRESHOLD
    next_step: str = ""


@dataclass(frozen=True)
class _Difference:
    """The regions of a difference, as `hotmess.claims.decidable` asks for them."""

    negligible: float | None
    region: None = None


def pair_of(row: Any, mine: Sets, other: Sets, population: str, barred: str) -> Pair:
    """A pair of sets in both populations of questions; barred: why nothing can be said of it, else empty."""
    draws, effective = _draws(mine, population == "like-these")
    return Pair(row, draws, _draws(other, population != "like-these")[0], effective, reason=barred)


def _draws(two: Sets, like: bool) -> tuple[np.ndarray, Effective | None]:
    drawn = two.unbiased if two.latent is None else two.latent
    if drawn is None:
        return np.empty((1, 0)), None
    draws = difference(drawn, "incoherence")[..., 0]
    if two.latent is not None and two.means is not None and np.isfinite(draws).all():
        found = two.means.settle(lambda means: difference(means, "incoherence"))
        return found.draws.reshape(draws.shape), effective_of(found, 0, two.means.units)
    if two.latent is None and like:
        draws = spread_by_count(draws, int(two.questions[0]))
    return draws, None


def judged(pairs: Sequence[Pair], negligible: float | None, level: float, gate: Gate) -> list[Pair]:
    """Pairs with their verdicts: `supported` is that the sign is certain.

    By the rule of claims (`hotmess.claims.rule`), at an error of `level`; then Benjamini and Hochberg (1995) on
    min(P, 1 - P) of all pairs, what falls being inconclusive with that reason.
    """
    found = [_alone(pair, negligible, 1 - level, gate) for pair in pairs]
    least = [_least(pair) for pair in found]
    return [
        replace(pair, verdict=INCONCLUSIVE, reason=_fell(len(found), own, adjusted, level), next_step=FEWER)
        if pair.verdict == SUPPORTED and adjusted > level
        else pair
        for pair, own, adjusted in zip(found, least, stats.false_discovery_control(least))
    ]


def _alone(pair: Pair, negligible: float | None, threshold: float, gate: Gate) -> Pair:
    if pair.reason:
        return pair
    if not all(x.size and np.isfinite(x).all() for x in (pair.draws, pair.other)):
        return replace(pair, reason=_UNDEFINED)
    few = pair.effective is not None and pair.effective.few
    p = smoothed(pair.draws, effective=pair.effective)
    own = gate & gate.judge({"incoherence": pair.draws}, constants=False)
    said = pair.effective.sentence() if pair.effective is not None and few else ""
    verdict, reasons = decide(p, float((pair.other > 0).mean()), gate=own, threshold=threshold, few=said)
    if not own.passed:
        return replace(pair, reason=_FAILED)
    if practically_none(pair.draws, pair.other, negligible, threshold=threshold, effective=pair.effective):
        verdict, reasons = NEGLIGIBLE, ()
    verdict = SUPPORTED if verdict in DECIDED else verdict
    smallest = smallest_effect(pair.draws, threshold)
    why = reasons[0] if reasons else ""
    step = "" if verdict != INCONCLUSIVE else FEW_REMEDY if few else _step(pair, negligible, smallest, threshold)
    return replace(pair, verdict=verdict, reason=why, smallest=smallest, threshold=threshold, next_step=step)


def _step(pair: Pair, negligible: float | None, smallest: float | None, threshold: float) -> str:
    """What would decide it, by the arithmetic of claims, which is of questions like these; at a look the plan says."""
    if threshold != THRESHOLD:
        return ""
    if smallest is None or pair.effective is None:
        return MORE
    decider = by_questions(_Difference(negligible), smallest / 2, smallest, int(pair.row["questions"]))
    if decider.needed == decider.now:
        return MORE
    return f"A difference{decider.sentence().removeprefix('An effect')}"


def _least(pair: Pair) -> float:
    p = pair.row["probability"]
    return float(min(p, 1 - p)) if np.isfinite(p) else 0.5


def _fell(pairs: int, own: float, adjusted: float, level: float) -> str:
    return (
        f"among {pairs} pairs compared together it does not stand (1 - P = {own:.3f}, adjusted by Benjamini and "
        f"Hochberg {adjusted:.3f}, above {level:.3g})"
    )


def with_verdicts(table: pd.DataFrame, pairs: Sequence[Pair]) -> pd.DataFrame:
    """The table with verdict, reason, next step and smallest effect in the rows of incoherence."""
    left = iter(pairs)
    own = [next(left) if name == "incoherence" else None for name in table["quantity"]]
    columns: dict[str, list[Any]] = {
        "verdict": [None if one is None else one.verdict for one in own],
        "reason": [None if one is None else one.reason or None for one in own],
        "next_step": [None if one is None else one.next_step or None for one in own],
        "smallest_effect": [np.nan if one is None or one.smallest is None else one.smallest for one in own],
    }
    return table.assign(**columns)


def sentence(pair: Pair, by: Sequence[str], population: str, interval: float, negligible: float | None) -> str:
    """The verdict on a pair in words."""
    row = pair.row
    place = f" ({', '.join(f'{name} {row[name]}' for name in by)})" if len(by) else ""
    where = f"on {int(row['questions']):,} shared question{'s' if row['questions'] != 1 else ''}{place}"
    of = f"{row['of']} against {row['against']}, {where}"
    latent = np.isfinite(row["difference"])
    value, low, high = (row[c] for c in (("difference", "low", "high") if latent else _UNBIASED))
    if not np.isfinite(value):
        return f"{of}: {_UNDEFINED}."
    if not np.isfinite(low):
        return f"{of}: incoherence differs by {show(value, 3)}, with no interval."
    if pair.verdict == NOT_TESTABLE:
        return f"{of}: not testable, since {pair.reason}."
    beside = f"; unbiased {show(row['unbiased'], 3)}" if latent and np.isfinite(row["unbiased"]) else ""
    return (
        f"{of}: {_verdict(pair, negligible)}, difference {show(value, 3)} [{show(low, 3)}, {show(high, 3)}] "
        f"({percent(interval)} interval, {population_words(population)}; P(difference > 0) = "
        f"{show(row['probability'], 3)}{beside}).{_beside(pair)}"
    )


def _verdict(pair: Pair, negligible: float | None) -> str:
    lower = pair.row["probability"] < 0.5
    if pair.verdict == SUPPORTED:
        return f"supported, the incoherence of {pair.row['of']} is {'lower' if lower else 'higher'}"
    if pair.verdict == NEGLIGIBLE:
        return f"practically none, as what lies within ±{negligible:.2g} counts as none"
    return "inconclusive which is more coherent"


def _beside(pair: Pair) -> str:
    """What held it back, and what these data could show; of a difference that is practically none, its sign."""
    if pair.verdict == SUPPORTED:
        return ""
    if pair.verdict == NEGLIGIBLE:
        p = pair.row["probability"]
        sign = "negative" if p < 0.5 else "positive"
        return f" Its sign is known, {sign}, and too small to matter." * bool(max(p, 1 - p) > pair.threshold)
    said = f" Held back because {pair.reason}."
    if pair.smallest is not None:
        said += f" These data could show a difference of {pair.smallest:.2g} or more, with probability {POWER}."
    return said + (f"{NEXT}{pair.next_step}" if pair.next_step else "")


NEXT = " Next step: "
MORE = "More responses narrow it; how many is not worked out here."
FEWER = "Ask more questions, or compare the pair alone that was to be compared beforehand."
_UNBIASED = ("unbiased", "unbiased_low", "unbiased_high")
_UNDEFINED = "the difference is undefined, since one of them makes no errors"
_FAILED = "the diagnostics of the fit failed; draw more (--draws)"
