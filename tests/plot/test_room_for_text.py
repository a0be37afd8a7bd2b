"""All text of a figure stands inside it, and none on other text: many models, long names, wide and narrow."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest

from hotmess import plot
from hotmess.checks.predictive import Checks
from hotmess.checks.statistics import NAMES
from hotmess.ensembles import real_ensembles
from hotmess.laws.contrast import Contrast
from hotmess.plot.colour import palette, to_oklch
from hotmess.plot.legend import columns_that_fit
from hotmess.plot.style import figure_of

FAMILIES = ("gemma-2", "Llama-3.1", "DeepSeek-R1-Distill-Qwen")
SIZES = (0.135, 0.649, 3.118, 14.982, 72)
MODELS = [(f"{family}-{size}B-Instruct", family, size) for family in FAMILIES for size in SIZES]


@pytest.fixture(scope="module")
def responses():
    from hotmess.responses.validate import validate

    rng = np.random.default_rng(2)
    m, q, s = (a.ravel() for a in np.meshgrid(np.arange(len(MODELS)), np.arange(9), np.arange(6), indexing="ij"))
    table = pd.DataFrame([MODELS[i] for i in m], columns=["model", "family", "model_size_b"])
    table = table.assign(benchmark="b", question=[f"q{i}" for i in q], sample=s, target=0, n_choices=4)
    table["answer"] = np.where(rng.random(len(m)) < 0.3 + 0.05 * q, 0, rng.integers(1, 4, len(m)))
    table["reasoning_tokens"] = np.exp(rng.normal(5 + 0.2 * q, 0.4)).astype(int) + 1
    return validate(table.assign(hours=q // 2))


def checks(_):
    rng = np.random.default_rng(0)
    made = 0.5 + 0.01 * rng.normal(size=(50, len(MODELS), len(NAMES)))
    whole = {name: (0.5, made[:, :, j].mean(1)) for j, name in enumerate(NAMES)}
    whole["between models"] = (0.6, made[:, 0, 0] - 0.5)
    sets = pd.DataFrame({"model": [model for model, *_ in MODELS]})
    return Checks(sets, np.full((len(MODELS), len(NAMES)), 0.5), made, whole)


def contrast():
    rng = np.random.default_rng(0)
    parts = 0.12 * rng.normal(size=(2, 100, len(MODELS), 3))
    halves = np.stack([np.full(parts.shape[:3], 0.5), 0.5 + parts.sum(-1)], axis=-1)
    models = pd.DataFrame(MODELS, columns=["model", "family", "model_size_b"])
    return Contrast(models, {"like-these": halves}, {"like-these": parts}, "latent", 9)


def slopes(width):
    """One kind of slope by one estimator: as where there are no budgets, and no halves of the responses."""
    rows = [{"unit": model, "kind": "natural", "estimator": "joint", "slope": 0.1} for model, *_ in MODELS]
    made = pd.DataFrame(rows).assign(slope_low=-0.9, slope_high=1.2)
    with pytest.MonkeyPatch.context() as patch:
        module = importlib.import_module("hotmess.plot.overthinking")
        patch.setattr(module, "overthinking_slopes_table", lambda *_, **__: made)
        return plot.overthinking_slopes(None, {}, width=width)


FIGURES = {
    "pass_curves": lambda r, width: plot.pass_curves(r, width=width),
    "changed_answers": lambda r, width: plot.changed_answers(r, width=width),
    "real_ensembles": lambda r, width: plot.real_ensembles(real_ensembles(r), width=width),
    "length_correlation": lambda r, width: plot.length_correlation(r, label="hours", width=width),
    "posterior_checks": lambda r, width: plot.posterior_checks(checks(r), width=width),
    "natural_contrast": lambda r, width: plot.natural_contrast(contrast(), width=width),
    "overthinking_slopes": lambda r, width: slopes(width),
}


def texts(figure):
    """(text, box) of all that is drawn: of ticks only those within the limits of their axis."""
    from matplotlib.axes import Axes
    from matplotlib.text import Text

    figure.draw_without_rendering()
    drawn = [a for a in figure.findobj(Axes) if a.get_visible()]
    ticks = [axis for a in drawn for axis in (a.xaxis, a.yaxis)]
    shown = {t.label1 for axis in ticks for t in axis._update_ticks()}
    every = {t.label1 for axis in ticks for t in (*axis.get_major_ticks(), *axis.get_minor_ticks())}
    for text in figure.findobj(Text):
        hidden = text in every - shown or (text.axes is not None and not text.axes.get_visible())
        if text.get_visible() and text.get_text().strip() and not hidden:
            yield text.get_text(), text.get_window_extent()


@pytest.mark.parametrize("width", [7.2, 3.7])
@pytest.mark.parametrize("name", FIGURES)
def test_text_stands_inside_the_figure_and_on_no_other(responses, name, width):
    figure = figure_of(FIGURES[name](responses, width))
    found = list(texts(figure))
    assert len(found) > 10
    room = figure.bbox.padded(1.5)
    assert [said for said, box in found if not (room.contains(*box.min) and room.contains(*box.max))] == []
    met = [
        (said, other)
        for i, (said, box) in enumerate(found)
        for other, beside in found[i + 1 :]
        if min(box.x1, beside.x1) - max(box.x0, beside.x0) > 1 and min(box.y1, beside.y1) - max(box.y0, beside.y0) > 2
    ]
    assert met == []


def test_marks_stand_at_their_names_where_there_is_one_kind_of_slope():
    panel = slopes(7.2).flat[0]
    heights = [y for line in panel.lines if line.get_marker() != "None" for y in line.get_ydata()]
    assert sorted(heights) == sorted(panel.get_yticks())


def test_a_legend_has_no_more_columns_than_there_is_room_for():
    names = [f"a model of some length {i}" for i in range(6)]
    assert columns_that_fit(names, 7.2, most=4) == 3
    assert columns_that_fit(names, 3.7, most=4) == 1
    assert columns_that_fit(["a"], 0.1) == 1


@pytest.mark.parametrize(("families", "sizes"), [(1, 4), (1, 8), (2, 4), (4, 5)])
def test_colours_of_models_are_told_apart(families, sizes):
    # A distance of 0.02 in OKLab is about the smallest that is seen in large areas; marks and lines are small.
    made = palette([(f"{f}-{i}", str(f)) for f in range(families) for i in range(sizes)])
    lch = np.array([to_oklch(colour) for colour in made.colours.values()])
    angle = np.radians(lch[:, 2])
    lab = np.column_stack([lch[:, 0], lch[:, 1] * np.cos(angle), lch[:, 1] * np.sin(angle)])
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)[np.triu_indices(len(lab), 1)]
    assert apart.min() > 0.06
