"""A figure: panels in a grid or parts one above the other, with what stands around all of them; and its arrangement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hotmess.plot.colour import INK
from hotmess.plot.drawing.axis import Scale, Side
from hotmess.plot.drawing.furniture import Legend, Placed, around, place
from hotmess.plot.drawing.lettering import block
from hotmess.plot.drawing.marks import Key
from hotmess.plot.drawing.panel import Box, Panel

PAD, SPACE_ACROSS, SPACE_UPRIGHT = 2.88, 0.03, 0.05
"""Points around a panel with all that is its own; and shares of the figure that lie between columns and rows."""
PASSES = 2
"""The first shows how long axes are, on which the number of their ticks depends, and so how wide these are."""

FIRST = 0.8
"""Of an equal share of the figure, what a panel is taken to have before that is known."""


@dataclass(frozen=True)
class Line:
    """A label of all panels: text, size, colour, where along the edge it stands, and which part of it stands there."""

    text: str
    size: float
    colour: str
    at: float
    across: str


@dataclass(eq=False)
class Figure:
    """A figure or a part of one, in points from the lower left of the whole."""

    box: Box
    whole: Box
    figure: Figure | None = None
    grid: list[list[Panel]] = field(default_factory=list)
    ratios: Sequence[float] = ()
    parts: list[Figure] = field(default_factory=list)
    legends: list[Legend] = field(default_factory=list)
    below: Line | None = None
    beside: Line | None = None

    def subplots(
        self,
        rows: int,
        columns: int,
        *,
        squeeze: bool = True,
        sharex: bool = False,
        sharey: bool = False,
        gridspec_kw: Mapping[str, Any] | None = None,
    ) -> np.ndarray:
        """Panels in rows and columns; where they share an axis, numbers stand at the outer ones."""
        x, y = Scale(), Scale()
        first = Box(0.0, 0.0, *(FIRST * size / n for size, n in ((self.box.x1, columns), (self.box.y1, rows))))
        for r in range(rows):
            self.grid.append([])
            for c in range(columns):
                across = Side(x if sharex else Scale(), written=not sharex or r == rows - 1)
                upright = Side(y if sharey else Scale(), written=not sharey or c == 0)
                self.grid[r].append(Panel(self, across, upright, box=first))
        self.ratios = (gridspec_kw or {}).get("height_ratios", [1.0] * rows)
        panels = np.array(self.grid, dtype=object)
        return panels.ravel() if squeeze else panels

    def subfigures(self, rows: int, columns: int, *, height_ratios: Sequence[float]) -> list[Figure]:
        """Parts one above the other."""
        assert columns == 1 and rows == len(height_ratios)
        self.ratios = height_ratios
        self.parts = [Figure(self.box, self.whole, self) for _ in range(rows)]
        return self.parts

    def supxlabel(self, text: str, *, fontsize: float, color: str = INK, x: float = 0.5, ha: str = "center") -> None:
        """A label below all panels."""
        self.below = Line(text, fontsize, color, x, ha)

    def supylabel(self, text: str, *, fontsize: float, color: str = INK) -> None:
        """A label beside all panels."""
        self.beside = Line(text, fontsize, color, 0.5, "left")

    def legend(
        self,
        keys: Sequence[Key],
        said: Sequence[str],
        *,
        ncols: int,
        columnspacing: float = 2.0,
        handlelength: float = 2.0,
        title: str = "",
    ) -> None:
        """A legend above all panels."""
        self.legends.append(Legend(keys, said, ncols, columnspacing, handlelength, title))

    def panels(self) -> Iterator[Panel]:
        """All panels that are seen."""
        for part in self.parts:
            yield from part.panels()
        yield from (panel for row in self.grid for panel in row if panel.visible)

    def arrange(self) -> None:
        """Put every panel where it and all around it have room, panels of a grid equally wide and high."""
        for _ in range(PASSES):
            self._arrange(self.box)

    def _arrange(self, box: Box) -> None:
        self.box = box
        left = block(self.beside.text).height * self.beside.size + 2 * PAD if self.beside else 0.0
        bottom = block(self.below.text).height * self.below.size + 2 * PAD if self.below else 0.0
        top = max((legend.height() + 2 * PAD for legend in self.legends), default=0.0)
        inner = Box(box.x0 + left, box.y0 + bottom, box.x1, box.y1 - top)
        if self.parts:
            between = self._between(SPACE_UPRIGHT, len(self.parts), self.whole.y1)
            edges = _edges(inner.y0, inner.y1, self.ratios, _gaps(len(self.parts), 0.0, between))
            for part, (low, high) in zip(self.parts, edges):
                part._arrange(Box(inner.x0, low, inner.x1, high))
        if self.grid:
            self._fill(inner)

    def _fill(self, inner: Box) -> None:
        """Panels of a grid: what stands around the panels of a column is as wide as the widest, of a row as high."""
        rows, columns = len(self.grid), len(self.grid[0])
        need = np.zeros((rows, columns, 4))
        for r, row in enumerate(self.grid):
            for c, panel in enumerate(row):
                if panel.visible:
                    found = around(panel)
                    need[r, c] = found.left, found.right, found.top, found.bottom
        across = _gaps(columns, PAD, self._between(SPACE_ACROSS, columns, self.whole.x1))
        upright = _gaps(rows, PAD, self._between(SPACE_UPRIGHT, rows, self.whole.y1))
        wide, high = need.max(0), need.max(1)
        xs = _edges(-inner.x1, -inner.x0, [1.0] * columns, across + wide[:, :2])
        ys = _edges(inner.y0, inner.y1, self.ratios, upright + high[:, 2:])
        for row, (low, high_end) in zip(self.grid, ys):
            for panel, (right, left) in zip(row, xs):
                panel.box = Box(-left, low, -right, high_end)

    @staticmethod
    def _between(share: float, count: int, size: float) -> float:
        """What lies to each side of an inner edge of a grid."""
        return max(share / 2 / count * size, PAD)

    def texts(self) -> Iterator[Placed]:
        """Labels of all panels, and the legends' words."""
        for part in self.parts:
            yield from part.texts()
        box = self.box
        if self.below is not None:
            own, at = self.below, box.x0 + self.below.at * (box.x1 - box.x0)
            yield place(own.text, at, box.y0 + PAD, own.size, across=own.across, upright="bottom", colour=own.colour)
        if self.beside is not None:
            own, at = self.beside, (box.y0 + box.y1) / 2
            yield place(own.text, box.x0 + PAD, at, own.size, colour=own.colour, turned=True)
        for legend in self.legends:
            yield from legend.placed(box.x0, box.y1)[0]

    def legend_marks(self) -> Iterator[tuple[Key, Box]]:
        """The legends' marks, and the place of each."""
        for part in self.parts:
            yield from part.legend_marks()
        for legend in self.legends:
            yield from legend.placed(self.box.x0, self.box.y1)[1]


def new(width: float, height: float) -> Figure:
    """An empty figure so many inches wide and high."""
    whole = Box(0.0, 0.0, 72 * width, 72 * height)
    return Figure(whole, whole)


def _gaps(count: int, outer: float, inner: float) -> np.ndarray:
    """(count, 2): room before and after each of `count` places in a row."""
    gaps = np.full((count, 2), inner)
    gaps[0, 0] = gaps[-1, 1] = outer
    return gaps


def _edges(low: float, high: float, ratios: Sequence[float], around_each: np.ndarray) -> list[tuple[float, float]]:
    """Places from the upper end to the lower whose sizes are as the ratios, with room before and after each."""
    size = max((high - low - around_each.sum()) / sum(ratios), 1e-3)
    at, out = high, []
    for ratio, (before, after) in zip(ratios, around_each):
        at -= before
        out.append((at - size * ratio, at))
        at -= size * ratio + after
    return out
