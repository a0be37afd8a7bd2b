"""Guards without a model: a negative control on permuted data, agreement, responses cut off or unparsable."""

from __future__ import annotations

from typing import Any

import numpy as np

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.claims.rule import INCONCLUSIVE, NEGLIGIBLE, NOT_TESTABLE
from hotmess.estimates.control import ESTIMATE
from hotmess.looks.chosen import asked_by_answers
from hotmess.words import decimals, percent, show

AGREEMENT_ERRORS = 2.0
PARTED, OF_SD = 2.0, 0.25
"""|z| of paired differences from the unbiased statement, and their mean over its sd, above which they are told."""


class NegativeControl(Guard):
    """The claim's estimate on permuted data, which should be called supported about 2.5% of the time."""

    name, title, lowers = "negative_control", "Negative control", NOT_TESTABLE

    def run(self, case: Case) -> Finding | None:
        if case.claim.control is None:
            return None
        control = case.claim.control(case.study, case.study.seed)
        if control.passed:
            return Finding(self, control.record())
        why = (
            f"permuted data ({control.what}) are called supported in {control.supported:.0%} of "
            f"{control.permutations} permutations, more than 10%"
        )
        return Finding(self, control.record(), (why,))

    def line(self, record: Any, units: str) -> str:
        total = record["permutations"] + 1
        every = "all " if record["exhaustive"] else ""
        quick = ", not the statement itself" * (record["through"] == ESTIMATE)
        return (
            f"{record['what']}, {every}{record['permutations']:,} permutations through the {record['through']}{quick}: "
            f"the real statistic {show(record['statistic'], 2)} ranks {record['rank']:,} of {total:,}; "
            f"{percent(round(record['supported_rate'], 3))} of the permuted are called supported."
        )

    def remedy(self, record: Any) -> str:
        return (
            "More data of this kind do not cure it, since the estimate favours the claim where nothing is there: ask "
            "another question of them (--claims)."
        )

    def shell(self, record: Any) -> str:
        return (
            f"Negative control: rank {record['rank']} of {record['permutations'] + 1} with {record['what']}; "
            f"{record['supported_rate']:.1%} of them called supported."
        )


class Agreement(Guard):
    """The unbiased estimate without a model against the posterior median."""

    name, title, lowers = "agreement", "Agreement", INCONCLUSIVE

    def run(self, case: Case) -> Finding | None:
        if case.claim.estimate is None:
            return None
        if asked_by_answers(case.study.responses.table, case.study.responses.looks):
            why = "which questions were asked again hung on their answers: no estimate without a model is unbiased"
            return Finding(self, {"unbiased": None, "standard_error": None, "passed": None}, not_run=why)
        estimate, median = case.claim.estimate(case.study), case.median
        if not (np.isfinite(estimate.value) and estimate.error > 0):
            return Finding(self, {"unbiased": None, "standard_error": None, "passed": None})
        passed = bool(abs(median - estimate.value) <= AGREEMENT_ERRORS * estimate.error)
        record = {"unbiased": float(estimate.value), "standard_error": float(estimate.error), "passed": passed}
        record |= _parted(case)
        why = (
            f"the unbiased estimate without a model is {estimate.value:.3g} ± {estimate.error:.2g}, more than "
            f"{AGREEMENT_ERRORS:.0f} standard errors from the posterior median {median:.3g}"
        )
        told = passed or "z" in record  # what parts the two is taken off a settled statement already
        return Finding(self, record, () if told else (why,))

    def line(self, record: Any, units: str) -> str:
        if record["unbiased"] is None:
            return "there is no unbiased estimate to compare with."
        agrees = "agrees" if record["passed"] else "does not agree"
        digits = decimals(record["standard_error"])
        value, error = show(record["unbiased"], digits), show(record["standard_error"], digits)
        said = f"the unbiased estimate without a model, {value} ± {error}, {agrees}"
        if record.get("parted"):
            away, gone = show(record["apart"], digits), percent(round(record["guard"], 2))
            said += (
                f"; under the same weights the model parts from it by {away} (z = {record['z']:.1f}), of which {gone} "
                "is taken off: quote the unbiased one"
            )
        return f"{said}."

    def remedy(self, record: Any) -> str:
        digits = decimals(record["standard_error"])
        value, error = show(record["unbiased"], digits), show(record["standard_error"], digits)
        return f"The model and the estimate without it part: quote the latter, {value} ± {error}."


def _parted(case: Case) -> dict[str, Any]:
    """How far the model's statement lies from the unbiased one under the same weights; told, since the guard within
    the statement has taken it off (`hotmess.statements.settle`)."""
    e = case.effective
    if e is None or case.population != "like-these" or not np.isfinite(e.z):
        return {}
    parted = abs(e.z) > PARTED and abs(e.apart) > OF_SD * float(case.quantity.draws.std())
    return {"z": e.z, "apart": e.apart, "guard": e.guard, "parted": bool(parted)}


class Truncation(Guard):
    """Whether the sign turns where responses cut off or unparsable, or missing lengths, are treated otherwise."""

    name, title, lowers = "truncation", "Truncation", INCONCLUSIVE

    def run(self, case: Case) -> Finding | None:
        if case.claim.variants is None or not case.study.has_truncated:
            return None
        known = {k: e for k, e in case.claim.variants(case.study).items() if np.isfinite(e.value)}
        record = {k: float(e.value) for k, e in known.items()}
        if case.verdict == NEGLIGIBLE:
            turned = [k for k, value in record.items() if not case.holds(np.array(value))]
            what = "is no longer practically none"
        else:
            turned = [k for k, value in record.items() if np.sign(value) != np.sign(case.median)]
            what = "turns"
        said = "the quantity" if case.verdict == NEGLIGIBLE else "the sign"
        why = tuple(f"{said} {what} with {k}" for k in turned)
        sure = case.verdict == NEGLIGIBLE or max(case.p.value, 1 - case.p.value) > case.threshold
        return Finding(self, {"passed": not turned, **record}, why if sure else ())  # a sign that is open may turn

    def line(self, record: Any, units: str) -> str:
        listed = [f"{name} {show(v)}" for name, v in record.items() if name != "passed"]
        turned = "the sign stays" if record["passed"] else "the sign turns"
        return f"{turned}: {', '.join(listed)}."

    def remedy(self, record: Any) -> str:
        return (
            "Raise the token limit, parse the answers that were not read, or draw the lengths that are missing: the "
            "answer hangs on these responses."
        )
