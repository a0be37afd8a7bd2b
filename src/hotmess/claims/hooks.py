"""What each claim offers to the guard of sensitivity: densities of its draws, and draws without a part of the data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.answers.densities import fit_densities
from hotmess.claims.sensitivity import PARETO_K, Hooks
from hotmess.laws.densities import length_law_densities, power_law_densities
from hotmess.laws.leave_out import laws_without

if TYPE_CHECKING:
    from hotmess.claims.claim import Quantity
    from hotmess.claims.study import Study

Pair = tuple[np.ndarray, np.ndarray]


def hooks_of(name: str) -> Hooks:
    """The hooks of a claim; those of a claim that has none of its own refit for each part."""
    return HOOKS.get(name, Hooks())


def _natural_densities(study: Study, _: str) -> Pair | None:
    fit = study.contrast.fit
    return None if fit is None else fit_densities(fit)


def _natural_without(
    study: Study, quantity: Quantity, _: str, column: str, value: str
) -> tuple[np.ndarray, float] | None:
    """Models share nothing in this fit: without one of them, the others' draws are what they were."""
    if column != "model" or value not in quantity.each:
        return None
    rest = [draws for name, draws in quantity.each.items() if name != value]
    return np.mean(rest, axis=0), -np.inf


def _arm_densities(study: Study, _: str) -> Pair | None:
    from hotmess.claims.intervention import arm_contrast

    fit = arm_contrast(study).fit
    return None if fit is None else fit_densities(fit)


# --- power laws ---------------------------------------------------------------------------------------------------


def _law_claim(name: str, parts: tuple[str, ...] = ("model", "benchmark")) -> Hooks:
    """Hooks of a claim about the study's power laws."""

    def reweighted(study: Study, _: Quantity, population: str, column: str, value: str) -> Any:
        from hotmess.claims.catalogue import CATALOGUE
        from hotmess.errors import BadInput

        if column != "model" or value not in set(study.power_laws.law.cells["model"].astype(str)):
            return None
        key = f"laws without {value}"
        if key not in study._made:
            study._made[key] = laws_without(study.power_laws, value)
        laws, k = study._made[key]
        if k[population] > PARETO_K:
            return None
        reduced = replace(study, _made={**study._made, "power_laws": laws})
        try:
            return CATALOGUE[name].quantity(reduced, population).draws, k[population]
        except BadInput:  # too few sizes are left: the new fit says so
            return None

    return Hooks(
        lambda study, population: power_law_densities(study.power_laws, population),
        reweighted,
        parts,
        fit=lambda study: study.power_laws.fit,
    )


def _budget_densities(study: Study, _: str) -> Pair | None:
    fit = study.budget_contrast.fit
    return None if fit is None else fit_densities(fit)


def _joint_densities(study: Study, _: str) -> Pair | None:
    """Of the parameters and scales; the questions' scores are integrated out of the likelihood."""
    tree = study.temperature.tree
    prior = np.sum([v.values for v in tree["log_prior"].dataset.data_vars.values()], axis=0)
    return prior, tree["log_likelihood"].dataset["unit_responses"].values.sum(-1)


HOOKS: dict[str, Hooks] = {
    "natural-overthinking": Hooks(_natural_densities, _natural_without, fit=lambda study: study.contrast.fit),
    "budget-lowers-incoherence": Hooks(
        _budget_densities, _natural_without, fit=lambda study: study.budget_contrast.fit
    ),
    "natural-exceeds-budget": Hooks(_joint_densities, refit=False),
    "answers-get-hotter-with-length": Hooks(_joint_densities, refit=False),
    "incoherence-rises-with-length": Hooks(
        lambda study, population: length_law_densities(study.length_law, population),
        fit=lambda study: study.length_law.fit,
    ),
    "length-saturates": Hooks(refit=False),  # five shapes, each fitted without each bin already
    "intelligence-and-incoherence-correlate": Hooks(parts=(), refit=False),
    "hard-incoherence-rises-with-scale": _law_claim("hard-incoherence-rises-with-scale"),
    "easy-incoherence-falls-with-scale": _law_claim("easy-incoherence-falls-with-scale"),
    "bias-falls-faster-than-variance": _law_claim(
        "bias-falls-faster-than-variance", ("model", "benchmark", "difficulty")
    ),
    "variance-exponent-falls-with-difficulty": _law_claim("variance-exponent-falls-with-difficulty"),
    "bias-exponent-constant-across-difficulty": _law_claim("bias-exponent-constant-across-difficulty"),
}
"""Hooks by the claim's name; what is not here is refitted for each model and benchmark left out."""
