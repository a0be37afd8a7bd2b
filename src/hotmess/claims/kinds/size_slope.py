"""The three claims about the slope of logit incoherence on model size, alpha_B - alpha_V, by difficulty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.fit_sets import sets_of
from hotmess.claims.claim import Claim, LeaveOut, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.exponents_of_size import (
    LEAVE_OUT,
    Exponents,
    exponent_error,
    group_weights,
    law_densities,
    law_fit,
)
from hotmess.claims.kinds.own_slopes import OwnSlopes
from hotmess.claims.later import Later
from hotmess.claims.procedures import size_line
from hotmess.claims.published import Published
from hotmess.claims.rates import rates_beside
from hotmess.claims.scope import scale_scope
from hotmess.claims.slopes import moments_of, slope_parts
from hotmess.decompose.parts import NAMES
from hotmess.design.components import Components, size_components
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import Estimate
from hotmess.estimates.size_slopes import size_estimate, size_estimates, size_permutations, size_statistics

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.laws.power import PowerLaws


@dataclass(frozen=True)
class SizeSlope:
    """Everything of a claim that follows from which groups of difficulty it is about, and its sign.

    Attributes
    ----------
    which
        `hard`, `easy` or `all`: the hardest, the easiest or all groups of difficulty.
    sign
        1 where the slope is claimed to be positive, -1 where it is claimed to be negative.
    """

    which: str
    sign: float

    def weights(self, study: Study) -> np.ndarray:
        """(groups,) weights of the slopes, with the claim's sign."""
        return self.sign * group_weights(study.power_laws, self.which)

    def quantity(self, study: Study, population: str) -> Quantity:
        """The slope, mean over the groups meant, with its parts."""
        laws = study.power_laws
        slopes = self.sign * laws.slope_of_logit_incoherence(population)
        weights = group_weights(laws, self.which)
        labels = [str(g) for g in laws.data["posterior"].dataset["group"].values]
        each = {g: slopes[..., i] for i, g in enumerate(labels) if weights[i] > 0}
        return Quantity(
            slopes @ weights,
            laws.gate.over(each, "the slope of logit incoherence"),
            scale_scope(study, laws),
            each,
            Later(lambda: self._parts(laws, weights, population)),
            laws.notes,
            location_error=lambda: exponent_error(laws, population, weights, -weights),
        )

    def _parts(self, laws: PowerLaws, weights: np.ndarray, population: str) -> dict[str, np.ndarray]:
        """Least squares slopes of the three parts; none where the outcome has no parts."""
        keys = ["model", *laws.by]
        moments = moments_of(laws.fit, keys, population)
        if moments is None:
            return {}
        table = sets_of(laws.fit, keys).table
        place = {tuple(map(str, r)): i for i, r in enumerate(table[keys].itertuples(index=False, name=None))}
        total, cells = 0.0, laws.law.cells
        for i in np.flatnonzero(weights):
            group = laws.groups.iloc[i]
            mine = (cells[list(laws.by)].astype(str) == group[list(laws.by)].astype(str)).all(axis=1)
            rows = cells[mine].sort_values("x")
            index = [place[tuple(map(str, r))] for r in rows[keys].itertuples(index=False, name=None)]
            total = total + weights[i] * self.sign * slope_parts(moments[..., index, :], rows["x"].to_numpy())
        return {name: np.asarray(total)[..., i] for i, name in enumerate(NAMES)}

    def estimate(self, study: Study) -> Estimate:
        """The same by unbiased terms and least squares over models."""
        x, y = size_statistics(study.power_laws)
        return size_estimate(x, self.sign * y, group_weights(study.power_laws, self.which))

    def control(self, study: Study, seed: int) -> Control:
        """Sizes permuted between models."""
        x, y = size_statistics(study.power_laws)
        weights = group_weights(study.power_laws, self.which)
        orders, exhaustive = size_permutations(x, seed)
        permuted = size_estimates(orders, self.sign * y, weights)
        real = size_estimate(x, self.sign * y, weights)
        return run_control("sizes permuted between models", real, permuted, exhaustive=exhaustive)

    def published(self, study: Study) -> Published:
        """Log-log least squares on plug-in terms."""
        return size_line(study, self.which, self.sign)

    def design(self, study: Study, draws: int) -> Components:
        """Components of the variance of `estimate`."""
        weights = self.weights(study)
        return size_components(study.power_laws, weights, -weights, draws=draws)


def size_claim(
    module: str,
    name: str,
    about: SizeSlope,
    *,
    place: str,
    statement: str,
    estimand: str,
    order: int,
    negligible: float = 0.05 / np.log(2),
    leave_out: LeaveOut = LEAVE_OUT,
) -> Claim:
    """A claim about such a slope; module: the claim's own (`__file__`), beside which its rates stand.

    negligible: default 0.05 of logit incoherence per doubling of size.
    """
    slope = Exponents(lambda study: (about.weights(study), -about.weights(study)))
    return Claim(
        name=name,
        place=place,
        statement=statement,
        estimand=estimand,
        quantity=about.quantity,
        needs="any outcome with a target, at least 4 model sizes, questions by difficulty (of lengths or a column)",
        estimate=about.estimate,
        control=about.control,
        across=("model",),
        fit=law_fit,
        densities=law_densities,
        leave_out=leave_out,
        prior=slope.prior,
        point=slope.point,
        published=about.published,
        these_models=OwnSlopes(lambda study: (about.weights(study), -about.weights(study))),
        design=about.design,
        rates=rates_beside(module),
        absent=absent.sizes,
        negligible=negligible,
        widened=False,
        by_unit=True,
        order=order,
    )
