"""The claim that larger models are more reliable than their accuracy alone makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.claim import Claim, Quantity
from hotmess.claims.kinds import absent
from hotmess.claims.rates import rates_beside
from hotmess.claims.scope import base_scope
from hotmess.errors import NotTestable
from hotmess.estimates.control import Control, run_control
from hotmess.estimates.estimate import NOTHING, Estimate
from hotmess.estimates.size_slopes import size_permutations
from hotmess.inference.gate import Gate
from hotmess.words import join, percent

if TYPE_CHECKING:
    from hotmess.claims.study import Study
    from hotmess.runs.equal_accuracy import EqualAccuracy

SLOPE, RESIDUAL = 0.1, 0.1
"""Priors per doubling of size and of a model's own residual, on a scale from 0 to 1."""
SIZES = 4


def _made(study: Study) -> tuple[EqualAccuracy, np.ndarray, np.ndarray, np.ndarray]:
    """Values of the models, and of those in arms of four sizes: which, log2 of size, and arm."""
    from hotmess.runs.equal_accuracy import ARM, equal_accuracy

    made = study.once("reliability at equal accuracy", lambda: equal_accuracy(study.responses, seed=study.seed))
    table = made.table
    arm = table.groupby(list(ARM), dropna=False, observed=True).ngroup().to_numpy()
    known = table["model_size_b"].notna().to_numpy()
    sizes = [table["model_size_b"][known & (arm == a)].nunique() for a in range(arm.max() + 1)]
    use = np.flatnonzero(known & (np.array(sizes)[arm] >= SIZES))
    if not len(use):
        raise NotTestable(f"No family of models has {SIZES} sizes in one condition, so nothing can be said of scale.")
    x = np.log2(table["model_size_b"].to_numpy(float)[use])
    return made, use, x, np.unique(arm[use], return_inverse=True)[1]


def _quantity(study: Study, population: str) -> Quantity:
    from hotmess.laws.lines import line_draws

    made, use, x, arm = _made(study)
    noise = (made.like_these if population == "like-these" else made.these)[np.ix_(use, use)]
    y = made.table["value"].to_numpy(float)[use]
    n = study.chains * study.draws
    draws = line_draws(y, noise, x, arm, slope=SLOPE, residual=RESIDUAL, draws=n, seed=study.seed)
    each = {}
    for a in range(arm.max() + 1) if arm.max() else ():
        own = arm == a
        name = join([str(v) for v in made.table.iloc[use[own][0]][["family", "condition", "budget"]] if str(v)] or [""])
        drawn = line_draws(
            y[own],
            noise[np.ix_(own, own)],
            x[own],
            arm[own] * 0,
            slope=SLOPE,
            residual=RESIDUAL,
            draws=n,
            seed=study.seed,
        )
        each[name] = drawn.reshape(study.chains, study.draws)
    kept = made.table.iloc[use]
    cells = study.responses.table[study.responses.table["model"].isin(set(kept["model"]))]
    cells = cells.drop_duplicates(["benchmark", "model", "question"])
    span = f"accuracy {percent(round(kept['accuracy'].min(), 2))} to {percent(round(kept['accuracy'].max(), 2))}"
    without = f"; left out, always right or always wrong: {join(list(made.alike))}" if made.alike else ""
    scope = f"{base_scope(cells)} and models like them, {span}{without}"
    return Quantity(draws.reshape(study.chains, study.draws), Gate(), scope, each)


def _slope(x: np.ndarray, y: np.ndarray, arm: np.ndarray) -> Estimate:
    """Least squares within arms, with the residuals' scatter over models."""
    n = np.bincount(arm)
    away = x - (np.bincount(arm, x) / n)[arm]
    value = y - (np.bincount(arm, y) / n)[arm]
    df, spread = len(y) - len(n) - 1, float((away**2).sum())
    if df < 1 or not spread > 0:
        return NOTHING
    slope = float(away @ value / spread)
    return Estimate(slope, float(np.sqrt(((value - slope * away) ** 2).sum() / df / spread)), df)


def _estimate(study: Study) -> Estimate:
    made, use, x, arm = _made(study)
    return _slope(x, made.table["value"].to_numpy(float)[use], arm)


def _control(study: Study, seed: int) -> Control:
    made, use, x, arm = _made(study)
    y = made.table["value"].to_numpy(float)[use]
    names = made.table["model"].astype(str).to_numpy()[use]
    models, index = np.unique(names, return_inverse=True)
    size = np.array([x[index == i][0] for i in range(len(models))])
    orders, exhaustive = size_permutations(size, seed)
    permuted = (_slope(order[index], y, arm) for order in orders)
    return run_control("sizes permuted between models", _slope(x, y, arm), permuted, exhaustive=exhaustive)


CLAIM = Claim(
    name="reliability-rises-with-scale",
    place="beyond the paper: pass^k of agents",
    statement="at equal accuracy, larger models are right again on the same questions more often (pass^k)",
    estimand=(
        "change per doubling of size of where pass^2 lies between accuracy² and accuracy, the intra-class correlation "
        "of right and wrong"
    ),
    quantity=_quantity,
    needs="right and wrong answers, two responses per question, at least 4 model sizes of a family",
    estimate=_estimate,
    control=_control,
    across=("model",),
    prior=lambda study, rng, n: rng.normal(0, SLOPE, n),
    rates=rates_beside(__file__),
    absent=absent.sizes,
    narrowed_by="models of other sizes",
    order=210,
)
