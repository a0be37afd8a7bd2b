"""Several claims at once: how many of those decided have the wrong sign by
their own posteriors (methods, section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scipy import stats

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.claims.rule import DECIDED, SUPPORTED
from hotmess.claims.verdict import Verdict, lowered
from hotmess.estimates.estimate import THRESHOLD


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


def wrong_signs(number: float) -> str:
    """How many signs are expected to be wrong, as a sentence ends.

    >>> wrong_signs(0.0132), wrong_signs(2.8e-09)
    ('0.013 are expected to have the wrong sign.', 'fewer than 0.001 are expected to have the wrong sign.')
    """
    return f"{f'{number:.2g}' if number >= 0.001 else 'fewer than 0.001'} are expected to have the wrong sign."


def controlled(verdicts: Sequence[Verdict], level: float = 1 - THRESHOLD) -> list[Verdict]:
    """Directions that stand among all that were tested: Benjamini and Hochberg (1995) on min(P, 1 - P).

    What falls is inconclusive, with that reason. Claims of equality, and what is practically none, take no part. Where
    responses were drawn with looks between, a claim may have less than the level, and its P counts by as much more.
    """
    asked = [i for i, v in enumerate(verdicts) if v.probability is not None and v.claim.region is None]
    out = list(verdicts)
    if len(asked) < 2:
        return out
    p = [_error(verdicts[i], level) for i in asked]
    for i, adjusted in zip(asked, stats.false_discovery_control(p)):
        if verdicts[i].verdict in DECIDED and adjusted > level:
            why = (
                f"among {len(asked)} directions tested together it does not stand (1 - P = {_least(verdicts[i]):.3f}, "
                f"adjusted by Benjamini and Hochberg {adjusted:.3f}, above {level:.3g})"
            )
            out[i] = lowered(verdicts[i], why, ALONE)
    return out


ALONE = "Draw more questions, or name it beforehand and test it alone on new data (--claim)."


def _error(verdict: Verdict, level: float) -> float:
    """min(P, 1 − P), times the level over what the claim may have at its look."""
    own = level if verdict.case is None else 1 - verdict.case.threshold
    return min(1.0, _least(verdict) * level / own) if own > 0 else 1.0


def _least(verdict: Verdict) -> float:
    p = float(verdict.probability or 0.0)
    return min(p, 1 - p)


class Several(Guard):
    """Expected false signs among the claims decided together; found when all of them are."""

    name, title = "multiplicity", "Several claims"

    def run(self, case: Case) -> Finding | None:
        return None  # one claim alone says nothing of it

    def together(self, verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The verdicts of one study: what does not stand among so many falls; the rest get what is expected of all."""
        verdicts = controlled(verdicts)
        found = expected_false_signs(verdicts)
        if found["decided"] < 2:
            return list(verdicts)
        own = Finding(self, found)
        return [replace(v, findings=(*v.findings, own)) if v.verdict in DECIDED else v for v in verdicts]

    def line(self, record: Any, units: str) -> str:
        return f"of {record['decided']} claims decided together, {wrong_signs(record['expected_false_signs'])}"
