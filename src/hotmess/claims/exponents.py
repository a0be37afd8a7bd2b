"""The claims about how the exponents of bias² and of variance in model size change with difficulty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from hotmess.claims.claim import THRESHOLD, Claim, Estimate, Quantity
from hotmess.claims.scale import _easiest_first, _group_weights
from hotmess.claims.scope import scale_scope
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.sizes import size_estimate, size_estimates, size_permutations, size_statistics
from hotmess.inference.gate import gate_draws

if TYPE_CHECKING:
    from hotmess.claims.study import Study

ALIKE = 0.1
"""Exponents of bias² that differ by less than this are called alike: the published ones are 0.27 to 0.33."""


def trend_weights(study: Study) -> np.ndarray:
    """(groups,) weights w: Σ w_g y_g is the rise of y from easiest to hardest along its least squares line.

    Groups are equally spaced from easy to hard; families and arms are averaged.
    """
    _group_weights(study, "all")  # raises where a group has too few sizes
    laws = study.power_laws
    level = laws.groups["difficulty"]
    order = _easiest_first(level)
    if len(order) < 2:
        _group_weights(study, "hard")  # raises: one group only
    rank = level.map({g: i for i, g in enumerate(order)}).to_numpy(float)
    others = [c for c in laws.by if c != "difficulty"]
    arm = laws.groups.groupby(others, observed=True).ngroup().to_numpy() if others else np.zeros(len(rank), int)
    weights = np.zeros(len(rank))
    for a in range(int(arm.max()) + 1):
        rows = np.flatnonzero(arm == a)
        t = rank[rows] - rank[rows].mean()
        if (t != 0).any():
            weights[rows] = (len(order) - 1) * t / (t**2).sum()
    return weights / len({a for a in arm if (weights[arm == a] != 0).any()})


def _exponents(study: Study, population: str, term: str, sign: float) -> Quantity:
    laws = study.power_laws
    weights = sign * trend_weights(study)
    alpha = laws.draws(f"alpha_{term}", population)
    labels = [str(g) for g in laws.data["posterior"].dataset["group"].values]
    each = {g: alpha[..., i] for i, g in enumerate(labels)}
    return Quantity(alpha @ weights, laws.gate & gate_draws(each), scale_scope(study, laws), notes=laws.notes)


def _estimate(study: Study, term: str, sign: float) -> Estimate:
    x, y = size_statistics(study.power_laws, term)
    return size_estimate(x, -sign * y, trend_weights(study))


def _falls_control(study: Study, seed: int) -> Control:
    x, y = size_statistics(study.power_laws, "variance")
    weights = trend_weights(study)
    orders, exhaustive = size_permutations(x, seed)
    permuted = size_estimates(orders, y, weights)
    real = size_estimate(x, y, weights)
    return run_control("sizes permuted between models", real, permuted, exhaustive=exhaustive)


def _alike_control(study: Study, seed: int) -> Control:
    """Permuted sizes alone would make the claim true, so a difference at the edge of the region is planted."""
    x, y = size_statistics(study.power_laws, "bias2")
    weights = trend_weights(study)
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


NEEDS = "letters, at least 4 model sizes, two or more groups of questions from easy to hard"
PLACE = "claim 4; exponents of bias² and variance by difficulty"

variance_exponent_falls_with_difficulty = Claim(
    name="variance-exponent-falls-with-difficulty",
    place=PLACE,
    statement="the harder the questions, the more slowly variance falls with model size",
    estimand="fall of the exponent alpha_V from the easiest to the hardest group, along its least squares line",
    quantity=lambda study, population: _exponents(study, population, "variance", -1.0),
    needs=NEEDS,
    estimate=lambda study: _estimate(study, "variance", -1.0),
    control=_falls_control,
    across=("model",),
)
bias_exponent_constant_across_difficulty = Claim(
    name="bias-exponent-constant-across-difficulty",
    place=PLACE,
    statement=f"bias² falls with model size equally fast on easy and on hard questions (exponents within {ALIKE})",
    estimand="rise of the exponent alpha_B from the easiest to the hardest group, along its least squares line",
    quantity=lambda study, population: _exponents(study, population, "bias2", 1.0),
    needs=NEEDS,
    region=(-ALIKE, ALIKE),
    estimate=lambda study: _estimate(study, "bias2", 1.0),
    control=_alike_control,
    across=("model",),
)
