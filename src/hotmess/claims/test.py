"""Testing claims: the posterior, then the guards, none of which can raise a verdict (methods, section 7)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Case, Claim, Quantity
from hotmess.claims.decidable import planned, smallest_of, would_decide
from hotmess.claims.each_model import each_model
from hotmess.claims.guards import LAST, ask, guards_of
from hotmess.claims.guards.of_draws import FEW_REMEDY
from hotmess.claims.guards.several import Several
from hotmess.claims.other_outcome import tested_beside
from hotmess.claims.published import Published
from hotmess.claims.regions import well_stated
from hotmess.claims.rule import (
    DECIDED,
    INCONCLUSIVE,
    NEGLIGIBLE,
    NOT_TESTABLE,
    OTHER,
    decide,
    practically_none,
    smoothed,
)
from hotmess.claims.study import Study
from hotmess.claims.these_models import these_models
from hotmess.claims.untestable import untestable
from hotmess.claims.verdict import Verdict, sentence, silent
from hotmess.decompose.intervals import FEW
from hotmess.errors import BadInput, NotTestable, OtherOutcome, checked_interval, tails
from hotmess.estimates.estimate import THRESHOLD
from hotmess.inference.gate import Gate
from hotmess.remembered import remembering
from hotmess.statements.effective import Effective, spread_by_count

DRAW_MORE = "Draw more (--draws): its probability is within Monte Carlo error of what decides."


def find_claims(names: Iterable[str | Claim] | None) -> list[Claim]:
    """Claims by name (dashes or underscores); all of the catalogue for None.

    >>> [c.name for c in find_claims(["natural_overthinking"])]
    ['natural-overthinking']
    """
    from difflib import get_close_matches

    if names is None:
        return list(CATALOGUE.values())
    out = []
    for name in names:
        if isinstance(name, Claim):
            out.append(well_stated(name))
            continue
        if not isinstance(name, str):
            raise BadInput(f"A claim is a name or a Claim, not {type(name).__name__}: hm.test(claim, responses).")
        key = name.replace("_", "-")
        if key not in CATALOGUE:
            near = get_close_matches(key, CATALOGUE, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(CATALOGUE)}."
            raise BadInput(f"There is no claim {name!r}; {hint}")
        out.append(replace(CATALOGUE[key], long=False))  # asked for, so it may take long
    return out


@remembering()
def test_claims(
    study: Study,
    claims: Iterable[str | Claim] | None = None,
    *,
    population: str = "like-these",
    interval: float = 0.9,
    sensitivity: bool = True,
    progress: Callable[[str], None] | None = None,
) -> list[Verdict]:
    """Test each claim on a study; a claim that the data cannot speak to is `not testable`, with its reason.

    One claim never stops the others: a claim of the user's own that cannot be worked out, as on a model that is not
    there, is `not testable` too, and its verdict's `refused` has the sentence.
    """
    check_asked(population, interval)
    out = []
    for claim in find_claims(claims):
        if progress is not None:
            progress(claim.name)
        out.append(_unstopped(study, claim, population=population, interval=interval, sensitivity=sensitivity))
    return Several().together(out)


def check_asked(population: str, interval: float) -> None:
    """Refuse a population or an interval that there is not."""
    if population not in tuple(OTHER):
        raise BadInput(f"The population is {population!r}; it can be {' or '.join(OTHER)}.")
    checked_interval(interval)


def _unstopped(study: Study, claim: Claim, **settings: Any) -> Verdict:
    """The verdict; what stops one claim is said in its place, and leaves the others theirs.

    Of a claim of the user's own bad input (a model that is not there) is marked as `refused`, for who asked to be told.
    Only what a study was asked for and cannot do (a reference model, a column of difficulty) stops all.
    """
    refused, remedy = "", ""
    try:
        return test_claim(study, claim, **settings)
    except BadInput as error:
        if study.reference is not None or study.difficulty is not None:
            with contextlib.suppress(NotTestable):
                _ = study.grouped
        why = str(error)
        if claim.name not in CATALOGUE:
            refused, why, remedy = why, f"It cannot be worked out: {why}", "Mend the claim, and test it again."
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError) as error:
        why = f"It stopped with an error of the program's own, {type(error).__name__}: {error}"
        remedy = "Report it, with these responses."
    return replace(silent(claim, settings["population"], study.metric, (why,), remedy=remedy), refused=refused)


@remembering()
def test_claim(
    study: Study,
    claim: Claim,
    *,
    population: str = "like-these",
    interval: float = 0.9,
    sensitivity: bool = True,
) -> Verdict:
    """Test one claim (methods, section 7), with more draws while Monte Carlo error alone leaves it open.

    A study whose draws were not asked for draws up to `most_draws` where the probability's Monte Carlo interval touches
    a threshold: what is then undecided is so for the data.

    sensitivity: where a verdict would stand, whether priors to a power, or a model, benchmark, group or suspect
    questions left out, turn its side (`hotmess.claims.guards.sensitivity`).
    """
    check_asked(population, interval)
    settings: dict[str, Any] = {"population": population, "interval": interval, "sensitivity": sensitivity}
    verdict = _once(study, claim, **settings)
    while (case := verdict.case) is not None and touching(case) and (more := case.study.with_more_draws()) is not None:
        verdict = _once(more, claim, **settings)
    return verdict


def thresholds_of(study: Study, claim: Claim, population: str) -> tuple[float, float]:
    """The probability that decides, and the one for statements beside: 0.975, or more where there were looks.

    What was looked at has the look's; all else that of errors added up over looks (`Looks.beside`).
    """
    looks, responses = study.responses.looks, len(study.responses.table)
    look = None if looks is None else looks.look(responses)
    if looks is None or look is None:
        return THRESHOLD, THRESHOLD
    others = looks.beside(responses)
    return look.threshold if looks.is_of(claim.name, claim.preregistration, population) else others, others


def touching(case: Case) -> bool:
    """Whether the Monte Carlo interval of a probability that decides this case holds its threshold.

    Not where the quantity itself says why nothing is decided: more draws would not change that.
    """
    if not case.gate.passed or case.quantity.held:
        return False
    threshold = case.threshold
    if case.p.low <= threshold <= case.p.high or case.p.low <= 1 - threshold <= case.p.high:
        return True
    if case.claim.negligible is None or case.verdict in DECIDED:
        return False
    effective = case.effective if case.population == "like-these" else None
    draws = case.quantity.draws
    shift = case.quantity.shift
    sides = [smoothed(side, -case.claim.negligible, effective=effective, shift=shift) for side in (draws, -draws)]
    return any(p.low <= threshold <= p.high for p in sides) and all(p.high >= threshold for p in sides)


def _once(study: Study, claim: Claim, *, population: str, interval: float, sensitivity: bool) -> Verdict:
    absent = claim.absent(study) if claim.absent is not None else ""
    if (before := untestable(study, claim, population, absent)) is not None:
        return before
    try:
        quantity, other = (claim.quantity(study, p) for p in (population, OTHER[population]))
    except OtherOutcome as reason:
        settings: dict[str, Any] = {"population": population, "interval": interval, "sensitivity": sensitivity}
        return tested_beside(study, claim, reason, absent, _once, **settings)
    except NotTestable as reason:
        return silent(claim, population, study.metric, (str(reason),), absent=absent, remedy=reason.remedy)
    if population == "like-these":
        quantity, effective = of_questions(study, claim, quantity)
    else:
        other, effective = of_questions(study, claim, other)
    what = f"the claim's quantity ({claim.estimand})"
    gate = quantity.gate & quantity.gate.judge({what: quantity.draws}, constants=False)
    gate &= other.gate.judge({what: other.draws})
    own = effective if population == "like-these" else None
    low, high = claim.region or (0.0, np.inf)
    shift = quantity.shift if gate.passed else 0.0
    p = smoothed(quantity.draws, low, high, effective=own, shift=shift)
    p_other = float(claim.holds(other.draws).mean())
    threshold, others = thresholds_of(study, claim, population)
    few = own.sentence() if own is not None and own.few else ""
    verdict, reasons = decide(p, p_other, gate=gate, threshold=threshold, few=few)
    settings = {"threshold": threshold, "effective": own, "shift": shift}
    none = practically_none(quantity.draws, other.draws, claim.negligible, **settings)
    if gate.passed and none:
        verdict, reasons = NEGLIGIBLE, ()
    held = tuple(dict.fromkeys((*quantity.held, *other.held)))
    case = Case(
        study, claim, population, interval, quantity, other, gate, p, p_other, verdict, held, effective, threshold
    )
    remedy = FEW_REMEDY if few else DRAW_MORE if touching(case) else ""
    findings, case = ask(guards_of(case), case)
    if case.stands and sensitivity:
        more, case = ask(LAST, case)
        findings += more
    if case.verdict == NOT_TESTABLE:
        own_remedy = "" if quantity.gate.passed else quantity.remedy
        return silent(claim, population, study.metric, findings[-1].reasons, findings, remedy=own_remedy)
    if case.lowered and verdict in (*DECIDED, NEGLIGIBLE):
        verdict = INCONCLUSIVE
    reasons = (*case.lowered, *reasons)
    low, high = (float(x) for x in np.quantile(quantity.draws, tails(interval)))
    each = tuple(
        {"name": k, **case.summary(v), "probability": float(claim.holds(v).mean())} for k, v in quantity.each.items()
    )
    alone = each_model(quantity.each, claim.holds, interval, others) if claim.of_models else None
    smallest, decider = smallest_of(claim, quantity.draws, threshold), None
    if verdict == INCONCLUSIVE and (once := smallest_of(claim, quantity.draws)) is not None:
        decider = would_decide(study, claim, planned(claim, once), once)
        if decider is not None:
            decider = replace(decider, against=claim.region is None and case.median < 0)
    own_models = these_models(claim.these_models, study, population, interval, claim.region, threshold=others)
    beside = "" if own_models is None else own_models.sentence()
    return Verdict(
        claim,
        verdict,
        sentence(case, verdict, low, high, reasons, findings) + beside,
        population,
        study.metric,
        p.value,
        case.median,
        low,
        high,
        findings,
        each,
        reasons,
        {population: quantity.draws, OTHER[population]: other.draws},
        case=case,
        holds_in=alone,
        smallest_effect=smallest,
        would_decide=decider,
        remedy=_remedy(case, remedy) if verdict == INCONCLUSIVE else "",
        published=published(study, claim),
        these_models=own_models,
    )


def _remedy(case: Case, remedy: str) -> str:
    """What to do: what the quantity says of what holds it back; what a guard says, of which nothing is said here; else
    what is known of draws and few questions, or what the quantity says of more of its data."""
    if case.lowered:
        return case.quantity.remedy if case.quantity.held else ""
    return remedy or case.quantity.remedy


def of_questions(study: Study, claim: Claim, quantity: Quantity) -> tuple[Quantity, Effective | None]:
    """A quantity for questions like these, spread by how many they are; and how many it rests on, where that is known.

    Settled statements are spread already. Of one question nothing can be said of questions like it.
    """
    if not claim.widened:
        return quantity, quantity.effective
    units = study.questions if quantity.effective is None else quantity.effective.units
    if units < 2:
        why = f"there is one of the {claim.units} only, which says nothing about {claim.units} like these"
        return replace(quantity, gate=quantity.gate & Gate((why,))), None
    if quantity.effective is not None or units >= FEW:
        return quantity, quantity.effective
    each = {k: spread_by_count(v, units) for k, v in quantity.each.items()}
    df = units - 1.0
    return replace(quantity, draws=spread_by_count(quantity.draws, units), each=each), Effective(df, df, units)


def published(study: Study, claim: Claim) -> Published | None:
    """What the claim's published procedure says of the same responses; None where there is none, or no data for it."""
    if claim.published is None:
        return None
    with contextlib.suppress(NotTestable):
        return claim.published(study)
    return None
