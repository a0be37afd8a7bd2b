"""Negative controls: the same data with the labels that carry the claim permuted (methods, section 7).

A control tests calibration, not endogeneity: permuted data should be called "supported" about 2.5% of the time. Where
the verdict rests on a statement that can be made anew a hundred times, as of two sides of questions, the control goes
through it (`Stated`); laws take too long, and theirs goes through the claim's estimate without a model.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import special

from hotmess.estimates.estimate import THRESHOLD
from hotmess.statements.settle import Settled
from hotmess.statements.tail import probability_above

PERMUTATIONS, MAX_SUPPORTED, DRAWS = 99, 0.10, 160
"""How often data are permuted, the share of them that may be called, and draws of the statement made of each (as few as
a smoothed tail takes, `hotmess.statements.tail`)."""

STATEMENT, ESTIMATE = "statement", "estimate without a model"
"""What permuted data go through: the statement that the verdict rests on, or, as for laws, the claim's estimate."""


class Judged(Protocol):
    """What the rule judges: an estimate without a model, or a statement."""

    @property
    def probability(self) -> float: ...

    @property
    def statistic(self) -> float: ...


@dataclass(frozen=True)
class Stated:
    """A statement about questions like these: P(quantity > 0) of its settled draws, and its normal score."""

    probability: float

    @property
    def statistic(self) -> float:
        return float(special.ndtri(np.clip(self.probability, 1e-12, 1 - 1e-12)))


def stated(settled: Settled, statement: int, sign: float = 1.0) -> Stated:
    """One of several settled statements by the rule of verdicts: P from its smoothed tail; 1/2 where its errors sit on
    too few questions, or it is undefined.

    >>> from hotmess.statements.settle import settle
    >>> x = np.random.default_rng(0).normal(2.0, 1.0, (2000, 1))
    >>> found = settle(x, np.array([2.0]), influence=np.random.default_rng(1).normal(size=(300, 1)), units=300)
    >>> abs(stated(found, 0).probability - 0.977) < 0.005, round(stated(found, 0, -1.0).probability, 1)
    (True, 0.0)
    """
    draws = sign * settled.draws[:, statement]
    if settled.few[statement] or not np.isfinite(draws).all():
        return Stated(0.5)
    return Stated(probability_above(draws, 0.0, float(settled.df[statement])))


@dataclass(frozen=True)
class Control:
    """The real statistic among permuted ones.

    `rank` counts how many of the statistics (the real one included) are as large as the real one or larger;
    `supported` is the share of permutations that are called supported; `through` says by what, `STATEMENT` or
    `ESTIMATE`.
    """

    what: str
    statistic: float
    permutations: int
    rank: int
    supported: float
    exhaustive: bool = False
    through: str = ESTIMATE

    @property
    def passed(self) -> bool:
        return self.supported <= MAX_SUPPORTED

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "passed": self.passed,
            "what": self.what,
            "statistic": self.statistic,
            "rank": self.rank,
            "permutations": self.permutations,
            "supported_rate": self.supported,
            "exhaustive": self.exhaustive,
            "through": self.through,
        }


def run_control(what: str, real: Judged, permuted: Iterable[Judged], *, exhaustive: bool = False) -> Control:
    """Compare the real statement or estimate with permuted ones, on their statistics."""
    many = list(permuted)
    values = np.array([one.statistic for one in many])
    supported = float(np.mean([one.probability > THRESHOLD for one in many])) if many else 0.0
    rank, through = 1 + int((values >= real.statistic).sum()), STATEMENT if isinstance(real, Stated) else ESTIMATE
    return Control(what, real.statistic, len(many), rank, supported, exhaustive, through)
