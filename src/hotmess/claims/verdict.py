"""A verdict with everything that was found on the way to it, and its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import numpy as np

from hotmess.claims.claim import Case, Claim, Finding
from hotmess.claims.decidable import WouldDecide, could_show
from hotmess.claims.each_model import EachModel
from hotmess.claims.published import Published
from hotmess.claims.rule import CONTRADICTED, INCONCLUSIVE, NEGLIGIBLE, NOT_TESTABLE, SUPPORTED
from hotmess.claims.these_models import TheseModels
from hotmess.errors import BadInput
from hotmess.estimates.estimate import THRESHOLD
from hotmess.words import capital


@dataclass(frozen=True, repr=False)
class Verdict:
    """The outcome of a test; `record()` is the command line's JSON. It prints short, in a notebook with its guards.

    refused: what is wrong with the claim itself, one of the user's own that was tested among others; else empty.
    """

    claim: Claim
    verdict: str
    sentence: str
    population: str
    metric: str
    probability: float | None = None
    median: float | None = None
    low: float | None = None
    high: float | None = None
    findings: tuple[Finding, ...] = ()
    each: tuple[dict[str, Any], ...] = ()
    reasons: tuple[str, ...] = ()
    draws: dict[str, np.ndarray] = field(default_factory=dict, repr=False)
    case: Case | None = field(default=None, compare=False)
    absent: str = ""
    holds_in: EachModel | None = None
    smallest_effect: float | None = None
    would_decide: WouldDecide | None = None
    remedy: str = ""
    published: Published | None = None
    these_models: TheseModels | None = None
    refused: str = ""

    def __repr__(self) -> str:
        said = f"{self.claim.name}: {self.verdict}"
        if self.median is None or self.probability is None:
            return said
        return f"{said}, {self.median:.3g} [{self.low:.3g}, {self.high:.3g}], {_p(self.probability)}"

    def _repr_html_(self) -> str:
        """The verdict for a notebook: its sentence and one row for each guard, all text escaped."""
        rows = "".join(f"<tr><th>{escape(title)}</th><td>{escape(line)}</td></tr>" for title, line in self.lines())
        head = f"<b>{escape(self.claim.name)}: {escape(self.verdict)}</b><p>{escape(self.sentence)}</p>"
        return f"{head}<table>{rows}</table>" if rows else head

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out on the way to the number, in sentences."""
        return () if self.case is None else self.case.quantity.notes

    @property
    def guards(self) -> dict[str, Any]:
        """The guards' records, by name."""
        return {f.guard.name: f.record for f in self.findings}

    def lines(self) -> list[tuple[str, str]]:
        """(title, line) of each guard that has something to say, for the page."""
        said = ((f.guard.title, f.line(self.claim.units)) for f in self.findings if f.record)
        beside = [] if self.published is None else [("Published procedure", self.published.line())]
        if self.these_models is not None:
            beside.append(("These models", self.these_models.line()))
        if self.holds_in is not None:
            beside.append(("Each model", self.holds_in.line()))
        if self.notes:
            beside.append(("Notes", _first(self.notes)))
        if self.could_show:
            beside.append(("What these data could show", self.could_show))
        if self.next_step:
            beside.append(("Next step", self.next_step))
        return [*((title, line) for title, line in said if line), *beside]

    @property
    def could_show(self) -> str:
        """What these data could show of the claim; nothing without a number."""
        return "" if self.smallest_effect is None else could_show(self.claim, self.smallest_effect, looked=self._looked)

    @property
    def _looked(self) -> bool:
        return self.case is not None and self.case.threshold != THRESHOLD

    @property
    def next_step(self) -> str:
        """What to do where nothing is decided: what the guard that held it back says, else what would decide."""
        if self.verdict not in (INCONCLUSIVE, NOT_TESTABLE):
            return ""
        if self.remedy:
            return self.remedy
        for f in self.findings:
            if f.reasons and not f.not_run and f.guard.lowers is not None and (said := f.guard.remedy(f.record)):
                return said
        if self.verdict == NOT_TESTABLE:
            return f"It needs {self.claim.needs}."
        if self.would_decide is not None:
            return self.would_decide.sentence(once=self._looked)
        return f"More {self.claim.narrowed_by} narrow it; how many is not worked out for this claim."

    def brief(self) -> list[str]:
        """What the guards have to say at the command line, the last asked first, and what follows."""
        told = (f for f in reversed(self.findings) if f.record and not f.not_run)
        said = [line for f in told if (line := f.guard.shell(f.record))]
        step = f"Next step: {self.next_step}" if self.next_step else ""
        return [*said, *(line for line in (_first(self.notes), self.could_show, step) if line)]

    def record(self) -> dict[str, Any]:
        """One JSON record: undefined numbers are None."""
        return {
            "claim": self.claim.name,
            "verdict": self.verdict,
            "probability": self.probability,
            "median": self.median,
            "low": self.low,
            "high": self.high,
            "population": self.population,
            "metric": self.metric,
            "outcome": None if self.case is None else self.case.study.responses.outcome,
            "statement": self.claim.statement,
            "estimand": self.claim.estimand,
            "place": self.claim.place,
            "sentence": self.sentence,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
            "preregistration": self.claim.preregistration or None,
            "guards": self.guards,
            "models": list(self.each),
            "these_models": None if self.these_models is None else self.these_models.record(),
            "holds_in": None if self.holds_in is None else self.holds_in.record(),
            "smallest_effect": self.smallest_effect,
            "next_step": self.next_step or None,
            "would_decide": None if self.would_decide is None else self.would_decide.record(),
            "published": None if self.published is None else self.published.record(),
            "threshold": None if self.case is None else self.case.threshold,
        }


NOTES = 3
HEADS = {
    SUPPORTED: "Supported: {}",
    CONTRADICTED: "Contradicted: that {}",
    INCONCLUSIVE: "Inconclusive: whether {}",
    NEGLIGIBLE: "Practically none: whether {}",
    NOT_TESTABLE: "Not testable: that {}",
}


def lowered(verdict: Verdict, reason: str, remedy: str) -> Verdict:
    """The verdict as inconclusive, for a reason found after it, with what to do about it."""
    assert verdict.case is not None and verdict.low is not None and verdict.high is not None
    reasons = (*verdict.reasons, reason)
    said = sentence(verdict.case, INCONCLUSIVE, verdict.low, verdict.high, reasons, verdict.findings)
    said += "" if verdict.these_models is None else verdict.these_models.sentence()
    return replace(verdict, verdict=INCONCLUSIVE, sentence=said, reasons=reasons, remedy=remedy)


def silent(
    claim: Claim,
    population: str,
    metric: str,
    reasons: tuple[str, ...],
    findings: tuple[Finding, ...] = (),
    absent: str = "",
    remedy: str = "",
) -> Verdict:
    """No verdict, with the reason; of what was found stays only what can forbid one: no number without a verdict.

    remedy: what to do, where it is another than what the claim needs.
    """
    said = f"{HEADS[NOT_TESTABLE].format(claim.statement)}. {capital(reasons[0])}"
    kept = tuple(f for f in findings if f.guard.lowers == NOT_TESTABLE)
    said = said.rstrip(".") + "."
    found: dict[str, Any] = {"findings": kept, "reasons": reasons, "absent": absent, "remedy": remedy}
    return Verdict(claim, NOT_TESTABLE, said, population, metric, **found)


def sentence(
    case: Case, verdict: str, low: float, high: float, reasons: tuple[str, ...], findings: tuple[Finding, ...] = ()
) -> str:
    """The verdict in words: what is claimed, the number with its interval, what the data cover, what held it back."""
    claim, quantity = case.claim, case.quantity
    units = claim.units
    about = f"for {units} like these" if case.population == "like-these" else f"for these {units} themselves"
    value = f"{case.median:.3g} ({case.interval:.0%} interval {low:.3g} to {high:.3g}; {_p(case.p.value)})"
    body = f"{HEADS[verdict].format(claim.statement)}. {capital(claim.estimand)}: {value} {about}"
    kind_of = ""
    if claim.change and quantity.parts:
        whole = {name: float(np.median(draws)) for name, draws in quantity.parts.items()}
        rest = " and ".join(f"{name} {value:+.2g}" for name, value in whole.items() if name != "accuracy")
        kind_of = f" In parts: mean accuracy, the mechanical part, {whole.get('accuracy', np.nan):+.2g}; {rest}."
    tail = f" Held back because {reasons[0]}." if reasons else ""
    if verdict == NEGLIGIBLE:
        tail = f" What lies within ±{claim.negligible:.2g} counts as none."
        if max(case.p.value, 1 - case.p.value) > case.threshold:
            tail += f" Its sign is known, {'positive' if case.p.value > 0.5 else 'negative'}, and too small to matter."
    kind = " An association, not an effect of length." if claim.association else ""
    kind += f" {of}" if (of := case.study.of_column) else ""
    kind += "".join(f" {said}" for f in findings if f.record and not f.not_run and (said := f.guard.clause(f.record)))
    looks = case.study.responses.looks
    if looks is not None:
        own = looks.is_of(claim.name, claim.preregistration, case.population)
        tail += f" {looks.sentence(len(case.study.responses.table), case.threshold, own=own)}"
    return f"{body}: {quantity.scope}.{kind_of}{kind}{tail}"


def _first(notes: tuple[str, ...]) -> str:
    """Notes, the first three of many."""
    more = f" There are {len(notes) - NOTES} notes more." if len(notes) > NOTES + 1 else ""
    return " ".join(notes[: NOTES if more else NOTES + 1]) + more


def _p(p: float) -> str:
    if p > 0.999:
        return "P > 0.999"
    if p < 0.001:
        return "P < 0.001"
    return f"P = {p:.3f}"


def refuse_own(verdicts: Sequence[Verdict]) -> None:
    """Where claims of the user's own could not be worked out: bad input, after the verdicts of all others.

    Raises
    ------
    BadInput
        With the name and the reason of each.
    """
    bad = [f"{v.claim.name}: {v.refused.rstrip('.')}" for v in verdicts if v.refused]
    if bad:
        all_ = "; ".join(bad)
        raise BadInput(f"A claim of your own cannot be tested; mend it: {all_}{'.' * (not all_.endswith('?'))}")
