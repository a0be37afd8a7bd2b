"""The continuous contrast of length within questions, without a model: as a claim's quantity, and beside others."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.claim import Case, Finding, Guard, Quantity
from hotmess.claims.scope import length_scope
from hotmess.errors import ASK_HARDER, ASK_UNSETTLED, NotTestable
from hotmess.estimates.control import Control, run_control, stated
from hotmess.estimates.estimate import THRESHOLD, Estimate
from hotmess.inference.gate import Gate
from hotmess.responses.placing import Space
from hotmess.statements.effective import effective_of
from hotmess.words import show

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.estimates.confounding import Association
    from hotmess.runs.within_question import WithinQuestion

PERMUTED = "lengths permuted within model, question and budget"


def arranged(study: Study) -> WithinQuestion:
    """Responses with their normal scores, made once."""
    from hotmess.runs.within_question import within_question

    return study.once("within question", lambda: within_question(study.responses))


def slope_quantity(study: Study, population: str) -> Quantity:
    """The change of incoherence over the distance between halves, mean over models."""
    data = arranged(study)
    draws = study.draws * study.chains
    shape = (study.chains, study.draws, -1)
    effective = None
    if population == "like-these":
        settled = data.settled(draws=draws, seed=study.seed)
        values = settled.draws.reshape(shape)
        effective = effective_of(settled, -1, data.questions.units)
    else:
        values = data.these(draws=draws, seed=study.seed).reshape(shape)
    lost = ~np.isfinite(values).all((0, 1))
    if lost.any():
        which = next(m for m, bad in zip(data.models, lost) if bad)
        why = f"Responses of {which} that have lengths hold no error: its incoherence is undefined."
        raise NotTestable(why, ASK_HARDER)
    if not np.ptp(values[..., -1]) > 0:
        why = "No question has different answers within a model and budget: incoherence is 0 at all lengths."
        raise NotTestable(why, ASK_UNSETTLED)
    each = {m: values[..., i] for i, m in enumerate(data.models)}
    gate = Gate(independent=True).over(each, "the change of incoherence")
    return Quantity(values[..., -1], gate, length_scope(study, data.table), each, effective=effective)


def slope_estimate(study: Study) -> Estimate:
    """The same with the standard error that its questions give it."""
    return arranged(study).estimate()


def halves_association(study: Study) -> Association:
    """The contrast of halves as a sum over responses."""
    from hotmess.runs.length_association import within_association

    return within_association(arranged(study), halves=True)


def slope_association(study: Study) -> Association:
    """The continuous contrast as a sum over responses."""
    from hotmess.runs.length_association import within_association

    return within_association(arranged(study))


def slope_control(study: Study, seed: int) -> Control:
    """Lengths permuted within cells, through the same statement."""
    data = arranged(study)
    real = stated(data.settled(draws=study.draws * study.chains, seed=study.seed), -1)
    return run_control(PERMUTED, real, (stated(one, -1) for one in data.permuted(seed)))


def slope_variants(study: Study) -> dict[str, Estimate]:
    """Unparsable responses as wrong; those cut off left out; missing lengths at their bounds."""
    from hotmess.responses.cut import parsed
    from hotmess.runs.within_question import within_question

    out = {}
    if not parsed(study.responses).all():
        out["unparsable as wrong"] = within_question(study.responses, space=Space(unparsable="wrong")).estimate()
    others = {"cut off and unparsable left out": study.without_truncated, **study.filled_lengths}
    for name, responses in others.items():
        if responses is not None:
            with contextlib.suppress(NotTestable):
                out[name] = within_question(responses).estimate()
    return out


@dataclass(frozen=True)
class LengthSlope(Guard):
    """The continuous contrast beside a claim on length within questions, and why the two part; it decides nothing.

    Attributes
    ----------
    of_incoherence
        True where the claim's quantity is on the contrast's own scale, so that the two can be compared by size.
    apart
        What a different direction means, in words.
    """

    of_incoherence: bool
    apart: str
    name, title = "length_slope", "Continuous contrast"

    def run(self, case: Case) -> Finding | None:
        try:
            one = slope_estimate(case.study)
        except NotTestable:
            return None
        if not (np.isfinite(one.value) and one.error > 0):
            return None
        p = one.probability
        says = "rises" if p > THRESHOLD else "falls" if p < 1 - THRESHOLD else "is open"
        own = float(case.claim.holds(case.quantity.draws).mean())
        claim = "rises" if own > THRESHOLD else "falls" if own < 1 - THRESHOLD else "is open"
        record: dict[str, Any] = {
            "change": float(one.value),
            "standard_error": float(one.error),
            "probability_above_zero": p,
            "says": says,
            "agrees": says == claim,
            "why": "" if says == claim else self._why(says, claim),
        }
        return Finding(self, record)

    def _why(self, says: str, claim: str) -> str:
        if "is open" not in (says, claim):
            return self.apart
        if not self.of_incoherence:
            return f"{self.apart}; and one of the two is open by itself"
        wider = "this claim" if claim == "is open" else "the contrast"
        return f"they are of one scale, and {wider} leaves the direction open where the other is just certain of it"

    def line(self, record: Any, units: str) -> str:
        value, error = show(record["change"], 3), show(record["standard_error"], 3)
        said = (
            f"without a model and without halves, incoherence changes by {value} ± {error} from the middle of a "
            f"question's shorter to that of its longer responses (P = {record['probability_above_zero']:.3f} above 0)"
        )
        return f"{said}{': ' + record['why'] if record['why'] else ''}."

    def shell(self, record: Any) -> str:
        return f"Continuous contrast: {self.line(record, '')}"
