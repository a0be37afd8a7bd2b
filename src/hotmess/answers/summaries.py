"""Tables of sets: medians, intervals, and whether they may be relied on (methods, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.population import SetDraws
from hotmess.decompose.group_intervals import largest_term
from hotmess.errors import tails

if TYPE_CHECKING:
    import pandas as pd
    from jaxtyping import Bool, Float

    from hotmess.inference.gate import Gate


def summarise(
    sets: SetDraws, gates: Sequence[Gate], interval: float | None, these: Callable[[], SetDraws] | None = None
) -> pd.DataFrame:
    """Medians (and intervals) of error, bias², variance and incoherence of each set.

    `gates` is what is known of each set's fit; a set is reliable where that and the set's own draws pass, and where its
    errors do not sit on too few questions for a statement about questions like these. There weights on questions know
    hardly how far other questions would lie: the interval then holds that for these questions, of the draws `these`.
    """
    table, reliable = sets.table.copy(), np.array([gate.passed for gate in gates])
    few = sets.few if sets.few is not None else np.zeros(len(table), bool)
    reliable &= ~few
    here = these() if interval is not None and these is not None and few.any() else None
    whose = np.array([id(gate) for gate in gates])
    for name in ("error", "bias2", "variance", "incoherence"):
        values = getattr(sets, name)
        flat = values.reshape(-1, values.shape[-1])
        undefined = ~np.isfinite(flat).all(axis=0)
        safe = np.where(np.isfinite(flat), flat, 0.0)
        table[name] = np.where(undefined, np.nan, np.median(safe, axis=0))
        if interval is not None:
            ends = np.quantile(safe, tails(interval), axis=0)
            if here is not None:
                own = getattr(here, name).reshape(-1, len(table))
                ends = holding(ends, np.quantile(own, tails(interval), axis=0), few)
            for suffix, end in zip(("low", "high"), ends):
                table[f"{name}_{suffix}"] = np.where(undefined, np.nan, possible(name, end, sets.metric))
        for i in np.unique(whose, return_index=True)[1]:
            own = (whose == whose[i]) & ~undefined
            reliable[own] &= gates[i].each(values[..., own])
    return table.assign(reliable=reliable)


def possible(name: str, ends: Float[np.ndarray, " sets"], metric: str) -> Float[np.ndarray, " sets"]:
    """Ends of intervals where a term can lie; variance under 0/1 loss is net of what it mends, and may be below 0.

    >>> possible("error", np.array([0.3, 3.2]), "brier").tolist(), possible("bias2", np.array([-0.1]), "kl").tolist()
    ([0.3, 2.0], [0.0])
    """
    if name == "variance" and metric == "zero-one":
        return ends
    out: np.ndarray = np.clip(ends, 0.0, 1.0 if name == "incoherence" else largest_term(name, metric))
    return out


def holding(
    ends: Float[np.ndarray, "two sets"], own: Float[np.ndarray, "two sets"], few: Bool[np.ndarray, " sets"]
) -> Float[np.ndarray, "two sets"]:
    """Ends of intervals, moved apart where `few` so that they hold other intervals.

    >>> ends, own = np.array([[0.4, 0.4], [0.6, 0.6]]), np.array([[0.3, 0.3], [0.5, 0.5]])
    >>> holding(ends, own, np.array([True, False])).tolist()
    [[0.3, 0.4], [0.6, 0.6]]
    """
    out: np.ndarray = np.where(few, [np.fmin(ends[0], own[0]), np.fmax(ends[1], own[1])], ends)
    return out


def without_errors(cells: pd.DataFrame, sets: pd.DataFrame, by: Sequence[str]) -> np.ndarray:
    """(sets,) whether no response of a set is wrong or unparsable: then the prior alone says how errors would scatter.

    sets: with the `by` columns, as those of `aggregate`.
    """
    import pandas as pd

    wrong = cells["responses"] - cells["right"]
    if not by:
        return np.full(len(sets), not (wrong > 0).any())
    some = wrong.groupby([cells[name].astype(str) for name in by]).sum()
    keys = pd.MultiIndex.from_frame(sets[list(by)].astype(str))
    some.index = pd.MultiIndex.from_frame(some.index.to_frame(index=False))
    return ~(some.reindex(keys).to_numpy(float) > 0)
