"""Responses one by one as positions, with the squared distance of each from the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Floats

if TYPE_CHECKING:
    from hotmess.responses.placing import Space
    from hotmess.responses.table import Responses


def places(responses: Responses, *, space: Space | None = None) -> tuple[Floats, Floats]:
    """Positions (N, D) of the responses in their table's order, and squared distances (N,) from their targets.

    The space is the squared family's (Brier for letters and probability vectors) unless another is given; distances
    are NaN where the outcome has no target.
    """
    from hotmess.responses.filter import arrow_column
    from hotmess.responses.outcomes import OUTCOMES
    from hotmess.responses.placing import Space

    outcome = OUTCOMES[responses.outcome]
    values = arrow_column(outcome.values(responses)).to_numpy(zero_copy_only=False)
    every, cells = np.arange(len(values)), responses.table.reset_index(drop=True)  # each response a cell of its own
    placed = outcome.place(values, every, cells, responses, space or Space())
    z = np.asarray(placed.z, float)
    return z, np.square(z - placed.target).sum(axis=1)
