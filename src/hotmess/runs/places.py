"""Responses one by one as positions, with the squared distance of each from the target."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Floats
from hotmess.errors import NotTestable

if TYPE_CHECKING:
    from hotmess.responses.placing import Space
    from hotmess.responses.table import Responses


ROW = "__response__"


def places(responses: Responses, *, space: Space | None = None) -> tuple[Floats, Floats]:
    """Positions (N, D) of the responses in their table's order, and squared distances (N,) from their targets.

    The space is the squared family's (Brier for letters and probability vectors) unless another is given; distances
    are NaN where the outcome has no target.
    """
    from hotmess.responses.cells import reduce

    alone = responses.table.assign(**{ROW: np.arange(len(responses.table))})
    cells = reduce(replace(responses, table=alone), split=[ROW], space=space, alone=True)
    if len(cells) != len(alone):
        raise NotTestable("Responses cannot be told apart one by one.")
    order = cells.table[ROW].to_numpy(np.int64)
    z, target = np.empty_like(cells.points.sum), np.empty_like(cells.points.target)
    z[order], target[order] = cells.points.sum, cells.points.target
    return z, np.square(z - target).sum(axis=1)
