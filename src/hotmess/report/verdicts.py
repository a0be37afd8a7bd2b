"""Verdicts as they stand in the page: a row of the table, and what opens beneath it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.rule import CONTRADICTED, INCONCLUSIVE, NEGLIGIBLE, NOT_TESTABLE, SUPPORTED
from hotmess.report.strip import around_region, around_zero, strip
from hotmess.words import capital, join, minus, show, with_interval

if TYPE_CHECKING:
    from hotmess.claims.verdict import Verdict

ORDER = (SUPPORTED, CONTRADICTED, NEGLIGIBLE, INCONCLUSIVE, NOT_TESTABLE)
WORDS = {NEGLIGIBLE: "practically none"}
"""Verdicts that the page calls by other words than JSON."""

FEW = 3
"""So many claims that the data cannot speak to stand among the others; more are folded."""


def counts(verdicts: Sequence[Verdict]) -> list[tuple[int, str, str]]:
    """(how many, what the page calls it, its class) of each verdict that there is.

    >>> counts([])
    []
    """
    number = Counter(v.verdict for v in verdicts)
    return [(number[k], WORDS.get(k, k), css(k)) for k in ORDER if number[k]]


def css(verdict: str) -> str:
    """The class of a verdict.

    >>> css("not testable")
    'not-testable'
    """
    return verdict.replace(" ", "-")


def silent(verdict: Verdict) -> bool:
    """Whether the data cannot speak to a claim.

    Where diagnostics failed they can, and another run may let them.
    """
    return verdict.verdict == NOT_TESTABLE and verdict.guards.get("gate", {}).get("passed", True)


def views(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """What the page shows of each verdict, decided ones first; many that the data cannot speak to are folded."""
    many = sum(map(silent, verdicts)) > FEW
    out = [view(v) | {"id": i, "folded": many and silent(v)} for i, v in enumerate(verdicts, 1)]
    place = {css(k): i for i, k in enumerate(ORDER)}
    return sorted(out, key=lambda v: place[v["css"]])


def elsewhere(verdicts: Sequence[Verdict]) -> str:
    """What the data cannot speak to, in one sentence; nothing where that is not folded.

    Words of what is missing come from the claims themselves (`Claim.absent`).
    """
    away = [v for v in verdicts if silent(v)]
    if len(away) <= FEW:
        return ""
    missing = list(dict.fromkeys(v.absent for v in away if v.absent))
    named = f", which hold no {join(missing, most=9).replace(' and ', ' or ')}" if missing else ""
    rest = sum(not v.absent for v in away)
    other = f"; {rest} for other reasons" if missing and rest else ""
    failed = sum(v.verdict == NOT_TESTABLE for v in verdicts) - len(away)
    other += f"; the diagnostics of {failed} failed" if failed else ""
    return f"{untestable(verdicts)} cannot be tested on these data{named}{other}."


def untestable(verdicts: Sequence[Verdict]) -> str:
    """How many claims the data cannot speak to, of those counted as not testable where there are more.

    >>> untestable([])
    '0 claims'
    """
    away, counted = sum(map(silent, verdicts)), sum(v.verdict == NOT_TESTABLE for v in verdicts)
    return f"{away} claims" if away == counted else f"Of {counted} claims not testable, {away}"


def view(verdict: Verdict) -> dict[str, Any]:
    """What the page shows of a verdict."""
    # The sentence gives the first reason; a gate that failed lists its reasons itself.
    failed = not verdict.guards.get("gate", {}).get("passed", True)
    more = () if failed else verdict.reasons[1:]
    return {
        "name": verdict.claim.name,
        "statement": capital(verdict.claim.statement),
        "verdict": WORDS.get(verdict.verdict, verdict.verdict),
        "css": css(verdict.verdict),
        "sentence": minus(verdict.sentence),
        "why": minus(capital(verdict.reasons[0]).rstrip(".") + ".") if verdict.reasons else "",
        "reasons": [minus(capital(r).rstrip(".") + ".") for r in more],
        "place": verdict.claim.place,
        "guards": [
            *([("Preregistered", f"SHA-256 {verdict.claim.preregistration}")] if verdict.claim.preregistration else []),
            *((title, minus(line)) for title, line in verdict.lines()),
        ],
        "each": [
            (str(e["name"]), with_interval(e["median"], e["low"], e["high"]), show(e.get("probability")))
            for e in verdict.each
        ],
        **estimate(verdict),
        "holds": "" if verdict.holds_in is None else f"{verdict.holds_in.holds} of {verdict.holds_in.models}",
        "these": these(verdict),
        "decide": decide(verdict),
    }


def estimate(verdict: Verdict) -> dict[str, str]:
    """The estimate, its interval and their drawing; empty where there is none."""
    known = (verdict.median, verdict.low, verdict.high)
    median, low, high = (np.nan if v is None else float(v) for v in known)
    if not np.isfinite([median, low, high]).all():
        return {"value": "", "between": "", "drawing": ""}
    digits = apart(low, high)
    shown = round(median, digits) + 0.0  # no minus before what is shown as 0
    value, between = show(shown, digits), f"{show(low, digits)} to {show(high, digits)}"
    region = verdict.claim.region
    delta = verdict.claim.negligible or 0.0
    grey = region if region is not None else (-delta, delta)
    if region is None and shown > 0:
        value = f"+{value}"
    label = f"{value}, interval {between}"
    if grey[1] > grey[0]:
        label += f"; grey from {show(float(grey[0]), digits)} to {show(float(grey[1]), digits)}"
    window = around_zero(low, high, delta) if region is None else around_region(low, high, region)
    return {"value": value, "between": between, "drawing": strip(window, median, low, high, grey, label)}


def places(low: float, high: float) -> int:
    """Decimals that show an interval's width to two digits.

    >>> places(0.010, 0.052), places(-0.47, 0.09), places(10.0, 250.0)
    (3, 2, 0)
    """
    width = high - low
    return int(np.clip(1 - np.floor(np.log10(width)), 0, 8)) if width > 0 else 3


def apart(low: float, high: float) -> int:
    """The same, and one more where an end would else be shown as 0 that is not: whether 0 lies within is to be seen.

    >>> apart(-0.03, 1.0), apart(0.0, 1.0), apart(-0.09, 0.14)
    (2, 1, 2)
    """
    digits = places(low, high)
    return digits + any(v and not round(v, digits) for v in (low, high))


def these(verdict: Verdict) -> tuple[str, str] | None:
    """What holds among these models themselves, where the verdict is on models like these: its words, its interval."""
    own = verdict.these_models
    if own is None:
        return None
    median, low, high = (show(v, apart(own.low, own.high)) for v in (own.median, own.low, own.high))
    return f"{WORDS.get(own.verdict, own.verdict)}: {median}", f"[{low}, {high}]"


def decide(verdict: Verdict) -> str:
    """What to do where nothing is decided, else what the data could show."""
    if verdict.verdict == INCONCLUSIVE and verdict.next_step:
        planned = verdict.would_decide
        if planned is not None and verdict.next_step == planned.sentence():
            return planned.short()
        return minus(verdict.next_step)
    if verdict.smallest_effect is None or verdict.claim.region is not None:
        return ""
    return f"could show {verdict.smallest_effect:.2g} or more"
