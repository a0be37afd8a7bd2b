"""What of wide intervals a picture shows, and numbers on logarithmic axes that do not touch."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from hotmess.plot import style, ticks
from hotmess.plot.relations import in_plane
from hotmess.plot.scale import in_sight, out_of_sight


def table(low, high):
    """Two models of which one has an interval for bias² from low to high."""
    terms = {"bias2": [0.5, 0.03], "bias2_low": [0.4, low], "bias2_high": [0.6, high]}
    return pd.DataFrame(terms | {"variance": [0.5, 0.1], "variance_low": [0.4, 0.05], "variance_high": [0.6, 0.2]})


def test_all_points_are_in_sight_and_intervals_over_many_powers_of_ten_are_not():
    near = table(0.01, 0.09)
    assert in_sight(near) == (0.01, 0.6) and not out_of_sight(near)
    far = table(1e-7, 40.0)
    assert in_sight(far) == (pytest.approx(0.003), pytest.approx(5.0)) and out_of_sight(far)
    assert out_of_sight(table(0.01, 5.1)) and out_of_sight(table(0.002, 0.09))


def test_the_plane_reaches_to_points_and_not_to_the_end_of_one_interval():
    assert in_plane(table(0.01, 0.09)) == (pytest.approx(1.08 * 0.6), pytest.approx(1.1 * 0.6))
    assert in_plane(table(0.01, 2.5)) == (pytest.approx(1.08 * 0.7), pytest.approx(1.1 * 0.6))


def boxes(make, inches):
    """Boxes of the numbers under a logarithmic axis so many inches long, which `make` gave its ticks."""
    with style.look():
        figure = style.new_figure(width=inches + 2, height=1)
        figure.set_layout_engine(None)
        axes = figure.add_axes((1 / (inches + 2), 0.5, inches / (inches + 2), 0.4))
        axes.set_xscale("log")
        low, high = make(axes.xaxis)
        axes.set_xlim(low, high)
        figure.draw_without_rendering()
        return [t.label1.get_window_extent() for t in axes.xaxis._update_ticks()], figure.dpi


@pytest.mark.parametrize("inches", [0.9, 1.3, 1.6, 2.1, 3.0, 6.0])
@pytest.mark.parametrize(("low", "high"), [(13, 62), (140, 190), (3, 16), (20, 20000), (800, 1300), (1.2, 9)])
def test_numbers_of_lengths_do_not_touch(low, high, inches):
    def make(axis):
        ticks.log_ticks(axis, low, high, most=ticks.room(inches + 0.2, high), inches=inches)
        return low, high

    found, dpi = boxes(make, inches)
    assert all(b.x0 - a.x1 > 0.02 * dpi for a, b in itertools.pairwise(found))


@pytest.mark.parametrize("inches", [0.9, 1.3, 1.9, 3.0])
@pytest.mark.parametrize(
    "sizes",
    [(0.0116, 0.0278, 0.0424, 0.0601, 0.105, 0.231, 0.63, 1.91), (0.135, 0.5, 1.5), (0.5, 1.5, 3, 7, 14, 32, 72)],
)
def test_sizes_of_models_do_not_touch(sizes, inches):
    def make(axis):
        ticks.value_ticks(axis, np.array(sizes), most=6, inches=inches)
        return sizes[0], sizes[-1]

    found, dpi = boxes(make, inches)
    assert all(b.x0 - a.x1 > 0.02 * dpi for a, b in itertools.pairwise(found))
