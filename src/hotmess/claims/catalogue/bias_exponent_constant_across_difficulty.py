"""The claim that bias² falls with model size equally fast on easy and on hard questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from hotmess.claims.claim import Claim
from hotmess.claims.kinds import absent
from hotmess.claims.kinds.exponent_trends import NEEDS, PLACE, exponent_trend, trend_estimate, trend_weights
from hotmess.claims.kinds.exponents_of_size import LEAVE_OUT, Exponents, law_densities, law_fit
from hotmess.claims.kinds.own_slopes import OwnSlopes
from hotmess.claims.procedures import exponents_by_difficulty
from hotmess.claims.rates import rates_beside
from hotmess.estimates.control import Control
from hotmess.estimates.estimate import THRESHOLD, Estimate
from hotmess.estimates.size_slopes import size_estimate, size_estimates, size_permutations, size_statistics

if TYPE_CHECKING:
    from hotmess.claims.study import Study


ALIKE = 0.1
"""Exponents of bias² that differ by less than this are called alike: the published ones are 0.27 to 0.33."""


def _control(study: Study, seed: int) -> Control:
    """Permuted sizes alone would make the claim true, so a difference at the edge of the region is planted."""
    x, y = size_statistics(study.power_laws, "bias2")
    weights = trend_weights(study.power_laws)
    orders, exhaustive = size_permutations(x, seed)
    permuted = size_estimates(orders, -y, weights)
    shifted = [Estimate(e.value + ALIKE, e.error, e.df) for e in permuted]
    real = size_estimate(x, -y, weights)
    inside = np.array([_room(e) for e in shifted])
    return Control(
        f"sizes permuted between models, a difference of {ALIKE} planted",
        _room(real),
        len(shifted),
        1 + int((inside >= _room(real)).sum()),
        float(np.mean([_within(e) > THRESHOLD for e in shifted])),
        exhaustive,
    )


def _room(e: Estimate) -> float:
    """Standard errors between the estimate and the nearer edge of the region; negative outside it."""
    return float((ALIKE - abs(e.value)) / e.error) if e.error > 0 and np.isfinite(e.value) else 0.0


def _within(e: Estimate) -> float:
    """P(|quantity| < ALIKE) from the t approximation."""
    if not (e.error > 0 and np.isfinite(e.value)):
        return 0.0
    return float(np.diff(stats.t.cdf((np.array([-ALIKE, ALIKE]) - e.value) / e.error, e.df))[0])


RISE = Exponents(lambda study: (trend_weights(study.power_laws), 0 * trend_weights(study.power_laws)))
CLAIM = Claim(
    name="bias-exponent-constant-across-difficulty",
    place=PLACE,
    statement=f"bias² falls with model size equally fast on easy and on hard questions (exponents within {ALIKE})",
    estimand="rise of the exponent alpha_B from the easiest to the hardest group, along its least squares line",
    quantity=lambda study, population: exponent_trend(study, population, "bias2", 1.0),
    needs=NEEDS,
    by_unit=True,
    region=(-ALIKE, ALIKE),
    estimate=lambda study: trend_estimate(study, "bias2", 1.0),
    control=_control,
    across=("model",),
    fit=law_fit,
    densities=law_densities,
    leave_out=LEAVE_OUT,
    prior=RISE.prior,
    published=lambda study: exponents_by_difficulty(study, "bias2", ALIKE),
    design=RISE.design,
    these_models=OwnSlopes(RISE.weights),
    rates=rates_beside(__file__),
    absent=absent.sizes,
    widened=False,
    order=100,
)
