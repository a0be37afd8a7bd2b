"""Claims that need the joint model of answers and lengths (`hotmess.temperature`), and its reading beside others.

The model is fitted by its fast path, with its Pareto k as the gate. A claim that is decided without it shows its slope
where it has been fitted for another claim of the same study; that changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.claim import Case, Finding, Guard, LeaveOut, Quantity
from hotmess.claims.scope import length_scope
from hotmess.temperature.ready import DRAW_MORE
from hotmess.words import capital, with_interval

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.temperature.posterior import LengthFit
    from hotmess.temperature.scalars import Effects

ONLY_POWERS = (
    "Sensitivity of the joint model is to powers of its prior and likelihood alone: no model and no benchmark was left "
    "out, since every new fit takes long."
)
LEAVE_OUT = LeaveOut(refit=False)


def joint_quantity(study: Study, effects: Effects, fit: LengthFit) -> Quantity:
    """A claim's quantity from effects of the joint model."""
    notes = (*(f"{capital(why.partition(': ')[0])}." for why in effects.held), *effects.notes)
    if len(fit.lengths.units) > 1 or fit.lengths.cells["benchmark"].nunique() > 1:
        notes = (*notes, ONLY_POWERS)
    scope, held = joint_scope(study, fit), effects.held
    remedy = "" if effects.gate.passed else DRAW_MORE
    if fit.failed:
        remedy = str(fit.data.attrs.get("remedy", ""))
    return Quantity(
        effects.draws,
        effects.gate,
        scope,
        effects.each,
        effects.parts,
        notes,
        held,
        effective=effects.effective,
        remedy=f"{capital(remedy)}." if remedy else "",
        location_error=lambda: float(effects.draws.std() * particles_error(fit)),
    )


def particles_error(fit: LengthFit) -> float:
    """Standard error of where draws of a mean over units lie, in their sd: √(mean of 1/n_u), where weighted draws are
    worth n_u of a unit u, by the fast path; 0 by a sampler, whose chains say so themselves."""
    if fit.engine != "fast":
        return 0.0
    attrs = fit.data.attrs
    each = np.atleast_1d(attrs["unit_effective" if "unit_effective" in attrs else "effective"])
    kept = np.delete(each, list(fit.failed)) if len(fit.failed) < len(each) else each
    return float(np.sqrt(np.mean(1 / np.maximum(kept, 1.0))))


def joint_scope(study: Study, fit: LengthFit, models: Collection[str] | None = None) -> str:
    """What the joint model covers: of these models, or all, those whose draws can be trusted."""
    table, drawn = study.cells.table, drawn_models(fit)
    models = drawn if models is None else [m for m in models if m in drawn]
    return length_scope(study, table[table["model"].isin(models) & table["log2_length"].notna()])


def drawn_models(fit: LengthFit) -> list[str]:
    """Models that a statement of the fit is of: without those where the fast path failed, unless it did in all."""
    models, lost = fit.lengths.units["model"].tolist(), fit.failed
    kept = [m for i, m in enumerate(models) if i not in lost]
    return kept or models


def joint_densities(study: Study, _: str) -> tuple[np.ndarray, np.ndarray]:
    """Of the parameters and scales; the questions' scores are integrated out of the likelihood."""
    tree = study.temperature.data
    prior = np.sum([v.values for v in tree["log_prior"].dataset.data_vars.values()], axis=0)
    return prior, tree["log_likelihood"].dataset["unit_responses"].values.sum(-1)


@dataclass(frozen=True)
class JointModel(Guard):
    """The joint model's reading, where that model was fitted for another claim; it decides nothing.

    Attributes
    ----------
    feature
        What must vary in the joint model's data: `natural` length or `budget`.
    effects
        (fit, population) -> the effect.
    what
        What it is, in words.
    sign
        -1 where the claim is of a fall.
    """

    feature: str
    effects: Callable[[LengthFit, str], Effects]
    what: str
    sign: float = 1.0
    name, title = "joint_model", "Joint model"

    def run(self, case: Case) -> Finding | None:
        fit = case.study.fitted("temperature")
        if fit is None or self.feature not in fit.lengths.features:
            return None
        effects = self.effects(fit, case.population)
        record: dict[str, Any] = {"what": self.what, "passed": effects.gate.passed}
        if not effects.gate.passed:
            return Finding(self, record | {"reasons": list(effects.gate.reasons)})
        low, median, high = np.quantile(self.sign * effects.draws, [0.05, 0.5, 0.95])
        record |= {
            "median": float(median),
            "low": float(low),
            "high": float(high),
            "probability_above_zero": float((self.sign * effects.draws > 0).mean()),
        }
        return Finding(self, record)

    def line(self, record: Any, units: str) -> str:
        if not record["passed"]:
            return f"{record['what']}: its diagnostics did not pass, {'; '.join(record['reasons'])}."
        return f"{record['what']}: {with_interval(record['median'], record['low'], record['high'])}."
