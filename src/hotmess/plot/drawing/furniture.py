"""What stands around a panel: numbers at ticks, labels, titles; and legends. Where each of them is, in points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hotmess.plot.colour import INK
from hotmess.plot.drawing.axis import NUMBER
from hotmess.plot.drawing.lettering import Block, block
from hotmess.plot.drawing.marks import Key, Marks, Words
from hotmess.plot.drawing.panel import LABEL, Box, Panel

TICK_PAD, LABEL_PAD = 3.5, 4.0
WIDE_NUMBERS, HIGH_NUMBERS = 3.0, 2.0
"""Heights of a letter that a number has for itself along an axis across and along one upright."""
ALONG = {"left": 0.0, "center": 0.5, "right": 1.0}


@dataclass(frozen=True)
class Placed:
    """Text on paper: its box, the left end of its lines where they are level, and how much room it claims."""

    block: Block
    box: Box
    size: float
    colour: str
    across: str = "left"
    turned: bool = False

    def starts(self) -> list[tuple[float, float]]:
        """Where each line begins."""
        size, out = self.size, []
        for own, down in zip(self.block.lines, self.block.baselines):
            aside = ALONG[self.across] * (self.block.width - own.width) * size
            if self.turned:
                out.append((self.box.x0 + down * size, self.box.y0 + aside))
            else:
                out.append((self.box.x0 + aside, self.box.y1 - down * size))
        return out


def place(
    text: str,
    x: float,
    y: float,
    size: float,
    *,
    across: str = "left",
    upright: str = "baseline",
    colour: str = INK,
    bold: bool = False,
    turned: bool = False,
) -> Placed:
    """Text beside a point: `across` and `upright` say which part of it stands at the point, as in matplotlib.

    Turned text runs upwards; its middle is at the height of the point, its left or right edge (`across`) beside it.
    """
    own = block(text, bold)
    wide, high, last = own.width * size, own.height * size, own.baselines[-1] * size
    if turned:
        left = x - ALONG[across] * high
        return Placed(own, Box(left, y - wide / 2, left + high, y + wide / 2), size, colour, "center", True)
    left = x - ALONG[across] * wide
    top = y + {"baseline": last, "top": 0.0, "bottom": high, "center": high / 2, "middle": last / 2}[upright]
    return Placed(own, Box(left, top - high, left + wide, top), size, colour, across)


@dataclass(frozen=True)
class Around:
    """All that stands around one panel, and how far it reaches beyond the panel to each side."""

    texts: list[Placed]
    ticks_x: np.ndarray
    ticks_y: np.ndarray
    left: float
    right: float
    bottom: float
    top: float


def around(panel: Panel) -> Around:
    """Numbers, labels and titles of a panel where it stands now."""
    box, x, y = panel.box, panel.xaxis, panel.yaxis
    found_x = x.drawn(box.x1 - box.x0, WIDE_NUMBERS)
    found_y = y.drawn(box.y1 - box.y0, HIGH_NUMBERS)
    at_x = x.scale.at(box.x0, box.x1, [v for v, _ in found_x])
    at_y = y.scale.at(box.y0, box.y1, [v for v, _ in found_y])
    below, beside = box.y0 - x.size - TICK_PAD, box.x0 - y.size - TICK_PAD
    texts = [_under(text, float(at), below, NUMBER) for at, (_, text) in zip(at_x, found_x) if text]
    texts += [
        place(text, beside, float(at), NUMBER, across="right", upright="middle")
        for at, (_, text) in zip(at_y, found_y)
        if text
    ]
    room = [box, *(each.box for each in texts)]
    low = min(box.y0 - x.size, *(b.y0 for b in room))
    far = min(box.x0 - y.size, *(b.x0 for b in room))
    for words in panel.shapes:
        if isinstance(words, Words):
            texts.append(words_of(words, panel))
            room.append(texts[-1].box)
        elif isinstance(words, Marks) and not words.clipped:
            room += _reach(words, panel)
    middle_x, middle_y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    if x.label:
        texts.append(_under(x.label, middle_x, low - LABEL_PAD, LABEL))
        room.append(_without_width(texts[-1].box))
    if y.label:
        texts.append(place(y.label, far - LABEL_PAD, middle_y, LABEL, across="right", turned=True))
        room.append(Box(texts[-1].box.x0, middle_y, texts[-1].box.x1, middle_y))
    if panel.title is not None:
        texts.append(words_of(panel.title, panel))
        room.append(_without_width(texts[-1].box))
    left, right = box.x0 - min(b.x0 for b in room), max(b.x1 for b in room) - box.x1
    bottom, top = box.y0 - min(low, *(b.y0 for b in room)), max(b.y1 for b in room) - box.y1
    return Around(texts, at_x, at_y, max(left, box.x0 - far), right, bottom, top)


def _under(text: str, x: float, y: float, size: float) -> Placed:
    return place(text, x, y, size, across="center", upright="top")


def _without_width(box: Box) -> Box:
    """Titles and labels may be wider than their panel: they make no room for themselves across."""
    middle = (box.x0 + box.x1) / 2
    return Box(middle, box.y0, middle, box.y1)


def words_of(words: Words, panel: Panel) -> Placed:
    """Words of a panel where they stand on paper."""
    box = panel.box
    if words.share:
        x, y = box.x0 + words.x * (box.x1 - box.x0), box.y0 + words.y * (box.y1 - box.y0)
    else:
        x = float(panel.xaxis.scale.at(box.x0, box.x1, words.x))
        y = float(panel.yaxis.scale.at(box.y0, box.y1, words.y))
    x, y = x + words.moved[0], y + words.moved[1]
    look, across, upright = words.colour, words.across, words.upright
    return place(words.text, x, y, words.size, across=across, upright=upright, colour=look, bold=words.bold)


def _reach(marks: Marks, panel: Panel) -> list[Box]:
    """The room of marks that may stand on the edge of their panel."""
    box, half = panel.box, float(marks.sizes.max()) / 2 + marks.look.width / 2
    x, y = panel.xaxis.scale.at(box.x0, box.x1, marks.x), panel.yaxis.scale.at(box.y0, box.y1, marks.y)
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return []
    x, y = x[known], y[known]
    return [Box(x.min() - half, y.min() - half, x.max() + half, y.max() + half)]


SIZE, EDGE, PAD, ROW, GAP = 8.0, 4.0, 3.2, 4.0, 6.4
"""Points of a legend: letters, distance from the figure's edge, its margin, between rows, between mark and words."""
HIGH = 5.6
"""Points of the height of a mark's place."""


@dataclass(frozen=True)
class Legend:
    """Names with their marks, above all panels of a figure; widths of columns' gaps and of lines in letters."""

    keys: Sequence[Key]
    said: Sequence[str]
    columns: int
    between: float = 2.0
    handle: float = 2.0
    title: str = ""

    def blocks(self) -> list[Block]:
        return [block(text) for text in self.said]

    def _up(self, own: Block) -> float:
        return max(own.baselines[0] * SIZE, HIGH)

    def parts(self) -> list[np.ndarray]:
        """Which names stand in which column."""
        return np.array_split(np.arange(len(self.said)), min(self.columns, len(self.said)))

    def height(self) -> float:
        """Points of the whole."""
        found = self.blocks()
        columns = [sum(self._up(found[i]) + found[i].depth * SIZE + ROW for i in part) - ROW for part in self.parts()]
        head = block(self.title).height * SIZE + ROW if self.title else 0.0
        return float(2 * PAD + head + max(columns))

    def placed(self, left: float, top: float) -> tuple[list[Placed], list[tuple[Key, Box]]]:
        """The words, and the place of each mark, in a figure whose upper left is given."""
        found, texts, marks = self.blocks(), [], []
        x, start = left + EDGE + PAD, top - EDGE - PAD
        handle = self.handle * SIZE
        if self.title:
            wide = self._width()
            texts.append(place(self.title, x + wide / 2, start, SIZE, across="center", upright="top"))
            start -= block(self.title).height * SIZE + ROW
        for part in self.parts():
            y = start
            for i in part:
                y -= self._up(found[i])
                marks.append((self.keys[i], Box(x, y, x + handle, y + HIGH)))
                texts.append(place(self.said[i], x + handle + GAP, y, SIZE))
                y -= found[i].depth * SIZE + ROW
            x += handle + GAP + max(found[i].width for i in part) * SIZE + self.between * SIZE
        return texts, marks

    def _width(self) -> float:
        found = self.blocks()
        wide = [self.handle * SIZE + GAP + max(found[i].width for i in part) * SIZE for part in self.parts()]
        return float(sum(wide) + self.between * SIZE * (len(wide) - 1))
