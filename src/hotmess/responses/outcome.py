"""What an outcome is: one object that says all the package needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from hotmess.responses.bases import Measure, resembling
from hotmess.responses.placing import Placed, Space
from hotmess.responses.values import Place

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

Keep = np.ndarray | None
"""(rows,) which rows a check keeps; None: all."""


def nothing(frame: pd.DataFrame) -> tuple[str, ...]:
    """No further column is needed."""
    return ()


def every_row(responses: Responses) -> np.ndarray:
    """Each row by its number: no two are counted together."""
    return np.arange(len(responses.table))


@dataclass(frozen=True)
class Outcome:
    """How a response turned out: a column of the table, and everything that follows from it.

    Attributes
    ----------
    name
        The column.
    check
        (table, place) -> rows to keep, or None: validates the column in place, or raises `BadInput`.
    place
        (values, owner, cells, responses, space) -> `Placed`: positions of counted values, and the targets.
    metrics
        The metrics it can have, its default first; the number says how late it is taken where the metric is asked for
        and the table has several outcomes.
    needs
        table -> further columns that it needs.
    values
        responses -> what SQL counts: scalars as they are, else a number that equal responses share.
    carried
        Further columns, constant in a question, that its latent model can use.
    model
        Its latent model: of `letters`, of `positions`, of probability `vectors`; None, with `refusal` as the reason.
    base
        The base measure of positions never seen, where the model is of positions.
    scale
        The largest error that its default metric can have; None where there is no bound.
    refusal
        Why cells of it have no latent model of positions; `instead`: what to do then.
    distinct
        Whether its positions, one-hot, are at right angles to each other, so that sums over a context are counts.
    own
        Whether a user made it.
    beside
        Another outcome that the same responses may have, to which claims turn where this one cannot speak.
    """

    name: str
    check: Callable[[pd.DataFrame, Place], Keep]
    place: Callable[[np.ndarray, np.ndarray, pd.DataFrame, Responses, Space], Placed]
    metrics: Mapping[str, int] = field(default_factory=dict)
    needs: Callable[[pd.DataFrame], tuple[str, ...]] = nothing
    values: Callable[[Responses], Any] = every_row
    carried: tuple[str, ...] = ()
    model: Literal["letters", "positions", "vectors"] | None = "positions"
    base: Measure = resembling
    scale: float | None = None
    refusal: str = ""
    instead: str = ""
    distinct: bool = False
    own: bool = False
    beside: str = ""

    @property
    def default_metric(self) -> str:
        return next(iter(self.metrics))
