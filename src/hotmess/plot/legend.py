"""Legends above figures, in as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hotmess.plot import style
from hotmess.plot.colour import PAPER, Palette
from hotmess.plot.drawing import Figure, Key, lettering

SIZE, HANDLE, BETWEEN = 8.0, 2.8, 1.2
"""Points of a letter; a handle with the space behind it, and the space between two columns, in letters."""


def columns_that_fit(said: Sequence[str], width: float, *, most: int = 5) -> int:
    """How many columns of a legend stand beside one another in a figure `width` inches wide; 1 or more.

    >>> columns_that_fit(["bias²", "variance"], 3.7), columns_that_fit(["x" * 40] * 3, 3.7)
    (2, 1)
    """
    wide = [_inches(text) for text in said]
    for columns in range(min(most, len(said)), 1, -1):
        parts = np.array_split(wide, columns)
        if sum(max(part) for part in parts) + SIZE / 72 * (HANDLE * columns + BETWEEN * (columns - 1) + 1) <= width:
            return columns
    return 1


def legend_above(figure: Any, keys: Sequence[Key], said: Sequence[str], *, width: float, most: int = 5) -> None:
    """A legend above all panels of a figure."""
    legend(figure, keys, said, ncols=columns_that_fit(said, width, most=most), columnspacing=BETWEEN)


def legend(
    figure: Any, keys: Sequence[Key], said: Sequence[str], *, ncols: int, title: str = "", **space: float
) -> None:
    """A legend above all panels of a figure in so many columns; `space` is matplotlib's."""
    if isinstance(figure, Figure):
        figure.legend(keys, said, ncols=ncols, title=title, **space)
        return
    handles, head = [_handle(key) for key in keys], {"title": title, "title_fontsize": SIZE} if title else {}
    figure.legend(handles, said, loc="outside upper left", ncols=ncols, **head, **space)


def _handle(key: Key) -> Any:
    """The mark of a legend as matplotlib has it."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if key.band:
        return Patch(color=key.color, alpha=key.alpha, lw=0)
    line = Line2D([], [], color=key.color, lw=key.lw, marker=key.marker or "", ms=key.ms, mew=key.mew, alpha=key.alpha)
    if key.mfc is not None:
        line.set_markerfacecolor(key.mfc)
    return line


def model_legend(figure: Any, names: Sequence[str], colours: Palette, *, width: float) -> None:
    """Models by colour and hollow mark, above the figure."""
    keys = [Key(colours.colours[n], colours.markers[n], 3.4, mfc=PAPER) for n in names]
    legend_above(figure, keys, style.labels(names, 24 if width > 5 else 18), width=width, most=4)


def model_legend_inches(names: Sequence[str], width: float) -> float:
    """How high the legend of models is."""
    said = style.labels(names, 24 if width > 5 else 18)
    return 0.16 * -(-len(names) // columns_that_fit(said, width, most=4))


def _inches(text: str) -> float:
    return lettering.line(text).width * SIZE / 72
