"""Testing claims: the posterior, then the guards, none of which can raise a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.claim import (
    CONTRADICTED,
    INCONCLUSIVE,
    LARGE,
    NOT_TESTABLE,
    SUPPORTED,
    Claim,
    Estimate,
    Quantity,
    Verdict,
    decide,
    probability,
)
from hotmess.claims.multiplicity import expected_false_signs, widen, widening
from hotmess.claims.rates import null_calibration
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.gate import Gate, gate_draws
from hotmess.responses.decoding import decoded_differently

if TYPE_CHECKING:
    from hotmess.claims.study import Study

OTHER = {"like-these": "these", "these": "like-these"}
AGREEMENT_ERRORS = 2.0
MORE = "more draws may cure it (--draws)"


def find_claims(names: Iterable[str | Claim] | None) -> list[Claim]:
    """Claims by name (dashes or underscores); all of the catalogue for None.

    >>> [c.name for c in find_claims(["natural_overthinking"])]
    ['natural-overthinking']
    """
    from difflib import get_close_matches

    from hotmess.claims.catalogue import CATALOGUE

    if names is None:
        return list(CATALOGUE.values())
    out = []
    for name in names:
        if isinstance(name, Claim):
            out.append(name)
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


def test_claims(
    study: Study,
    claims: Iterable[str | Claim] | None = None,
    *,
    population: str = "like-these",
    interval: float = 0.9,
    sensitivity: bool = True,
    progress: Callable[[str], None] | None = None,
) -> list[Verdict]:
    """Test each claim on a study; a claim that the data cannot speak to is `not testable`, with its reason."""
    if population not in OTHER:
        raise BadInput(f"The population is {population!r}; it can be {' or '.join(OTHER)}.")
    out = []
    for claim in find_claims(claims):
        if progress is not None:
            progress(claim.name)
        out.append(test_claim(study, claim, population=population, interval=interval, sensitivity=sensitivity))
    together = expected_false_signs(out)
    for verdict in out:
        if together["decided"] > 1 and verdict.verdict in (SUPPORTED, CONTRADICTED):
            verdict.guards["multiplicity"] = together
    return out


def test_claim(
    study: Study,
    claim: Claim,
    *,
    population: str = "like-these",
    interval: float = 0.9,
    sensitivity: bool = True,
) -> Verdict:
    """Test one claim (methods, section 7).

    sensitivity: where a verdict would stand, whether priors to a power, or a model, benchmark, group or suspect
    questions left out, turn its side (`hotmess.claims.sensitivity`).
    """
    if claim.long and len(study.responses.table) > LARGE:
        why = (
            f"It was not run, since it can take minutes on {len(study.responses.table):,} responses: ask for it by "
            f"name, --claim {claim.name}."
        )
        return _not_testable(study, claim, population, (why,), {})
    try:
        quantity = claim.quantity(study, population)
        other = claim.quantity(study, OTHER[population])
    except NotTestable as reason:
        return _not_testable(study, claim, population, (str(reason),), {})
    differ = [reason for side in claim.across for reason in decoded_differently(study.responses.table, side)]
    if differ:
        decoding = {"passed": False, "differ": differ}
        return _not_testable(study, claim, population, tuple(differ), {"decoding": decoding})
    questions = len(study.responses.table[["benchmark", "question"]].drop_duplicates())
    factor = widening(questions) if claim.widened else 1.0
    quantity, other = (
        _widened(q, factor, claim.units) if p == "like-these" else q
        for q, p in ((quantity, population), (other, OTHER[population]))
    )
    gate = quantity.gate & gate_draws({claim.name: quantity.draws}) & gate_draws({claim.name: other.draws})
    p, p_other = probability(claim.holds(quantity.draws)), float(claim.holds(other.draws).mean())
    verdict, reasons = decide(p, p_other, gate=gate)
    guards: dict[str, Any] = {
        "gate": {"passed": gate.passed, "reasons": list(gate.reasons[:5]), "divergences": gate.divergences},
        "monte_carlo": {"low": p.low, "high": p.high, "effective_draws": p.effective},
        "populations": {population: p.value, OTHER[population]: p_other},
        "parts": {k: _summary(v, interval) for k, v in quantity.parts.items()},
        **quantity.guards,
    }
    if factor != 1:
        guards["few_questions"] = {"questions": questions, "widened_by": factor if np.isfinite(factor) else None}
    rates = null_calibration(claim.name)
    if rates is not None:
        guards["null_calibration"] = rates
    if not gate.passed:
        return _not_testable(study, claim, population, (f"{reasons[0]}; {MORE}", *reasons[1:]), guards)
    median = float(np.median(quantity.draws))
    if claim.control is not None:
        control = claim.control(study, study.seed)
        guards["negative_control"] = control.record()
        if not control.passed:
            why = (
                f"permuted data ({control.what}) are called supported in {control.supported:.0%} of "
                f"{control.permutations} permutations, more than 10%"
            )
            return _not_testable(study, claim, population, (why,), guards)
    from hotmess.claims.induced import evidence

    found_evidence = evidence(study, claim, quantity.draws if population == "these" else other.draws)
    if found_evidence is not None:
        guards["evidence"] = found_evidence
    lowering: list[str] = list(dict.fromkeys((*quantity.held, *other.held)))
    if claim.estimate is not None:
        guards["agreement"], sentence = _agreement(claim.estimate(study), median)
        lowering += sentence
    if claim.variants is not None and study.has_truncated:
        guards["truncation"], sentence = _truncation(claim.variants(study), median)
        lowering += sentence
    stands = sensitivity and not lowering and verdict in (SUPPORTED, CONTRADICTED)
    if stands and len(study.responses.table) > LARGE:
        notes = [f"Not run on more than {LARGE:,} responses."]
        guards["sensitivity"] = {"passed": None, "turned": [], "sense": {}, "runs": {}, "notes": notes}
    elif stands:
        from hotmess.claims.sensitivity import predictive
        from hotmess.claims.sensitivity import sensitivity as runs  # only what stands can fall

        found = runs(study, claim, quantity, population)
        guards["sensitivity"] = found.record()
        record, sentence = predictive(study, claim)
        if record is not None:
            guards["checks"] = record
        lowering += [*found.sentences(), *sentence]
    if lowering and verdict in (SUPPORTED, CONTRADICTED):
        verdict = INCONCLUSIVE
    reasons = (*reasons, *lowering)
    low, high = (float(x) for x in np.quantile(quantity.draws, [(1 - interval) / 2, (1 + interval) / 2]))
    each = tuple(
        {"name": k, **_summary(v, interval), "probability": float(claim.holds(v).mean())}
        for k, v in quantity.each.items()
    )
    return Verdict(
        claim,
        verdict,
        _sentence(claim, verdict, quantity, population, p.value, median, low, high, interval, reasons),
        population,
        study.metric,
        p.value,
        median,
        low,
        high,
        guards,
        each,
        reasons,
        {population: quantity.draws, OTHER[population]: other.draws},
    )


def _widened(quantity: Quantity, factor: float, units: str) -> Quantity:
    """Fewer than 50 questions say less about questions like these than their bootstrap knows."""
    if factor == 1:
        return quantity
    if not np.isfinite(factor):
        why = f"there is one of the {units} only, which says nothing about {units} like these"
        return replace(quantity, gate=quantity.gate & Gate((why,)))
    return replace(
        quantity,
        draws=widen(quantity.draws, factor),
        each={k: widen(v, factor) for k, v in quantity.each.items()},
        scope=f"{quantity.scope}; intervals are widened by {factor - 1:.0%}, as there are few {units}",
    )


def _summary(draws: np.ndarray, interval: float) -> dict[str, float]:
    low, median, high = np.quantile(draws, [(1 - interval) / 2, 0.5, (1 + interval) / 2])
    return {"median": float(median), "low": float(low), "high": float(high)}


def _agreement(estimate: Estimate, median: float) -> tuple[dict[str, Any], list[str]]:
    known = np.isfinite(estimate.value) and estimate.error > 0
    record = {
        "unbiased": float(estimate.value) if known else None,
        "standard_error": float(estimate.error) if known else None,
        "passed": None,
    }
    if not known:
        return record, []
    record["passed"] = bool(abs(median - estimate.value) <= AGREEMENT_ERRORS * estimate.error)
    if record["passed"]:
        return record, []
    return record, [
        f"the unbiased estimate without a model is {estimate.value:.3g} ± {estimate.error:.2g}, more than "
        f"{AGREEMENT_ERRORS:.0f} standard errors from the posterior median {median:.3g}"
    ]


def _truncation(variants: dict[str, Estimate], median: float) -> tuple[dict[str, Any], list[str]]:
    known = {k: e for k, e in variants.items() if np.isfinite(e.value)}
    turned = [k for k, e in known.items() if np.sign(e.value) != np.sign(median)]
    record = {"passed": not turned, **{k: float(e.value) for k, e in known.items()}}
    return record, [f"the sign turns with {k}" for k in turned]


def _not_testable(
    study: Study, claim: Claim, population: str, reasons: tuple[str, ...], guards: dict[str, Any]
) -> Verdict:
    sentence = f"Not testable: that {claim.statement}. {_capital(reasons[0])}"
    guards = {
        k: v for k, v in guards.items() if k in ("decoding", "gate", "negative_control")
    }  # no number without a verdict
    return Verdict(
        claim, NOT_TESTABLE, sentence.rstrip(".") + ".", population, study.metric, guards=guards, reasons=reasons
    )


def _sentence(
    claim: Claim,
    verdict: str,
    quantity: Quantity,
    population: str,
    p: float,
    median: float,
    low: float,
    high: float,
    interval: float,
    reasons: tuple[str, ...],
) -> str:
    about = f"for {claim.units} like these" if population == "like-these" else f"for these {claim.units} themselves"
    head = {
        SUPPORTED: f"Supported: {claim.statement}",
        CONTRADICTED: f"Contradicted: that {claim.statement}",
        INCONCLUSIVE: f"Inconclusive: whether {claim.statement}",
    }[verdict]
    value = f"{median:.3g} ({interval:.0%} interval {low:.3g} to {high:.3g}; {_p(p)})"
    body = f"{head}. {_capital(claim.estimand)}: {value} {about}"
    kind_of = ""
    if claim.change and quantity.parts:
        whole = {name: float(np.median(draws)) for name, draws in quantity.parts.items()}
        rest = " and ".join(f"{name} {value:+.2g}" for name, value in whole.items() if name != "accuracy")
        kind_of = f" In parts: mean accuracy, the mechanical part, {whole.get('accuracy', np.nan):+.2g}; {rest}."
    tail = f" Held back because {reasons[0]}." if reasons else ""
    kind = " An association, not an effect of length." if claim.association else ""
    return f"{body}: {quantity.scope}.{kind_of}{kind}{tail}"


def _p(p: float) -> str:
    if p > 0.999:
        return "P > 0.999"
    if p < 0.001:
        return "P < 0.001"
    return f"P = {p:.3f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
