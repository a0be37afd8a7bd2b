"""Clusters of responses that are not independent: few-shot contexts, where they repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def response_clusters(context: pd.Series, cell: np.ndarray) -> np.ndarray:
    """(n,) contexts where a cell has two or more and one of them two or more responses, else responses, in order."""
    import pandas as pd

    known = context.notna().to_numpy()
    if not known.any():
        return np.arange(len(cell))
    code, names = pd.factorize(context)
    code = np.append(pd.factorize(names.astype(str))[0], -1)[code]
    key = np.where(known, code, code.max() + 1 + np.arange(len(cell)))
    inside = pd.factorize(cell.astype(np.int64) * (int(key.max()) + 1) + key)[0]
    owner = np.zeros(inside.max() + 1, np.int64)
    owner[inside] = cell
    several = np.bincount(owner) >= 2
    several &= np.bincount(owner, np.bincount(inside) >= 2) > 0
    out: np.ndarray = pd.factorize(np.where(several[cell], inside, len(owner) + np.arange(len(cell))))[0]
    return out
