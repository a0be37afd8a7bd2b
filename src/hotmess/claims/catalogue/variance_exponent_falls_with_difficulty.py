"""The claim that the harder the questions, the more slowly variance falls with model size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmess.claims.claim import Claim
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.exponent_trends import NEEDS, PLACE, exponent_trend, trend_estimate, trend_weights
from hotmess.claims.kinds.exponents_of_size import LEAVE_OUT, Exponents, law_densities, law_fit
from hotmess.claims.kinds.own_slopes import OwnSlopes
from hotmess.claims.procedures import exponents_by_difficulty
from hotmess.claims.rates import rates_beside
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.size_slopes import size_estimate, size_estimates, size_permutations, size_statistics

if TYPE_CHECKING:
    from hotmess.claims.study import Study


def _control(study: Study, seed: int) -> Control:
    x, y = size_statistics(study.power_laws, "variance")
    weights = trend_weights(study.power_laws)
    orders, exhaustive = size_permutations(x, seed)
    permuted = size_estimates(orders, y, weights)
    real = size_estimate(x, y, weights)
    return run_control("sizes permuted between models", real, permuted, exhaustive=exhaustive)


FALL = Exponents(lambda study: (0 * trend_weights(study.power_laws), -trend_weights(study.power_laws)))
CLAIM = Claim(
    name="variance-exponent-falls-with-difficulty",
    place=PLACE,
    statement="the harder the questions, the more slowly variance falls with model size",
    estimand="fall of the exponent alpha_V from the easiest to the hardest group, along its least squares line",
    quantity=lambda study, population: exponent_trend(study, population, "variance", -1.0),
    needs=NEEDS,
    by_unit=True,
    estimate=lambda study: trend_estimate(study, "variance", -1.0),
    control=_control,
    across=("model",),
    fit=law_fit,
    densities=law_densities,
    leave_out=LEAVE_OUT,
    prior=FALL.prior,
    published=lambda study: exponents_by_difficulty(study, "variance"),
    design=FALL.design,
    these_models=OwnSlopes(FALL.weights),
    rates=rates_beside(__file__),
    absent=absent.sizes,
    negligible=0.05,
    widened=False,
    order=90,
)
