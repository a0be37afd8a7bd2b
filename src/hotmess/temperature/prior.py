"""Priors of the temperature model, and the pooling of units: which share what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Floats
from hotmess.temperature.data import LengthData

if TYPE_CHECKING:
    from jaxtyping import Float, Int


@dataclass(frozen=True)
class TemperaturePrior:
    """Normal priors per unit and half-normal priors on how far units scatter; effects are per doubling of tokens.

    Attributes
    ----------
    level
        (mean, sd) of mu, log sigma_target and log sigma_wrong of each unit, not pooled.
    heat, lift
        sd of the population's mean effect on log temperature and on the target's score.
    spread
        scale of the half-normal prior of the sd of effects between models (benchmarks, units), in units of the sd
        above.
    size
        sd of the change of an effect per doubling of model size, in units of the sd above.
    zero
        factor by which effects of having no tokens at all may be larger: they are not per doubling.
    """

    level: tuple[tuple[float, float], ...] = ((1.5, 3.0), (0.7, 0.7), (0.4, 0.7))
    heat: float = 0.5
    lift: float = 1.0
    spread: float = 0.5
    size: float = 0.15
    zero: float = 3.0

    def effect_scales(self, features: tuple[str, ...]) -> Float[np.ndarray, " effects"]:
        """(2F,) sd of the population mean of each effect, heats then lifts."""
        wide = np.array([self.zero if name == "zero" else 1.0 for name in features])
        out: Floats = np.r_[self.heat * wide, self.lift * wide]
        return out

    def widths(self, features: tuple[str, ...]) -> Float[np.ndarray, " T"]:
        """(T,) sd of each parameter of a unit taken alone."""
        out: Floats = np.r_[[sd for _, sd in self.level], self.effect_scales(features)]
        return out


@dataclass(frozen=True)
class Pooling:
    """theta_e = c + cN · doublings + sum over groupings of a level's own deviation, for each effect e.

    Attributes
    ----------
    groupings
        names of the groupings with two or more levels: `model`, `benchmark`, `unit`.
    index
        (groupings, G) level of each unit.
    doublings
        (G,) log2(N/N0); zeros where fewer than three sizes are known, so that size plays no part.
    """

    groupings: tuple[str, ...]
    index: Int[np.ndarray, "groupings G"]
    doublings: Float[np.ndarray, " G"]

    def shared(self) -> Floats:
        """(groupings, G, G) 1 where two units share a level."""
        if not self.groupings:
            return np.zeros((0, len(self.doublings), len(self.doublings)))
        out: Floats = (self.index[:, :, None] == self.index[:, None, :]).astype(float)
        return out


def pooling(data: LengthData) -> Pooling:
    """Which groupings the units have: models, benchmarks, and the units themselves where both vary."""
    units = data.units
    columns = {"model": units["model"]}
    if "benchmark" in units:
        columns["benchmark"] = units["benchmark"]
    names, index = [], []
    for name, column in columns.items():
        levels, code = np.unique(column.to_numpy(str), return_inverse=True)
        if len(levels) > 1:
            names.append(name)
            index.append(code)
    if len(units) > 1 and all(len(np.unique(code)) < len(units) for code in index):
        names.append("unit")
        index.append(np.arange(len(units)))
    sizes = units["doublings"].to_numpy(float)
    if len(np.unique(sizes)) < 3:
        sizes = np.zeros(len(units))
    return Pooling(tuple(names), np.array(index, np.int64).reshape(len(names), len(units)), sizes)
