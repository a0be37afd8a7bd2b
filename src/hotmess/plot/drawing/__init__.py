"""Figures of a report drawn without matplotlib: the same panels, in a tenth of the time, as SVG.

A report has some thirty drawings, and most of what matplotlib does for each of them serves figures that change. Here a
figure is what the functions of `hotmess.plot` ask of one, and nothing else: `Panel` has the few methods of matplotlib's
axes that they call, with the same meaning, fonts, sizes and paddings. Figures made inside
`without_matplotlib()` are such.
"""

from __future__ import annotations

from hotmess.plot.drawing.axis import Side
from hotmess.plot.drawing.choice import chosen, without_matplotlib
from hotmess.plot.drawing.figure import Figure, new
from hotmess.plot.drawing.marks import Key

__all__ = ["Figure", "Key", "Side", "chosen", "new", "without_matplotlib"]
