"""The guards of every claim, in the order in which they are asked and shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.claims.guards.null_worlds import NullWorlds
from hotmess.claims.guards.odds import Odds
from hotmess.claims.guards.of_draws import Decoding, Diagnostics, FewQuestions, MonteCarlo, Parts, Populations, Units
from hotmess.claims.guards.predictive_checks import PredictiveChecks
from hotmess.claims.guards.sensitivity import SideTurns
from hotmess.claims.guards.shown import Shown
from hotmess.claims.guards.without_model import Agreement, NegativeControl, Truncation
from hotmess.claims.rule import NOT_TESTABLE
from hotmess.errors import NotTestable

FIRST: tuple[Guard, ...] = (Decoding(), Units(), Diagnostics(), MonteCarlo(), Populations(), Parts())
THEN: tuple[Guard, ...] = (
    FewQuestions(),
    NullWorlds(),
    NegativeControl(),
    Odds(),
    Agreement(),
    Truncation(),
)
LAST: tuple[Guard, ...] = (SideTurns(), PredictiveChecks())
"""They take long, so they are asked only where a verdict would stand without them: only what stands can fall."""


def guards_of(case: Case) -> Iterator[Guard]:
    """All guards of a case but the last: those of every claim, those of this one, the records of its quantity."""
    yield from FIRST
    yield from case.claim.guards
    yield from (Shown(name) for name in case.quantity.guards)
    yield from THEN


def ask(guards: Iterable[Guard], case: Case) -> tuple[tuple[Finding, ...], Case]:
    """What guards find, in turn, and the case as they leave it; the first that forbids a verdict is the last asked."""
    findings: list[Finding] = []
    for guard in guards:
        try:
            found = guard.run(case)
        except NotTestable as reason:  # what forbids must be able to; what lowers says that it was not run
            why = str(reason)
            forbids = guard.lowers == NOT_TESTABLE
            found = Finding(guard, {"passed": None, "not_run": why}, (why,) if forbids else (), not_run=why)
        if found is None:
            continue
        findings.append(found)
        if found.reasons and guard.lowers == NOT_TESTABLE:
            return tuple(findings), replace(case, verdict=NOT_TESTABLE)
        if guard.lowers is not None:
            case = replace(case, lowered=(*case.lowered, *found.reasons))
    return tuple(findings), case
