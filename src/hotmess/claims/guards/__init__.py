"""The guards of every claim, in the order in which they are asked and shown."""

from __future__ import annotations

from collections.abc import Iterator

from hotmess.claims.claim import Case, Guard
from hotmess.claims.guards.null_worlds import NullWorlds
from hotmess.claims.guards.odds import Odds
from hotmess.claims.guards.of_draws import Decoding, Diagnostics, FewQuestions, MonteCarlo, Parts, Populations, Units
from hotmess.claims.guards.predictive_checks import PredictiveChecks
from hotmess.claims.guards.sensitivity import SideTurns
from hotmess.claims.guards.shown import Shown
from hotmess.claims.guards.without_model import Agreement, NegativeControl, Truncation

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
