"""Verdicts as they stand in the page: the sentence, and one line for each guard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hotmess.claims.rule import CONTRADICTED, INCONCLUSIVE, NEGLIGIBLE, NOT_TESTABLE, SUPPORTED
from hotmess.words import minus, show, with_interval

if TYPE_CHECKING:
    from hotmess.claims.verdict import Verdict

ORDER = (SUPPORTED, CONTRADICTED, NEGLIGIBLE, INCONCLUSIVE, NOT_TESTABLE)


def tally(verdicts: Sequence[Verdict]) -> str:
    """How many claims got which verdict, in a sentence.

    >>> tally([])
    'No claim was tested.'
    """
    if not verdicts:
        return "No claim was tested."
    count = Counter(v.verdict for v in verdicts)
    said = [f"{count[k]} {k}" for k in ORDER if count[k]]
    head = f"{len(verdicts)} claim{'s were' if len(verdicts) != 1 else ' was'} tested"
    return f"{head}: {', '.join(said)}."


FEW = 3
"""So many claims that the data cannot speak to stand among the others; more are folded."""


def views(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """What the page shows of each verdict; claims that the data cannot speak to are folded where there are many.

    A claim whose diagnostics failed stays in sight: the data speak to it, and another run may let them.
    """
    out = [view(v) for v in verdicts]
    silent = [v.verdict == NOT_TESTABLE and v.guards.get("gate", {}).get("passed", True) for v in verdicts]
    many = sum(silent) > FEW
    return [own | {"id": i, "folded": many and bool(quiet)} for i, (own, quiet) in enumerate(zip(out, silent), 1)]


def view(verdict: Verdict) -> dict[str, Any]:
    """What the page shows of a verdict."""
    # The sentence gives the first reason; a gate that failed lists its reasons itself.
    failed = not verdict.guards.get("gate", {}).get("passed", True)
    more = () if failed else verdict.reasons[1:]
    return {
        "name": verdict.claim.name,
        "verdict": verdict.verdict,
        "css": verdict.verdict.replace(" ", "-"),
        "sentence": minus(verdict.sentence),
        "reasons": [minus(f"{r[:1].upper()}{r[1:]}".rstrip(".") + ".") for r in more],
        "place": verdict.claim.place,
        "guards": [
            *([("Preregistered", f"SHA-256 {verdict.claim.preregistration}")] if verdict.claim.preregistration else []),
            *verdict.lines(),
        ],
        "each": [
            (str(e["name"]), with_interval(e["median"], e["low"], e["high"]), show(e.get("probability")))
            for e in verdict.each
        ],
    }
