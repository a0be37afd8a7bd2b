"""Sensitivity of a verdict: priors and likelihood to a power, parts of the data left out, suspect answer keys.

If any of these turns the side of a claim, its verdict is inconclusive. What is left out is left out exactly where the
posterior factorises, by reweighting where a law shares parameters, by a new fit where the Pareto k of the weights
exceeds 0.7 or no weights are at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hotmess.claims.claim import Case, Finding, Guard
from hotmess.claims.reduced import values, without, without_questions
from hotmess.claims.rule import INCONCLUSIVE
from hotmess.claims.study import Study
from hotmess.claims.study_data import LARGE
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.power_scaling import PARETO_K, power_scaling_sense, scaled_weights, weighted_median
from hotmess.words import capital, decimals, show

MOST = 8  # parts of a kind that are left out


@dataclass(frozen=True)
class Run:
    """One run: the median and P without a part of the data, or why there is none."""

    median: float | None
    probability: float | None
    how: str
    turned: bool = False
    pareto_k: float | None = None

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {k: v for k, v in vars(self).items() if v is not None}


@dataclass(frozen=True)
class Sensitivity:
    """All runs of a claim. `turned` names those that turn its side; `notes` says what was not run, and why."""

    runs: Mapping[str, Run]
    sense: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def turned(self) -> tuple[str, ...]:
        return tuple(name for name, run in self.runs.items() if run.turned)

    def record(self) -> dict[str, Any]:
        """As JSON: `sense` is arviz-stats' power-scaling sensitivity, above 0.05 noteworthy for the prior."""
        return {
            "passed": not self.turned,
            "turned": list(self.turned),
            "sense": dict(self.sense),
            "runs": {k: r.record() for k, r in self.runs.items()},
            "notes": list(self.notes),
        }

    def sentences(self) -> list[str]:
        """Reasons that hold a verdict back."""
        return [f"the side turns with {name}" for name in self.turned]


def sensitivity(case: Case) -> Sensitivity:
    """Every run that can be made for a claim on a study.

    A side is P(claim) above or below one half; for a claim without a region it is the sign of the median.
    """
    study, claim, quantity, leave_out = case.study, case.claim, case.quantity, case.claim.leave_out
    side = case.holds(quantity.draws).mean() > 0.5
    runs: dict[str, Run] = {}
    notes: list[str] = []

    def run(draws: np.ndarray, how: str, k: float | None = None, weights: np.ndarray | None = None) -> Run:
        flat, holds = draws.ravel(), case.holds(draws).ravel()
        p = float(np.average(holds, weights=weights))
        median = float(np.median(flat)) if weights is None else weighted_median(flat, weights)
        return Run(median, p, how, bool((p > 0.5) != side), k)

    sense: dict[str, float] = {}
    densities = claim.densities(study, case.population) if claim.densities is not None else None
    if densities is not None:
        draws = scaled(case)
        sense = power_scaling_sense(draws, *densities)
        for name, density in zip(("prior", "likelihood"), densities):
            for power, weights, k in scaled_weights(density):
                runs[f"the {name} to the power {power:.3g}"] = run(draws, "reweighted", k, weights)
    for column in leave_out.parts:
        found = values(study, column)
        if len(found) > MOST:
            notes.append(f"{MOST} of {len(found)} values of {column} were left out one at a time, evenly spread.")
            found = [found[i] for i in np.unique(np.linspace(0, len(found) - 1, MOST).round().astype(int))]
        for value in found if len(found) > 1 else ():
            name = f"{column} {value} left out"
            offered = leave_out.without(case, column, value) if leave_out.without else None
            if offered is not None and not offered[1] > PARETO_K:
                exact = offered[1] == -np.inf
                runs[name] = run(offered[0], "exact" if exact else "reweighted", None if exact else offered[1])
            elif leave_out.refit:
                runs[name] = _refit(case, without(study, column, value), run)
            else:
                notes.append(f"{capital(name)}: not run, a new fit takes long.")
    notes += _answer_key(case, run, runs)
    return Sensitivity(runs, sense, tuple(notes))


def scaled(case: Case) -> np.ndarray:
    """Draws that belong to the posterior's own, one to one: a statement about questions like these is no function of
    them, so that priors and likelihood are scaled in what is said of these questions."""
    settled = case.population == "like-these" and case.quantity.effective is not None
    return case.other.draws if settled else case.quantity.draws


def _refit(case: Case, reduced: Study, run: Callable[..., Run]) -> Run:
    try:
        return run(case.claim.quantity(reduced, case.population).draws, "a new fit")
    except (NotTestable, BadInput) as reason:
        return Run(None, None, f"not testable: {str(reason).rstrip('.')}")


def _answer_key(case: Case, run: Callable[..., Run], runs: dict[str, Run]) -> list[str]:
    from hotmess.checks.answer_keys import suspect_keys

    study = case.study
    if study.responses.outcome != "answer":
        return []
    try:
        suspects = study.once("suspect keys", lambda: suspect_keys(study.responses))
    except NotTestable as reason:
        return [f"Answer keys: {reason!s}"]
    if suspects.empty:
        return [f"Answer keys: on none of {study.questions:,} questions do all large models agree on one wrong option."]
    name = f"{len(suspects)} questions left out whose answer key is suspect"
    if case.claim.leave_out.refit and len(suspects) < study.questions:
        runs[name] = _refit(case, without_questions(study, suspects, "suspects"), run)
    return []


class SideTurns(Guard):
    """Whether anything turns the side of a verdict that would stand."""

    name, title, lowers = "sensitivity", "Sensitivity", INCONCLUSIVE

    def run(self, case: Case) -> Finding | None:
        if case.study.large:
            notes = [f"Not run on more than {LARGE:,} responses."]
            return Finding(self, {"passed": None, "turned": [], "sense": {}, "runs": {}, "notes": notes})
        found = sensitivity(case)
        return Finding(self, found.record(), tuple(found.sentences()))

    def remedy(self, record: Any) -> str:
        parts = [name for name in record["turned"] if name.endswith(" left out")]
        if parts:
            return f"It rests on one part of the data ({parts[0].removesuffix(' left out')}): add others like it."
        return "It rests on the prior: more questions make it weigh less."

    def line(self, record: Any, units: str) -> str:
        medians = [r["median"] for r in record["runs"].values() if r.get("median") is not None]
        said = []
        if medians:
            turned = record["turned"]
            head = f"the side turns with {', '.join(turned)}" if turned else "no run turns the side"
            digits = decimals(*medians)
            span = f"{show(min(medians), digits)} to {show(max(medians), digits)}"
            said.append(
                f"{head}: {len(medians)} runs (priors and likelihood to a power, parts left out), medians {span}"
            )
        refused = [f"{name}, {r['how']}" for name, r in record["runs"].items() if r.get("median") is None]
        said += refused[:2]
        if record["sense"].get("prior") is not None:
            prior = show(record["sense"]["prior"])
            said.append(f"power-scaling sensitivity to the prior {prior} (noteworthy above 0.05)")
        said += [note.rstrip(".") for note in record["notes"]]
        return f"{'. '.join(said)}." if said else ""
