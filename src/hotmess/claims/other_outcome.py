"""A claim of which the table's outcome cannot speak, on another outcome of the same responses that can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hotmess.claims.claim import Claim
from hotmess.claims.rule import NOT_TESTABLE
from hotmess.claims.study import Study
from hotmess.claims.verdict import Verdict, silent
from hotmess.errors import NotTestable, OtherOutcome


def tested_beside(
    study: Study, claim: Claim, reason: OtherOutcome, absent: str, test: Callable[..., Verdict], **settings: Any
) -> Verdict:
    """The verdict on the outcome that stands beside the one that cannot speak; its reason where there is none.

    The claim's quantity is defined by what it is measured on, so the sentence says on which column that was.

    reason: why the outcome cannot speak. absent: what the data do not hold. test: tests a study on a claim with these
    settings, the population among them.
    """
    why, remedy, other = str(reason), reason.remedy, None
    try:
        other = study.beside
    except NotTestable as unread:
        why, remedy = f"{why.rstrip('.')}. {unread}", ""
    if other is None:
        return silent(claim, settings["population"], study.metric, (why,), absent=absent, remedy=remedy)
    verdict = test(other, claim, **settings)
    if verdict.verdict != NOT_TESTABLE:
        return verdict
    of = other.of_column
    said = tuple(f"{one.rstrip('.')}. {of}" for one in verdict.reasons)
    return replace(verdict, reasons=said, sentence=f"{verdict.sentence} {of}")
