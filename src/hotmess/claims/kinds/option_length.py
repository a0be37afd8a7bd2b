"""Whether options have lengths of their own, beside claims that rest on the temperature model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from scipy import stats

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.claims.decidable import POWER
from hotmess.claims.rule import DECIDED, INCONCLUSIVE, SUPPORTED
from hotmess.errors import NotTestable
from hotmess.estimates.estimate import THRESHOLD
from hotmess.words import show

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.temperature.option_lengths import OptionLengths as Scatter
    from hotmess.temperature.score import HeatScore

UNLIKELY = 0.025


def scatter_of(study: Study) -> Scatter:
    """The scatter of questions' own slopes, made once."""
    from hotmess.temperature.option_lengths import option_lengths

    return study.once("option lengths", lambda: option_lengths(study.temperature))


def heat_score_of(study: Study) -> HeatScore:
    """The score of heat from no effect, made once.

    Raises
    ------
    NotTestable
        If lengths do not vary within budgets.
    """
    from hotmess.temperature.score import heat_score

    def make() -> HeatScore:
        score = heat_score(study.responses.table, length=str(study.responses.length), unparsable="wrong")
        if score is None:
            raise NotTestable("Lengths do not vary within the budgets, so long and short cannot be compared.")
        return score

    return study.once("heat score", make)


class OptionLengths(Guard):
    """The scatter of questions' own slopes after heat and lean (`hotmess.temperature.option_lengths`).

    It decides nothing, since the statement is widened to that scatter. An answer that is given most and systematically
    shorter looks like heat, and no test of these responses can tell the two.
    """

    name, title = "option_lengths", "Option lengths"

    def run(self, case: Case) -> Finding | None:
        try:
            found = scatter_of(case.study)
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


class FromNoEffect(Guard):
    """One Newton step from no effect, without the model, with the scatter that it has over questions there.

    Draws are widened to what questions do to the posterior at the slope that was found. Responses tell more of a slope
    the further it is from 0, so that where options have lengths of their own the widened interval is too narrow away
    from 0; from 0 the step's own scatter is the right one. There a direction needs both.
    """

    name, title, lowers = "from_no_effect", "From no effect", INCONCLUSIVE

    def run(self, case: Case) -> Finding | None:
        try:
            found, scatter = heat_score_of(case.study).estimate(), scatter_of(case.study).p <= UNLIKELY
        except NotTestable:
            return None
        if not math.isfinite(found.value):
            return None
        p = found.probability
        record = {
            "estimate": found.value,
            "standard_error": found.error,
            "degrees_of_freedom": found.df,
            "probability": p,
            "claimed": case.median,
            "asked": bool(scatter),
            "passed": True,
        }
        if not scatter or case.verdict not in DECIDED:
            return Finding(self, record)
        sure = (p if case.verdict == SUPPORTED else 1 - p) > case.threshold
        why = (
            "options seem to have lengths of their own, and then a direction must show from no effect too, without the "
            f"model: {show(found.value)} ± {show(found.error)} there, P = {p:.3f}"
        )
        return Finding(self, record | {"passed": sure}, () if sure else (why,))

    def remedy(self, record: Any) -> str:
        """What the step could show decides whether more questions help, or the model says what is not there."""
        error = record["standard_error"]
        smallest = float((stats.t.ppf(THRESHOLD, record["degrees_of_freedom"]) + stats.norm.ppf(POWER)) * error)
        if abs(record["claimed"]) < smallest:
            return (
                f"Ask more questions: from no effect these show one of {smallest:.2g} or more with probability "
                f"{POWER:g}, and half of that takes four times the questions."
            )
        return (
            f"More questions do not settle it: the model says {record['claimed']:.2g}, and without it these data, "
            f"which could show {smallest:.2g} or more, show {show(record['estimate'])} ± {show(error)}. Rely on what "
            "needs no model (claim incoherence-rises-within-questions)."
        )

    def line(self, record: Any, units: str) -> str:
        said = f"{show(record['estimate'])} ± {show(record['standard_error'])}, P = {record['probability']:.3f}"
        asked = (
            "asked for" if record["asked"] else f"not asked for, as {units}' own slopes scatter no more than by chance"
        )
        return f"one step from no heat, without the model, with its scatter over {units}: {said} ({asked})."
