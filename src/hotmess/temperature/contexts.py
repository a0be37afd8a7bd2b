"""Responses by few-shot context: which responses of a question share one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hotmess.arrays import Floats, Ints


@dataclass(frozen=True)
class ContextRows:
    """Single responses and the context each belongs to: (R,) cell, answer (0 the target), cluster; (F, R) features."""

    cell: Ints
    answer: Ints
    features: Floats
    cluster: Ints


def context_clusters(table: Any, cell: Ints) -> Ints | None:
    """(R,) question and context of each response; None where no context repeats within a question."""
    if "context" not in table or table["context"].isna().all():
        return None
    import pandas as pd

    context = pd.factorize(table["context"].astype(str).where(table["context"].notna()))[0]
    alone = context < 0
    key = np.where(alone, np.arange(len(cell)) + context.max() + 1, context)
    cluster = pd.MultiIndex.from_arrays([cell, key]).factorize()[0]
    size = np.bincount(cluster)
    several = pd.Series(cluster).groupby(cell).nunique().max() > 1
    return np.asarray(cluster, np.int64) if several and size.max() > 1 else None
