"""Whether the order in which ensembles take responses goes with what these say (methods, sections 6 and 10).

Responses that were sorted, by likelihood or by score, are alike where they are neighbours, and averages of neighbours
then divide little: that is the order's doing. A trend over the order is tested as in `hotmess.runs.drift`, of any
outcome: of the squared distance of a response from the mean of the others of its question, and from the target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Floats
from hotmess.decompose.grouping import natural
from hotmess.runs.drift import LEAST, level, trend
from hotmess.words import join

if TYPE_CHECKING:
    from hotmess.ensembles.real import RealEnsembles


def order_says(real: RealEnsembles) -> tuple[tuple[str, ...], str]:
    """Reasons to hold a claim about averages of neighbours back, where responses have a trend, and what to do.

    Neighbours may be responses that were drawn one after the other, or, with one response in each few-shot context,
    contexts in the order of their names: what differs between these is no matter of drawing. Models with repeats in
    contexts are left out: contexts that questions share have one order by chance. No reasons where there is no trend.
    """
    model = real.table["model"].astype(str).to_numpy()
    single = (real.table["responses"] == real.table["units"]).to_numpy()
    named = real.by_context
    seen: dict[bool, list[str]] = {False: [], True: []}
    names = sorted(set(model), key=natural)
    for name in names:
        found: dict[str, list[Floats]] = {"others": [], "target": []}
        for rows, z, target in real.stacks:
            own = (model[rows] == name) & single[rows]
            if own.any():
                found["others"].append(slopes(z[own]))
                found["target"].append(slopes(z[own], target[own]))
        tested = [np.concatenate(one) for one in found.values() if one]
        ps = [trend(one)[1] for one in tested if len(one) >= LEAST and np.isfinite(one).all()]
        if any(p < level(len(names)) for p in ps):
            seen[bool(named[model == name].any())].append(name)
    reasons, remedies = [], []
    if seen[True]:
        reasons.append(
            f"the contexts of {join(seen[True])}, with one response to a question in each, differ in what responses "
            "say and stand in the order of their names, so that averages of neighbours tell of that order"
        )
        remedies.append(
            "Choose one context (--where) and draw six responses or more to each question in it: averages over "
            "contexts that differ say nothing of averages of answers."
        )
    if seen[False]:
        reasons.append(
            f"the responses of {join(seen[False])} stand in an order that goes with what they say, as where they were "
            "sorted, or asked while something changed, so that averages of neighbours tell of the order"
        )
        remedies.append(
            "Take the responses in the order in which they were drawn, or draw them again: sorted ones say nothing of "
            "it."
        )
    return tuple(reasons), " ".join(remedies)


def slopes(z: Floats, target: Floats | None = None) -> Floats:
    """(n,) least squares slopes over the order of responses z (n, units, repeats, D) of their squared distance from the
    target (n, D), or, without one, from the mean of the question's others.

    >>> z = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0]).reshape(1, 6, 1, 1)
    >>> slopes(z, np.ones((1, 1))).round(3).tolist()              # 1, 1, 0, 0, 0, 0: from wrong to right
    [-0.229]
    >>> slopes(z).round(3).tolist()                               # 0.64, 0.64, then 0.16
    [-0.11]
    """
    values = z.mean(2)
    n = values.shape[1]
    if target is None:
        from_what = (values.sum(1, keepdims=True) - values) / (n - 1)
    else:
        from_what = target[:, None]
    away = np.arange(n) - (n - 1) / 2
    out: Floats = ((values - from_what) ** 2).sum(-1) @ away / (away**2).sum()
    return out
