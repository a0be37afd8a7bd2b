"""Each model by itself: in how many a claim holds, how far they lie apart, and
what a new one would be (methods, section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from hotmess.errors import tails
from hotmess.estimates.estimate import THRESHOLD
from hotmess.words import show, with_interval


@dataclass(frozen=True)
class EachModel:
    """A quantity over models.

    Attributes
    ----------
    models, holds, fails
        How many there are; in how many the claim's probability exceeds the threshold, and in how many it is below one
        minus that.
    spread
        Standard deviation between models beyond what their own uncertainty explains (DerSimonian and Laird 1986).
    new
        Median, low, high and P(> 0) for a new model (Higgins, Thompson and Spiegelhalter 2009: Student's t with m - 2
        degrees of freedom); None below three models.
    threshold
        0.975, or more at a look.
    """

    models: int
    holds: int
    fails: int
    spread: float
    new: dict[str, float] | None
    threshold: float = THRESHOLD

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return dict(vars(self))

    def line(self) -> str:
        """In words."""
        said = f"holds in {self.holds} of {self.models} models taken alone (P > {self.threshold:.7g})"
        said += f", fails in {self.fails}"
        said += f"; standard deviation between models {show(self.spread)}"
        if self.new is not None:
            value = with_interval(self.new["median"], self.new["low"], self.new["high"])
            said += f"; for a new model {value}, P = {show(self.new['probability'])}"
        return f"{said}."


def each_model(
    each: Mapping[str, np.ndarray],
    holds: Callable[[np.ndarray], np.ndarray],
    interval: float,
    threshold: float = THRESHOLD,
) -> EachModel | None:
    """From draws of every model's quantity, and where the claim holds among draws; None for one model.

    The models' estimates are taken as independent given the models, though they answered the same questions.
    """
    if len(each) < 2 or not all(np.isfinite(x).all() for x in each.values()):
        return None
    middle = np.array([np.median(x) for x in each.values()])
    variance = np.array([x.var() for x in each.values()])
    if not (variance > 0).all():
        return None
    m, alike = len(middle), 1 / variance
    scatter = float(alike @ (middle - alike @ middle / alike.sum()) ** 2)  # Cochran's Q
    tau2 = max((scatter - (m - 1)) / float(alike.sum() - alike @ alike / alike.sum()), 0.0)
    new = None
    if m >= 3:
        weight = 1 / (variance + tau2)
        mean, error = float(weight @ middle / weight.sum()), float(np.sqrt(tau2 + 1 / weight.sum()))
        half = error * float(stats.t.ppf(tails(interval)[1], m - 2))
        p = float(stats.t.cdf(mean / error, m - 2))
        new = {"median": mean, "low": mean - half, "high": mean + half, "probability": p}
    alone = np.array([holds(x).mean() for x in each.values()])
    hold, fail = int((alone > threshold).sum()), int((alone < 1 - threshold).sum())
    return EachModel(m, hold, fail, float(np.sqrt(tau2)), new, threshold)
