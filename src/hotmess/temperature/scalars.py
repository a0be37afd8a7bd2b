"""The scalars that claims about natural and budgeted overthinking are made of, as draws of the joint posterior."""

from __future__ import annotations

import numpy as np

from hotmess.decompose.parts import NAMES as PARTS
from hotmess.errors import NotTestable
from hotmess.temperature.posterior import Effects, LengthFit


def natural_slope(fit: LengthFit, population: str = "like-these") -> Effects:
    """beta_nat, the change of logit incoherence per doubling of natural length: positive says overthinking.

    An association: lengths are observed, not assigned. `parts` are those of the change over the 10% to 90% range.
    """
    out = fit.slopes("natural", population=population)
    parts = {name: fit.mean_over_models(out["parts"][..., i]) for i, name in enumerate(PARTS)}
    return _effects(fit, out["incoherence"], "beta_nat", parts)


def hotter_with_length(fit: LengthFit, population: str = "like-these") -> Effects:
    """Change of log temperature per doubling of natural length: positive says that answers get hotter.

    A parameter of the models, the same for every population of questions.
    """
    if "natural" not in fit.lengths.features:
        raise NotTestable("Lengths do not vary within the budgets, so long and short cannot be compared.")
    return _effects(fit, fit.slopes("natural", population=population)["heat"], "heat_nat")


def budget_slope(fit: LengthFit, population: str = "like-these") -> Effects:
    """-beta_bud, minus the change of logit incoherence per doubling of tokens spent by budget."""
    out = fit.slopes("budget", population=population)
    parts = {name: -fit.mean_over_models(out["parts"][..., i]) for i, name in enumerate(PARTS)}
    return _effects(fit, -out["incoherence"], "-beta_bud", parts)


def natural_exceeds_budget(fit: LengthFit, population: str = "like-these") -> Effects:
    """|beta_nat| - |beta_bud|, per doubling of tokens each, with absolute values of the means over models.

    Both means are over the same models: those whose natural length and whose budgets vary.
    """
    both = [fit.slopes(kind, population=population)["incoherence"] for kind in ("natural", "budget")]
    each = np.abs(both[0]) - np.abs(both[1])
    one, other = (np.where(np.isfinite(each), x, np.nan) for x in both)
    if not np.isfinite(each).all((0, 1)).any():
        raise NotTestable("No model has both lengths that vary within budgets and two budgets.")
    mean = np.abs(fit.mean_over_models(one)) - np.abs(fit.mean_over_models(other))
    return _effects(fit, each, "|beta_nat| - |beta_bud|", draws=mean)


def _effects(
    fit: LengthFit,
    each: np.ndarray,
    name: str,
    parts: dict[str, np.ndarray] | None = None,
    *,
    draws: np.ndarray | None = None,
) -> Effects:
    mean = fit.mean_over_models(each) if draws is None else draws
    labelled = {label: each[:, :, g] for g, label in enumerate(fit.labels) if np.isfinite(each[:, :, g]).all()}
    return Effects(mean, labelled, fit.gate.over({name: mean}), parts or {}, fit.notes)
