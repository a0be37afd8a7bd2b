"""Claims about model size by difficulty: which exponents of bias² and variance they weigh, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Case, LeaveOut
from hotmess.claims.kinds.exponent_evidence import exponent_draws, exponent_point, hyper_draws
from hotmess.design.components import Components, size_components
from hotmess.errors import BadInput, NotTestable
from hotmess.inference.power_scaling import PARETO_K
from hotmess.laws.first_stage import location_error
from hotmess.laws.hardness import easiest_first
from hotmess.laws.leave_out import laws_without

if TYPE_CHECKING:
    from hotmess.answers.posterior import Fit
    from hotmess.claims.study import Study
    from hotmess.inference.evidence import PointEvidence
    from hotmess.laws.power import PowerLaws


@dataclass(frozen=True)
class Exponents:
    """A quantity that is linear in the exponents: Σ_g w_g alpha_B,g + v_g alpha_V,g.

    weights: (study) -> (groups,) w and v; raises where the data cannot speak.
    """

    weights: Callable[[Study], tuple[np.ndarray, np.ndarray]]

    def prior(self, study: Study, rng: np.random.Generator, n: int) -> np.ndarray:
        """(n,) draws of the quantity from the laws' prior."""
        return exponent_draws(study.power_laws, *self.weights(study), rng, n)

    def design(self, study: Study, draws: int) -> Components:
        """Components of the variance of its estimate."""
        return size_components(study.power_laws, *self.weights(study), draws=draws)

    def point(self, study: Study) -> PointEvidence:
        """Evidence that the quantity is 0."""
        laws = study.power_laws
        prior = study.once("prior of the laws' scales", lambda: hyper_draws(laws, study.seed))
        return exponent_point(laws, *self.weights(study), seed=study.seed, prior=prior)


def law_fit(study: Study) -> Fit:
    """The fit of answers beneath the laws."""
    return study.power_laws.fit


def law_densities(study: Study, population: str) -> tuple[np.ndarray, np.ndarray]:
    """Log prior and log likelihood of the laws' draws."""
    return study.power_laws.densities(population)


def without_model(case: Case, column: str, value: str) -> tuple[np.ndarray, float] | None:
    """The quantity from the laws without a model, reweighted; None where the weights cannot be trusted."""
    study = case.study
    if column != "model" or value not in set(study.power_laws.law.cells["model"].astype(str)):
        return None
    laws, k = study.once(f"laws without {value}", lambda: laws_without(study.power_laws, value))
    if k[case.population] > PARETO_K:
        return None
    reduced = replace(study, made={**study.made, "power_laws": laws})
    try:
        return case.claim.quantity(reduced, case.population).draws, k[case.population]
    except BadInput:  # too few sizes are left: the new fit says so
        return None


LEAVE_OUT = LeaveOut(without_model)


def exponent_error(laws: PowerLaws, population: str, on_bias2: np.ndarray, on_variance: np.ndarray) -> float:
    """Standard error of Σ_g w_g alpha_B,g + v_g alpha_V,g for w and v (groups,) by how many draws lie beneath."""
    weights = np.concatenate([np.zeros(2 * len(laws.groups)), on_bias2, on_variance])
    seen, points = laws.first_stage(population), laws.points(population)
    return location_error(laws.model(population), seen, points, lambda b: float(weights @ b))


def group_weights(laws: PowerLaws, which: str) -> np.ndarray:
    """Equal weights on the groups meant: the hardest, the easiest or all difficulty groups of every family and arm."""
    if "difficulty" not in laws.by:
        raise NotTestable("The laws are not by difficulty, so easy and hard questions cannot be told apart.")
    level = laws.groups["difficulty"]
    names = level.tolist()
    if which != "all" and len(set(names)) < 2:
        raise NotTestable("There is one difficulty group only, so easy and hard questions cannot be told apart.")
    wanted = names
    if which != "all":
        order = easiest_first(level)
        wanted = [order[-1]] if which == "hard" else [order[0]]
    chosen = np.array([name in wanted for name in names])
    if not chosen.any():
        raise NotTestable(f"Every model is left out of the law for {wanted[0]} questions, so it cannot be tested.")
    for i in np.flatnonzero(chosen):
        if (sizes := laws.sizes[i]) < 4:
            raise NotTestable(
                f"Only {sizes} model size{'s have' if sizes != 1 else ' has'} enough errors on {names[i]} questions; a "
                "slope needs at least 4."
            )
    out: np.ndarray = chosen / chosen.sum()
    return out
