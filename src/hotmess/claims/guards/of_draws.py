"""Guards on the draws themselves: diagnostics, Monte Carlo error, both populations, parts, few
questions (methods, sections 3 and 7)."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import numpy as np

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.claims.rule import INCONCLUSIVE, NOT_TESTABLE, OTHER
from hotmess.errors import NotTestable
from hotmess.inference.gate import MORE
from hotmess.responses.decoding import decoded_differently
from hotmess.responses.units import CLUSTER, WEIGHT
from hotmess.statements.effective import Effective
from hotmess.words import population_words, show, with_interval

FEW_REMEDY = "Ask more questions that the models get wrong now and then: their errors sit on too few."

UNITS = {"cluster": CLUSTER, "weight": WEIGHT}
"""Options that say how questions differ, and their columns."""


class Decoding(Guard):
    """Sides that were decoded at different settings cannot be compared."""

    name, title, lowers = "decoding", "Decoding", NOT_TESTABLE

    def run(self, case: Case) -> Finding | None:
        table = case.study.responses.table
        differ = [reason for side in case.claim.across for reason in decoded_differently(table, side)]
        return Finding(self, {"passed": False, "differ": differ}, tuple(differ)) if differ else None

    def line(self, record: Any, units: str) -> str:
        return "; ".join(record["differ"]) + "."

    def remedy(self, record: Any) -> str:
        return "Compare sides that were drawn at the same settings: choose them with --where, or draw one side again."


class Units(Guard):
    """Where questions come in clusters or have weights, a claim whose model takes them as alike says nothing."""

    name, title, lowers = "units", "Clusters and weights", NOT_TESTABLE

    def run(self, case: Case) -> Finding | None:
        named = [what for what, name in UNITS.items() if name in case.study.responses.table]
        named = [what for what in named if case.claim.by_unit not in (True, what)]
        if not named:
            return None
        options = " and ".join(f"--{what}" for what in named)
        reason = f"its model knows no {' and no '.join(named)} of questions; leave out {options} to test it without"
        return Finding(self, {"passed": False, "named": named}, (reason,))

    def line(self, record: Any, units: str) -> str:
        return f"{' and '.join(record['named'])} of {units}: not in this claim's model."

    def remedy(self, record: Any) -> str:
        return "Leave out --cluster and --weight for this claim, and say that it takes questions as alike."


class Diagnostics(Guard):
    """The gate of the fits behind a quantity, and of the quantity itself in both populations."""

    name, title, lowers = "gate", "Diagnostics", NOT_TESTABLE

    def run(self, case: Case) -> Finding | None:
        gate = case.gate
        record = {"passed": gate.passed, "reasons": list(gate.reasons[:5]), "divergences": gate.divergences}
        if gate.passed or (case.quantity.remedy and not case.quantity.gate.passed):  # it says itself what may cure it
            return Finding(self, record, gate.reasons)
        return Finding(self, record, (f"{gate.reasons[0]}; {MORE}", *gate.reasons[1:]))

    def remedy(self, record: Any) -> str:
        return (
            "Draw more (--draws); if that is no cure, the model does not fit: quote an estimate without it (decompose)."
        )

    def failed(self, reason: str) -> Finding:
        """What it finds where there are too few draws to diagnose anything."""
        return Finding(self, {"passed": False, "reasons": [reason], "divergences": 0}, (reason,))

    def line(self, record: Any, units: str) -> str:
        if record["passed"]:
            return "passed: R-hat below 1.01, effective sample sizes above 400, no divergent transitions."
        return f"not passed: {'; '.join(record['reasons'])}."


class MonteCarlo(Guard):
    """The Monte Carlo interval of the probability; the rule itself asks that it clears the threshold."""

    name, title = "monte_carlo", "Monte Carlo"

    def run(self, case: Case) -> Finding | None:
        p = case.p
        return Finding(self, {"low": p.low, "high": p.high, "effective_draws": p.effective})

    def line(self, record: Any, units: str) -> str:
        effective = int(record["effective_draws"])
        return f"P lies between {show(record['low'])} and {show(record['high'])} ({effective:,} effective draws)."


class Populations(Guard):
    """The probability for questions like these and for these; the rule itself asks for the same side."""

    name, title = "populations", "Populations"

    def run(self, case: Case) -> Finding | None:
        return Finding(self, {case.population: case.p.value, OTHER[case.population]: case.p_other})

    def line(self, record: Any, units: str) -> str:
        names = {name: population_words(name).replace("questions", units) for name in record}
        listed = [f"P = {show(p)} for {names[name]}" for name, p in record.items()]
        sides = {p > 0.5 for p in record.values()}
        return f"{', '.join(listed)}: {'the same side' if len(sides) == 1 else 'not the same side'} of one half."


class Parts(Guard):
    """The three parts of a change of incoherence."""

    name, title = "parts", "Three parts"

    def run(self, case: Case) -> Finding | None:
        return Finding(self, {k: case.summary(v) for k, v in case.quantity.parts.items()})

    def line(self, record: Any, units: str) -> str:
        listed = [f"{name} {with_interval(v['median'], v['low'], v['high'])}" for name, v in record.items()]
        return f"{', '.join(listed)}; the part of accuracy is mechanical."

    def shell(self, record: Any) -> str:
        listed = ", ".join(f"{k} {v['median']:+.3g}" for k, v in record.items())
        return f"Parts of the change of incoherence: {listed}." if record else ""


class FewQuestions(Guard):
    """How many questions a statement rests on: where they are too few it decides nothing.

    Of a statement that is settled itself the rule sees to that. A law's posterior variance V has a part V_q that is one
    over questions, known with df degrees of freedom, the effective questions; what is known of V is as good as
    df (V/V_q)² (Satterthwaite), the rest coming from the law.
    """

    name, title, lowers = "few_questions", "Effective questions", INCONCLUSIVE

    def run(self, case: Case) -> Finding | None:
        if case.effective is not None:
            return Finding(self, _record(case.effective))
        found = behind_law(case)
        if found is None:
            return None
        e, share = found
        return Finding(self, _record(e) | {"share": share}, (e.sentence(),) if e.few else ())

    def remedy(self, record: Any) -> str:
        return FEW_REMEDY

    def line(self, record: Any, units: str) -> str:
        even = f"as evenly as on {record['questions']:,}"  # lighter tails than a Normal's
        many = f"as if they were {record['effective']:.0f} of {record['questions']:,}"
        said = f"errors sit on {units} {even if record['effective'] > record['questions'] else many}"
        implied = f"the fitted model implies {record['implied']:.0f}"
        last = "" if record["passed"] else "; fewer than 8 decide nothing"
        if "share" in record:
            part = f"{record['share']:.0%} of its variance is one over {units}, the rest is the law's"
            return f"{said} ({implied}): {part}{last}."
        degrees = f"{record['effective']:.0f} degrees of freedom"
        return f"{said} ({implied}); intervals are those of Student's t with {degrees}{last}."


def _record(e: Effective) -> dict[str, Any]:
    return {"questions": e.units, "effective": e.df, "implied": e.implied, "passed": not e.few}


def behind_law(case: Case) -> tuple[Effective, float] | None:
    """Effective questions of a law for questions like these, and the share of its variance that is one over questions.

    Of laws in size by the same slope among these models; of other statements over questions by the estimate without a
    model. None where neither is known.
    """
    if case.population != "like-these":
        return None
    study, claim = case.study, case.claim
    if claim.these_models is not None:
        with contextlib.suppress(NotTestable):
            own, _ = claim.these_models(study, "like-these")
            if own.effective is not None:
                return _of_variance(own.effective, float(own.draws.var()), case)
    elif claim.by_questions and claim.estimate is not None:
        with contextlib.suppress(NotTestable):
            e = claim.estimate(study)
            if np.isfinite(e.df) and np.isfinite(e.error):
                return _of_variance(Effective(e.df, e.df, study.questions), e.error**2, case)
    return None


def _of_variance(e: Effective, variance: float, case: Case) -> tuple[Effective, float]:
    whole = float(case.quantity.draws.var())
    share = min(1.0, variance / whole) if whole > 0 else 1.0
    return replace(e, df=e.df / share**2, implied=e.implied / share**2), share
