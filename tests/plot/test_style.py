"""Names and numbers on figures."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.decompose.grouping import models_in_order
from hotmess.plot import style
from hotmess.plot.ticks import plain_number, round_ticks, spread, value_ticks
from hotmess.words import clean


@given(st.text(max_size=80), st.integers(4, 40))
def test_clean_names_are_short_and_visible(name, limit):
    out = clean(name, limit)
    assert len(out) <= limit
    assert not any(c in out for c in "\x00\n\t\u202e\u200b")


@given(st.lists(st.text(max_size=60), min_size=1, max_size=12, unique=True), st.integers(6, 30))
def test_labels_never_look_alike(names, limit):
    out = style.labels(names, limit)
    assert len(out) == len(names)
    assert len(set(out)) == len(out)


def test_labels_keep_what_tells_names_apart():
    names = [f"Qwen2.5-{n}B-Instruct" for n in ("0.5", "1.5", "72")]
    assert style.labels(names, 16) == ["Qwen2.5-0.5B", "Qwen2.5-1.5B", "Qwen2.5-72B"]
    assert style.labels(names, 8) == ["0.5B", "1.5B", "72B"]
    assert style.labels(names, 40) == names


def test_labels_are_cut_between_words_and_not_in_the_number_that_tells_them_apart():
    sizes = ("0.135", "14.982", "72")
    names = [f"{family}-{size}B-it" for family in ("gemma-2", "DeepSeek-R1-Distill-Qwen") for size in sizes]
    assert style.labels(names, 20)[3:] == ["DeepSeek…Qwen-0.135B", "DeepSeek-R1…14.982B", "DeepSeek-R1…Qwen-72B"]
    assert style.labels(names, 14)[:3] == ["gemma-2-0.135B", "gemma…14.982B", "gemma-2-72B"]
    arms = ["Qwen2.5-0.135B-Instruct, low", "Qwen2.5-0.135B-Instruct, high", "Qwen2.5-72B-Instruct, low"]
    assert style.labels(arms, 16) == ["0.135B…low", "0.135B…high", "72B-Instruct…low"]


@given(st.floats(1e-4, 1e6), st.floats(1.2, 1e5), st.integers(3, 7))
def test_ticks_are_few_inside_and_plain(low, ratio, most):
    ticks = round_ticks(low, low * ratio, most)
    assert 1 <= len(ticks) <= max(most, 1)
    assert ticks == sorted(ticks)
    for tick in ticks:
        assert "e" not in plain_number(tick)


@given(st.floats(1e-3, 1e6), st.floats(1.05, 3), st.integers(3, 7))
def test_an_axis_of_hardly_a_range_has_two_ticks_or_more(low, ratio, most):
    """One number on an axis says nothing of its scale."""
    ticks = round_ticks(low, low * ratio, most)
    assert 2 <= len(ticks) <= most and low / 1.01 <= ticks[0] < ticks[-1] <= 1.01 * low * ratio


def test_value_ticks_keep_the_ends_and_their_distance():
    sizes = np.array([0.5, 1.5, 3, 3.1, 7, 14, 32, 72])
    kept = spread(sizes, 5)
    assert (kept[0], kept[-1]) == (0.5, 72)
    assert np.diff(np.log(kept)).min() >= np.log(144) / 10 - 1e-9


def test_of_very_many_values_round_numbers_are_the_ticks():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    axes.set_yscale("log")
    value_ticks(axes.yaxis, np.geomspace(0.1, 400, 200), most=8)
    assert axes.yaxis.get_majorticklocs().tolist() == pytest.approx([0.1, 0.3, 1, 3, 10, 30, 100, 300])


@pytest.mark.parametrize("inches", [1.0, 1.6, 3.2])
def test_numbers_of_many_digits_do_not_touch_on_a_short_axis(inches):
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    axes.set_xscale("log")
    sizes = np.geomspace(0.301, 400, 20)
    value_ticks(axes.xaxis, sizes, most=6, inches=inches)
    at = axes.xaxis.get_majorticklocs()
    apart = inches * np.diff(np.log(at)) / np.log(sizes[-1] / sizes[0])
    assert len(at) >= 2 and apart.min() > 0.055 * max(len(plain_number(v)) for v in at)


def test_models_by_family_size_and_number_in_the_name():
    table = pd.DataFrame(
        {
            "model": ["b-10", "b-9", "a-70b", "a-7b", "a-7b"],
            "family": ["b", "b", "a", "a", "a"],
            "model_size_b": [np.nan, np.nan, 70, 7, 7],
        }
    )
    assert models_in_order(table)["model"].tolist() == ["a-7b", "a-70b", "b-9", "b-10"]


def test_settings_of_matplotlib_are_given_back():
    before = dict(matplotlib.rcParams)
    with style.look():
        style.panels(1, 1, width=3, height=2)
        assert matplotlib.rcParams["text.parse_math"] is False
    assert dict(matplotlib.rcParams) == before


def test_figures_are_unknown_to_pyplot():
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    with style.look():
        axes = style.panels(2, 2, width=3, height=2)
    assert pyplot.get_fignums() == before
    assert style.figure_of(axes) is axes[0, 0].figure


@pytest.mark.parametrize(("count", "most"), [(1, 12), (12, 12), (200, 12)])
def test_some_of_many_keep_first_and_last(count, most):
    chosen = style.some(count, most)
    assert len(chosen) == min(count, most)
    assert (chosen[0], chosen[-1]) == (0, count - 1)
