"""A figure as an inline SVG that cannot run, load or style anything, and that follows the page's colours.

Text is drawn as paths, so no name from the data is ever markup. Colours are classes, which lets the page forbid inline
styles, and lets one rule per colour turn the figure dark.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

import numpy as np

from hotmess.plot.colour import MUTED, RULE, at_night
from hotmess.plot.drawing.figure import Figure
from hotmess.plot.drawing.furniture import Around, Placed, around
from hotmess.plot.drawing.lettering import outline, units
from hotmess.plot.drawing.marks import OUTLINES, Across, Arrow, Bars, Curve, Key, Look, Marks, Shape, Words, mark_look
from hotmess.plot.drawing.panel import Box, Panel
from hotmess.words import clean

AXES, GRID_WIDTH, SPINE_WIDTH, SPINES = 0.5, 0.6, 0.7, 2.5
"""When axes below all else are drawn; widths of lines; when spines are drawn."""
BETWEEN = 1.5
"""When axes are drawn that are not below all else: before lines, after bands."""
HEAD, HALF, SHRINK = 3.4, 1.7, 2.0
"""Points of an arrow's head, along and across, and what it stays away from its ends."""


@dataclass
class Sheet:
    """What the figures of a page share: shapes of letters, each once, and colours."""

    letters: set[str] = field(default_factory=set)
    colours: set[str] = field(default_factory=set)

    def sprite(self) -> str:
        """The letters' shapes, for the top of the page."""
        shapes = "".join(f'<path id="{name}" d="{escape(outline(name))}"/>' for name in sorted(self.letters))
        return f'<svg class="sprite" width="0" height="0" aria-hidden="true"><defs>{shapes}</defs></svg>'

    def rules(self) -> tuple[str, str]:
        """CSS of all colours, by day and by night."""
        day = "".join(f".f{c[1:]}{{fill:{c}}}.s{c[1:]}{{stroke:{c}}}" for c in sorted(self.colours))
        night = "".join(
            f".f{c[1:]}{{fill:{at_night(c)}}}.s{c[1:]}{{stroke:{at_night(c)}}}" for c in sorted(self.colours)
        )
        return day, night


def inline_svg(figure: Figure, sheet: Sheet, *, name: str, label: str, css: str = "") -> str:
    """The figure as an SVG element with an accessible name; identifiers begin with `name`."""
    figure.arrange()
    pen = Pen(sheet, name, figure.whole.y1)
    for panel in figure.panels():
        pen.panel(panel)
    for text in figure.texts():
        pen.text(text)
    for key, box in figure.legend_marks():
        pen.key(key, box)
    wide, high = figure.whole.x1, figure.whole.y1
    size = f'viewBox="0 0 {number(wide)} {number(high)}" width="{wide / 72 * 96:.0f}" height="{high / 72 * 96:.0f}"'
    said = f'class="{escape(css)}" role="img" aria-label="{escape(clean(label, 2000))}"'
    shapes = "".join(pen.defined)
    return f"<svg {size} {said}><defs>{shapes}</defs>{''.join(pen.drawn)}</svg>"


def number(value: float) -> str:
    """A coordinate to hundredths of a point.

    >>> number(12.3456), number(3.0), number(-0.001)
    ('12.35', '3', '0')
    """
    short = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


class Pen:
    """Writes shapes into one SVG: y runs upwards on our paper, downwards in SVG."""

    def __init__(self, sheet: Sheet, name: str, height: float) -> None:
        self.sheet, self.name, self.height = sheet, name, height
        self.defined: list[str] = []
        self.drawn: list[str] = []
        self.marks: dict[tuple[str, float], str] = {}

    def panel(self, panel: Panel) -> None:
        """A panel: what lies below first; what would leave it is cut at its edges."""
        found = around(panel)
        self.defined.append(self._clip(panel.box))
        clip = f"{self.name}-c{len(self.defined)}"
        self.defined[-1] = self.defined[-1].replace("CLIP", clip)
        axes = AXES if panel.below else BETWEEN
        shapes = sorted((s for s in panel.shapes if not isinstance(s, Words)), key=lambda shape: shape.order)
        self._shapes([s for s in shapes if s.order < axes], panel, clip)
        self._grid(panel, found)
        self._shapes([s for s in shapes if axes <= s.order < SPINES], panel, clip)
        self._spines(panel)
        self._shapes([s for s in shapes if s.order >= SPINES], panel, clip)
        for text in found.texts:
            self.text(text)

    def _clip(self, box: Box) -> str:
        x, y, wide, high = box.x0, self.height - box.y1, box.x1 - box.x0, box.y1 - box.y0
        size = f'x="{number(x)}" y="{number(y)}" width="{number(wide)}" height="{number(high)}"'
        return f'<clipPath id="CLIP"><rect {size}/></clipPath>'

    def _shapes(self, shapes: Iterable[Shape], panel: Panel, clip: str) -> None:
        inside = False
        for shape in shapes:
            clipped = not isinstance(shape, Arrow) and not (isinstance(shape, Marks) and not shape.clipped)
            if clipped != inside:
                self.drawn.append(f'<g clip-path="url(#{clip})">' if clipped else "</g>")
                inside = clipped
            self._shape(shape, panel)
        if inside:
            self.drawn.append("</g>")

    def _shape(self, shape: Shape, panel: Panel) -> None:
        box, x, y = panel.box, panel.xaxis.scale, panel.yaxis.scale
        if isinstance(shape, Curve):
            self.path(x.at(box.x0, box.x1, shape.x), y.at(box.y0, box.y1, shape.y), shape.look, closed=shape.closed)
        elif isinstance(shape, Bars):
            left, right = (x.at(box.x0, box.x1, v) for v in (shape.x0, shape.x1))
            low, high = (y.at(box.y0, box.y1, v) for v in (shape.y0, shape.y1))
            self.lines(left, right, low, high, shape.look)
        elif isinstance(shape, Across):
            at = x.at(box.x0, box.x1, [shape.x])
            self.lines(at, at, np.array([box.y0]), np.array([box.y1]), shape.look)
        elif isinstance(shape, Marks):
            at, up = x.at(box.x0, box.x1, shape.x), y.at(box.y0, box.y1, shape.y)
            self.points(at, up, shape.marker, shape.sizes, shape.look)
        elif isinstance(shape, Arrow):
            along = x.at(box.x0, box.x1, (shape.start[0], shape.end[0]))
            up = y.at(box.y0, box.y1, (shape.start[1], shape.end[1]))
            self.arrow(np.column_stack([along, up]), shape.look)

    def _grid(self, panel: Panel, found: Around) -> None:
        box, x, y = panel.box, found.ticks_x, found.ticks_y
        rule, tick = Look(RULE, "", GRID_WIDTH), Look(MUTED, "", SPINE_WIDTH)
        if panel.xaxis.grid:
            self.lines(x, x, np.full(len(x), box.y0), np.full(len(x), box.y1), rule)
        if panel.yaxis.grid:
            self.lines(np.full(len(y), box.x0), np.full(len(y), box.x1), y, y, rule)
        if panel.xaxis.size:
            self.lines(x, x, np.full(len(x), box.y0), np.full(len(x), box.y0 - panel.xaxis.size), tick)
        if panel.yaxis.size:
            self.lines(np.full(len(y), box.x0), np.full(len(y), box.x0 - panel.yaxis.size), y, y, tick)

    def _spines(self, panel: Panel) -> None:
        box, look = panel.box, Look(MUTED, "", SPINE_WIDTH, join="miter")
        corners = [(box.x0, box.y1), (box.x0, box.y0), (box.x1, box.y0)]
        kept = corners[0 if panel.spines["left"].visible else 1 : 3 if panel.spines["bottom"].visible else 2]
        if len(kept) > 1:
            x, y = np.array(kept).T
            self.path(x, y, look)

    def path(self, x: np.ndarray, y: np.ndarray, look: Look, closed: bool = False) -> None:
        """A line through points with gaps where one is not known, or a closed shape."""
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        parts = []
        for run in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            points = [f"{number(a)} {number(self.height - b)}" for a, b in zip(x[run].tolist(), y[run].tolist())]
            parts += [f"M{'L'.join(points)}{'Z' * closed}"] if len(points) > 1 else []
        if parts:
            self.drawn.append(f'<path d="{"".join(parts)}"{self.look(look)}/>')

    def lines(self, x0: np.ndarray, x1: np.ndarray, y0: np.ndarray, y1: np.ndarray, look: Look) -> None:
        """Straight lines of one look."""
        ends = np.column_stack([x0, self.height - y0, x1, self.height - y1])
        ends = ends[np.isfinite(ends).all(1)]
        parts = [f"M{number(a)} {number(b)}L{number(c)} {number(d)}" for a, b, c, d in ends.tolist()]
        if parts:
            self.drawn.append(f'<path d="{"".join(parts)}"{self.look(look)}/>')

    def points(self, x: np.ndarray, y: np.ndarray, marker: str, sizes: np.ndarray, look: Look) -> None:
        """Marks of one look at points."""
        known = np.isfinite(x) & np.isfinite(y)
        if not known.any():
            return
        places = zip(x.tolist(), y.tolist(), np.broadcast_to(sizes, x.shape).tolist(), known.tolist())
        used = [
            f'<use href="#{self._mark(marker, size)}" x="{number(a)}" y="{number(self.height - b)}"/>'
            for a, b, size, keep in places
            if keep
        ]
        self.drawn.append(f"<g{self.look(look)}>{''.join(used)}</g>")

    def _mark(self, marker: str, size: float) -> str:
        if (marker, size) not in self.marks:
            name = f"{self.name}-m{len(self.marks)}"
            if corners := OUTLINES[marker]:
                shape = "M" + "L".join(f"{number(size * x)} {number(-size * y)}" for x, y in corners)
                shape += "Z" * (len(corners) > 2)
            else:
                r = number(size / 2)
                shape = f"M-{r} 0A{r} {r} 0 1 1 {r} 0A{r} {r} 0 1 1 -{r} 0Z"
            self.defined.append(f'<path id="{name}" d="{shape}"/>')
            self.marks[marker, size] = name
        return self.marks[marker, size]

    def arrow(self, ends: np.ndarray, look: Look) -> None:
        """A line with an open head at its second end; none where the two are one."""
        along = ends[1] - ends[0]
        long = float(np.hypot(*along))
        if not np.isfinite(long) or long <= 2 * SHRINK:
            return
        along = along / long
        start, tip, aside = ends[0] + SHRINK * along, ends[1] - SHRINK * along, np.array([-along[1], along[0]])
        back = tip - HEAD * along
        for corners in ([start, tip], [back + HALF * aside, tip, back - HALF * aside]):
            x, y = np.array(corners).T
            self.path(x, y, look)

    def key(self, key: Key, box: Box) -> None:
        """What a legend shows beside a name."""
        middle = np.array([(box.y0 + box.y1) / 2])
        if key.band:
            x, y = [box.x0, box.x1, box.x1, box.x0], [box.y0, box.y0, box.y1, box.y1]
            self.path(np.array(x), np.array(y), Look("", key.color, 0.0, key.alpha or 1.0), closed=True)
            return
        if key.lw > 0:
            look = Look(key.color, "", key.lw, key.alpha or 1.0)
            self.lines(np.array([box.x0]), np.array([box.x1]), middle, middle, look)
        if key.marker is not None:
            look = mark_look(key.marker, key.color, key.mfc, None, key.mew, key.alpha)
            self.points(np.array([(box.x0 + box.x1) / 2]), middle, key.marker, np.array([key.ms]), look)

    def text(self, text: Placed) -> None:
        """Words, letter by letter."""
        for own, (x, y) in zip(text.block.lines, text.starts()):
            if not own.letters:
                continue
            self.sheet.letters.update(name for name, _ in own.letters)
            scale = text.size / units()
            turn = " rotate(-90)" if text.turned else ""
            move = f"translate({number(x)} {number(self.height - y)}){turn} scale({scale:.6f} {-scale:.6f})"
            shapes = "".join(f'<use href="#{name}" x="{at}"/>' for name, at in own.letters)
            self.drawn.append(f'<g transform="{move}"{self.look(Look("", text.colour))}>{shapes}</g>')

    def look(self, look: Look) -> str:
        """Attributes of colours and widths."""
        self.sheet.colours |= {c for c in (look.stroke, look.fill) if c}
        classes = [f"f{look.fill[1:]}"] if look.fill else []
        classes += [f"s{look.stroke[1:]}"] if look.stroke else []
        out = f' class="{" ".join(classes)}"' if classes else ""
        if not look.fill:
            out += ' fill="none"'
        elif look.opacity != 1:
            out += f' fill-opacity="{look.opacity:g}"'
        if look.stroke:
            out += f' stroke-width="{look.width:g}"'
            out += ' stroke-linejoin="round"' if look.join == "round" else ""
            out += f' stroke-opacity="{look.opacity:g}"' if look.opacity != 1 else ""
            out += f' stroke-dasharray="{look.width:g} {1.65 * look.width:g}"' if look.dotted else ""
        return out
