"""Posterior predictive checks of the fit that a claim rests on."""

from __future__ import annotations

from typing import Any

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.claims.rule import INCONCLUSIVE
from hotmess.errors import NotTestable
from hotmess.words import show


class PredictiveChecks(Guard):
    """Whether the model makes such data.

    A check that fails holds a verdict back where a distribution of accuracy that fits better than the Beta moves the
    incoherence of some model by more than a posterior standard deviation.
    """

    name, title, lowers = "checks", "Predictive checks", INCONCLUSIVE

    def run(self, case: Case) -> Finding | None:
        from hotmess.checks import families
        from hotmess.checks.predictive import check

        if case.study.large:
            return None
        fit = case.claim.fit(case.study) if case.claim.fit is not None else None
        if fit is None:
            return None

        def make() -> Any:
            found = check(fit)
            return found, None if found.gate.passed else families.alternatives(fit)

        try:
            found, others = case.study.once(f"checks {id(fit)}", make)
        except NotTestable:
            return None
        record: dict[str, Any] = {
            "passed": True,
            "p": {name: found.p(name) for name in found.whole},
            "failed": list(found.failed),
        }
        if others is None:
            return Finding(self, record)
        best = others.loc[others.groupby("model", sort=False)["log_evidence"].idxmax()]
        most = best.iloc[int(best["moved"].to_numpy().argmax())]
        record |= {"alternative": str(most["family"]), "moved": float(most["moved"]), "passed": not most["moved"] > 1}
        if record["passed"]:
            return Finding(self, record)
        why = (
            f"{found.gate.reasons[0]}, and accuracies that are {most['family']}, which fit better, move the "
            f"incoherence of {most['model']} by {most['moved']:.1f} posterior sd"
        )
        return Finding(self, record, (why,))

    def remedy(self, record: Any) -> str:
        return "The model does not make such data: quote the estimate without it (Agreement, or hotmess decompose)."

    def line(self, record: Any, units: str) -> str:
        from hotmess.checks.statistics import WORDS

        p = ", ".join(f"{WORDS.get(name, name)} {show(value, 2)}" for name, value in record["p"].items())
        said = f"two-sided p that the model makes such data: {p}"
        if "alternative" in record:
            moved = show(record["moved"], 1)
            said += f". Accuracies that are {record['alternative']} move incoherence by at most {moved} posterior sd"
        return f"{said}."
