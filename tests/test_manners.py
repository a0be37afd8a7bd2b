"""Manners in a notebook: short prints, escaped tables, TAB, either name of a seed, figures in the user's own axes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import hotmess as hm
from hotmess import plot
from hotmess.errors import BadInput


@pytest.fixture(scope="module")
def responses():
    table = hm.example().where("model_size_b < 8").table
    return hm.read(table.assign(model=table["model"].str.replace("owl-1b", "<b>owl", regex=False)))


@pytest.fixture(scope="module")
def study(responses):
    return hm.Study(responses, random_seed=4, draws=60)


def test_prints_are_short_and_tables_escaped(responses, study):
    fit = hm.fit(responses, draws=60)
    things = [responses, study, study.cells, fit, study.length_law, hm.compare(fit)]
    things += [hm.decompose(responses), hm.reliability(responses), hm.modes(responses), study.contrast, hm.check(fit)]
    things += [hm.plan(study, "natural-overthinking", questions=[20, 40], draws=200)]
    for thing in things:
        assert len(repr(thing)) < 400 and repr(thing).startswith(f"<{type(thing).__name__}: ")
        page = thing._repr_html_()
        assert "<b>owl" not in page and len(page) < 20_000
    assert "60 questions, 2 models, 240 cells; answer, by grid, 4 × 60 draws; reliable" in repr(fit)
    assert repr(hm.decompose(responses)) == "<Decomposition: 2 groups; brier, answer, plug-in; records, frame()>"
    assert repr(hm.reliability(responses)).startswith("<Reliability: 26 rows of model, quantity, k, questions, value, ")
    assert repr(things[-1]).startswith("<Design: natural-overthinking: 16 rows of questions, samples, ")
    assert repr(study.contrast) == "<Contrast: 2 models on 60 questions, latent>"
    assert "&lt;b&gt;owl" in fit._repr_html_() and "incoherence_low" in fit._repr_html_()


def test_a_seed_has_two_names(responses, study):
    assert study.seed == 4
    one, two = (hm.fit(responses, draws=20, **{name: 9}) for name in ("seed", "random_seed"))
    assert one.spec == two.spec and one.data["posterior"].equals(two.data["posterior"])
    with pytest.raises(BadInput, match="two names of one setting"):
        hm.fit(responses, seed=1, random_seed=2)
    assert hm.interpret.predictions(responses, draws=20, random_seed=9).equals(
        hm.interpret.predictions(responses, draws=20, seed=9)
    )


def test_tab_finds_claims_figures_and_modules():
    assert "natural_overthinking" in dir(hm.claims) and hm.claims.natural_overthinking.name == "natural-overthinking"
    assert {"AnswerPrior", "ensembles", "plot"} <= set(dir(hm)) and "power_laws" in dir(plot)
    assert all(hasattr(hm, name) for name in dir(hm))


def test_incoherence_by_model_takes_a_fit(responses, study):
    fit = hm.fit(responses, seed=4, draws=60)
    assert plot.incoherence_by_model_table(fit).equals(plot.incoherence_by_model_table(study))
    with pytest.raises(BadInput, match="not on int"):
        plot.incoherence_by_model(3)


def test_figures_are_drawn_in_place_of_the_axes_given(study):
    figure, axes = plt.subplots(1, 2, layout="constrained", figsize=(11, 5))
    one = plot.incoherence_by_model(study, ax=axes[0])
    four = plot.natural_contrast(study.unbiased_contrast, None, ax=axes[1])
    figure.canvas.draw()
    assert len(figure.subfigs) == 2 and not figure.axes[0:0]
    assert one in figure.subfigs[0].axes and all(a in figure.subfigs[1].axes for a in four.flat)
    assert figure.subfigs[0].legends and figure.subfigs[1].legends and not figure.legends
    left, right = (sub.bbox.bounds for sub in figure.subfigs)
    assert left[0] + left[2] <= right[0] + 1
    alone = plot.incoherence_by_model(study, ax=plt.figure(layout="constrained"))
    assert plot.figure_of(alone).get_layout_engine() is not None
    with pytest.raises(BadInput, match="ax is str"):
        plot.incoherence_by_model(study, ax="here")
    assert plot.figure_of(plot.incoherence_by_model(study)) is not figure  # no place is left behind
    plt.close("all")


def test_every_figure_takes_axes():
    import inspect

    tools = {"figure_of", "save", "model_records", "ranks"}  # ranks returns ArviZ's own collection
    for name in plot.__all__:
        if name not in tools and not name.endswith("_table"):
            assert "ax" in inspect.signature(getattr(plot, name)).parameters, name


def test_a_continuous_covariate_is_cut(study):
    fit, bins = study.fit, 3
    with pytest.raises(BadInput, match="cut it by bins="):
        hm.interpret.predictions(fit, "log2_length")
    table = hm.interpret.predictions(fit, "log2_length", bins=bins)
    own = table[table["quantity"] == "error"]
    lengths = fit.cells.table["log2_length"].to_numpy()
    edges = np.quantile(lengths, [0, 1 / 3, 2 / 3, 1])
    assert len(own) == bins and np.all(np.diff(own["log2_length"]) > 0)
    assert all(a <= v <= b for a, v, b in zip(edges, own["log2_length"], edges[1:]))
    with pytest.raises(BadInput, match="2 or more"):
        hm.interpret.predictions(fit, "log2_length", bins=1)
