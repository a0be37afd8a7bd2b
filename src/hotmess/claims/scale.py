"""The claims about model size by difficulty: power laws of bias² and variance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.claim import Claim, Estimate, Quantity
from hotmess.claims.scope import scale_scope
from hotmess.claims.slopes import moments_of, slope_parts
from hotmess.decompose.parts import NAMES
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.sizes import size_estimate, size_estimates, size_permutations, size_statistics
from hotmess.inference.gate import gate_draws

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.claims.study import Study


def _scale(study: Study, population: str, which: str, sign: float) -> Quantity:
    laws = study.power_laws
    slopes = sign * laws.slope_of_logit_incoherence(population)
    weights = _group_weights(study, which)
    labels = [str(g) for g in laws.data["posterior"].dataset["group"].values]
    each = {g: slopes[..., i] for i, g in enumerate(labels) if weights[i] > 0}
    keys = ["model", *laws.by]
    table = laws.fit.draws(keys, population="these").table
    moments = moments_of(laws.fit, keys, population)
    place = {tuple(map(str, r)): i for i, r in enumerate(table[keys].itertuples(index=False, name=None))}
    total = 0
    for i in np.flatnonzero(weights) if moments is not None else ():
        group = laws.groups.iloc[i]
        rows = laws.law.cells
        rows = rows[(rows[list(laws.by)].astype(str) == group[list(laws.by)].astype(str)).all(axis=1)].sort_values("x")
        index = [place[tuple(map(str, r))] for r in rows[keys].itertuples(index=False, name=None)]
        assert moments is not None
        total = total + weights[i] * sign * slope_parts(moments[..., index, :], rows["x"].to_numpy())
    return Quantity(
        slopes @ weights,
        laws.gate & gate_draws(each),
        scale_scope(study, laws),
        each,
        {name: total[..., i] for i, name in enumerate(NAMES)} if isinstance(total, np.ndarray) else {},
        laws.notes,
    )


def _group_weights(study: Study, which: str) -> np.ndarray:
    """Equal weights on the groups meant: the hardest, the easiest or all difficulty groups of every family and arm."""
    laws = study.power_laws
    if "difficulty" not in laws.by:
        raise NotTestable("The laws are not by difficulty, so easy and hard questions cannot be told apart.")
    level = laws.groups["difficulty"]
    if which != "all" and level.nunique() < 2:
        raise NotTestable("There is one difficulty group only, so easy and hard questions cannot be told apart.")
    wanted = list(level.unique())
    if which != "all":
        order = _easiest_first(level)
        wanted = [order[-1]] if which == "hard" else [order[0]]
    chosen = level.isin(wanted).to_numpy()
    if not chosen.any():
        raise NotTestable(f"Every model is left out of the law for {wanted[0]} questions, so it cannot be tested.")
    counts = laws.law.cells.groupby(list(laws.by), observed=True)["x"].nunique()
    for i in np.flatnonzero(chosen):
        key = tuple(laws.groups.iloc[i][list(laws.by)])
        sizes = int(counts[key if len(key) > 1 else key[0]])
        if sizes < 4:
            raise NotTestable(
                f"Only {sizes} model sizes have enough errors on {level.iloc[i]} questions; a slope needs at least 4."
            )
    return chosen / chosen.sum()


WORDS = ("easiest", "very easy", "easy", "medium", "middle", "moderate", "hard", "very hard", "hardest")


def _easiest_first(level: pd.Series) -> list[Any]:
    """The difficulty groups from easy to hard: an ordered category's order, that of numbers, or that of `WORDS`."""
    import pandas as pd

    if isinstance(level.dtype, pd.CategoricalDtype) and level.cat.ordered:
        return list(level.cat.categories)
    values = list(level.unique())
    words = [str(v).strip().lower() for v in values]
    if all(w in WORDS for w in words):
        return [v for _, v in sorted(zip((WORDS.index(w) for w in words), values))]
    numbers = pd.to_numeric(pd.Series(words).str.extract(r"^(-?\d+(?:\.\d+)?)")[0], errors="coerce")
    if numbers.notna().all():
        return [values[i] for i in np.argsort(numbers.to_numpy(), kind="stable")]
    raise NotTestable(
        f"Which of the difficulty groups {', '.join(map(str, values))} is the hardest cannot be told; name them easy, "
        "medium, hard, or number them."
    )


def _scale_estimate(study: Study, which: str, sign: float) -> Estimate:
    x, y = size_statistics(study.power_laws)
    return size_estimate(x, sign * y, _group_weights(study, which))


def _scale_control(study: Study, seed: int, which: str, sign: float) -> Control:
    x, y = size_statistics(study.power_laws)
    weights = _group_weights(study, which)
    orders, exhaustive = size_permutations(x, seed)
    permuted = size_estimates(orders, sign * y, weights)
    real = size_estimate(x, sign * y, weights)
    return run_control("sizes permuted between models", real, permuted, exhaustive=exhaustive)


def _scale_claim(name: str, place: str, statement: str, estimand: str, which: str, sign: float) -> Claim:
    return Claim(
        name=name,
        place=place,
        statement=statement,
        estimand=estimand,
        quantity=lambda study, population: _scale(study, population, which, sign),
        needs="any outcome with a target, at least 4 model sizes, questions by difficulty (of lengths or a column)",
        estimate=lambda study: _scale_estimate(study, which, sign),
        control=lambda study, seed: _scale_control(study, seed, which, sign),
        across=("model",),
    )


hard_incoherence_rises_with_scale = _scale_claim(
    "hard-incoherence-rises-with-scale",
    "claim 4; figures of incoherence against model size by difficulty",
    "on the hardest questions larger models are more incoherent",
    "slope of logit incoherence on log model size in the hardest group, alpha_B - alpha_V",
    "hard",
    1.0,
)
easy_incoherence_falls_with_scale = _scale_claim(
    "easy-incoherence-falls-with-scale",
    "claim 4; figures of incoherence against model size by difficulty",
    "on the easiest questions larger models are less incoherent",
    "minus the slope of logit incoherence on log model size in the easiest group, alpha_V - alpha_B",
    "easy",
    -1.0,
)
bias_falls_faster_than_variance = _scale_claim(
    "bias-falls-faster-than-variance",
    "claims 4 and 7; exponents of bias² and variance",
    "with model size bias² falls faster than variance",
    "alpha_B - alpha_V, mean over difficulty groups",
    "all",
    1.0,
)
