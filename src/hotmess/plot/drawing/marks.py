"""What stands in a panel: lines, marks, bars, bands, words."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hotmess.plot.colour import INK

LINE, BAR, BAND, TEXT = 2.0, 2.0, 1.0, 3.0
"""What covers what, as in matplotlib: words, lines, bars from end to end, bands below them."""


@dataclass
class Look:
    """Colours and widths (points) of a shape; a colour of "" is none."""

    stroke: str = ""
    fill: str = ""
    width: float = 0.0
    opacity: float = 1.0
    dotted: bool = False
    join: str = "round"


@dataclass
class Curve:
    """A line through points, or the outline of a band."""

    x: np.ndarray
    y: np.ndarray
    look: Look
    order: float = LINE
    closed: bool = False


@dataclass
class Bars:
    """Straight lines, from (x0, y0) to (x1, y1) each."""

    x0: np.ndarray
    y0: np.ndarray
    x1: np.ndarray
    y1: np.ndarray
    look: Look
    order: float = BAR


@dataclass
class Across:
    """An upright line over the whole panel."""

    x: float
    look: Look
    order: float = LINE


@dataclass
class Marks:
    """A mark at every point; `sizes` in points, one for all or one each."""

    x: np.ndarray
    y: np.ndarray
    marker: str
    sizes: np.ndarray
    look: Look
    order: float = LINE
    clipped: bool = True


@dataclass
class Words:
    """Text at a point of the panel's numbers, or where `share` is set of its width and height, moved by points."""

    x: float
    y: float
    text: str
    size: float
    colour: str = INK
    across: str = "left"
    upright: str = "baseline"
    order: float = TEXT
    bold: bool = False
    turned: bool = False
    share: bool = False
    moved: tuple[float, float] = (0.0, 0.0)


@dataclass
class Arrow:
    """A line with an open head at its second point."""

    start: tuple[float, float]
    end: tuple[float, float]
    look: Look
    order: float = LINE


Shape = Curve | Bars | Across | Marks | Words | Arrow


@dataclass(frozen=True)
class Key:
    """What a legend shows for a name: a mark, a line, a mark on a line, or a band."""

    color: str
    marker: str | None = None
    ms: float = 6.0
    lw: float = 1.5
    mfc: str | None = None
    mew: float = 1.0
    alpha: float | None = None
    band: bool = field(default=False, kw_only=True)


def mark_look(marker: str, color: str, mfc: str | None, mec: str | None, mew: float, alpha: float | None) -> Look:
    """The look of a mark: its edge has the colour of its face where nothing else is said."""
    face = color if mfc is None else "" if mfc == "none" else mfc
    width = mew if marker in OUTLINES and mew > 0 else 0.0
    join = "round" if marker in ("o", "|") else "miter"
    return Look(mec or color if width else "", "" if marker == "|" else face, width, alpha or 1.0, join=join)


def _polygon(corners: int, radius: float) -> list[tuple[float, float]]:
    turns = [2 * math.pi * k / corners for k in range(corners)]
    return [(-radius * math.sin(t), radius * math.cos(t)) for t in turns]


_ROOT = math.sqrt(0.5)
_PLUS = [(-1, -3), (1, -3), (1, -1), (3, -1), (3, 1), (1, 1), (1, 3), (-1, 3), (-1, 1), (-3, 1), (-3, -1), (-1, -1)]
_CROSS = [(-1, -2), (0, -1), (1, -2), (2, -1), (1, 0), (2, 1), (1, 2), (0, 1), (-1, 2), (-2, 1), (-1, 0), (-2, -1)]
OUTLINES: dict[str, list[tuple[float, float]]] = {
    "o": [],
    "s": [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)],
    "D": [(0, -_ROOT), (_ROOT, 0), (0, _ROOT), (-_ROOT, 0)],
    "^": [(0, 0.5), (-0.5, -0.5), (0.5, -0.5)],
    "v": [(0, -0.5), (0.5, 0.5), (-0.5, 0.5)],
    "P": [(x / 6, y / 6) for x, y in _PLUS],
    "X": [(x / 4, y / 4) for x, y in _CROSS],
    "p": _polygon(5, 0.5),
    "|": [(0, -0.5), (0, 0.5)],
}
"""Corners of marks of size 1, upwards; a circle has none."""


def numbers(*values: Any) -> list[np.ndarray]:
    """Arrays of one shape."""
    return [np.asarray(a, float).ravel() for a in np.broadcast_arrays(*(np.asarray(v, float) for v in values))]
