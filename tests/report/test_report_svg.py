"""Inline SVG: names are paths, and nothing passes that could run, load or style."""

from __future__ import annotations

import importlib
import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from hotmess.plot import style
from hotmess.plot.colour import at_night
from hotmess.report.svg import Sheet, inline_svg


@pytest.fixture
def drawn():
    with style.look():
        axes = style.panels(1, 1, width=3, height=2)[0, 0]
        axes.plot([0, 1], [0, 1], "o-", color="#1f5fa8", gid='" onload="alert(1)')
        axes.set_title("<script>alert(1)</script> --> $x_2^{3$ 名", parse_math=False)
        axes.text(0.1, 0.1, "link", url="javascript:alert(1)")
        axes.set_ylabel("-->]]>&amp;")
    sheet = Sheet()
    return inline_svg(axes, sheet, name="fig", label='" onclick="x <b>\x00\u202e'), sheet


def test_only_shapes_pass(drawn):
    svg, _ = drawn
    assert set(re.findall(r"<([a-zA-Z]+)", svg)) <= {"svg", "g", "path", "use", "defs", "clipPath", "rect"}
    names = set(re.findall(r'([\w:-]+)="', svg))
    assert not any(name.startswith("on") or name in ("style", "xmlns", "xlink:href") for name in names)
    assert "javascript" not in svg
    assert "<!--" not in svg


def test_label_is_escaped_and_visible(drawn):
    svg, _ = drawn
    (label,) = re.findall(r'aria-label="(.*?)"', svg)
    assert label == "&quot; onclick=&quot;x &lt;b&gt;"


def test_letters_are_kept_once_and_exactly(drawn):
    svg, sheet = drawn
    # Newer matplotlib draws letters that no font has from a font of its own, "LastResort".
    used = set(re.findall(r'href="#((?:DejaVu|LastResort)[^"]+)"', svg))
    assert used == set(sheet.glyphs)
    assert any(name.startswith("DejaVuSans-") for name in used)
    assert all(re.fullmatch(r"scale\(0\.0\d+\)", transform) for _, transform in sheet.glyphs.values())
    assert sheet.sprite().count("<path") == len(sheet.glyphs)


def test_identifiers_and_references_have_the_figures_name(drawn):
    svg, _ = drawn
    ids = re.findall(r' id="([^"]+)"', svg)
    assert ids
    assert all(i.startswith("fig-") for i in ids)
    wanted = re.findall(r'href="#(fig-[^"]+)"', svg) + re.findall(r"url\(#([^)]+)\)", svg)
    assert set(wanted) <= set(ids)


def test_colours_are_classes_with_rules_for_day_and_night(drawn):
    svg, sheet = drawn
    day, night = sheet.rules()
    assert not re.search(r'(fill|stroke)="#', svg)
    for kind, code in set(
        re.findall(r"\b([fs])([0-9a-f]{6})\b(?=[^<>]*>)", " ".join(re.findall(r'class="[^"]+"\s*/?>', svg)))
    ):
        word = {"f": "fill", "s": "stroke"}[kind]
        assert f".{kind}{code}{{{word}:#{code}}}" in day
        assert f".{kind}{code}{{{word}:{at_night('#' + code)}}}" in night
    assert ".s1f5fa8{stroke:#1f5fa8}" in day


def test_same_figure_same_svg():
    def once():
        with style.look():
            axes = style.panels(1, 1, width=3, height=2)[0, 0]
            axes.plot([0, 1], [1, 2], "s")
        return inline_svg(axes, Sheet(), name="a", label="b")

    assert once() == once()


@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_ticks_that_are_placed_once_are_where_matplotlib_places_them(width, monkeypatch):
    """The same bytes as with ticks placed anew a dozen times: shared axes, logarithms, an offset, rows with names."""

    def figure() -> str:
        x = np.linspace(1, 900, 20)
        with style.look():
            axes = style.panels(2, 2, width=width, height=4, sharex="col")
            axes[0, 0].plot(x, 1e6 + x, "o")
            axes[1, 0].loglog(x, x**2)
            style.rows_axis(axes[0, 1], ["owl-1b", "owl-64b"])
            axes[1, 1].plot([-3, 2], [1e-9, 3e-9])
            axes[1, 1].set_xlim(2, -3)
            style.head(axes[1, 1], "owl", [("two lines", "#1f5fa8"), ("above", "#1f5fa8")])
            axes[0, 0].figure.supxlabel("length")
        return inline_svg(axes, Sheet(), name="fig", label="")

    steady = figure()
    monkeypatch.setattr(importlib.import_module("hotmess.report.svg"), "_steady_ticks", lambda _: None)
    assert figure() == steady


def test_a_figure_moved_by_less_than_is_written_is_the_same():
    """What lays figures out rounds in an order of its own, and matplotlib's identifiers are made of all digits."""

    def drawn(by: float) -> str:
        figure = Figure()
        axes = figure.add_axes((0.1 + by, 0.1, 0.8, 0.8))
        axes.plot([0, 1, 2], [0, 1, 0], marker="o")
        axes.hlines([0.5], 0, 1)
        return inline_svg(axes, Sheet(), name="fig", label="")

    assert drawn(0.0) == drawn(1e-13)
    one = drawn(0.0)
    links = set(re.findall(r'url\(#([^)]+)\)|href="#(fig-[^"]+)"', one))
    assert links and all(f'id="{a or b}"' in one for a, b in links)
