"""Effects side by side and the dose response: what is drawn is what the tables hold, and what was simulated."""

import numpy as np
import pandas as pd
import pytest

from hotmess import plot
from hotmess.claims.study import Study
from hotmess.report.section import Context
from hotmess.report.sections.overthinking import overthinking
from hotmess.responses.validate import validate
from hotmess.simulate import simulate


@pytest.fixture(scope="module")
def study():
    world = simulate("both", seed=3, questions=60, budgets=2, samples=20, heat_nat=0.5, heat_bud=-0.3)
    return Study(validate(world.table), seed=1, draws=150)


def test_without_the_joint_model_the_section_holds_budgets_by_assignment_alone(study):
    section = overthinking(Context(study, (), "like-these", 0.9, ""))
    assert [t.name for t in section.tables] == ["budget-parts"] and not section.figures
    assert "was not fitted" in section.text[-1]
    own = section.tables[0].data.set_index("estimator").loc["latent"]
    assert own["change"] == pytest.approx(own["accuracy"] + own["spread"] + own["concentration"], abs=0.01)


def test_models_stand_by_size_as_in_other_figures():
    from hotmess.decompose.grouping import models_in_order, rows_in_order

    about = pd.DataFrame({"model": ["large", "small", "other"], "family": ["f", "f", ""], "model_size_b": [8, 1, 3.0]})
    assert models_in_order(about)["model"].tolist() == ["other", "small", "large"]
    units = ["large, cot", "large, plain", "other", "small, cot", "small, plain"]
    table = rows_in_order(pd.DataFrame({"unit": units}), "unit", about)
    assert table["unit"].tolist() == ["other", "small, cot", "small, plain", "large, cot", "large, plain"]


def test_a_study_of_one_budget_and_no_joint_model_has_no_section():
    world = simulate("neither", seed=1, questions=5, budgets=1, samples=8)
    assert overthinking(Context(Study(validate(world.table)), (), "like-these", 0.9, "")) is None


def test_figures_draw_the_tables(study):
    fit = study.temperature
    section = overthinking(Context(study, (), "these", 0.9, ""))
    slopes, doses = section.figures
    halves = {"natural": study.halves, "budget": study.budget_halves}
    panel = plot.overthinking_slopes(fit, halves, population="these").flat[0]
    drawn = sorted(float(line.get_xdata()[0]) for line in panel.lines if line.get_marker() in ("o", "s"))
    np.testing.assert_allclose(drawn, sorted(slopes.data["slope"]))
    assert "by natural length, in one model, " in slopes.finding and "; by budget, in one model, " in slopes.finding
    assert list(slopes.data["estimator"]) == ["joint", "unbiased"] * 2
    joint = slopes.data[slopes.data["estimator"] == "joint"].set_index("kind")
    assert joint.loc["natural", "slope_low"] > 0 > joint.loc["budget", "slope_high"]
    assert any("overlap" in sentence for sentence in section.text)
    panel = plot.dose_response(fit, study.responses, population="these").flat[0]
    budgets = doses.data[doses.data["curve"] == "budget"]
    np.testing.assert_allclose(panel.lines[1].get_ydata(), budgets["incoherence"])
    np.testing.assert_allclose(panel.lines[1].get_xdata(), budgets["tokens"])
    np.testing.assert_allclose(panel.lines[2].get_ydata(), budgets["unbiased"])
    assert (abs(budgets["incoherence"] - budgets["unbiased"]) < 3 * budgets["unbiased_error"]).all()
