"""Answers as corners of a simplex: one more answer for responses that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.points import Points

if TYPE_CHECKING:
    from hotmess.responses.cells import Cells


def one_hot_points(cells: Cells) -> Points | None:
    """Clusters of one-hot answers, an unparsable response being one more wrong answer; None for other outcomes."""
    p, clusters = cells.points, cells.clusters
    if cells.outcome == "text":  # one-hot, the target first
        clusters = np.column_stack([p.sum, p.n - p.sum.sum(axis=1)])
        target = np.zeros(len(cells), int)
    elif clusters is None:
        return None
    else:
        target = cells.table["target"].to_numpy(int)
    return Points(p.cell, p.copies, p.n, clusters.astype(float), p.n.astype(float), np.eye(clusters.shape[1])[target])
