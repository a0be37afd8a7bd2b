"""Two levels of a covariate on the questions that both have: which cells, their sets, and the rows of a table."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import NotTestable
from hotmess.interpret.rows import long_rows
from hotmess.interpret.sets import Sets, Source, quantity, sets_of

if TYPE_CHECKING:
    import pandas as pd

MODEL_LEVEL = ("model", "family", "model_size_b")


def paired_rows(
    table: pd.DataFrame, over: str, of: Any, against: Any, by: Sequence[str], among: np.ndarray | None = None
) -> tuple[np.ndarray, bool]:
    """Rows of the two levels that are compared, and whether they are paired; `among` limits them to some.

    Paired: some question occurs under both. Then only rows with a partner, alike in question, condition, budget, `by`,
    and model where `over` does not belong to models, are kept.
    """
    mine = table[over].isin([of, against]).to_numpy()
    rows = np.flatnonzero(mine) if among is None else among[mine[among]]
    own = table.iloc[rows]
    where = own[over] == of
    question = own["benchmark"].astype(str) + "\x00" + own["question"].astype(str)
    if over in ("difficulty", "category", "benchmark", "question"):
        return rows, False
    splits = [name for name in ("half", "difficulty") if name in table]
    keys = ["condition", "budget", *splits, *by] + ([] if over in MODEL_LEVEL else ["model"])
    key = question
    for name in dict.fromkeys(k for k in keys if k != over and k not in ("benchmark", "question")):
        key = key + "\x00" + own[name].astype(str)
    shared = set(key[where]) & set(key[~where])
    if not shared:
        raise NotTestable(
            f"{of} and {against} share no question (in one condition and budget), so they cannot be compared on the "
            "same questions."
        )
    return rows[key.isin(shared).to_numpy()], True


def pair_sets(source: Source, over: str, of: Any, against: Any, by: list[str], population: str) -> list[Sets]:
    """Two levels of a covariate on the questions that both have, `of` first: one pair of sets for each value of `by`.

    The table of each has one row: the `by` columns, of, against, questions, and whether they are paired.
    """
    table = source.cells.table
    rows, paired = paired_rows(table, over, of, against, by)
    known = rows[source.separable[rows]]
    with contextlib.suppress(NotTestable):
        known = paired_rows(table, over, of, against, by, among=known)[0]
    sets = sets_of(source, [*by, over], population=population, rows=rows, unbiased_rows=known)
    groups = sets.table.groupby(by, sort=False, observed=True).indices.values() if by else [range(len(sets.table))]
    out = []
    for index in groups:
        level = sets.table.iloc[list(index)][over].tolist()
        if of not in level or against not in level:
            continue
        two = sets.take([list(index)[level.index(of)], list(index)[level.index(against)]])
        head = two.table.iloc[:1][by].assign(of=of, against=against, questions=two.table["questions"].min())
        head = head.assign(paired=paired)
        out.append(Sets(head, two.latent, two.unbiased, two.estimate, two.questions[:1], two.means))
    return out


def pair_table(two: Sets, source: Source, interval: float, these: Callable[[], Sets] | None = None) -> pd.DataFrame:
    """One row per quantity of a pair of sets; these: the same pair for these questions (`long_rows`)."""
    names = ["difference", "low", "high"]
    piece = long_rows(two, source, difference, interval, names, probability=True, these=these)
    values = [_medians(two, name) for name in piece["quantity"]]
    at = list(piece.columns).index("quantity") + 1
    piece.insert(at, "value_of", [v[0] for v in values])
    piece.insert(at + 1, "value_against", [v[1] for v in values])
    return piece[[c for c in piece if c != "paired"] + ["paired"]]


def difference(terms: np.ndarray, name: str) -> np.ndarray:
    """(…, 1) the quantity of the first of two sets minus that of the second."""
    value = quantity(terms, name)
    out: np.ndarray = value[..., :1] - value[..., 1:]
    return out


def _medians(two: Sets, name: str) -> list[float]:
    draws = two.latent if two.latent is not None else two.estimate
    assert draws is not None
    values = quantity(draws, name).reshape(-1, 2)
    found = np.where(np.isfinite(values).all(0), np.median(np.nan_to_num(values), axis=0), np.nan)
    return [float(x) for x in found]
