"""Legends above figures, in as many columns as there is room for."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from hotmess.plot import style
from hotmess.plot.colour import PAPER, Palette

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


def legend_above(figure: Any, handles: Sequence[Any], said: Sequence[str], *, width: float, most: int = 5) -> None:
    """A legend above all panels of a figure."""
    columns = columns_that_fit(said, width, most=most)
    figure.legend(handles, said, loc="outside upper left", ncols=columns, columnspacing=BETWEEN)


def model_legend(figure: Any, names: Sequence[str], colours: Palette, *, width: float) -> None:
    """Models by colour and hollow mark, above the figure."""
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colours.colours[n], marker=colours.markers[n], ms=3.4, mfc=PAPER) for n in names]
    legend_above(figure, handles, style.labels(names, 24 if width > 5 else 18), width=width, most=4)


def model_legend_inches(names: Sequence[str], width: float) -> float:
    """How high the legend of models is."""
    said = style.labels(names, 24 if width > 5 else 18)
    return 0.16 * -(-len(names) // columns_that_fit(said, width, most=4))


@lru_cache(4096)
def _inches(text: str) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    if not text.strip():
        return 0.0
    font = FontProperties(family=style.RC["font.sans-serif"][0], size=SIZE)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")  # it is drawn as a box, as wide as that
        return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72
