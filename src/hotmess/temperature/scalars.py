"""The scalars that claims about natural and budgeted overthinking are made of, as draws of the joint posterior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.parts import NAMES as PARTS
from hotmess.errors import NotTestable
from hotmess.temperature.trust import REFIT

if TYPE_CHECKING:
    from hotmess.inference.gate import Gate
    from hotmess.statements.effective import Effective
    from hotmess.temperature.posterior import LengthFit

HEAT = "the change of log temperature per doubling of natural length, mean over models"
SLOPE = "the change of logit incoherence per doubling of natural length, mean over models"
BUDGET = "the change of logit incoherence per doubling of tokens spent by budget, mean over models"
EXCESS = "the change of logit incoherence with natural length less that with budgets, absolute values"
"""What the quantities are called where they did not converge."""


@dataclass(frozen=True)
class Effects:
    """Draws of an effect per unit and over units.

    Attributes
    ----------
    draws
        (chain, draw) mean over units (models, each the mean of its benchmarks).
    each
        unit's label -> (chain, draw).
    parts
        accuracy, spread, concentration -> (chain, draw): the parts of the change of incoherence over the range.
    gate
        diagnostics of the fit and of `draws`.
    effective
        how many questions `draws` rest on, for questions like these.
    held
        what failed in some of the units, which are left out.
    """

    draws: np.ndarray
    each: Mapping[str, np.ndarray]
    gate: Gate
    parts: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    effective: Effective | None = None
    held: tuple[str, ...] = ()


def natural_slope(fit: LengthFit, population: str = "like-these") -> Effects:
    """beta_nat, the change of logit incoherence per doubling of natural length: positive says overthinking.

    An association: lengths are observed, not assigned. `parts` are those of the change over the 10% to 90% range.
    """
    return _slope(fit, "natural", "incoherence", SLOPE, population)


def hotter_with_length(fit: LengthFit, population: str = "like-these") -> Effects:
    """Change of log temperature per doubling of natural length: positive says that answers get hotter."""
    if "natural" not in fit.lengths.features:
        raise NotTestable("Lengths do not vary within the budgets, so long and short cannot be compared.")
    return _slope(fit, "natural", "heat", HEAT, population)


def budget_slope(fit: LengthFit, population: str = "like-these") -> Effects:
    """-beta_bud, minus the change of logit incoherence per doubling of tokens spent by budget."""
    return _slope(fit, "budget", "incoherence", BUDGET, population, sign=-1.0)


def natural_exceeds_budget(fit: LengthFit, population: str = "like-these") -> Effects:
    """|beta_nat| - |beta_bud|, per doubling of tokens each, with absolute values of the means over models.

    Both means are over the same models: those whose natural length and whose budgets vary.
    """
    both = [fit.slopes(kind, population=population)["incoherence"] for kind in ("natural", "budget")]
    each = np.abs(both[0]) - np.abs(both[1])
    known = np.isfinite(each).all((0, 1))
    if not known.any():
        raise NotTestable("No model has both lengths that vary within budgets and two budgets.")
    means = [fit.mean_slope(kind, "incoherence", population=population, units=known) for kind in ("natural", "budget")]
    fewest = min((e for _, e in means if e is not None), key=lambda e: e.df, default=None)
    return _effects(fit, np.abs(means[0][0]) - np.abs(means[1][0]), each, EXCESS, {}, fewest)


def _slope(fit: LengthFit, kind: str, of: str, name: str, population: str, *, sign: float = 1.0) -> Effects:
    out = fit.slopes(kind, population=population)
    parts = {n: sign * fit.mean_over_models(out["parts"][..., i]) for i, n in enumerate(PARTS)}
    mean, effective = fit.mean_slope(kind, of, population=population)
    return _effects(fit, sign * mean, sign * out[of], name, parts if of == "incoherence" else {}, effective)


def _effects(
    fit: LengthFit,
    mean: np.ndarray,
    each: np.ndarray,
    name: str,
    parts: dict[str, np.ndarray],
    effective: Effective | None,
) -> Effects:
    labelled = {label: each[:, :, g] for g, label in enumerate(fit.labels) if np.isfinite(each[:, :, g]).all()}
    lost = fit.failed if len(fit.failed) < len(fit.labels) else {}
    other = fit.data.attrs.get("remedy", REFIT)
    why = f"the fast path failed {'; '.join(lost.values())}, so that the numbers are those of the others: {other}"
    gate = fit.gate.over({name: mean})
    return Effects(mean, labelled, gate, parts, fit.notes, effective, (why,) if lost else ())
