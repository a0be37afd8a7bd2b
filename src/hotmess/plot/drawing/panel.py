"""A panel, with the methods of matplotlib's axes that figures call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hotmess.plot.colour import INK
from hotmess.plot.drawing.axis import Scale, Side
from hotmess.plot.drawing.marks import (
    BAND,
    BAR,
    LINE,
    OUTLINES,
    TEXT,
    Across,
    Arrow,
    Bars,
    Curve,
    Look,
    Marks,
    Shape,
    Words,
    mark_look,
    numbers,
)

TITLE, LABEL, TITLE_PAD = 8.5, 8.5, 6.0
DIAMETER = 6.0
"""Points of letters and of a mark, where a figure says nothing."""


@dataclass
class Spine:
    """A line at a side of a panel."""

    visible: bool = True

    def set_visible(self, visible: bool) -> None:
        self.visible = visible


@dataclass
class Box:
    """A place on paper, in points from its lower left."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(eq=False)
class Panel:
    """Axes without matplotlib: methods have its names, and the part of its arguments that figures use."""

    figure: Any
    xaxis: Side = field(default_factory=lambda: Side(Scale()))
    yaxis: Side = field(default_factory=lambda: Side(Scale()))
    shapes: list[Shape] = field(default_factory=list)
    spines: dict[str, Spine] = field(default_factory=lambda: {"left": Spine(), "bottom": Spine()})
    visible: bool = True
    below: bool = False
    title: Words | None = None
    box: Box = field(default_factory=lambda: Box(0, 0, 1, 1))

    def plot(
        self,
        x: Any,
        y: Any,
        form: str = "",
        *,
        color: str = INK,
        lw: float = 1.5,
        ls: str | None = None,
        marker: str | None = None,
        ms: float = DIAMETER,
        mfc: str | None = None,
        mec: str | None = None,
        mew: float = 1.0,
        alpha: float | None = None,
        zorder: float = LINE,
        clip_on: bool = True,
    ) -> None:
        """A line, marks, or both; `form` is a mark, a style of line ("-"), or both as in "s-"."""
        marker = marker or next((c for c in form if c in OUTLINES), None)
        style = ls or ("-" if "-" in form or not form else "")
        across, up = numbers(x, y)
        self._see(across, up)
        if style and lw > 0:
            self.shapes.append(Curve(across, up, Look(color, "", lw, alpha or 1.0, style == ":"), zorder))
        if marker is not None:
            look = mark_look(marker, color, mfc, mec, mew, alpha)
            self.shapes.append(Marks(across, up, marker, np.array([ms]), look, zorder, clip_on))

    def scatter(self, x: Any, y: Any, *, s: Any, color: str, alpha: float = 1.0, lw: float = 0.0) -> None:
        """Circles of areas `s` in square points."""
        across, up = numbers(x, y)
        self._see(across, up)
        look = Look(color if lw else "", color, lw, alpha)
        self.shapes.append(Marks(across, up, "o", np.sqrt(np.asarray(s, float)), look, BAND))

    def hlines(self, y: Any, xmin: Any, xmax: Any, **look: Any) -> None:
        """Level lines."""
        at, start, end = numbers(y, xmin, xmax)
        self._bars(start, at, end, at, **look)

    def vlines(self, x: Any, ymin: Any, ymax: Any, **look: Any) -> None:
        """Upright lines."""
        at, start, end = numbers(x, ymin, ymax)
        self._bars(at, start, at, end, **look)

    def _bars(
        self,
        x0: np.ndarray,
        y0: np.ndarray,
        x1: np.ndarray,
        y1: np.ndarray,
        *,
        color: str,
        lw: float = 1.5,
        alpha: float | None = None,
        ls: str = "-",
        zorder: float = BAR,
    ) -> None:
        self._see(np.append(x0, x1), np.append(y0, y1))
        self.shapes.append(Bars(x0, y0, x1, y1, Look(color, "", lw, alpha or 1.0, ls == ":"), zorder))

    def axvline(self, x: float, *, color: str, lw: float, ls: str = "-") -> None:
        """An upright line over the whole panel."""
        self.xaxis.scale.see([x])
        self.shapes.append(Across(float(x), Look(color, "", lw, 1.0, ls == ":")))

    def fill_between(self, x: Any, low: Any, high: Any, *, color: str, alpha: float = 1.0, lw: float = 0.0) -> None:
        """A band from low to high, with gaps where one of them is not known."""
        across, down, up = numbers(x, low, high)
        known = np.flatnonzero(np.isfinite(across) & np.isfinite(down) & np.isfinite(up))
        look = Look(color if lw else "", color, lw, alpha)
        for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            self._see(across[run], np.append(down[run], up[run]))
            x, y = np.append(across[run], across[run][::-1]), np.append(down[run], up[run][::-1])
            self.shapes.append(Curve(x, y, look, BAND, closed=True))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        fontsize: float = TITLE,
        color: str = INK,
        ha: str = "left",
        va: str = "baseline",
        zorder: float = TEXT,
    ) -> None:
        """Words at a point, which may stand outside the panel."""
        self.shapes.append(Words(x, y, text, fontsize, color, ha, va, zorder))

    def annotate(
        self,
        text: str,
        xy: tuple[float, float],
        xytext: tuple[float, float],
        *,
        xycoords: str = "data",
        textcoords: str = "data",
        fontsize: float = TITLE,
        color: str = INK,
        parse_math: bool = False,
        arrowprops: Mapping[str, Any] | None = None,
        zorder: float = TEXT,
    ) -> None:
        """Words some points beside a corner of the panel, or an arrow to a point from another."""
        if arrowprops is not None:
            look = Look(arrowprops["color"], "", arrowprops["lw"])
            self.shapes.append(Arrow(xytext, xy, look, zorder))
            return
        assert (xycoords, textcoords) == ("axes fraction", "offset points")
        self.shapes.append(Words(*xy, text, fontsize, color, order=zorder, share=True, moved=xytext))

    def set_title(
        self, text: str, *, fontsize: float = TITLE, pad: float = TITLE_PAD, parse_math: bool = False
    ) -> None:
        """A bold title at the upper left."""
        self.title = Words(0, 1, text, fontsize, bold=True, share=True, moved=(0, pad))

    def set_xlabel(self, text: str) -> None:
        self.xaxis.label = text

    def set_ylabel(self, text: str) -> None:
        self.yaxis.label = text

    def set_xlim(self, left: float | None = None, right: float | None = None) -> None:
        self.xaxis.scale.limit(left, right)

    def set_ylim(self, bottom: float | None = None, top: float | None = None) -> None:
        self.yaxis.scale.limit(bottom, top)

    def set_xscale(self, scale: str, base: float = 10) -> None:
        self.xaxis.scale.logarithmic = scale == "log"

    def set_yscale(self, scale: str) -> None:
        self.yaxis.scale.logarithmic = scale == "log"

    def set_xticks(self, values: Sequence[float], labels: Sequence[str]) -> None:
        self.xaxis.fix(values, labels)

    def set_yticks(self, values: Sequence[float], labels: Sequence[str], *, parse_math: bool = False) -> None:
        self.yaxis.fix(values, labels)

    def set_yticklabels(self, labels: Sequence[str]) -> None:
        self.yaxis.own = list(labels)

    def margins(self, *, x: float) -> None:
        self.xaxis.scale.margin = x

    def grid(self, on: bool, *, axis: str) -> None:
        (self.xaxis if axis == "x" else self.yaxis).grid = on

    def set_axisbelow(self, below: bool) -> None:
        self.below = below

    def set_visible(self, visible: bool) -> None:
        self.visible = visible

    def tick_params(self, *, axis: str = "x", length: float | None = None, labelbottom: bool | None = None) -> None:
        side = self.xaxis if axis == "x" else self.yaxis
        side.size = side.size if length is None else length
        side.written = side.written if labelbottom is None else labelbottom

    def _see(self, x: np.ndarray, y: np.ndarray) -> None:
        self.xaxis.scale.see(x)
        self.yaxis.scale.see(y)
