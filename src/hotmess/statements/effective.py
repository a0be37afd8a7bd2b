"""How many questions a statement rests on, and draws of what has no influences of its own (methods, section 7)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hotmess.decompose.intervals import FEW
from hotmess.statements.settle import FLOOR, Settled, spread


@dataclass(frozen=True)
class Effective:
    """Effective questions of one statement.

    Attributes
    ----------
    df
        By which its draws are spread.
    implied
        As the fitted model implies them; below 8 nothing is decided.
    units
        Questions, or clusters of them.
    z, apart, guard
        Of the paired differences from the same by unbiased terms under the same weights: their mean over their standard
        deviation, their mean, and the share of it that was taken off (`hotmess.statements.settle`); nan without such.
    settled
        Whether its draws are settled, and not spread alone.
    """

    df: float
    implied: float
    units: int
    z: float = np.nan
    apart: float = np.nan
    guard: float = 0.0
    settled: bool = False

    @property
    def location(self) -> float:
        """Variance of where n draws lie, in variances of the draws over n: 1 of their mean, and 2π - 3 once settled.

        The shift by 2 z0 counts the share of draws below the estimate: mean + 2 z0 sd has the variance
        (1 - 4 + 4 π/2) sd²/n.
        """
        return 2 * np.pi - 3 if self.settled else 1.0

    @property
    def few(self) -> bool:
        """Whether too few questions carry the errors."""
        return not min(self.implied, np.inf) >= FLOOR

    def sentence(self) -> str:
        """Why nothing is decided.

        >>> Effective(5.6, 3.2, 200).sentence()
        'its errors sit on few questions (as good as 3 of 200, and 8 are needed)'
        """
        good = f"as good as {self.implied:.0f} of {self.units}, and {FLOOR:.0f} are needed"
        return f"its errors sit on few questions ({good})"


def effective_of(settled: Settled, statement: int, units: int, sign: float = 1.0) -> Effective:
    """Of one of several settled statements, or of what has the other sign."""
    own = (settled.df, settled.implied, settled.z, settled.apart, settled.guard)
    df, implied, z, apart, guard = (float(x[statement]) for x in own)
    return Effective(df, implied, units, sign * z, sign * apart, guard, settled=True)


def spread_by_count(draws: np.ndarray, questions: int) -> np.ndarray:
    """Draws (any shape) of a quantity whose influences are not known: below 50 questions spread as Student's t with
    questions - 1 degrees of freedom, as intervals without a model are (`hotmess.decompose.intervals`).

    >>> x = np.random.default_rng(0).normal(size=(4, 500))
    >>> round(float(spread_by_count(x, 25).std() / x.std()), 2)
    1.09
    """
    if questions >= FEW:
        return draws
    return spread(np.ravel(draws), questions - 1.0).reshape(np.shape(draws))
