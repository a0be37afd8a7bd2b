"""Figures of ensembles, signatures, samples and relations draw what their tables hold."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hotmess import plot
from hotmess.decompose.grouping import models_in_order
from hotmess.ensembles import real_ensembles
from hotmess.laws.samples import sample_size, subset_spread
from hotmess.plot.colour import palette


@pytest.fixture(scope="module")
def study():
    from hotmess.claims.study import Study
    from hotmess.responses.validate import validate

    rng = np.random.default_rng(8)
    size = 2.0 ** np.arange(4)
    m, q, s = (a.ravel() for a in np.meshgrid(np.arange(4), np.arange(36), np.arange(12)))
    chance = 1 / (1 + np.exp(-(rng.normal(0, 1.2, 36)[q] + 0.4 * m - 0.8)))
    table = pd.DataFrame(
        {"benchmark": "b", "model": [f"m-{size[i]:g}b$x_2^" for i in m], "family": np.where(m < 2, "m", "n")}
    )
    table = table.assign(model_size_b=size[m], question=[f"q{i}" for i in q], sample=s, target=0, n_choices=4)
    table["answer"] = np.where(rng.random(len(m)) < chance, 0, rng.integers(1, 4, len(m)))
    table["reasoning_tokens"] = np.exp(rng.normal(5 + 0.05 * q, 0.4)).astype(int) + 1
    table["reasoning_text"] = [("wait " if (i + j) % 3 else "") + "so it is" * (1 + j % 4) for i, j in zip(s, q)]
    return Study(validate(table.assign(hours=q // 2)), draws=100)


def marks(axes):
    """All (x, y) of marks in a panel."""
    return np.array([(x, y) for line in axes.lines if line.get_marker() != "None" for x, y in line.get_xydata()])


def near(values, drawn):
    """Whether each value is among those drawn."""
    return all(np.isclose(v, drawn, rtol=1e-9, atol=1e-12).any() for v in values)


def test_real_ensembles_draw_both_terms_and_the_lines_of_independence(study):
    real = real_ensembles(study.responses)
    table = plot.real_ensembles_table(real)
    axes = plot.real_ensembles(real)
    plot.figure_of(axes).canvas.draw()
    first = table[table["model"] == table["model"].iloc[0]]
    drawn = np.concatenate([line.get_ydata() for line in axes.flat[0].lines])
    assert near([*first["variance"], *first["bias2"], *first["expected"]], drawn)
    assert first["expected"].to_numpy() == pytest.approx(first["variance"].iloc[0] / first["size"])
    assert axes.flat[0].get_xscale() == axes.flat[0].get_yscale() == "log"
    assert (table["variance_low"] < table["variance"]).all()


def test_signatures_draw_a_share_per_model(study):
    table = plot.failure_signatures_table(study.fit)
    axes = plot.failure_signatures(study.fit)
    plot.figure_of(axes).canvas.draw()
    for panel, name in zip(axes.flat, ("systematic", "hot mess", "both high", "solved")):
        own = table[table["signature"] == name]
        assert panel.get_title(loc="left") == name
        assert sorted(marks(panel)[:, 0]) == pytest.approx(sorted(own["share"]))


def test_samples_draw_posterior_lines_and_the_spread_of_subsets(study):
    made, spread = sample_size(study.fit, draws=100), subset_spread(study.cells, partitions=3)
    table = plot.sample_efficiency_table(made, spread)
    axes = plot.sample_efficiency(made, spread)
    plot.figure_of(axes).canvas.draw()
    for panel, term in zip(axes.flat, ("bias2", "variance", "incoherence")):
        own = table[table["term"] == term]
        drawn = np.concatenate([line.get_ydata() for line in panel.lines])
        assert near([*own["sd"], *own["subsets"].dropna()], drawn)
    assert table["subsets"].notna().sum() == 4 * 3 * 2  # n = 2 and 3 of 12 responses
    models = models_in_order(study.cells.table)  # each in the colour that it has in the other figures
    own = palette(list(zip(models["model"].astype(str), models["family"].astype(str)))).colours
    assert models["family"].nunique() == 2
    assert {line.get_color() for line in axes.flat[0].lines[1::2]} == set(own.values())


def test_changed_answers_draw_every_kind(study):
    table = plot.changed_answers_table(study.cells)
    axes = plot.changed_answers(study.cells)
    plot.figure_of(axes).canvas.draw()
    assert sorted(marks(axes)[:, 0]) == pytest.approx(sorted(table["share"]))


def test_length_correlations_are_drawn_in_the_rows_of_both_models(study):
    table = plot.length_correlation_table(study.responses, label="hours")
    axes = plot.length_correlation(study.responses, label="hours")
    plot.figure_of(axes).canvas.draw()
    pairs, people = table[table["second"] != "hours"], table[table["second"] == "hours"]

    def drawn(mark):
        return sorted(x for line in axes.lines if line.get_marker() == mark for x in line.get_xdata())

    assert drawn("o") == pytest.approx(sorted([*pairs["correlation"]] * 2)) and len(pairs) == 6
    assert drawn("D") == pytest.approx(sorted(people["correlation"])) and len(people) == 4
    one = table["first"].iloc[0]
    own = pairs[(pairs["first"] == one) | (pairs["second"] == one)]["correlation"]
    row = [label.get_text() for label in axes.get_yticklabels()].index(one)
    height = axes.get_yticks()[row]
    middle = [line for line in axes.lines if line.get_marker() == "|" and line.get_ydata()[0] == height]
    assert [line.get_xdata()[0] for line in middle] == pytest.approx([own.median()])
    reach = sorted(x for c in axes.collections for segment in c.get_segments() for x in segment[:, 0])
    assert reach == pytest.approx(sorted([*pairs["correlation_low"], *pairs["correlation_high"]] * 2))


def test_the_surface_has_a_square_per_bin_in_the_colour_of_its_class(study):
    table = plot.length_size_surface_table(study.length_law)
    axes = plot.length_size_surface(study.length_law)
    plot.figure_of(axes).canvas.draw()
    drawn = {(round(x, 6), round(y, 6)): line.get_color() for line in axes.lines for x, y in line.get_xydata()}
    assert len(drawn) == len(table)
    colours = {}
    for row in table.itertuples():
        colours.setdefault(min(int(row.incoherence * 5), 4), set()).add(drawn[round(row.length, 6), row.model_size_b])
    assert all(len(c) == 1 for c in colours.values()) and len(set.union(*colours.values())) == len(colours) > 1


@pytest.mark.parametrize("width", [7.2, 3.7])
def test_a_surface_of_very_many_bins_is_not_a_wall_of_squares(monkeypatch, width):
    rng = np.random.default_rng(0)
    many = pd.DataFrame({"model_size_b": rng.uniform(1, 400, 1000), "length": rng.uniform(100, 2000, 1000)})
    module = importlib.import_module("hotmess.plot.relations")
    monkeypatch.setattr(module, "length_size_surface_table", lambda *_, **__: many.assign(incoherence=rng.random(1000)))
    axes = plot.length_size_surface(SimpleNamespace(length="tokens"), width=width)
    figure = plot.figure_of(axes)
    figure.canvas.draw()
    covered = sum(len(line.get_xdata()) * (line.get_markersize() / 72) ** 2 for line in axes.lines)
    box = axes.get_window_extent()
    assert covered < 0.5 * box.width * box.height / figure.dpi**2


def test_movement_goes_from_the_smallest_to_the_largest_model(study):
    table = plot.movement_by_size_table(study.power_laws)
    axes = plot.movement_by_size(study.power_laws)
    plot.figure_of(axes).canvas.draw()
    assert near(table["bias2"], marks(axes)[:, 0]) and near(table["variance"], marks(axes)[:, 1])
    for name, own in table.groupby("group"):
        end = own.sort_values("model_size_b")[["bias2", "variance"]].to_numpy()[-1]
        assert any(np.allclose(arrow.xy, end) for arrow in axes.texts if hasattr(arrow, "arrow_patch")), name


def test_waiting_is_drawn_per_hundred_words(study):
    table = plot.wait_ratio_table(study.responses)
    axes = plot.wait_ratios(study.responses)
    figure = plot.figure_of(axes)
    figure.canvas.draw()
    first = table[table["model"] == table["model"].iloc[0]]
    assert near(100 * first["ratio"], marks(axes.flat[0])[:, 0])
    assert near(first["incoherence"], marks(axes.flat[0])[:, 1])
    assert "“wait” per 100 words" in figure.get_supxlabel()
