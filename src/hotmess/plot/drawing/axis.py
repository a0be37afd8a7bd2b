"""An axis: how far it reaches, where a number stands on it, its ticks and what is written at them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TICK_SIZE, NUMBER = 3.0, 8.0
"""Points of a tick, and of the letters at it."""
FAR = 1e4
"""Points beyond which nothing is drawn: what is not on the paper stands somewhere."""
MARGIN = 0.05
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
MOST_TICKS = 9


@dataclass
class Scale:
    """What panels that share an axis share: limits, numbers seen, ticks."""

    logarithmic: bool = False
    limits: tuple[float, float] | None = None
    margin: float = MARGIN
    fixed: tuple[list[float], list[str]] | None = None
    most: tuple[int, Sequence[float]] | None = None
    seen: list[float] = field(default_factory=list)

    def see(self, values: Any) -> None:
        """Numbers that the axis is to reach to, while nobody has said how far it reaches."""
        values = np.asarray(values, float).ravel()
        values = values[np.isfinite(values)]
        if len(values):
            self.seen += [float(values.min()), float(values.max())]
            if (positive := values[values > 0]).size:
                self.seen.append(float(positive.min()))

    def reach(self) -> tuple[float, float]:
        """Limits that were set, or the numbers seen with a margin."""
        if self.limits is not None:
            return self.limits
        seen = [v for v in self.seen if v > 0] if self.logarithmic else self.seen
        if not seen:
            return (1.0, 10.0) if self.logarithmic else (0.0, 1.0)
        low, high = min(seen), max(seen)
        if self.logarithmic:
            beyond = (high / low) ** self.margin if high > low else 10.0
            return low / beyond, high * beyond
        beyond = self.margin * (high - low) if high > low else 0.05 * abs(high) or 0.05
        return low - beyond, high + beyond

    def limit(self, low: float | None = None, high: float | None = None) -> None:
        """Set one end or both; the other stays where it is now."""
        now = self.reach() if low is None or high is None else (0.0, 0.0)
        self.limits = (now[0] if low is None else float(low), now[1] if high is None else float(high))

    def share(self, values: Any) -> np.ndarray:
        """Where numbers stand, as a share of the way from the lower to the upper limit."""
        low, high = self.reach()
        values = np.asarray(values, float)
        if self.logarithmic:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.where(values > 0, np.log(values), np.where(np.isnan(values), np.nan, -1e6))
            low, high = math.log(low), math.log(high)
        return np.asarray((values - low) / ((high - low) or 1.0))

    def at(self, start: float, end: float, values: Any) -> np.ndarray:
        """Where numbers stand between two places on paper."""
        return np.clip(start + (end - start) * self.share(values), -FAR, FAR)

    def ticks(self, points: float, letters: float) -> list[tuple[float, str]]:
        """Ticks within the limits and what is written at them, on an axis so many points long.

        `letters`: widths of a letter that a tick has for itself, where their number is free.
        """
        low, high = sorted(self.reach())
        if self.fixed is not None:
            values, said = self.fixed
        else:
            most, steps = self.most or (min(max(int(points / (letters * NUMBER)), 1), MOST_TICKS), STEPS)
            values = even(low, high, most, steps)
            said = decimal_numbers(values)
        near = 1e-3 * (high - low) if not self.logarithmic else 0.0
        inside = [low - near <= v <= high + near if near else low / 1.0005 <= v <= high * 1.0005 for v in values]
        return [(v, text) for v, text, keep in zip(values, [*said, *[""] * len(values)], inside) if keep]


@dataclass
class Side:
    """An axis of one panel: the scale it may share, and how it looks here."""

    scale: Scale
    written: bool = True
    size: float = TICK_SIZE
    grid: bool = False
    label: str = ""
    own: list[str] | None = None

    def fix(self, values: Sequence[float], said: Sequence[str]) -> None:
        """Ticks at these values, with these words."""
        self.scale.fixed = ([float(v) for v in values], list(said))

    def at_most(self, most: int, steps: Sequence[float]) -> None:
        """Round ticks, at most so many and one."""
        self.scale.most = (most, steps)

    def set_tick_params(self, *, labelbottom: bool) -> None:
        """Whether numbers are written at the ticks."""
        self.written = labelbottom

    def drawn(self, points: float, letters: float) -> list[tuple[float, str]]:
        """Ticks of this panel, and what is written at them here."""
        found = self.scale.ticks(points, letters)
        blank = not self.written or self.own == []
        return [(value, "" if blank else text) for value, text in found]


def even(low: float, high: float, most: int, steps: Sequence[float]) -> list[float]:
    """Multiples of a round step around low and high, at most `most` steps between them, at least two of them inside.

    >>> even(0.0, 1.0, 5, STEPS), even(-0.3, 0.9, 4, STEPS)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [-0.5, 0.0, 0.5, 1.0])
    """
    if not high > low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    wide = [s * power for s in (*(s / 10 for s in steps[:-1]), *steps, 10 * steps[1])]
    first = next((i for i, step in enumerate(wide) if step >= (high - low) / most), len(wide) - 1)
    found: list[float] = []
    for step in wide[first::-1]:
        start, end = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        found = [float(f"{k * step:.12g}") for k in range(start, end + 1)]
        if sum(low <= v <= high for v in found) >= 2:
            break
    return found


def decimal_numbers(values: Sequence[float]) -> list[str]:
    """Numbers with as many decimals as tell all of them apart, with a true minus sign.

    >>> decimal_numbers([-0.5, 0.0, 0.25]), decimal_numbers([0.0, 10.0])
    (['−0.50', '0.00', '0.25'], ['0', '10'])
    """
    apart = max(values) - min(values) or max(map(abs, values)) or 1.0
    power = math.floor(math.log10(apart))
    digits = max(0, 3 - power)
    while digits > 0 and max(abs(v - round(v, digits - 1)) for v in values) < 1e-3 * 10**power:
        digits -= 1
    return [f"{v:.{digits}f}".replace("-", "−") for v in values]
