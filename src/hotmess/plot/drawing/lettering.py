"""Text as shapes: outlines of letters, how wide a line of them is, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FONTS = ("DejaVuSans", "DejaVuSans-Bold")
LINE = 1.2
"""Distance of two baselines, in heights of a letter."""


@dataclass(frozen=True)
class Line:
    """A line of text at a size of one: its letters as (name of the outline, x in units of the font), and its box."""

    letters: tuple[tuple[str, int], ...]
    width: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Block:
    """Lines of text: `baselines` lie below the upper edge, and `depth` is the last line's below its baseline."""

    lines: tuple[Line, ...]
    baselines: tuple[float, ...]
    width: float
    height: float
    depth: float


@lru_cache(2)
def _font(bold: bool) -> Any:
    """A font that matplotlib brings along, with what is asked of it again and again."""
    from fontTools.ttLib import TTFont

    found = find_spec("matplotlib")
    assert found is not None and found.submodule_search_locations is not None
    path = Path(found.submodule_search_locations[0], "mpl-data", "fonts", "ttf", f"{FONTS[bold]}.ttf")
    font = TTFont(path, lazy=True)
    pairs = font["kern"].kernTables[0].kernTable if "kern" in font else {}
    return font, font.getBestCmap(), font["hmtx"].metrics, font["glyf"], pairs, font["head"].unitsPerEm


def units(bold: bool = False) -> int:
    """Units of a font in the size of its letters."""
    return int(_font(bold)[5])


@lru_cache(1024)
def outline(name: str) -> str:
    """The SVG path of a letter, in units of its font, upwards; of one that the font lacks, a box."""
    from fontTools.pens.svgPathPen import SVGPathPen

    family, _, code = name.rpartition("-")
    font, known, *_ = _font(family == FONTS[True])
    glyphs = font.getGlyphSet()
    pen = SVGPathPen(glyphs)
    glyphs[known.get(int(code, 16), ".notdef")].draw(pen)
    return str(pen.getCommands())


@lru_cache(8192)
def line(text: str, bold: bool = False) -> Line:
    """A line of text set with kerning.

    >>> line("AV").width < line("A").width + line("V").width
    True
    """
    _, known, advances, outlines, pairs, em = _font(bold)
    letters, pen, before = [], 0, ""
    right = top = bottom = 0
    for character in text:
        glyph = known.get(ord(character), ".notdef")
        pen += pairs.get((before, glyph), 0)
        shape = outlines[glyph]
        if shape.numberOfContours:
            letters.append((f"{FONTS[bold]}-{ord(character):x}", pen))
            right = max(right, pen + shape.xMax)
            top, bottom = max(top, shape.yMax), min(bottom, shape.yMin)
        pen += advances[glyph][0]
        right, before = max(right, pen), glyph
    return Line(tuple(letters), right / em, top / em, -bottom / em)


@lru_cache(8192)
def block(text: str, bold: bool = False) -> Block:
    """Text of one line or several, each as high as "lp" at least.

    >>> one, two = block("bias²"), block("bias²\\nvariance")
    >>> two.height > 1.9 * one.height, one.baselines[0] + one.depth == one.height
    (True, True)
    """
    usual = line("lp", bold)
    lines = tuple(line(part, bold) for part in text.split("\n"))
    at, baselines = 0.0, []
    for i, own in enumerate(lines):
        up, down = max(own.top, usual.top), max(own.bottom, usual.bottom)
        at += up if i == 0 else max(usual.top, up) * LINE
        baselines.append(at)
        at += down
    return Block(lines, tuple(baselines), max(own.width for own in lines), at, at - baselines[-1])
