"""Colours: told apart, readable by day and by night."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.plot.colour import BIAS, INK, MUTED, PAPER, VARIANCE, at_night, contrast, from_oklch, palette, to_oklch

HEX = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


@given(HEX)
def test_oklch_and_back(colour):
    back = from_oklch(*to_oklch(colour))
    assert all(abs(int(colour[i : i + 2], 16) - int(back[i : i + 2], 16)) <= 1 for i in (1, 3, 5))


def test_known_values_of_oklch():
    # Ottosson 2020: sRGB red is L 0.62796, C 0.25768, h 29.234 degrees.
    assert to_oklch("#ff0000") == pytest.approx((0.62796, 0.25768, 29.234), abs=2e-4)


def test_contrast_of_known_pairs():
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=2e-3)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")


@pytest.mark.parametrize("families", [1, 2, 8])
@pytest.mark.parametrize("models", [1, 7, 30])
def test_graphics_have_contrast_on_both_pages(families, models):
    made = palette([(f"{f}-{m}", str(f)) for f in range(families) for m in range(models)])
    for colour in [*made.colours.values(), BIAS, VARIANCE]:
        assert contrast(colour, PAPER) >= 3
        assert contrast(at_night(colour), at_night(PAPER)) >= 3


def test_text_has_contrast_on_both_pages():
    for colour in (INK, MUTED, BIAS, VARIANCE):
        assert contrast(colour, PAPER) >= 4.5
        assert contrast(at_night(colour), at_night(PAPER)) >= 4.5


@pytest.mark.parametrize("families", [1, 3])
def test_larger_models_are_darker_by_day_and_lighter_by_night(families):
    made = palette([(f"{f}-{m}", str(f)) for f in range(families) for m in range(6)])
    for f in range(families):
        own = [made.colours[f"{f}-{m}"] for m in range(6)]
        assert all(to_oklch(a)[0] > to_oklch(b)[0] for a, b in pairwise(own))
        assert all(to_oklch(at_night(a))[0] < to_oklch(at_night(b))[0] for a, b in pairwise(own))


def test_families_have_their_own_marks():
    made = palette([("a", "x"), ("b", "y"), ("c", "x")])
    assert made.markers["a"] == made.markers["c"] != made.markers["b"]
