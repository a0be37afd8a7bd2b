"""One look at data that grow: the verdict at its threshold, the chance that
more draws decide, whether to stop (methods, section 9)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from hotmess.claims.rule import DECIDED, NEGLIGIBLE, NOT_TESTABLE
from hotmess.claims.test import test_claim
from hotmess.design.components import Components
from hotmess.design.decision_rate import as_the_posterior, standard_error
from hotmess.errors import BadInput, NotTestable
from hotmess.looks.boundaries import chance_of_deciding, thresholds
from hotmess.looks.record import Look, Looks, appended, information_of, refuse_other

if TYPE_CHECKING:
    from hotmess.claims.claim import Claim
    from hotmess.claims.study import Study
    from hotmess.claims.verdict import Verdict

DRAWS = 40
"""Posterior draws from which the growth of information is predicted."""


def look_at(study: Study, claim: Claim, plan: Looks, *, interval: float = 0.9) -> tuple[Looks, Verdict]:
    """The record with one look more, and the verdict that the look gives.

    Parameters
    ----------
    study
        All responses so far.
    claim
        The claim that decides when to stop.
    plan
        The record so far.

    Raises
    ------
    BadInput
        Where the run had ended, no response was added since the last look, or the table is not an extension of the one
        that was looked at.
    """
    responses = len(study.responses.table)
    if plan.stopped:
        raise BadInput(f"The run had ended at {plan.history[-1].responses:,} responses: {plan.stopped}.")
    if plan.history and responses <= plan.history[-1].responses:
        raise BadInput(
            f"The table has {responses:,} responses, and the last look was at {plan.history[-1].responses:,}: "
            "there is nothing new to look at."
        )
    now = study.seen
    refuse_other(study.responses.table, plan, now)
    information = _information(study, claim, plan.population)
    final = final_information(study, claim, plan, information)
    fraction = plan.fraction(information, final, responses)
    look = Look(
        responses=responses,
        information=information,
        fraction=fraction,
        threshold=plan.threshold(information, fraction),
        probability=None,
        verdict="open",
        seen=now,
    )
    known = appended(plan, look)
    asked = replace(study, responses=replace(study.responses, looks=known), made=study.made)
    verdict = test_claim(asked, claim, population=plan.population, interval=interval)
    decided = None
    if verdict.case is not None:
        decided = chance(plan, verdict.median or 0.0, look, final, claim.negligible)
    found = {"probability": verdict.probability, "verdict": verdict.verdict, "decided": decided}
    if verdict.verdict == NOT_TESTABLE:
        found["why"] = (verdict.absent or verdict.reasons[0]).rstrip(".")[:500]
    look = look.model_copy(update=found)
    look = look.model_copy(update={"stop": _stop(plan, look, absent=bool(verdict.absent))})
    return appended(plan, look), verdict


def final_information(study: Study, claim: Claim, plan: Looks, information: float) -> float:
    """Information at the budget's end, as it is expected now: as many samples more of every question, equally.

    By the design of the claim (methods, section 9), var(now)/var(then) times the information now; for *these
    questions* nothing lies between questions. A claim without a design is taken to gain in proportion to responses, so
    that early looks spend little.
    """
    growth = plan.most_responses / len(study.responses.table)
    components: Components | None = None
    if claim.design is not None:
        try:
            components = claim.design(study, DRAWS)
        except NotTestable:
            components = None
    if components is None or information <= 0:
        return information * max(growth, 1.0)
    now = float(study.cells.table["responses"].median())
    if plan.population == "these":
        components = replace(components, between=np.zeros_like(components.between), paired=False)
    components = as_the_posterior(components, 1 / information, now)
    before, _ = standard_error(components, components.questions, now, components.models)
    after, _ = standard_error(components, components.questions, now * growth, components.models)
    return information * float(max(1.0, np.mean(before**2) / np.mean(after**2)))


def chance(plan: Looks, estimate: float, look: Look, final: float, delta: float | None) -> float:
    """P(the last look decides), either way or as practically none, from the estimate at this one.

    The looks that are left are taken to bring equal parts of the information that is missing.
    """
    if look.information <= 0:
        return 0.0
    final = max(final, look.information)
    done = [*plan.history, look]
    left = max(0, plan.most_looks - len(done)) if look.fraction < 1 else 0
    steps = [(k + 1) / left for k in range(left)]
    fractions = [one.fraction for one in done] + [look.fraction + (1 - look.fraction) * step for step in steps]
    known = [one.information for one in done] + [
        look.information + (final * (1 + 1e-6) - look.information) * step for step in steps
    ]
    last = float(thresholds(fractions, known, spending=plan.spending)[-1])
    if not math.isfinite(last):
        return 0.0
    up, down = (chance_of_deciding(sign * estimate, look.information, final, last) for sign in (1, -1))
    return min(1.0, up + down + _chance_of_none(estimate, look.information, final, last, delta))


def _chance_of_none(estimate: float, information: float, final: float, threshold: float, delta: float | None) -> float:
    """P(the last interval lies within ±δ) and leaves no sign, which the other chances count."""
    if delta is None:
        return 0.0
    half = threshold / math.sqrt(final)
    inner = min(delta - half, half)
    if inner <= 0:
        return 0.0
    if final <= information * (1 + 1e-9):
        return float(abs(estimate) < inner)
    sd = math.sqrt(1 / information - 1 / final)
    return float(stats.norm.cdf((inner - estimate) / sd) - stats.norm.cdf((-inner - estimate) / sd))


def told(plan: Looks, cost: str = "") -> str:
    """How far a run has come, in one line; `cost` is what it has cost so far, in words."""
    look = plan.history[-1]
    said = f"Look {len(plan.history)} of at most {plan.most_looks}: {look.responses:,} responses"
    said += f", {look.fraction:.0%} of the way to the budget's end; {plan.claim} is {look.verdict}"
    if look.why:
        said += f" ({look.why})"
    if look.probability is not None:
        said += (
            f", P = {look.probability:.3f} where above {look.threshold:.6g} or below {1 - look.threshold:.2g} decides"
        )
    if not look.stop and look.decided is not None:
        said += f"; the chance that the whole budget decides it is {look.decided:.0%}"
    return f"{said}{cost}. {'Ended: ' + look.stop + '.' if look.stop else 'Going on.'}"


def _information(study: Study, claim: Claim, population: str) -> float:
    try:
        return information_of(claim.quantity(study, population).draws)
    except NotTestable:
        return 0.0


def _stop(plan: Looks, look: Look, *, absent: bool) -> str:
    """Why no more is drawn; empty where the run goes on.

    absent: whether the claim needs what no further responses of this kind bring.
    """
    if absent:
        return "more responses of this kind cannot make the claim testable"
    if look.verdict in DECIDED:
        return f"the claim is {look.verdict}"
    if look.verdict == NEGLIGIBLE:
        return "the effect is practically none"
    if look.responses >= plan.most_responses:
        return "the budget is spent"
    if len(plan.history) + 1 >= plan.most_looks:
        return "the last look that was planned has been taken"
    if look.decided is not None and look.decided < plan.futility:
        return f"the chance that all of the budget decides it is {look.decided:.1%}"
    return ""
