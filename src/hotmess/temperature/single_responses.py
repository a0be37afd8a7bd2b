"""The responses of the temperature model one by one, and answers drawn for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from hotmess.temperature.data import LengthData


@dataclass(frozen=True)
class SingleResponses:
    """Every response on its own (R), where `LengthData` counts alike ones once.

    Attributes
    ----------
    cell, entry
        (R,) where it stands in the arrays of `LengthData.dense`.
    slot
        (R,) index of its cell and budget.
    answer
        (R,) 0 for the target.
    features
        (F, R).
    unit
        (n,) unit of each cell.
    real
        (K + 1, n) whether a cell has that option, the target's first.
    """

    cell: Int[np.ndarray, " R"]
    entry: Int[np.ndarray, " R"]
    slot: Int[np.ndarray, " R"]
    answer: Int[np.ndarray, " R"]
    features: Float[np.ndarray, "F R"]
    unit: Int[np.ndarray, " n"]
    real: Bool[np.ndarray, "options n"]

    def drawn(
        self, effects: Float[np.ndarray, "G E"], scores: Float[np.ndarray, "K n"], rng: np.random.Generator
    ) -> Int[np.ndarray, " R"]:
        """Answers drawn anew, of units' effects (heats, then lifts) and cells' scores."""
        count = len(self.features)
        own = effects[self.unit[self.cell]]
        heat = (own[:, :count] * self.features.T).sum(1)
        lift = (own[:, count:] * self.features.T).sum(1)
        a = np.vstack([lift, scores[:, self.cell]]) * np.exp(-heat)
        a = np.where(self.real[:, self.cell], a, -np.inf)
        return np.asarray((a + rng.gumbel(size=a.shape)).argmax(0))


def single_responses(data: LengthData) -> SingleResponses:
    """The responses of arranged data, in the order of their cells."""
    dense = data.dense
    features = np.asarray(dense.features)
    whole = np.rint(np.asarray(dense.weight)).astype(int)
    cell, entry = np.nonzero(whole)
    copies = np.repeat(np.arange(len(cell)), whole[cell, entry])
    cell, entry = cell[copies], entry[copies]
    at = features[:, cell, entry]
    others = [i for i, name in enumerate(data.features) if name != "natural"]
    keys = np.column_stack([cell, *np.round(at[others], 9)])
    slot = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    unit = np.asarray(dense.unit)
    real = np.vstack([np.ones(len(unit), bool), np.asarray(dense.real)])
    return SingleResponses(cell, entry, slot, np.asarray(dense.answer)[cell, entry], at, unit, real)
