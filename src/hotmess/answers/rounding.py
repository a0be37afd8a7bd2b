"""How probabilities are printed: units of rounding, what a printed 0 or 1 stands for, and rounding made alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Bools, Floats

if TYPE_CHECKING:
    from jaxtyping import Bool, Float


UNITS = (0.1, 0.05, 0.01, 0.001, 1e-4, 1e-6)


def rounding_unit(f: Floats) -> float:
    """The coarsest unit of which at least 95% of the values strictly between 0 and 1 are multiples, else 1e-6.

    >>> rounding_unit(np.array([[0.25, 0.75], [0.9, 0.1]])), rounding_unit(np.array([[1 / 3, 2 / 3]]))
    (0.05, 1e-06)
    """
    inside = f[(f > 0) & (f < 1)]
    for unit in UNITS:
        if len(inside) and np.mean(_multiple(inside, unit)) >= 0.95:
            return unit
    return UNITS[-1]


def own_units(f: Float[np.ndarray, "r d"]) -> Float[np.ndarray, " r"]:
    """(responses,) the coarsest unit of which all of a response's values are multiples, else 1e-6.

    >>> own_units(np.array([[0.5, 0.5], [0.25, 0.75], [1 / 3, 2 / 3]]))
    array([1.e-01, 5.e-02, 1.e-06])
    """
    out = np.full(len(f), UNITS[-1])
    for unit in UNITS[::-1]:
        out[_multiple(f, unit).all(1)] = unit
    return out


def _multiple(x: Floats, unit: float) -> Bools:
    ratio = x / unit
    return np.abs(ratio - np.round(ratio)) < 1e-8 / unit


def certain(f: Float[np.ndarray, "r d"]) -> Bool[np.ndarray, " r"]:
    out: Bools = f.sum(1) - f.max(1) < 1e-9
    return out


def divided(
    f: Float[np.ndarray, "r d"], unit: Float[np.ndarray, " r"], real: Bool[np.ndarray, "r d"]
) -> tuple[Float[np.ndarray, "r d"], Float[np.ndarray, "r d"]]:
    """Logarithms of the responses, exact zeros read as a quarter of the unit, and of one minus each; 0 elsewhere."""
    least = np.where(f > 0, f, 1.0).min(1, initial=1.0)
    read = np.where(real, np.where(f == 0, np.minimum(unit, least)[:, None] / 4, f), 0.0)
    read = read / read.sum(1, keepdims=True)
    before = np.cumsum(read, axis=1) - read  # sums of the others, exact where one minus the value is not
    after = np.cumsum(read[:, ::-1], axis=1)[:, ::-1] - read
    safe = np.where(real, read, 1.0)
    return np.log(safe), np.log(np.where(real, np.maximum(before + after, 1e-300), 1.0))


def rounded(f: Float[np.ndarray, "r d"], unit: Float[np.ndarray, " r"]) -> Float[np.ndarray, "r d"]:
    """Rounded to each response's unit and renormalised; what would round to certainty keeps one unit off it."""
    coarse = unit > UNITS[-1]
    if not coarse.any():
        return f
    u = unit[coarse, None]
    whole = np.round(f[coarse] / u) * u
    row, top = np.arange(len(u)), f[coarse].argmax(1)
    alone = (whole > 0).sum(1) < 2
    second = np.where(np.arange(f.shape[1]) == top[:, None], -1.0, f[coarse]).argmax(1)
    whole[row[alone], top[alone]] = 1 - u[alone, 0]
    whole[row[alone], second[alone]] = u[alone, 0]
    out = f.copy()
    out[coarse] = whole / whole.sum(1, keepdims=True)
    return out
