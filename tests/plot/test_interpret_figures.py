"""Figures of predictions, comparisons and slopes draw what their tables hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hotmess import plot
from hotmess.errors import BadInput
from hotmess.interpret.compare import Comparison
from hotmess.plot import style


def table(rows, value, **columns):
    rng = np.random.default_rng(len(rows))
    pieces = []
    for name in ("incoherence", "bias2", "variance", "error"):
        centre = rng.uniform(0.2, 0.8, len(rows))
        piece = pd.DataFrame(rows).assign(quantity=name, **columns)
        numbers = {value: centre, "low": centre - 0.1, "high": centre + 0.1}
        numbers |= {"unbiased": centre + 0.01, "unbiased_low": centre - 0.05, "unbiased_high": centre + 0.07}
        pieces.append(piece.assign(**numbers, probability=0.5, reliable=True))
    return pd.concat(pieces, ignore_index=True)


def marks(panel):
    return {
        round(float(x), 9) for line in panel.lines if line.get_marker() not in ("None", "") for x in line.get_xdata()
    }


def wanted(found, name, value):
    own = found[found["quantity"] == name]
    return set(own[value].round(9)) | set(own["unbiased"].round(9))


def test_predictions_have_a_panel_per_quantity_and_a_row_per_set():
    found = table([{"model": f"m-{s}b", "budget": b} for s in (1, 7) for b in ("low", "high")], "median")
    axes = plot.predictions(found)
    figure = plot.figure_of(axes)
    figure.canvas.draw()
    assert [a.get_title(loc="left") for a in axes.flat] == ["incoherence", "bias²", "variance"]
    for panel, name in zip(axes.flat, ("incoherence", "bias2", "variance")):
        assert marks(panel) == wanted(found, name, "median")
    rows = [t.get_text() for t in axes.flat[0].get_yticklabels()]
    assert rows == ["m-1b, low", "m-1b, high", "m-7b, low", "m-7b, high"]
    colours = {line.get_color() for line in axes.flat[0].lines}
    assert len(colours) == 2  # one per model
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["posterior", "unbiased, without a model"]


def test_slopes_say_on_which_scale():
    found = table([{"levels": 4}], "slope").assign(scale=["logit", "log", "log", "log"])
    axes = plot.comparisons(found)
    assert axes.flat[0].get_title(loc="left") == "slope of logit incoherence"
    assert axes.flat[1].get_title(loc="left") == "slope of log bias²"
    assert marks(axes.flat[0]) == wanted(found, "incoherence", "slope")
    assert any(set(line.get_xdata()) == {0} for line in axes.flat[0].lines)


def test_without_a_model_only_hollow_marks():
    found = table([{"of": "a", "against": "b"}], "difference").assign(difference=np.nan, low=np.nan, high=np.nan)
    axes = plot.comparisons(found, quantities=["variance"])
    figure = plot.figure_of(axes)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["unbiased, without a model"]
    assert [t.get_text() for t in axes.flat[0].get_yticklabels()] == ["a − b"]
    with pytest.raises(BadInput, match="no quantity 'bias'"):
        plot.comparisons(found, quantities=["bias"])


@pytest.mark.parametrize("models", [2, 6])
def test_pairs_of_models(models):
    names = [f"<m>-{i}" for i in range(models)]
    pairs = [{"of": a, "against": b} for i, a in enumerate(names) for b in names[i + 1 :]]
    found = Comparison(table(pairs, "difference"), (), "like-these", "brier", 0.9)
    axes = plot.compare(found, width=style.NARROW if models == 2 else style.WIDE)
    shown = [a for a in axes.flat if a.get_visible()]
    assert len(shown) == min(len(pairs), style.MAX_PANELS)
    assert shown[0].get_title(loc="left") == "<m>-0 − <m>-1"
    own = found.table[(found.table["of"] == "<m>-0") & (found.table["against"] == "<m>-1")]
    assert marks(shown[0]) == set(own["difference"].round(9)) | set(own["unbiased"].round(9))
