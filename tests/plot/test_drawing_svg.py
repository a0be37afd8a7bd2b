"""Inline SVG: names are paths, and nothing passes that could run, load or style."""

from __future__ import annotations

import re

import pytest

from hotmess.plot import style
from hotmess.plot.colour import at_night
from hotmess.plot.drawing import Key, without_matplotlib
from hotmess.plot.drawing.svg import Sheet, inline_svg
from hotmess.plot.legend import legend

NAUGHTY = "<script>alert(1)</script> --> $x_2^{3$ 名 ]]>&amp;"


def figure():
    with without_matplotlib(), style.look():
        axes = style.panels(1, 2, width=3, height=2, sharey=True)
        first = axes[0, 0]
        first.plot([0, 1, float("nan"), 2, 3], [0, 1, 1, 0, 1], "o-", color="#1f5fa8")
        first.hlines([0.2, 0.4], 0, [1, 2], color="#b4500f", lw=0.9, alpha=0.5)
        first.fill_between([0, 1], [0, 0], [1, 2], color="#b4500f", alpha=0.2, lw=0)
        first.axvline(0, color="#1f5fa8", lw=0.8, ls=":")
        first.annotate("", (1, 1), (0, 0), arrowprops={"color": "#1f5fa8", "lw": 1.2})
        first.text(0.1, 0.1, NAUGHTY)
        style.rows_axis(axes[0, 1], [NAUGHTY, "owl"])
        style.head(first, NAUGHTY, [(NAUGHTY, "#1f2328")])
        first.figure.supxlabel(NAUGHTY, fontsize=8)
        first.figure.supylabel(NAUGHTY, fontsize=8)
        legend(first.figure, [Key("#1f5fa8", "s"), Key("#1f5fa8", band=True, alpha=0.3)], [NAUGHTY, "owl"], ncols=2)
    return style.figure_of(axes)


@pytest.fixture
def drawn():
    sheet = Sheet()
    return inline_svg(figure(), sheet, name="fig", label='" onclick="x <b>\x00\u202e', css="wide"), sheet


def test_only_shapes_pass(drawn):
    svg, _ = drawn
    assert set(re.findall(r"<([a-zA-Z]+)", svg)) <= {"svg", "g", "path", "use", "defs", "clipPath", "rect"}
    names = set(re.findall(r'([\w:-]+)="', svg))
    assert not any(name.startswith("on") or name in ("style", "xmlns", "xlink:href") for name in names)
    assert re.search(r">[^<]", svg) is None, "there is text between elements"
    assert "<!--" not in svg


def test_it_is_well_formed_and_all_its_numbers_are_numbers(drawn):
    from xml.etree import ElementTree

    svg, sheet = drawn
    ElementTree.fromstring(sheet.sprite())
    shapes = list(ElementTree.fromstring(svg).iter())
    assert len(shapes) > 100
    numbers = " ".join(
        shape.get(key, "") for shape in shapes for key in ("d", "x", "y", "width", "height", "transform")
    )
    assert not re.search(r"nan|inf|e[-+]?\d", numbers)


def test_label_is_escaped_and_visible(drawn):
    svg, _ = drawn
    (label,) = re.findall(r'aria-label="(.*?)"', svg)
    assert label == "&quot; onclick=&quot;x &lt;b&gt;"


def test_letters_are_kept_once_and_those_that_the_font_lacks_are_boxes(drawn):
    svg, sheet = drawn
    used = set(re.findall(r'href="#(DejaVu[^"]+)"', svg))
    assert used == sheet.letters and {"DejaVuSans-3c", f"DejaVuSans-{ord('名'):x}", "DejaVuSans-Bold-3c"} <= used
    assert sheet.sprite().count("<path") == len(used)
    shapes = dict(re.findall(r'<path id="([^"]+)" d="([^"]+)"', sheet.sprite()))
    box = shapes[f"DejaVuSans-{ord('名'):x}"]
    assert set(re.findall("[A-Za-z]", box)) == set("MHVZ") and box.count("M") == 2


def test_identifiers_and_references_have_the_figures_name(drawn):
    svg, _ = drawn
    ids = re.findall(r' id="([^"]+)"', svg)
    assert len(ids) == len(set(ids)) > 3
    assert all(i.startswith("fig-") for i in ids)
    wanted = re.findall(r'href="#(fig-[^"]+)"', svg) + re.findall(r"url\(#([^)]+)\)", svg)
    assert wanted and set(wanted) <= set(ids)


def test_colours_are_classes_with_rules_for_day_and_night(drawn):
    svg, sheet = drawn
    day, night = sheet.rules()
    assert not re.search(r'(fill|stroke)="#', svg)
    found = {name for names in re.findall(r' class="([^"]+)"', svg) for name in names.split()} - {"wide"}
    assert {"s1f5fa8", "fb4500f", "sb4500f", "f1f2328"} <= found
    for name in found:
        word, colour = {"f": "fill", "s": "stroke"}[name[0]], f"#{name[1:]}"
        assert f".{name}{{{word}:{colour}}}" in day
        assert f".{name}{{{word}:{at_night(colour)}}}" in night


def test_a_line_has_a_gap_where_a_number_is_not_known(drawn):
    svg, _ = drawn
    broken = [d for d in re.findall(r'd="([^"]+)" class="s1f5fa8"', svg) if d.count("M") == 2 and d.count("L") == 2]
    assert len(broken) == 1


def test_same_figure_same_svg():
    once, again = (inline_svg(figure(), Sheet(), name="a", label="b") for _ in range(2))
    assert once == again
