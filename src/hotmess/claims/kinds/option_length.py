"""Whether options have lengths of their own, beside claims that rest on the temperature model."""

from __future__ import annotations

from typing import Any

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.errors import NotTestable
from hotmess.words import show

UNLIKELY = 0.025


class OptionLengths(Guard):
    """The scatter of questions' own slopes after heat and lean (`hotmess.temperature.option_lengths`).

    It decides nothing, since the statement is widened to that scatter. An answer that is given most and systematically
    shorter looks like heat, and no test of these responses can tell the two.
    """

    name, title = "option_lengths", "Option lengths"

    def run(self, case: Case) -> Finding | None:
        from hotmess.temperature.option_lengths import option_lengths

        study = case.study
        try:
            found = study.once("option lengths", lambda: option_lengths(study.temperature))
        except NotTestable:
            return None
        record = {"excess": found.observed, "p": found.p, "scatter": bool(found.p <= UNLIKELY)}
        return Finding(self, record)

    def line(self, record: Any, units: str) -> str:
        said = (
            f"after heat and a lean, {units}' own slopes on length scatter by {show(100 * record['excess'], 0)}% more "
            f"than by chance (p = {record['p']:.3f} by data that the fitted model makes)"
        )
        if record["scatter"]:
            said += ": options seem to have lengths of their own, by which the interval is widened already"
        return (
            f"{said}. That the answer given most is systematically shorter, or longer, than the others cannot be told "
            "from heat."
        )

    def shell(self, record: Any) -> str:
        return f"Option lengths: {self.line(record, 'questions')}" if record["scatter"] else ""

    def clause(self, record: Any) -> str:
        if not record["scatter"]:
            return ""
        return (
            f"Options seem to have lengths of their own (p = {record['p']:.3f}), by which the interval is widened; "
            "where the answer given most is the shorter one, that cannot be told from heat."
        )
