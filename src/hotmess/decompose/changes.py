"""How often does the answer change: by resampling, by another few-shot context, by both (Hägele et al., appendix)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.decompose.intervals import bootstrap_interval
from hotmess.errors import BadInput, NotTestable

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.cells import Cells
    from hotmess.responses.table import Responses

KINDS = ("resampling", "context", "both")
DRAWS = 2000


def change_rates(counts: Ints, cell: Ints, cells: int, *, responses: int = 2) -> tuple[Floats, Floats]:
    """(cells,) probability that r responses do not all agree: inside one context, and each in a context of its own.

    Unbiased (U-statistics, from all selections): with n_ck answers k in context c and shares s_ck = n_ck/n_c,

        inside   1 − Σ_c Σ_k C(n_ck, r) / Σ_c C(n_c, r)
        across   1 − Σ_k e_r(s_1k, …, s_Jk) / C(J, r),      e_r the elementary symmetric polynomial.

    For r = 2 they are the sampling part of the unbiased Brier variance (where contexts have equally many responses),
    and the variance. NaN where no selection exists.

    >>> two = np.array([[2, 0], [0, 2]])                # two contexts, each settled on an answer of its own
    >>> [x.tolist() for x in change_rates(two, np.zeros(2, int), 1)]
    [[0.0], [1.0]]
    """
    n = counts.sum(1)
    inside = np.bincount(cell, _choose(counts, responses).sum(1), cells)
    selections = np.bincount(cell, _choose(n, responses), cells)
    e = np.zeros((responses + 1, cells, counts.shape[1]))
    e[0] = 1.0
    order = np.argsort(cell, kind="stable")
    place = np.arange(len(cell)) - np.searchsorted(cell[order], cell[order])
    shares = counts[order] / np.maximum(n[order], 1)[:, None]
    for j in range(int(place.max(initial=-1)) + 1):  # one context of every cell at a time
        rows = np.flatnonzero(place == j)
        at = cell[order][rows]
        for r in range(responses, 0, -1):
            e[r][at] += e[r - 1][at] * shares[rows]
    combinations = _choose(np.bincount(cell, minlength=cells), responses)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (
            np.where(selections > 0, 1 - inside / selections, np.nan),
            np.where(combinations > 0, 1 - e[responses].sum(1) / combinations, np.nan),
        )


def _choose(n: Ints, r: int) -> Floats:
    out = np.ones(n.shape)
    for i in range(r):
        out *= np.maximum(n - i, 0) / (i + 1)
    return out


def answer_changes(
    data: Responses | Cells, *, responses: int = 2, interval: float = 0.9, seed: int = 0
) -> pd.DataFrame:
    """Share of questions on which r responses do not all give the same answer, per model.

    `resampling`: all in one few-shot context; `both`: each in a context of its own; `context`: what contexts add, the
    difference. Where responses share no contexts there is `resampling` only. An unparsable response is an answer of
    its own. Intervals are for questions like these (Bayesian bootstrap, the same weights for every kind and model).

    Returns
    -------
    One row per model and kind: model, family, model_size_b, kind, questions, share, share_low, share_high.

    Raises
    ------
    BadInput
        If r is below 2.
    NotTestable
        If the outcome is not letters, or no question has r responses.
    """
    import pandas as pd

    from hotmess.decompose.grouping import question_draws, question_index, unit_index
    from hotmess.responses.cells import Cells, reduce

    if responses < 2:
        raise BadInput(f"A change takes at least 2 responses, not {responses}.")
    cells = data if isinstance(data, Cells) else reduce(data)
    if cells.clusters is None:
        raise NotTestable("Whether an answer changes is asked of letters; the outcome here is another.")
    copies = cells.points.copies.astype(int)
    counts, cell = np.repeat(cells.clusters.astype(np.int64), copies, axis=0), np.repeat(cells.points.cell, copies)
    inside, across = change_rates(counts, cell, len(cells.table), responses=responses)
    q = question_index(cells.table)
    unit, weight = unit_index(cells.table)
    weights = question_draws(cells.table, q, DRAWS, seed)
    repeated = np.zeros(len(cells.table), bool)
    repeated[cells.points.cell[cells.points.n > 1]] = True
    rows = []
    for model, index in cells.table.groupby("model", observed=True, sort=True).indices.items():
        own = np.zeros(len(q), bool)
        own[index] = True
        if (own & repeated).any():
            use = own & repeated & np.isfinite(inside) & np.isfinite(across)
            kinds = {"resampling": inside, "context": across - inside, "both": across}
        else:
            use, kinds = own & np.isfinite(across), {"resampling": across}
        if not use.any():
            continue
        w = weights[:, q[use]] / weights[:, q[use]].sum(1, keepdims=True)
        count, own_weight = len(np.unique(q[use])), weight[use] / weight[use].sum()
        units = len(np.unique(unit[use]))
        first = cells.table.loc[index[0], ["family", "model_size_b"]].to_dict()
        for kind, values in kinds.items():
            share = values[use] @ own_weight
            low, high = bootstrap_interval(w @ values[use], share, interval=interval, questions=units)
            row = {"model": str(model), **first, "kind": kind, "questions": count, "share": share}
            rows.append(row | {"share_low": float(low), "share_high": float(high)})
    if not rows:
        raise NotTestable(f"No question has {responses} responses to compare.")
    return pd.DataFrame(rows)
