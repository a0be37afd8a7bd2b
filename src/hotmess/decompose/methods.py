"""How one metric and estimator turn responses into terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from hotmess.decompose import kl, squared, zero_one
from hotmess.decompose.points import Points, Totals
from hotmess.decompose.squared import Terms
from hotmess.errors import BadInput

if TYPE_CHECKING:
    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses


def choose_metric(outcome: str, metric: str | None) -> str:
    """The metric asked for, if the outcome can have it, else the outcome's own."""
    from hotmess.responses.outcomes import OUTCOMES, metrics
    from hotmess.responses.values import suggest

    known = metrics()
    if metric is None:
        return OUTCOMES[outcome].default_metric
    if metric not in known:
        raise BadInput(f"There is no metric {metric!r}{suggest(metric, known)}; there are {', '.join(known)}.")
    if outcome not in known[metric]:
        raise BadInput(f"The metric {metric} needs the outcome {' or '.join(known[metric])}, not {outcome}.")
    return metric


@dataclass(frozen=True)
class Method:
    """How one metric and estimator turn responses into terms."""

    metric: str
    estimator: str
    delta: float
    unparsable: Literal["uniform", "wrong"]

    def cells(self, responses: Responses, by: Sequence[str]) -> Cells:
        from hotmess.responses.cells import reduce
        from hotmess.responses.placing import Space
        from hotmess.responses.tally import CARRIED

        kinds: dict[str, Literal["linear", "log", "votes"]] = {"kl": "log", "zero-one": "votes"}
        space = Space(kinds.get(self.metric, "linear"), self.delta, self.unparsable)
        split = [name for name in by if name not in CARRIED or name == "target"]
        return reduce(responses, split=split, space=space)

    def choices(self, cells: Cells) -> np.ndarray | None:
        """Number of options, where the estimator needs it."""
        if self.metric != "kl":
            return None
        return cells.table["n_choices"].to_numpy(dtype=np.int64) + (self.unparsable == "wrong")

    def terms(self, points: Points | Totals, choices: np.ndarray | None = None) -> Terms:
        if self.metric == "kl":
            assert choices is not None
            return kl.plug_in(points, choices)
        if self.metric == "zero-one":
            return zero_one.plug_in(points).terms()
        return squared.unbiased(points) if self.estimator == "unbiased" else squared.plug_in(points)


def make(metric: str, estimator: str, delta: float, unparsable: Literal["uniform", "wrong"]) -> Method:
    if unparsable not in ("uniform", "wrong"):
        raise BadInput(f"Unparsable answers are uniform or wrong, not {unparsable!r}.")
    return Method(metric, estimator, delta, unparsable)
