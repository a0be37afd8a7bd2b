"""Verdicts as they stand in the page: the sentence, and one line for each guard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hotmess.claims.claim import CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE, SUPPORTED
from hotmess.report import trust
from hotmess.words import decimals, minus, percent, population_words, show, with_interval

if TYPE_CHECKING:
    from hotmess.claims.claim import Verdict

ORDER = (SUPPORTED, CONTRADICTED, INCONCLUSIVE, NOT_TESTABLE)
GUARDS = {
    "gate": "Diagnostics",
    "monte_carlo": "Monte Carlo",
    "populations": "Populations",
    "negative_control": "Negative control",
    "parts": "Three parts",
    "agreement": "Agreement",
    "truncation": "Truncation",
    "evidence": "Evidence",
    "decoding": "Decoding",
    "sensitivity": "Sensitivity",
    "checks": "Predictive checks",
    **trust.NAMES,
}


def tally(verdicts: Sequence[Verdict]) -> str:
    """How many claims got which verdict, in a sentence.

    >>> tally([])
    'No claim was tested.'
    """
    if not verdicts:
        return "No claim was tested."
    count = Counter(v.verdict for v in verdicts)
    said = [f"{count[k]} {k}" for k in ORDER if count[k]]
    head = f"{len(verdicts)} claim{'s were' if len(verdicts) != 1 else ' was'} tested"
    return f"{head}: {', '.join(said)}."


FEW = 3
"""So many claims that the data cannot speak to stand among the others; more are folded."""


def views(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """What the page shows of each verdict; claims that the data cannot speak to are folded where there are many.

    A claim whose diagnostics failed stays in sight: the data speak to it, and another run may let them.
    """
    out = [view(v) for v in verdicts]
    silent = [v.verdict == NOT_TESTABLE and v.guards.get("gate", {}).get("passed", True) for v in verdicts]
    many = sum(silent) > FEW
    return [own | {"id": i, "folded": many and bool(quiet)} for i, (own, quiet) in enumerate(zip(out, silent), 1)]


def view(verdict: Verdict) -> dict[str, Any]:
    """What the page shows of a verdict."""
    # The sentence gives the first reason; a gate that failed lists its reasons itself.
    failed = not verdict.guards.get("gate", {}).get("passed", True)
    more = () if failed else verdict.reasons[1:]
    return {
        "name": verdict.claim.name,
        "verdict": verdict.verdict,
        "css": verdict.verdict.replace(" ", "-"),
        "sentence": minus(verdict.sentence),
        "reasons": [minus(f"{r[:1].upper()}{r[1:]}".rstrip(".") + ".") for r in more],
        "place": verdict.claim.place,
        "guards": [
            *([("Preregistered", f"SHA-256 {verdict.claim.preregistration}")] if verdict.claim.preregistration else []),
            *((GUARDS.get(k, words(k)), said) for k, v in verdict.guards.items() if (said := _of(verdict, k, v))),
        ],
        "each": [
            (str(e["name"]), with_interval(e["median"], e["low"], e["high"]), show(e.get("probability")))
            for e in verdict.each
        ],
    }


def _of(verdict: Verdict, name: str, guard: Any) -> str:
    """A guard in one line, in the claim's own units."""
    said = line(name, guard)
    return said.replace("questions", verdict.claim.units) if name in ("populations", "few_questions") else said


def words(name: str) -> str:
    """
    >>> words("negative_control")
    'Negative control'
    """
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def line(name: str, guard: Any) -> str:
    """One guard in one line; a guard unknown here is listed plainly."""
    if guard is None or guard == {} or guard == []:
        return ""
    known = {
        "gate": _gate,
        "monte_carlo": _monte_carlo,
        "populations": _populations,
        "negative_control": _control,
        "parts": _parts,
        "agreement": _agreement,
        "truncation": _truncation,
        "decoding": lambda guard: "; ".join(guard["differ"]) + ".",
        "sensitivity": _sensitivity,
        "checks": _checks,
        "joint_model": _joint_model,
        "same_scores": lambda guard: guard["what"],
        **trust.LINES,
    }
    try:
        return known[name](guard) if name in known else plainly(guard)
    except (KeyError, TypeError, ValueError, AttributeError):
        return plainly(guard)


def plainly(value: Any) -> str:
    """
    >>> plainly({"passed": True, "largest_shift": 0.25, "of": ["a", "b"]})
    'passed: yes; largest shift: 0.250; of: a, b'
    """
    if isinstance(value, Mapping):
        if set(value) >= {"median", "low", "high"}:
            return with_interval(value["median"], value["low"], value["high"])
        return "; ".join(f"{str(k).replace('_', ' ')}: {plainly(v)}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(plainly(v) for v in value)
    return show(value)


def _gate(guard: Mapping[str, Any]) -> str:
    if guard["passed"]:
        return "passed: R-hat below 1.01, effective sample sizes above 400, no divergent transitions."
    return f"not passed: {'; '.join(guard['reasons'])}."


def _monte_carlo(guard: Mapping[str, Any]) -> str:
    effective = int(guard["effective_draws"])
    return f"P lies between {show(guard['low'])} and {show(guard['high'])} ({effective:,} effective draws)."


def _populations(guard: Mapping[str, Any]) -> str:
    listed = [f"P = {show(p)} for {population_words(name)}" for name, p in guard.items()]
    sides = {p > 0.5 for p in guard.values()}
    return f"{', '.join(listed)}: {'the same side' if len(sides) == 1 else 'not the same side'} of one half."


def _control(guard: Mapping[str, Any]) -> str:
    total = guard["permutations"] + 1
    every = "all " if guard["exhaustive"] else ""
    return (
        f"{guard['what']}, {every}{guard['permutations']:,} permutations: the real statistic "
        f"{show(guard['statistic'], 2)} ranks {guard['rank']:,} of {total:,}; "
        f"{percent(round(guard['supported_rate'], 3))} of the permuted are called supported."
    )


def _parts(guard: Mapping[str, Any]) -> str:
    listed = [f"{name} {with_interval(v['median'], v['low'], v['high'])}" for name, v in guard.items()]
    return f"{', '.join(listed)}; the part of accuracy is mechanical."


def _joint_model(guard: Mapping[str, Any]) -> str:
    if not guard["passed"]:
        return f"{guard['what']}: its diagnostics did not pass, {'; '.join(guard['reasons'])}."
    return f"{guard['what']}: {with_interval(guard['median'], guard['low'], guard['high'])}."


def _agreement(guard: Mapping[str, Any]) -> str:
    if guard["unbiased"] is None:
        return "there is no unbiased estimate to compare with."
    agrees = "agrees" if guard["passed"] else "does not agree"
    digits = decimals(guard["standard_error"])
    value, error = show(guard["unbiased"], digits), show(guard["standard_error"], digits)
    return f"the unbiased estimate without a model, {value} ± {error}, {agrees}."


def _truncation(guard: Mapping[str, Any]) -> str:
    listed = [f"{name} {show(v)}" for name, v in guard.items() if name != "passed"]
    turned = "the sign stays" if guard["passed"] else "the sign turns"
    return f"{turned}: {', '.join(listed)}."


def _sensitivity(guard: Mapping[str, Any]) -> str:
    runs = guard["runs"]
    medians = [r["median"] for r in runs.values() if r.get("median") is not None]
    said = []
    if medians:
        turned = guard["turned"]
        head = f"the side turns with {', '.join(turned)}" if turned else "no run turns the side"
        digits = decimals(*medians)
        span = f"{show(min(medians), digits)} to {show(max(medians), digits)}"
        said.append(f"{head}: {len(medians)} runs (priors and likelihood to a power, parts left out), medians {span}")
    refused = [f"{name}, {r['how']}" for name, r in runs.items() if r.get("median") is None]
    said += refused[:2]
    if guard["sense"].get("prior") is not None:
        said.append(f"power-scaling sensitivity to the prior {show(guard['sense']['prior'])} (noteworthy above 0.05)")
    said += [note.rstrip(".") for note in guard["notes"]]
    return f"{'. '.join(said)}." if said else ""


def _checks(guard: Mapping[str, Any]) -> str:
    from hotmess.checks.statistics import WORDS

    p = ", ".join(f"{WORDS.get(name, name)} {show(value, 2)}" for name, value in guard["p"].items())
    said = f"two-sided p that the model makes such data: {p}"
    if "alternative" in guard:
        said += (
            f". Accuracies that are {guard['alternative']} move incoherence by at most {show(guard['moved'], 1)} "
            "posterior sd"
        )
    return f"{said}."
