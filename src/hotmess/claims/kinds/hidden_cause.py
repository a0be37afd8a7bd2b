"""How strong a hidden cause of length and answers would have to be: the marginal-sensitivity bound beside a claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.errors import NotTestable
from hotmess.estimates.confounding import LARGEST, Association, explained_away
from hotmess.words import show

if TYPE_CHECKING:
    from hotmess.claims.study import Study

WITHIN = "a response's being one of its question's longer ones"
BETWEEN = "a question's being one of those with longer responses"


@dataclass(frozen=True)
class HiddenCause(Guard):
    """Γ at which the interval of an association meets 0 (`hotmess.estimates.confounding`); it decides nothing.

    Attributes
    ----------
    association
        (study) -> the claim's statement as a sum over responses, or over questions.
    what
        Whose odds Γ multiplies.
    """

    association: Callable[[Study], Association]
    what: str = WITHIN
    name, title = "confounding", "Confounding"

    def run(self, case: Case) -> Finding | None:
        try:
            found = self.association(case.study)
        except NotTestable:
            return None
        level = case.threshold if case.median < 0 else 1 - case.threshold
        end = float(np.quantile(case.quantity.draws, level))
        of_end, of_middle = explained_away(found, case.median, end)
        record: dict[str, Any] = {
            "gamma": of_end if np.isfinite(of_end) else None,
            "gamma_of_estimate": of_middle if np.isfinite(of_middle) else None,
            "looked_up_to": LARGEST,
            "interval": round(2 * case.threshold - 1, 7),
            "open": bool(of_end <= 1),
        }
        return Finding(self, record)

    def line(self, record: Any, units: str) -> str:
        size = f"{100 * record['interval']:.7g}% interval"
        middle = _gamma(record["gamma_of_estimate"])
        if record["open"]:
            return (
                f"the {size} holds 0 without any confounding; the estimate itself would be made by a hidden cause that "
                f"changes the odds of {self.what} by a factor of {middle}."
            )
        return (
            f"a hidden cause that changes the odds of {self.what} by a factor of {_gamma(record['gamma'])}, by what "
            f"the answer would be, can take the {size} to 0, and one of {middle} the estimate itself."
        )

    def shell(self, record: Any) -> str:
        return f"Confounding: {self.line(record, '')}"

    def clause(self, record: Any) -> str:
        if record["open"]:
            return ""
        return (
            f"Confounding that changes the odds of {self.what} by a factor of {_gamma(record['gamma'])} could make it."
        )


def _gamma(value: float | None) -> str:
    return f"more than {LARGEST:g}" if value is None else show(value)
