"""Responses that are probability vectors, arranged cell by cell as their model and its statements take them (methods,
section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.answers.conjugate import LetterCells
from hotmess.errors import BadInput, NotTestable
from hotmess.responses.cells import Cells, reduce, take_cells

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from hotmess.responses.table import Responses

KEYS = ("benchmark", "model", "condition", "budget")


@dataclass(frozen=True)
class Arranged:
    """Responses and their cells.

    Attributes
    ----------
    table
        One row per cell: the columns that tell cells apart, question, responses, and `group`, its group's number.
    f, cell
        (responses, D) probabilities, the target first, and (responses,) the cell of each.
    real
        (cells, D) options each cell has.
    cells
        The same cells, in the same order, as of any outcome.
    notes
        What was left out.
    """

    table: pd.DataFrame
    f: Float[np.ndarray, "responses d"]
    cell: Int[np.ndarray, " responses"]
    real: Bool[np.ndarray, "cells d"]
    cells: Cells
    notes: tuple[str, ...]


def arranged(source: Responses, *, by: Sequence[str] = (), groups: Sequence[str] | None = None) -> Arranged:
    """Arrange responses, wrongly formatted ones left out; see `hotmess.answers.vectors.fit_vectors`.

    Raises
    ------
    BadInput
        If there is no such column.
    NotTestable
        If no question has two responses; or few-shot contexts repeat.
    """
    table, notes = _formatted(source)
    keys = [name for name in dict.fromkeys([*KEYS, *by, *(groups or ())]) if name in table]
    names = _names(table, keys)
    _refuse_contexts(table, names, keys)
    cell: Any = names.groupby([*keys, "question"], sort=True).ngroup().to_numpy()
    count = np.bincount(cell)
    _need_two(count)
    f, real = _target_first(table, cell, len(count))
    first = np.unique(cell, return_index=True)[1]
    cells = names.iloc[first].reset_index(drop=True).assign(responses=count)
    shared = keys if groups is None else [name for name in keys if name in groups]
    group: Any = cells.groupby(shared, sort=True).ngroup().to_numpy() if shared else np.zeros(len(cells), int)
    whole = reduce(replace(source, table=table), split=[name for name in keys if name not in KEYS])
    order = pd.MultiIndex.from_frame(_names(whole.table, keys)).get_indexer(pd.MultiIndex.from_frame(names.iloc[first]))
    return Arranged(cells.assign(group=group), f, cell, real, take_cells(whole, order), notes)


def some_cells(rows: Arranged, keep: Int[np.ndarray, " kept"]) -> Arranged:
    """Some of the cells, in their order, as if nothing else had been arranged.

    Raises
    ------
    NotTestable
        If no question that is left has two responses.
    """
    new = np.full(len(rows.table), -1)
    new[keep] = np.arange(len(keep))
    own, real = new[rows.cell] >= 0, rows.real[keep]
    table = rows.table.iloc[keep].reset_index(drop=True)
    _need_two(table["responses"].to_numpy())
    table["group"] = np.unique(table["group"], return_inverse=True)[1]
    wide = real.any(axis=0)
    cells = take_cells(rows.cells, keep)
    return Arranged(table, rows.f[own][:, wide], new[rows.cell[own]], real[:, wide], cells, rows.notes)


def _need_two(count: np.ndarray) -> None:
    """Refuse cells of one response each."""
    if len(count) == 0 or count.max() < 2:
        raise NotTestable(
            "Every question has one response only: variance cannot be told from bias; draw at least two responses "
            "per question."
        )


def _formatted(source: Responses) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The responses that are probability vectors, and a note where others are left out."""
    table = source.table
    missing = [name for name in ("benchmark", "model", "question", "probs", "target") if name not in table]
    if missing:
        raise BadInput(f"The responses have no column {missing[0]!r}, which the model of probability vectors needs.")
    keep = np.array([x is not None and np.all(np.isfinite(np.asarray(x, float))) for x in table["probs"]])
    left_out = f"{int((~keep).sum()):,} wrongly formatted responses are left out of the model of probabilities."
    return table[keep].reset_index(drop=True), () if keep.all() else (left_out,)


def _refuse_contexts(table: pd.DataFrame, names: pd.DataFrame, keys: Sequence[str]) -> None:
    """Refuse few-shot contexts that repeat within questions."""
    if "context" not in table or not table["context"].notna().any():
        return
    context = names.assign(context=table["context"].astype(str))
    if context.duplicated().any() and context.groupby([*keys, "question"])["context"].nunique().max() > 1:
        raise NotTestable(
            "Few-shot contexts repeat within questions, which the model of probability vectors does not know; use "
            "the unbiased estimator."
        )


def _target_first(table: pd.DataFrame, cell: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """(responses, D) probabilities, the target first, 0 where there is no such option; and (cells, D) options."""
    probs = [np.asarray(x, float) for x in table["probs"]]
    width = max(map(len, probs))
    f, real = np.zeros((len(probs), width)), np.zeros((cells, width), bool)
    for i, (x, y) in enumerate(zip(probs, table["target"].astype(int), strict=True)):
        f[i, : len(x)] = np.r_[x[y], np.delete(x, y)]
        real[cell[i], : len(x)] = True
    return f, real


def _names(table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Cells' names as text, empty where there are none."""
    known = table[list(keys)].astype(object)
    return known.where(known.notna(), "").astype(str).assign(question=table["question"].astype(str))


def main_options(
    f: Float[np.ndarray, "responses d"],
    cell: Int[np.ndarray, " responses"],
    real: Bool[np.ndarray, "cells d"],
    *,
    seed: int = 0,
) -> LetterCells:
    """Counts of the responses' most probable options, the target first; ties are drawn.

    Statements are made of them: given the main options, the groups' (a, kappa, phi) have the collapsed likelihood of
    letters, and weights on questions act on that.

    >>> f = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.8, 0.0]])
    >>> counts = main_options(f, np.zeros(3, int), np.ones((1, 3), bool))
    >>> counts.right.tolist(), counts.wrong.tolist(), counts.choices.tolist()
    ([1], [[2, 0]], [3])
    """
    rng = np.random.default_rng([seed, 47])
    top = (f >= f.max(axis=1, keepdims=True) - 1e-9) & real[cell]
    main = np.where(top, rng.random(f.shape), -1.0).argmax(axis=1)
    counts = np.zeros(real.shape, int)
    np.add.at(counts, (cell, main), 1)
    return LetterCells(counts[:, 0], counts[:, 1:], np.zeros(len(real), int), real.sum(axis=1))
