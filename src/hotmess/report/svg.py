"""A matplotlib figure as an inline SVG that cannot run, load or style anything, and that follows the page's colours.

Text is drawn as paths, so no name from the data is ever markup. Only elements and attributes of a short list pass.
Style attributes become classes and presentation attributes, which lets the page forbid inline styles, and lets one
rule per colour turn the figure dark.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import numpy as np

from hotmess.plot.colour import at_night
from hotmess.plot.style import figure_of, look
from hotmess.words import clean

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
ELEMENTS = {"g", "path", "use", "defs", "clipPath", "rect"}
ATTRIBUTES = {"d", "transform", "x", "y", "width", "height", "id", "clip-path"}
PROPERTIES = {
    "fill",
    "stroke",
    "opacity",
    "fill-opacity",
    "stroke-opacity",
    "stroke-width",
    "stroke-linejoin",
    "stroke-linecap",
    "stroke-dasharray",
    "stroke-dashoffset",
}
COLOUR = re.compile(r"#[0-9a-f]{6}")
NUMBER = re.compile(r"-?\d+\.\d{3,}")
GLYPH = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[0-9A-Za-z]+)+")


@dataclass
class Sheet:
    """What the figures of a page share: shapes of letters, each once, and colours."""

    glyphs: dict[str, tuple[str, str]] = field(default_factory=dict)
    colours: set[str] = field(default_factory=set)

    def sprite(self) -> str:
        """The letters' shapes, for the top of the page."""
        from html import escape

        shapes = "".join(
            f'<path id="{escape(name)}" d="{escape(d)}" transform="{escape(transform)}"/>'
            for name, (d, transform) in sorted(self.glyphs.items())
        )
        return f'<svg class="sprite" width="0" height="0" aria-hidden="true"><defs>{shapes}</defs></svg>'

    def rules(self) -> tuple[str, str]:
        """CSS of all colours, by day and by night."""
        day = "".join(f".f{c[1:]}{{fill:{c}}}.s{c[1:]}{{stroke:{c}}}" for c in sorted(self.colours))
        night = "".join(
            f".f{c[1:]}{{fill:{at_night(c)}}}.s{c[1:]}{{stroke:{at_night(c)}}}" for c in sorted(self.colours)
        )
        return day, night


def inline_svg(axes: Any, sheet: Sheet, *, name: str, label: str, css: str = "") -> str:
    """The figure of `axes` as an SVG element with an accessible name; identifiers begin with `name`."""
    import matplotlib

    figure, buffer = figure_of(axes), io.StringIO()
    _steady_ticks(figure)
    settings = {"svg.fonttype": "path", "svg.hashsalt": name}
    with look(), matplotlib.rc_context(settings), warnings.catch_warnings():
        # Names in scripts that the font lacks are drawn as boxes; tables and data have them whole.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        if (engine := figure.get_layout_engine()) is not None:
            engine.execute(figure)
            figure.set_layout_engine(None)  # laid out now: saving would draw everything twice to do it again
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    root = ElementTree.fromstring(buffer.getvalue())
    out = ElementTree.Element("svg")
    out.set("viewBox", root.get("viewBox", ""))
    out.set("class", css)
    out.set("role", "img")
    out.set("aria-label", clean(label, 2000))
    width, height = figure.get_size_inches()
    out.set("width", f"{width * 96:.0f}")
    out.set("height", f"{height * 96:.0f}")
    names: dict[str, str] = {}
    for child in root:
        _copy(child, out, sheet, lambda given: names.setdefault(given, f"{name}-{len(names)}"))
    return ElementTree.tostring(out, encoding="unicode")


def _steady_ticks(figure: Any) -> None:
    """Ticks of a figure are placed, and their words measured, anew only where its axes have moved or changed.

    Layout and drawing do so a dozen times for each axis, which is most of the time of a figure; between two times
    nothing has changed but what is looked at here. A tick beyond the limits, which nobody sees, is not even made.
    Where ticks are is not asked again when axes have moved only, unless how many there are goes by their size.
    """
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            locators = axis.get_major_locator(), axis.get_minor_locator()
            if isinstance(locators[0], MaxNLocator):
                axis.get_majorticklocs = _in_sight(axis, axis.get_majorticklocs)
            steady = all(type(one) in (FixedLocator, MaxNLocator, NullLocator) for one in locators)
            for name, moved in (("_update_ticks", not steady), ("_get_ticklabel_bboxes", True)):
                if callable(make := getattr(axis, name, None)):
                    setattr(axis, name, _kept(axis, make, moved=moved))


def _in_sight(axis: Any, find: Callable[[], Any]) -> Callable[[], Any]:
    """Places of an axis' ticks that lie within its limits, as near as matplotlib looks."""

    def found() -> Any:
        low, high = sorted(axis.get_view_interval())
        near, places = 1e-10 * (high - low), np.asarray(find())
        return places[(places >= low - near) & (places <= high + near)]

    return found


def _kept(axis: Any, make: Callable[..., Any], *, moved: bool) -> Callable[..., Any]:
    """A method of an axis that returns what it last did while limits, arguments and, where `moved`, place are the same.

    moved: whether it is to be asked again where axes have another place or size.
    """
    last: tuple[Any, Any] = (None, None)

    def kept(*given: Any) -> Any:
        nonlocal last
        place = axis.axes.bbox.bounds if moved else ()
        now = *given, *axis.get_view_interval(), *place, axis.get_scale()
        if last[0] != now:
            last = (now, make(*given))
        return last[1]

    return kept


def _copy(source: ElementTree.Element, parent: ElementTree.Element, sheet: Sheet, named: Callable[[str], str]) -> None:
    """What is allowed of an element. Identifiers are numbered: matplotlib's are others by the last digit of a number.

    named: identifier -> what it is called here.
    """
    tag = source.tag.removeprefix(SVG) if isinstance(source.tag, str) else ""
    if tag not in ELEMENTS:
        return
    identifier = source.get("id", "")
    if tag == "path" and GLYPH.fullmatch(identifier):
        sheet.glyphs[identifier] = (_short(source.get("d", "")), source.get("transform", ""))
        return
    own = ElementTree.SubElement(parent, tag)
    for key, value in source.attrib.items():
        if key == "id" and tag != "g":
            own.set("id", named(value))
        elif key == "clip-path":
            own.set("clip-path", f"url(#{named(value.removeprefix('url(#').removesuffix(')'))})")
        elif key in ATTRIBUTES and key != "id":
            own.set(key, value if key == "transform" else _short(value))  # scales of letters need all their digits
        elif key == XLINK + "href" and value.startswith("#"):
            own.set("href", value if GLYPH.fullmatch(value[1:]) else f"#{named(value[1:])}")
        elif key == "style":
            _style(own, value, sheet)
    for child in source:
        _copy(child, own, sheet, named)
    if tag in ("defs", "g") and not len(own):
        parent.remove(own)


def _style(own: ElementTree.Element, text: str, sheet: Sheet) -> None:
    classes = []
    for pair in text.split(";"):
        key, _, value = (part.strip() for part in pair.partition(":"))
        if key not in PROPERTIES:
            continue
        if key in ("fill", "stroke") and COLOUR.fullmatch(value):
            sheet.colours.add(value)
            classes.append(("f" if key == "fill" else "s") + value[1:])
        elif re.fullmatch(r"[-a-z0-9., ]+", value):
            own.set(key, value)
    if classes:
        own.set("class", " ".join(classes))


def _short(text: str) -> str:
    """Coordinates to hundredths of a point."""
    return NUMBER.sub(lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), text)
