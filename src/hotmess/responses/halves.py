"""The shorter and the longer half of each cell's responses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.table import CELL

if TYPE_CHECKING:
    from hotmess.responses.table import Responses


def split_halves(responses: Responses) -> Responses:
    """Add the column `half`: shorter or longer than the median length of the response's own cell.

    Within each (benchmark, model, question, condition, budget) a response is `shorter` or `longer` than the median;
    at the median exactly, or without a length, it is in neither. How many fall in each half depends on the lengths
    alone, so halves are exchangeable when lengths are permuted within a cell. Cells where one half would be empty have
    none. Use it as `reduce(responses, split=["half"])` or `--by half`.

    One sample has two roles here: where wrong runs are merely longer, the longer half looks less incoherent. Look at
    the three parts of the difference, not at the difference alone.

    Raises:
        BadInput: where no lengths are recorded.
    """
    responses.need_single("The split into halves")
    if responses.length is None:
        raise BadInput(
            "Halves need lengths, and the table has no column reasoning_tokens or actions; name one with --length."
        )
    table = responses.table
    cell = table.groupby(list(CELL), observed=True, sort=False).ngroup().to_numpy()
    code = halves(responses.lengths(), cell)
    category = pd.Categorical.from_codes(code, pd.Index(["shorter", "longer"]), ordered=True)
    lost = int((code < 0).sum())
    note = f"{lost:,} of {len(table):,} responses are in neither half (at the median, or without a length)."
    return replace(responses, table=table.assign(half=category)).note(note)


def halves(lengths: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """0 for shorter, 1 for longer than the median of the response's cell, −1 for neither.

    >>> halves(np.array([1.0, 2.0, 3.0, 5.0, 5.0]), np.array([0, 0, 0, 1, 1])).tolist()
    [0, -1, 1, -1, -1]
    """
    median = pd.Series(lengths).groupby(cell).transform("median").to_numpy()
    code = np.select([lengths < median, lengths > median], [0, 1], default=-1)
    count = int(cell.max(initial=-1)) + 1
    both = (np.bincount(cell[code == 0], minlength=count) > 0) & (np.bincount(cell[code == 1], minlength=count) > 0)
    return np.where(both[cell], code, -1)
