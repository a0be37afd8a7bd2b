"""Drawing without matplotlib: numbers, letters and marks are those of matplotlib."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.markers import MarkerStyle
from matplotlib.textpath import TextPath, text_to_path
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from hotmess.plot.drawing import lettering
from hotmess.plot.drawing.axis import STEPS, Scale, decimal_numbers, even
from hotmess.plot.drawing.marks import OUTLINES

RANGES = [(0, 1), (-0.3, 0.9), (0.1203, 0.1211), (-7, 1234), (0, 0.9999), (3, 3000), (0.403, 0.597), (-1, -0.2)]


@pytest.mark.parametrize(("low", "high"), RANGES)
@pytest.mark.parametrize("most", [1, 2, 3, 4, 6, 9])
@pytest.mark.parametrize("steps", [STEPS, (1, 2, 5, 10), (1, 2, 4, 5, 10)])
def test_ticks_are_those_of_matplotlib(low, high, most, steps):
    own = even(low, high, most, steps)
    theirs = MaxNLocator(most, steps=list(steps)).tick_values(low, high)
    near = 1e-9 * (high - low)
    inside, wanted = ([v for v in found if low - near <= v <= high + near] for found in (own, theirs))
    assert inside == pytest.approx(wanted, abs=near)
    assert len(inside) >= 2


@pytest.mark.parametrize(("low", "high"), [pair for pair in RANGES if pair != (0.1203, 0.1211)])
@pytest.mark.parametrize("most", [2, 4, 9])
def test_numbers_at_ticks_are_those_of_matplotlib(low, high, most):
    ticks = even(low, high, most, STEPS)
    formatter = ScalarFormatter(useOffset=False)
    formatter.create_dummy_axis()
    formatter.axis.set_view_interval(low, high)
    assert decimal_numbers(ticks) == formatter.format_ticks(ticks)


@pytest.mark.parametrize("text", ["bias², variance", "AVATAR, Ty", "0.25 [−0.10, 0.60]", "← falls, rises →", "lp"])
@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_text_is_as_wide_as_matplotlibs(text, weight):
    font = FontProperties(family="DejaVu Sans", weight=weight, size=100)
    own = lettering.line(text, weight == "bold")
    wide, high, down = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    assert 100 * np.array([own.width, own.bottom]) == pytest.approx([wide, down], abs=0.2)
    assert 100 * (own.top + own.bottom) == pytest.approx(high, abs=0.2)
    assert len(own.letters) == len(text.replace(" ", ""))


def test_letters_have_the_shapes_of_matplotlibs():
    own = np.array([float(n) for n in re.findall(r"-?\d+", lettering.outline("DejaVuSans-4c"))])  # L: straight lines
    theirs = TextPath((0, 0), "L", prop=FontProperties(family="DejaVu Sans", size=1)).vertices
    assert own.max() / lettering.units() == pytest.approx(theirs.max(), abs=0.01)


@pytest.mark.parametrize("marker", [m for m in OUTLINES if OUTLINES[m]])
def test_marks_have_the_shapes_of_matplotlibs(marker):
    style = MarkerStyle(marker)
    theirs = style.get_transform().transform(style.get_path().vertices)
    own = np.array(OUTLINES[marker])
    assert {tuple(p) for p in own.round(4) + 0.0} == {tuple(p) for p in theirs.round(4) + 0.0}
    legs = [np.sort(np.hypot(*np.diff([*p, p[0]], axis=0).T).round(4)) for p in (own, theirs[: len(own)])]
    np.testing.assert_allclose(*legs, atol=1e-3)  # in the same order around


def test_a_scale_reaches_to_what_it_has_seen_until_somebody_says_how_far():
    scale = Scale()
    assert scale.reach() == (0.0, 1.0)
    scale.see([2.0, float("nan"), 4.0])
    assert scale.reach() == pytest.approx((1.9, 4.1))
    scale.limit(high=5.0)
    assert scale.reach() == pytest.approx((1.9, 5.0))
    assert scale.at(100.0, 200.0, [1.9, 5.0]) == pytest.approx([100, 200])


def test_a_logarithmic_scale_passes_over_what_has_no_logarithm():
    scale = Scale(logarithmic=True)
    scale.see([-1.0, 0.0, 1.0, 100.0])
    low, high = scale.reach()
    assert (low, high) == pytest.approx((100**-0.05, 100**1.05))
    places = scale.at(0.0, 50.0, [low, 10.0, high, 0.0, float("nan")])
    assert places[:3] == pytest.approx([0, 25, 50]) and places[3] < -1000 and np.isnan(places[4])


def test_equal_numbers_have_a_scale_and_ticks():
    for value, log in itertools.product((0.0, 3.0), (False, True)):
        scale = Scale(logarithmic=log)
        scale.see([value])
        low, high = scale.reach()
        assert low < high and np.isfinite(scale.at(0, 1, [max(value, 1e-9)])).all()
        assert log or scale.ticks(100, 3)
