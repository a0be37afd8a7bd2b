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
from hotmess.looks.boundaries import ALPHA, thresholds

if TYPE_CHECKING:
    import pandas as pd

MOST_LOOKS = 10


class Look(BaseModel):
    """One look.

    Attributes:
        responses: in the table at this look.
        information: 1/variance of the claim's quantity, for the population it is about.
        fraction: of the information that the budget's end is expected to bring; 1 at the last look.
        threshold: probability that a verdict needed here.
        probability: of the claim.
        verdict: of the claim at this threshold.
        decided: chance that the last look decides.
        stop: why no more is drawn; empty where the run goes on.
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

    def look(self, responses: int) -> Look | None:
        """The look that was taken at a table of so many responses; None where there was none."""
        return next((look for look in self.history if look.responses == responses), None)

    def fraction(self, information: float, final: float, responses: int) -> float:
        """Share of the information `final` expected at the budget's end; 1 at the last look, and never falling."""
        if len(self.history) + 1 >= self.most_looks or responses >= self.most_responses:
            return 1.0
        spent = max((look.fraction for look in self.history), default=0.0)
        return float(min(1.0, max(spent, information / final if final > 0 else 0.0)))

    def threshold(self, information: float, fraction: float) -> float:
        """The probability that a verdict needs at the next look, given those before it.

        >>> plan = Looks(claim="natural-overthinking", most_looks=1, most_responses=100)
        >>> round(plan.threshold(1.0, 1.0), 4)
        0.975
        """
        fractions = [look.fraction for look in self.history] + [fraction]
        known = [look.information for look in self.history] + [information]
        return float(stats.norm.cdf(thresholds(fractions, known, spending=self.spending, alpha=ALPHA)[-1]))

    def sentence(self, responses: int, threshold: float) -> str:
        """What a verdict on the table says of them."""
        number = 1 + sum(look.responses < responses for look in self.history)
        return (
            f"Look {number} of at most {self.most_looks} while responses were drawn until {self.claim} was decided: a "
            f"probability above {_nines(threshold)} was needed."
        )


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


def not_known(table: pd.DataFrame, looks: Looks | None) -> str:
    """Why a claim cannot be tested on a table that was drawn until one was decided; empty where it can.

    A probability means what it says only beside the looks that were taken before it: without their record, or with a
    table that is not the one of its last look, nothing is known of the error that was spent.
    """
    if looks is None:
        rounds = table["round"].nunique() if "round" in table.columns else 0
        if rounds < 2:
            return ""
        return (
            f"The responses were drawn in {rounds} rounds (column round), and nothing is known of the looks between "
            "them: give their record (--looks FILE), or name the column otherwise if there were none"
        )
    responses = len(table)
    if looks.look(responses) is not None:
        return ""
    last = looks.history[-1].responses if looks.history else 0
    return (
        f"The table has {responses:,} responses, and the record of looks, the last at {last:,}, knows of none at so "
        "many: test what was looked at, whole, or look first (hotmess next)"
    )


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
