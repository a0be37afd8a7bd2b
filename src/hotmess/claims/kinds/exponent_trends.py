"""The claims about how the exponents of bias² and of variance in model size change with difficulty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Quantity
from hotmess.claims.kinds.exponents_of_size import exponent_error, group_weights
from hotmess.claims.scope import scale_scope
from hotmess.estimates.estimate import Estimate
from hotmess.estimates.size_slopes import size_estimate, size_statistics
from hotmess.laws.hardness import easiest_first
from hotmess.remembered import remembered

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.laws.power import PowerLaws

NEEDS = "any outcome with a target, at least 4 model sizes, two or more groups of questions from easy to hard"
PLACE = "claim 4; exponents of bias² and variance by difficulty"


@remembered
def trend_weights(laws: PowerLaws) -> np.ndarray:
    """(groups,) weights w: Σ w_g y_g is the rise of y from easiest to hardest along its least squares line.

    Groups are equally spaced from easy to hard; families and arms are averaged.
    """
    group_weights(laws, "all")  # raises where a group has too few sizes
    level = laws.groups["difficulty"]
    order = easiest_first(level)
    if len(order) < 2:
        group_weights(laws, "hard")  # raises: one group only
    rank = np.array([order.index(g) for g in level.tolist()], float)
    others = [c for c in laws.by if c != "difficulty"]
    arm = laws.groups.groupby(others, observed=True).ngroup().to_numpy() if others else np.zeros(len(rank), int)
    weights = np.zeros(len(rank))
    for a in range(int(arm.max()) + 1):
        rows = np.flatnonzero(arm == a)
        t = rank[rows] - rank[rows].mean()
        if (t != 0).any():
            weights[rows] = (len(order) - 1) * t / (t**2).sum()
    return weights / len({a for a in arm if (weights[arm == a] != 0).any()})


def exponent_trend(study: Study, population: str, term: str, sign: float) -> Quantity:
    """Change of an exponent from the easiest to the hardest group, times `sign`."""
    laws = study.power_laws
    weights = sign * trend_weights(laws)
    alpha = laws.draws(population)[f"alpha_{term}"].values
    labels = [str(g) for g in laws.data["posterior"].dataset["group"].values]
    each = {g: alpha[..., i] for i, g in enumerate(labels)}
    both = (weights, 0 * weights) if term == "bias2" else (0 * weights, weights)
    return Quantity(
        alpha @ weights,
        laws.gate.over(each, "the exponent"),
        scale_scope(study, laws),
        notes=laws.notes,
        location_error=lambda: exponent_error(laws, population, *both),
    )


def trend_estimate(study: Study, term: str, sign: float) -> Estimate:
    """The same by unbiased terms and least squares over models."""
    x, y = size_statistics(study.power_laws, term)
    return size_estimate(x, -sign * y, trend_weights(study.power_laws))
