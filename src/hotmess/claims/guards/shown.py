"""Records that decide nothing, shown as they are: those that a user's own quantity brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.words import capital, show, with_interval


@dataclass(frozen=True)
class Shown(Guard):
    """A record under its name."""

    name: str

    @property
    def title(self) -> str:  # type: ignore[override]
        return capital(self.name.replace("_", " "))

    def run(self, case: Case) -> Finding | None:
        return Finding(self, case.quantity.guards[self.name])

    def line(self, record: Any, units: str) -> str:
        return plainly(record)


def plainly(value: Any) -> str:
    """
    >>> plainly({"passed": True, "largest_shift": 0.25, "of": ["a", "b"]})
    'passed: yes; largest shift: 0.250; of: a, b'
    """
    if isinstance(value, Mapping):
        if set(value) >= {"median", "low", "high"}:
            return with_interval(value["median"], value["low"], value["high"])
        return "; ".join(f"{str(k).replace('_', ' ')}: {plainly(v)}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(plainly(v) for v in value)
    return show(value)
