"""The rates of false verdicts in simulated worlds, beside a verdict."""

from __future__ import annotations

from typing import Any

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.claims.rates import sentence


class NullWorlds(Guard):
    """How often a claim was called supported where it is false."""

    name, title = "null_calibration", "Null worlds"

    def run(self, case: Case) -> Finding | None:
        return None if case.claim.rates is None else Finding(self, case.claim.rates.record())

    def line(self, record: Any, units: str) -> str:
        return sentence(record)

    def clause(self, record: Any) -> str:
        if not record["bad_world"]:
            return ""
        rate = f"{record['worst_rate']:.0%}"
        return f"Where {record['bad_world']}, which these data may be like, it is false and called supported in {rate}."

    def shell(self, record: Any) -> str:
        return f"Null worlds: {sentence(record)}"
