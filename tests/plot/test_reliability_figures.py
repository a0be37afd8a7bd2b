"""Figures of pass^k and of shares of sources draw what their tables hold, and their sections say it."""

import json

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess import plot
from hotmess.claims.study import Study
from hotmess.report.build import make_sections
from hotmess.report.section import Context
from hotmess.report.sections import reliability as sections
from hotmess.report.text import columns_json

HOSTILE = '<script>alert("1")</script>$x_2^{3$'


def made(models=3, *, prompts=5, samples=2, questions=20, sources=("prompt",)):
    rng = np.random.default_rng(models)
    shape = (models, questions, prompts, samples)
    m, q, p, s = (index.ravel() for index in np.indices(shape))
    odds = rng.normal(size=(1, questions, 1, 1)) + 0.2 * np.arange(models)[:, None, None, None]
    right = rng.random(shape) < 1 / (1 + np.exp(-odds))
    frame = pd.DataFrame({"model": [f"{HOSTILE}{i:02d}" for i in m], "family": "f", "model_size_b": 2.0**m})
    frame = frame.assign(question=q, prompt=[f"{HOSTILE}{i}" for i in p], sample=p * samples + s, target=0, n_choices=4)
    frame["answer"] = np.where(right.ravel(), 0, rng.integers(1, 4, len(m)))
    return hm.read(frame, allow_copies=True, sources=list(sources), merge=() if sources else ["prompt"])


def marks(axes):
    """All y of marks in a panel."""
    return [y for line in axes.lines if line.get_marker() != "None" for y in line.get_ydata()]


@pytest.mark.parametrize("models", [1, 3, 20])
def test_curves_are_the_table(models):
    responses = made(models)
    table = plot.pass_curves_table(responses)
    assert table["model"].nunique() == models and table["k"].max() == 8
    names = table["model"].unique()
    shown = names if models < 8 else names[np.linspace(0, models - 1, 8).round().astype(int)]
    for width in (7.2, 3.7):
        axes = plot.pass_curves(responses, width=width)
        plot.figure_of(axes).canvas.draw()
        for panel, side in zip(axes.flat, ("pass^k", "pass@k")):
            own = table[(table["quantity"] == side) & table["model"].isin(shown)]
            assert sorted(marks(panel)) == pytest.approx(sorted(own["value"]))


def test_beyond_the_responses_there_are_lines_and_no_marks():
    axes = plot.pass_curves(made(1), k=[2, 40])
    assert len(marks(axes.flat[0])) == 1
    assert len([c for c in axes.flat[0].collections if len(c.get_segments())]) == 2


@pytest.mark.parametrize("models", [1, 3, 20])
def test_shares_are_the_table(models):
    responses = made(models)
    table = plot.source_shares_table(responses, ["prompt"])
    axes = plot.source_shares(responses, ["prompt"], width=3.7)
    plot.figure_of(axes).canvas.draw()
    for panel, part in zip(axes.flat, ("prompt", "sampling")):
        drawn = [x for line in panel.lines if line.get_marker() != "None" for x in line.get_xdata()]
        assert sorted(drawn) == pytest.approx(sorted(table[table["part"] == part]["share"]))
    assert table.groupby("model")["share"].sum().to_numpy() == pytest.approx(1.0)


def test_sections_are_there_where_the_data_hold_them():
    responses = made()
    study = Study(responses, draws=60)
    context = Context(study, (), "like-these", 0.9, "study")
    found = {s.name: s for s in (sections.reliability_section(context), sections.sources_section(context)) if s}
    assert list(found) == ["reliability", "sources"]
    table = found["reliability"].tables[0].data
    own = hm.reliability(responses, k=[8]).table.set_index(["model", "quantity"])["value"]
    for row in table.to_dict("records"):
        assert row["pass^8"] == pytest.approx(own[row["model"], "pass^k"])
        assert row["agreement"] == pytest.approx(own[row["model"], "agreement"])
    modes = found["reliability"].tables[1].data
    parts = modes[["right or wrong", "answered or not", "among wrong answers"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(1 - table["agreement"].to_numpy())
    whole = found["sources"].tables[0].data
    assert json.loads(json.dumps(columns_json(whole)))["share"][2] is None  # the total's share says nothing
    assert found["sources"].title.startswith("How much is the prompt")
    assert sections.sources_section(Context(Study(made(sources=())), (), "like-these", 0.9, "")) is None


def test_one_response_per_question_is_said_in_the_place_of_the_section(monkeypatch):
    from hotmess.report import sections as every

    monkeypatch.setattr(every, "SECTIONS", [s for s in every.SECTIONS if s[0] in ("reliability", "sources")])
    once = made(prompts=2, samples=1).where("sample = 0")
    found = make_sections(Context(Study(once), (), "like-these", 0.9, ""), lambda _: None)
    assert [s.name for s in found] == ["reliability", "sources"]
    assert "Every question has one response only" in found[0].missing[0]
    assert "No question has responses with two values of prompt" in found[1].missing[0]
