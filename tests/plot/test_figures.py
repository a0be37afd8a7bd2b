"""Figures draw what their tables hold, for one model or two hundred, whatever the names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from hotmess import plot
from hotmess.decompose.grouping import models_in_order
from hotmess.laws.contrast import Contrast
from hotmess.plot import style

HOSTILE = "$x_2^{3$<b>"


def letters(models=4, questions=30, samples=8):
    rng = np.random.default_rng(8)
    size = 2.0 ** np.arange(models)
    m, q, s = (a.ravel() for a in np.meshgrid(np.arange(models), np.arange(questions), np.arange(samples)))
    chance = 1 / (1 + np.exp(-(rng.normal(0, 1.2, questions)[q] + 0.4 * m - 0.8)))
    table = pd.DataFrame({"benchmark": "b", "model": [HOSTILE if i == 0 else f"m-{size[i]:g}b" for i in m]})
    table = table.assign(family="m", model_size_b=size[m], question=[f"q{i}" for i in q], sample=s, target=0)
    table["answer"] = np.where(rng.random(len(m)) < chance, 0, rng.integers(1, 4, len(m)))
    table["reasoning_tokens"] = np.exp(rng.normal(5 + 0.05 * q, 0.4)).astype(int) + 1
    return table.assign(n_choices=4)


@pytest.fixture(scope="module")
def study():
    from hotmess.claims.study import Study
    from hotmess.responses.validate import validate

    return Study(validate(letters()), draws=60)


def contrast(models, families=1, source="latent"):
    rng = np.random.default_rng(models)
    size = np.arange(models) // families + 1.0
    table = pd.DataFrame({"model": [f"model {i}" for i in range(models)], "model_size_b": size})
    table["family"] = [f"family {i % families}" for i in range(models)]
    halves, parts = rng.uniform(0.3, 0.7, (2, 30, models, 2)), rng.normal(0, 0.02, (2, 30, models, 3))
    return Contrast(table, {"like-these": halves}, {"like-these": parts}, source, 50)


def points(axes):
    """All (x, y) of marks in a panel."""
    return np.array([(x, y) for line in axes.lines if line.get_marker() != "None" for x, y in line.get_xydata()])


def draw(axes):
    """Draw the whole figure, which lays it out and makes every tick."""
    figure = plot.figure_of(axes)
    figure.canvas.draw()
    return figure


def test_incoherence_by_model_marks_every_estimate(study):
    axes, table = plot.incoherence_by_model(study), plot.incoherence_by_model_table(study)
    draw(axes)
    drawn = set(points(axes)[:, 0].round(9))
    for name in ("latent", "unbiased", "plug_in"):
        assert set(table[name].round(9)) <= drawn
    assert axes.get_xlim() == (0, 1)
    assert axes.get_yticklabels()[0].get_text() == HOSTILE
    assert (table["plug_in"] < table["unbiased"]).all()  # by the factor (n - 1)/n of the variance


def test_incoherence_against_length_draws_bins_and_band(study):
    axes, table = plot.incoherence_against_length(study.length_law), None
    table = plot.incoherence_against_length_table(study.length_law)
    draw(axes)
    first = table[table["name"] == table["name"].iloc[0]]
    marks = points(axes.flat[0])
    assert set(first["incoherence"].round(9)) | set(first["plug_in"].round(9)) == set(marks[:, 1].round(9))
    band = axes.flat[0].collections[0].get_paths()[0].vertices[:, 1]
    assert 0 <= band.min() < band.max() <= 1
    assert axes.flat[0].get_xscale() == "log"
    for label in axes.flat[0].get_xticklabels():
        assert label.get_text().replace(",", "").isdigit()


def test_the_prior_of_lengths_has_the_quantiles_of_its_mixture_and_marks_every_bin(study):
    """At one standard deviation: logit - level is Normal(0, slope² + tau²) with tau half-normal."""
    law = study.length_law
    axes, table = plot.length_prior(law), plot.length_prior_table(law)
    draw(axes)
    taus = stats.halfnorm.ppf((np.arange(400) + 0.5) / 400, scale=law.prior.spread)
    sd = np.hypot(law.prior.slope, taus)
    upper = optimize.brentq(lambda q: stats.norm.cdf(q / sd).mean() - 0.95, 0, 5)
    level = float(law.draws()["level"].mean())
    one = np.array([np.interp(1.0, table["sd"], table[c]) for c in ("low_90", "median", "high_90")])
    np.testing.assert_allclose(one, 1 / (1 + np.exp(-level - upper * np.array([-1, 0, 1]))), atol=0.012)
    marks = points(axes)
    assert set(law.bins["incoherence_like-these"].round(9)) <= set(marks[:, 1].round(9))
    at = law.bins["x"].to_numpy() / law.arms["log_length_sd"].to_numpy()[law.bins["arm"]]
    assert set(at.round(9)) <= set(marks[:, 0].round(9))


def test_plug_in_bins_are_ratios_of_sums(study):
    """By hand, from the responses of the first bin of the first model."""
    table = plot.incoherence_against_length_table(study.length_law).iloc[0]
    cells = study.length_law.fit.cells
    rows = np.flatnonzero((cells.table["model"] == table["model"]) & (cells.table["bin"] == table["bin"]))
    share = cells.counts[rows] / cells.counts[rows].sum(1, keepdims=True)
    target = np.eye(share.shape[1])[0]
    variance = 1 - (share**2).sum(1)
    error = variance + ((share - target) ** 2).sum(1)
    assert table["plug_in"] == pytest.approx(variance.sum() / error.sum())


def test_power_laws_draw_points_lines_and_exponents(study):
    laws = study.power_laws
    axes, table = plot.power_laws(laws), plot.power_laws_table(laws)
    figure = draw(axes)
    assert len(axes) == laws.groups.shape[0] + 2
    first = table[table["group"] == table["group"].iloc[0]]
    drawn = set(points(axes[0])[:, 1].round(9))
    assert set(first["bias2"].round(9)) | set(first["variance"].round(9)) == drawn
    assert (axes[0].get_xscale(), axes[0].get_yscale()) == ("log", "log")
    ticks = [t.get_text() for t in axes[0].get_xticklabels()]
    assert ticks == ["1", "2", "4", "8"]
    slopes = laws.summary()["logit_incoherence_slope"]
    assert set(slopes.round(9)) == set(points(axes[-1])[:, 0].round(9))
    assert figure.get_size_inches()[0] == style.WIDE


def test_lines_of_the_law_are_exact(study):
    """At the centre of log size the line is the level; a doubling divides it by 2 to the exponent."""
    from hotmess.plot.scale import line

    laws = study.power_laws
    x = np.exp(laws.law.center) * np.array([1.0, 2.0])
    at = line(laws, "variance", 0, x)
    assert at[:, 0] == pytest.approx(np.exp(laws.draws()["level_variance"].values[..., 0].ravel()))
    assert at[:, 0] / at[:, 1] == pytest.approx(2 ** laws.draws()["alpha_variance"].values[..., 0].ravel())


def test_plane_means_lie_on_the_line_of_the_ratio_of_sums(study):
    table = plot.bias_variance_plane_table(study.fit)
    draw(plot.bias_variance_plane(study.fit))
    sets = study.fit.draws(["model"], population="these")
    means = table.groupby("model")[["bias2", "variance"]].mean()
    for i, model in enumerate(sets.table["model"]):
        assert means.loc[model, "variance"] == pytest.approx(sets.variance[..., i].mean(), rel=1e-5)
        assert means.loc[model, "bias2"] == pytest.approx(sets.bias2[..., i].mean(), rel=1e-5)


def test_plane_of_many_questions_is_a_grid(study, monkeypatch):
    from hotmess.plot import plane

    monkeypatch.setattr(plane, "MOST_POINTS", 10)
    axes = plot.bias_variance_plane(study.fit)
    sizes = axes.flat[0].collections[0].get_sizes()
    assert 1 <= len(sizes) <= 30
    x, _, count = plane.binned(np.array([0.01, 0.04, 0.06]), np.zeros(3))
    assert count.tolist() == [2, 1]
    assert x == pytest.approx([0.025, 0.075])


@pytest.mark.parametrize("models", [1, 200])
@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_contrast_of_one_and_of_many(models, width):
    latent, unbiased = contrast(models, 9), contrast(models, 9, "unbiased")
    axes = plot.natural_contrast(latent, unbiased, width=width)
    figure = draw(axes)
    rows = [t.get_text() for t in axes.flat[0].get_yticklabels()]
    assert len(rows) == len(set(rows)) == min(models, style.MAX_ROWS)
    assert ("of 200 models" in figure.texts[0].get_text()) == (models == 200)
    assert len(plot.natural_contrast_table(latent, unbiased)) == 2 * models
    heights = [t.get_window_extent().height for t in axes.flat[0].get_yticklabels()]
    middles = sorted(t.get_window_extent().y0 for t in axes.flat[0].get_yticklabels())
    assert np.diff(middles).min(initial=99) >= 0.9 * max(heights)  # no label on another


def test_parts_add_up_in_the_table(study):
    table = plot.natural_contrast_table(study.unbiased_contrast)
    draws = study.unbiased_contrast
    total = draws.parts["like-these"].sum(-1)
    assert total == pytest.approx(draws.change(), abs=1e-9)
    assert table["estimator"].unique().tolist() == ["unbiased"]


def test_models_keep_their_colour_from_figure_to_figure(study):
    from hotmess.plot.colour import palette

    order = models_in_order(study.fit.cells.table)["model"].tolist()
    wanted = palette([(m, "m") for m in order]).colours
    by_model = plot.incoherence_by_model(study)
    found = {line.get_color() for line in by_model.lines if line.get_marker() == "o" and len(line.get_xdata())}
    assert found == set(wanted.values())
    panels = plot.incoherence_against_length(study.length_law)
    assert panels.flat[0].lines[0].get_color() == wanted[order[0]]


def test_ranks_by_arviz(study):
    from matplotlib import pyplot

    table = plot.ranks_table(study.power_laws.data)
    assert {"alpha_bias2", "alpha_variance"} <= set(table["variable"])
    assert (table["scalars"] > 0).all()
    collection = plot.ranks(study.power_laws.data, names=["alpha_bias2"], most=4)
    band = collection.viz["figure"].item().axes[0].collections[0].get_paths()[0].get_extents()
    assert 0.02 < band.y1 < 0.3  # 0.5 is as wide as all ranks there are
    pyplot.close("all")


def test_saved_figures(study, tmp_path):
    axes = plot.natural_contrast(contrast(2))
    for name in ("a.pdf", "a.svg", "a.png"):
        plot.save(axes, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 2000
