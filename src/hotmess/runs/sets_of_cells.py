"""Sets of cells that agree in some columns, in natural order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hotmess.arrays import Ints
from hotmess.decompose.grouping import natural
from hotmess.errors import BadInput


def sets_of(table: pd.DataFrame, by: Sequence[str]) -> list[tuple[tuple[Any, ...], Ints]]:
    """Names and rows of each set; one set of all rows where `by` is empty.

    >>> frame = pd.DataFrame({"model": ["m10", "m2", "m10"]})
    >>> [(key, rows.tolist()) for key, rows in sets_of(frame, ["model"])]
    [(('m2',), [1]), (('m10',), [0, 2])]
    """
    if not by:
        return [((), np.arange(len(table)))]
    pieces = table.groupby(list(by), sort=False, observed=True, dropna=False).indices
    keyed = [
        (key if isinstance(key, tuple) else (key,), np.sort(np.asarray(at, np.int64))) for key, at in pieces.items()
    ]
    return sorted(keyed, key=lambda one: [natural(str(value)) for value in one[0]])


def refuse_taken(by: Sequence[str], taken: Sequence[str]) -> None:
    """Refuse sets made by a column whose name a column of the result has.

    >>> refuse_taken(["model", "k"], ["k"])
    Traceback (most recent call last):
    hotmess.errors.BadInput: The result has a column k of its own; name the one that makes sets otherwise, as my_k.
    """
    for name in by:
        if name in taken:
            raise BadInput(
                f"The result has a column {name} of its own; name the one that makes sets otherwise, as my_{name}."
            )
