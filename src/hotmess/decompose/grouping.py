"""Groups of cells, in natural order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.decompose.points import Ints

if TYPE_CHECKING:
    from hotmess.responses.cells import Cells


@dataclass(frozen=True)
class CellGroups:
    """Groups of cells: the group and the question of each cell, and the groups' names in natural order."""

    code: Ints
    question: Ints
    questions: int
    keys: list[tuple[Any, ...]]

    @property
    def count(self) -> int:
        return len(self.keys)


def make_groups(cells: Cells, by: Sequence[str]) -> CellGroups:
    """Groups in natural order (numbers inside names count as numbers, categories in their own order)."""
    table = cells.table
    question = np.asarray(table.groupby(["benchmark", "question"], sort=True).ngroup(), dtype=np.int64)
    if not by:
        return CellGroups(np.zeros(len(table), dtype=np.int64), question, int(question.max()) + 1, [()])
    frame = pd.DataFrame({name: table[name] for name in by})
    code = frame.groupby(list(by), dropna=False, observed=True, sort=False).ngroup().to_numpy()
    first = np.unique(code, return_index=True)[1]
    ranks = []
    for name in by:
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            ranks.append(column.cat.codes.to_numpy()[first].tolist())
        elif pd.api.types.is_numeric_dtype(column):
            ranks.append(column.to_numpy(dtype=float, na_value=np.nan)[first].tolist())
        else:
            ranks.append([natural(str(value)) for value in column.iloc[first]])
    order = sorted(range(len(first)), key=lambda g: tuple(rank[g] for rank in ranks))
    place = np.empty(len(first), dtype=np.int64)
    place[order] = np.arange(len(first))
    keys = [tuple(frame.iloc[first[g]].tolist()) for g in order]
    return CellGroups(place[code], question, int(question.max()) + 1, keys)


def natural(text: str) -> list[tuple[int, float, str]]:
    """A sort key by which `Qwen-7B` comes before `Qwen-14B`.

    >>> sorted(["m-14B", "m-1.5B", "m-7B"], key=natural)
    ['m-1.5B', 'm-7B', 'm-14B']
    """
    pieces = re.findall(r"\d+(?:\.\d+)?|\D+", text)
    return [(0, float(p), "") if p[0].isdecimal() and len(p) < 300 else (1, 0.0, p) for p in pieces]
