"""The record of a sequential run: what was planned before the first look, and what each look found."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from scipy import stats

from hotmess.errors import BadInput
from hotmess.files import whole_file
from hotmess.looks.boundaries import ALPHA, SPENDING, thresholds
from hotmess.looks.seen import Seen, lost, without_hashes

if TYPE_CHECKING:
    import pandas as pd

MOST_LOOKS = 10


class Look(BaseModel):
    """One look.

    Attributes:
        responses: in the table at this look.
        information: 1/variance of the claim's quantity, for the population it is about.
        fraction: how far the run has come, by which error is spent (`Looks.fraction`); 1 at the last look.
        threshold: probability that a verdict needed here.
        probability: of the claim.
        verdict: of the claim at this threshold.
        decided: chance that the last look decides.
        stop: why no more is drawn; empty where the run goes on.
        why: what kept the claim from being tested, where it was not testable.
        seen: what identifies the table; None in records of the versions before.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    responses: int = Field(ge=1)
    information: float = Field(ge=0, allow_inf_nan=False)
    fraction: float = Field(ge=0, le=1)
    threshold: float = Field(ge=0.5, le=1)
    probability: float | None = Field(ge=0, le=1)
    verdict: str = Field(max_length=40)
    decided: float | None = Field(default=None, ge=0, le=1)
    stop: str = Field(default="", max_length=200)
    why: str = Field(default="", max_length=500)
    seen: Seen | None = None


class Looks(BaseModel):
    """A sequential run.

    Attributes:
        claim: the claim that decides when to stop.
        preregistration: hash of a user's claim, or empty.
        population: that it is about.
        most_looks: planned beforehand.
        most_responses: the budget, in responses of the whole table.
        spending: how the error is spent.
        futility: chance of a decision below which the run stops; 0 for never.
        settings: digest of what was asked and how, where this package draws; a run goes on only as it was begun.
        reading: options by which the table was read, where it grows elsewhere; it is read by the same at each look.
        history: the looks so far.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    claim: str = Field(max_length=200)
    preregistration: str = Field(default="", max_length=64)
    population: Literal["like-these", "these"] = "like-these"
    most_looks: int = Field(default=5, ge=1, le=MOST_LOOKS)
    most_responses: int = Field(ge=2)
    spending: Literal["obrien-fleming", "pocock"] = "obrien-fleming"
    futility: float = Field(default=0.05, ge=0, le=0.5)
    settings: str = Field(default="", max_length=64)
    reading: dict[str, str] = Field(default_factory=dict, max_length=40)
    history: tuple[Look, ...] = Field(default=(), max_length=MOST_LOOKS)

    @model_validator(mode="after")
    def _rising(self) -> Looks:
        responses = [look.responses for look in self.history]
        if len(self.history) > self.most_looks or responses != sorted(set(responses)):
            raise ValueError("looks are more than were planned, or do not grow in responses")
        return self

    @property
    def stopped(self) -> str:
        """Why the run ended; empty while it goes on."""
        return self.history[-1].stop if self.history else ""

    def shown(self) -> dict[str, object]:
        """As JSON to look at, without the hashes."""
        return self.model_dump(exclude={"history": {"__all__": {"seen": {"kept"}}}})

    def look(self, responses: int) -> Look | None:
        """The look that was taken at a table of so many responses; None where there was none."""
        return next((look for look in self.history if look.responses == responses), None)

    def fraction(self, information: float, final: float, responses: int) -> float:
        """How far the run has come: √(information/final × responses/budget); 1 at the last look, and never falling.

        final: information that is expected at the budget's end. It is foreseen with much noise, responses are known;
        by information alone a look before the last would now and then have come to 1, and those after it, with no
        error left to spend, could decide nothing.
        """
        if len(self.history) + 1 >= self.most_looks or responses >= self.most_responses:
            return 1.0
        spent = max((look.fraction for look in self.history), default=0.0)
        known = min(1.0, information / final) if final > 0 else 0.0
        return max(spent, math.sqrt(known * responses / self.most_responses))

    def threshold(self, information: float, fraction: float) -> float:
        """The probability that a verdict needs at the next look, given those before it.

        >>> plan = Looks(claim="natural-overthinking", most_looks=1, most_responses=100)
        >>> round(plan.threshold(1.0, 1.0), 4)
        0.975
        """
        fractions = [look.fraction for look in self.history] + [fraction]
        known = [look.information for look in self.history] + [information]
        return float(stats.norm.cdf(thresholds(fractions, known, spending=self.spending, alpha=ALPHA)[-1]))

    def is_of(self, claim: str, preregistration: str, population: str) -> bool:
        """Whether a claim, for a population, is the one that was looked at."""
        return (claim, preregistration, population) == (self.claim, self.preregistration, self.population)

    def beside(self, responses: int) -> float:
        """The probability that any other statement needs at the look that was taken at a table of so many responses.

        Nothing is known of how its estimates at the looks go together, so that the errors are added up: at look k it
        may have α(t_k) − α(t_{k−1}), and over all looks α.

        >>> found = {"threshold": 0.998, "probability": 0.6, "verdict": "inconclusive"}
        >>> first = Look(responses=9, information=1.0, fraction=0.5, **found)
        >>> last = Look(responses=20, information=2.0, fraction=1.0, **found)
        >>> plan = Looks(claim="natural-overthinking", most_looks=2, most_responses=20, history=(first, last))
        >>> round(plan.beside(9), 4), round(plan.beside(20), 4), round(plan.beside(9) + plan.beside(20) - 1, 3)
        (0.9985, 0.9765, 0.975)
        """
        spend = SPENDING[self.spending]
        spent = [spend(look.fraction, ALPHA) for look in self.history if look.responses <= responses]
        return 1 - (spent[-1] - max(spent[:-1], default=0.0)) if spent else 1.0

    def sentence(self, responses: int, threshold: float, *, own: bool = True) -> str:
        """What a verdict on the table says of them; own: whether it is on the claim that was looked at."""
        number = 1 + sum(look.responses < responses for look in self.history)
        said = (
            f"Look {number} of at most {self.most_looks} while responses were drawn until {self.claim} was decided: a "
            f"probability above {_nines(threshold)} was needed"
        )
        if not own:
            said += ", as of any other statement on them"
        look = self.look(responses)
        if look is not None and look.seen is None:
            said += " (by the record, which knows the table by the number of its responses alone)"
        return f"{said}."


def information_of(draws: np.ndarray) -> float:
    """1/variance of a statement from its draws; the sd is half the distance of its quantiles at ±1.

    >>> round(information_of(np.random.default_rng(0).normal(3, 0.5, 100_000)), 1)
    4.0
    """
    low, high = np.quantile(draws, stats.norm.cdf([-1.0, 1.0]))
    return float(4 / (high - low) ** 2) if np.isfinite(high - low) and high > low else 0.0


def load_looks(path: str | Path) -> Looks:
    """The record in a file.

    Raises:
        BadInput: where there is no such file, or it is no such record.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size < 1_000_000 else "too long"
    except (OSError, ValueError) as error:
        raise BadInput(
            f"The looks {str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}."
        ) from error
    return parse_looks(text, str(path))


def parse_looks(text: str, where: str) -> Looks:
    """The record in a text.

    Raises:
        BadInput: where it is none.
    """
    try:
        return Looks.model_validate(json.loads(text))
    except (ValueError, RecursionError, ValidationError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "it is not JSON"
        raise BadInput(
            f"{where!r} is no record of looks ({reason}); it is written by hotmess sample and next."
        ) from error


def refuse_other(table: pd.DataFrame, looks: Looks, now: Seen) -> None:
    """Refuse to look again at a table that is not an extension of the one of the last look.

    Raises:
        BadInput: where responses are gone or changed, or models, arms or budgets have come.
    """
    before = looks.history[-1].seen if looks.history else None
    if before is None:
        return
    if gone := lost(table, before):
        of = "" if not before.halvings else " (of those that the record keeps)"
        raise BadInput(
            f"{gone:,} responses{of} of the last look are not in the table, or were changed since: a run goes on with "
            "all that was looked at, read by the same options, and more; a table mended by hand is a new run, on "
            "responses that nobody has looked at."
        )
    if now.sides > before.sides:
        raise BadInput(
            f"The table has {now.sides} models, arms and budgets, and had {before.sides} at the last look: what is "
            "compared is settled at the first look; leave the new ones out (--where)."
        )


def appended(looks: Looks, look: Look) -> Looks:
    """The record with one look more; only the last keeps hashes of its responses."""
    earlier = tuple(
        one if one.seen is None else one.model_copy(update={"seen": without_hashes(one.seen)}) for one in looks.history
    )
    return looks.model_copy(update={"history": (*earlier, look)})


def save_looks(looks: Looks, path: str | Path) -> None:
    """Write the record, whole or not at all."""
    with whole_file(Path(path)) as file:
        file.write((looks.model_dump_json(indent=1) + "\n").encode())


def _nines(p: float) -> str:
    """A probability near 1 with as many digits as tell it from 1.

    >>> _nines(0.975), _nines(0.99939), _nines(1 - 5e-7)
    ('0.975', '0.99939', '0.9999995')
    """
    if p >= 1:
        return "1"
    return f"{p:.{max(3, math.ceil(-math.log10(1 - p)) + 1)}f}".rstrip("0")
