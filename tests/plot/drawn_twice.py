"""A figure drawn by matplotlib and without it: what stands where, in points from the lower left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from hotmess.plot.drawing import without_matplotlib
from hotmess.plot.drawing.furniture import around
from hotmess.plot.drawing.marks import Bars, Curve, Marks
from hotmess.plot.style import figure_of, look

Box = tuple[float, float, float, float]


@dataclass
class Drawn:
    """(text without blanks, its box), panels, and per panel the places of marks and ends of lines and bars."""

    size: tuple[float, float]
    texts: list[tuple[str, Box]]
    panels: list[Box]
    marks: list[np.ndarray]
    ends: list[np.ndarray]


def both(draw: Callable[[], Any]) -> tuple[Drawn, Drawn]:
    """A figure as matplotlib draws it, and as it is drawn without."""
    theirs = figure_of(draw())
    with without_matplotlib():
        ours = figure_of(draw())
    with look():  # the number of ticks hangs on the settings of their letters
        return by_matplotlib(theirs), without(ours)


def assert_alike(draw: Callable[[], Any], *, within: float = 2.5) -> None:
    """The same texts, panels, marks and lines in the same places, but for some points."""
    theirs, ours = both(draw)
    assert ours.size == pytest.approx(theirs.size)
    assert sorted(said for said, _ in ours.texts) == sorted(said for said, _ in theirs.texts)
    for (said, box), (_, other) in zip(*(sorted(f.texts, key=_place) for f in (ours, theirs)), strict=True):
        assert np.add(box[:2], box[2:]) / 2 == pytest.approx(np.add(other[:2], other[2:]) / 2, abs=within), said
    for box, other in zip(ours.panels, theirs.panels, strict=True):
        assert box == pytest.approx(other, abs=within)
    assert sum(map(len, ours.marks)) > 3
    for kind in ("marks", "ends"):
        for own, other in zip(getattr(ours, kind), getattr(theirs, kind), strict=True):
            assert own.shape == other.shape, kind
            assert _sorted(own) == pytest.approx(_sorted(other), abs=within), kind


def _place(found: tuple[str, Box]) -> tuple[str, int, int]:
    """By the text, then from top to bottom and from left to right, where some points are nothing."""
    said, box = found
    return said, -round(box[1] / 8), round(box[0] / 8)


def _sorted(points: np.ndarray) -> np.ndarray:
    return np.sort(points, axis=0)


def by_matplotlib(figure: Any) -> Drawn:
    points = 72 / figure.dpi
    words = [("".join(said.split()), tuple(points * box.extents)) for said, box in _texts(figure)]
    panels = [a for a in figure.axes if a.get_visible()]
    marks, ends = [], []
    for a in panels:
        lines = [(line, points * line.get_transform().transform(line.get_xydata())) for line in a.lines]
        marks.append(_known([at for line, at in lines if line.get_marker() not in ("None", "")]))
        inside = [at for line, at in lines if line.get_linestyle() != "None" and line.get_linewidth() > 0]
        inside = [at for at in inside if len(at) != 2 or not np.isclose(*at[:, 0]) or not _whole(at, a, points)]
        bars = [c for c in a.collections if hasattr(c, "get_segments")]
        inside += [points * a.transData.transform(s) for c in bars for s in c.get_segments()]
        ends.append(_known(inside))
    size = tuple(72 * figure.get_size_inches())
    return Drawn(size, words, [tuple(points * a.bbox.extents) for a in panels], marks, ends)


def _whole(at: np.ndarray, axes: Any, points: float) -> bool:
    """Whether a line is one over the whole panel, which is drawn apart."""
    return np.allclose(np.sort(at[:, 1]), points * np.array([axes.bbox.y0, axes.bbox.y1]))


def without(figure: Any) -> Drawn:
    figure.arrange()
    panels = list(figure.panels())
    marks, ends = [], []
    for panel in panels:
        marks.append(_known([_at(panel, s.x, s.y) for s in panel.shapes if isinstance(s, Marks)]))
        found = [_at(panel, s.x, s.y) for s in panel.shapes if isinstance(s, Curve) and not s.closed]
        for s in panel.shapes:
            if isinstance(s, Bars):
                first, second = _at(panel, s.x0, s.y0), _at(panel, s.x1, s.y1)
                known = np.isfinite(first).all(1) & np.isfinite(second).all(1)
                found += [first[known], second[known]]
        ends.append(_known(found))
    texts = [*(text for panel in panels for text in around(panel).texts), *figure.texts()]
    boxes = [(p.box.x0, p.box.y0, p.box.x1, p.box.y1) for p in panels]
    return Drawn((figure.whole.x1, figure.whole.y1), [_read(text) for text in texts], boxes, marks, ends)


def _at(panel: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    box = panel.box
    return np.column_stack([panel.xaxis.scale.at(box.x0, box.x1, x), panel.yaxis.scale.at(box.y0, box.y1, y)])


def _known(parts: list[np.ndarray]) -> np.ndarray:
    """Points of which both numbers are known and near the paper."""
    points = np.concatenate([np.zeros((0, 2)), *parts])
    return points[np.isfinite(points).all(1) & (np.abs(points) < 5e3).all(1)]


def _read(text: Any) -> tuple[str, Box]:
    letters = (name for line in text.block.lines for name, _ in line.letters)
    box = text.box
    return "".join(chr(int(name.rpartition("-")[2], 16)) for name in letters), (box.x0, box.y0, box.x1, box.y1)


def _texts(figure: Any) -> Iterator[tuple[str, Any]]:
    """(text, box) of all that matplotlib draws: of ticks only those within the limits of their axis."""
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    figure.draw_without_rendering()
    drawn = [a for a in figure.findobj(Axes) if a.get_visible()]
    ticks = [axis for a in drawn for axis in (a.xaxis, a.yaxis)]
    shown = {t.label1 for axis in ticks for t in axis._update_ticks()}
    every = {t.label1 for axis in ticks for t in (*axis.get_major_ticks(), *axis.get_minor_ticks())}
    for text in figure.findobj(Text):
        hidden = text in every - shown or (text.axes is not None and not text.axes.get_visible())
        if text.get_visible() and text.get_text().strip() and not hidden:
            yield text.get_text(), text.get_window_extent()
