"""Several claims at once: how many of those decided have the wrong sign by their own posteriors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.claims.rule import DECIDED, SUPPORTED
from hotmess.claims.verdict import Verdict


def expected_false_signs(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Posterior expected number, and rate, of false signs among the claims called supported or contradicted.

    The sum of 1 - P over the supported and of P over the contradicted (Stephens 2017's local false sign rates, added
    up). It takes each posterior at its word; that it may is what calibration and null worlds are for.

    >>> expected_false_signs([])
    {'decided': 0, 'expected_false_signs': 0.0, 'rate': None}
    """
    wrong = []
    for v in verdicts:
        if v.probability is not None and v.verdict in DECIDED:
            wrong.append(1 - v.probability if v.verdict == SUPPORTED else v.probability)
    total = float(sum(wrong))
    return {
        "decided": len(wrong),
        "expected_false_signs": round(total, 12),
        "rate": total / len(wrong) if wrong else None,
    }


class Several(Guard):
    """Expected false signs among the claims decided together; found when all of them are."""

    name, title = "multiplicity", "Several claims"

    def run(self, case: Case) -> Finding | None:
        return None  # one claim alone says nothing of it

    def together(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The verdicts, those decided with what is expected of all of them."""
        found = expected_false_signs(verdicts)
        if found["decided"] < 2:
            return list(verdicts)
        own = Finding(self, found)
        return [replace(v, findings=(*v.findings, own)) if v.verdict in DECIDED else v for v in verdicts]

    def line(self, record: Any, units: str) -> str:
        return (
            f"of {record['decided']} claims decided together, {record['expected_false_signs']:.2g} are expected to "
            "have the wrong sign."
        )
