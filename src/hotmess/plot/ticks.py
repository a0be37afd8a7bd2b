"""Plain numbers on axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

MANY = 24
"""So many values are ticks themselves; of more, round numbers are."""


def plain_number(value: float) -> str:
    """A number for an axis, without exponents.

    >>> [plain_number(v) for v in (0.05, 0.5, 3, 1500, 100.0)]
    ['0.05', '0.5', '3', '1,500', '100']
    """
    if abs(value - round(value)) < 1e-9 * abs(value) and abs(value) < 1e15:
        value = round(value)
        return f"{int(value):,}"
    return np.format_float_positional(float(f"{value:.3g}"), trim="-")


def room(inches: float, high: float) -> int:
    """How many numbers up to `high` can stand beside one another on an axis.

    >>> room(1.8, 300), room(1.8, 30000)
    (4, 3)
    """
    return max(2, int(inches / (0.075 * len(plain_number(float(f"{high:.1g}"))) + 0.15)))


def digits_wide(characters: int) -> float:
    """Inches that a number of so many characters takes on an axis, with what parts it from the next."""
    return 0.065 * characters + 0.06


def log_ticks(axis: Any, low: float, high: float, *, most: int = 5, inches: float | None = None) -> None:
    """Round numbers, written plainly, as the ticks of an axis that is logarithmic already.

    `inches`: how far low and high lie apart on a horizontal axis, where numbers must not touch.
    """
    share = 0.0
    if inches is not None:
        share = digits_wide(len(plain_number(float(f"{high:.1g}")))) / inches
    _ticks(axis, round_ticks(low, high, most, share))


def value_ticks(
    axis: Any, values: np.ndarray, *, most: float = 5, factor: float = 1.0, inches: float | None = None
) -> None:
    """The values themselves (as model sizes) as ticks, written times a factor; those left out that run together.

    Of more than `MANY` values none stands out, and round numbers take their place.

    `inches`: how far the first and the last lie apart on a horizontal axis, where numbers must not touch.
    """
    values = np.unique(np.asarray(values, float))
    if inches is not None:
        longest = max(len(plain_number(v * factor)) for v in values)
        most = min(most, inches / (2 * digits_wide(longest)))
    if len(values) > MANY:
        numbers = round_ticks(values[0] * factor, values[-1] * factor, int(most))
        _ticks(axis, [number / factor for number in numbers], factor)
        return
    _ticks(axis, spread(values, most), factor)


def beside(low: float, high: float, most: float) -> float:
    """The factor by which a logarithmic axis goes beyond its outer values: `most`, or a twelfth of a short way.

    >>> round(beside(10, 1000, 1.08), 3), round(beside(54, 62, 1.08), 3)
    (1.08, 1.012)
    """
    short: float = (high / low) ** (1 / 12)
    return min(most, max(short, 1.001))


def few_ticks(axis: Any, most: int, steps: Sequence[int] = (1, 2, 5, 10)) -> None:
    """At most `most` + 1 round ticks on a plain axis, a step apart times a power of ten.

    Around 0 a step of 4 too makes three ticks where there would be five.
    """
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(most, steps=list(steps)))


def _ticks(axis: Any, ticks: Sequence[float], factor: float = 1.0) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_major_formatter(FuncFormatter(lambda v, _: plain_number(v * factor)))
    axis.set_minor_locator(NullLocator())


def round_ticks(low: float, high: float, most: int, share: float = 0.0) -> list[float]:
    """Round numbers between low and high: the densest set of at most `most` that do not run into each other.

    `share`: what part of the way from low to high one of them takes.
    """
    best: list[float] = []
    gap = np.log(high / low) * max(share, 1 / (1.7 * most)) if high > low else 0.0
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5), (1, 2, 3, 5, 7), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        ticks = [s * 10.0**p for p in powers for s in steps if low / 1.001 <= s * 10.0**p <= high * 1.001]
        if len(best) < 2:
            ticks = _every(ticks, gap)
        apart = len(ticks) < 2 or np.diff(np.log(ticks)).min() >= gap
        if len(best) < len(ticks) <= most and (apart or len(best) < 2):
            best = ticks
    if len(best) < 2 and high > 1.001 * low:  # hardly a range: nearly the same as an axis that is not logarithmic
        best = even_ticks(low, high, most)
    return best or [float(f"{low:.2g}")]


def _every(ticks: list[float], gap: float) -> list[float]:
    """The ticks, or every second of them, or third, …, whose logarithms lie a gap apart; of too few the outer two."""
    for step in range(1, len(ticks)):
        kept = ticks[::step]
        if len(kept) > 1 and np.diff(np.log(kept)).min() >= gap:
            return kept
    return [ticks[0], ticks[-1]] if len(ticks) > 1 else ticks


def even_ticks(low: float, high: float, most: int) -> list[float]:
    """Multiples of the widest round step that has two of them or more between low and high, at most `most`.

    >>> even_ticks(140, 190, 5)
    [150.0, 175.0]
    """
    top = int(np.ceil(np.log10(high - low)))
    for step in (s * 10.0**p for p in (top, top - 1, top - 2) for s in (5, 2.5, 2, 1)):
        ticks = step * np.arange(np.ceil(low / 1.0005 / step), np.floor(high * 1.0005 / step) + 1)
        if len(ticks) >= 2:
            break
    return [float(f"{t:.10g}") for t in ticks[:: -(-len(ticks) // most)]]


def spread(values: np.ndarray, most: float) -> list[float]:
    """Some of the values, no two closer than 1/(2 most) of the range of logarithms."""
    if len(values) < 2:
        return list(values)
    logs = np.log(values)
    gap = (logs[-1] - logs[0]) / (2 * most)
    kept = [0]
    for i in range(1, len(values)):
        if logs[i] - logs[kept[-1]] >= gap:
            kept.append(i)
    if kept[-1] != len(values) - 1:
        kept[-1] = len(values) - 1
    return [float(values[i]) for i in kept]
