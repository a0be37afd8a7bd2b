"""Slopes of these models' own terms: Poisson pseudo-likelihood against statsmodels, and beside a verdict."""

from __future__ import annotations

import numpy as np
import pytest

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.kinds.own_slopes import OwnSlopes
from hotmess.claims.kinds.size_slope import SizeSlope
from hotmess.claims.study import Study
from hotmess.claims.test import test_claim as run_claim
from hotmess.decompose.squared import unbiased
from hotmess.responses.validate import validate
from hotmess.simulate import simulate
from hotmess.statements.pseudo import poisson_slope


def test_the_slope_is_that_of_a_poisson_regression() -> None:
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    rng = np.random.default_rng(0)
    x = np.log([0.5, 1.5, 3.0, 7.0, 14.0, 32.0])
    y = np.exp(-1 - 0.3 * x) * rng.gamma(4, 0.25, (20, 6))
    y[0, 2] = 0.0  # a model without errors takes part
    design = np.column_stack([np.ones(6), x])
    exact = [GLM(row, design, family=Poisson()).fit(tol=1e-12).params[1] for row in y]
    np.testing.assert_allclose(poisson_slope(y, x), exact, atol=1e-7)
    assert np.isnan(poisson_slope(np.zeros(6), x))


@pytest.fixture(scope="module")
def study() -> Study:
    world = simulate("scale", seed=4, questions=90, samples=8, residual=0.2)
    return Study(validate(world.table), seed=4, draws=250)


def test_it_is_the_slope_of_these_models_means(study: Study) -> None:
    """By unbiased terms, without a model, group by group; uncertain over questions only."""
    about = SizeSlope("hard", 1.0)
    own = OwnSlopes(lambda s: (about.weights(s), -about.weights(s)))
    (like, models), (these, _) = (own(study, p) for p in ("like-these", "these"))
    assert models == study.responses.table["model"].nunique()
    cells = study.power_laws.fit.cells
    terms, rows = unbiased(cells.points), (cells.table["difficulty"] == "hard").to_numpy()
    groups = cells.table[rows].groupby("model", observed=True)
    x = np.log(groups["model_size_b"].first().to_numpy(float))
    bias2, variance = (
        np.array([values[rows][at].mean() for at in groups.indices.values()])
        for values in (terms.bias2, terms.variance)
    )
    plain = float(poisson_slope(variance, x) - poisson_slope(bias2, x))
    assert like.effective is not None and like.effective.df > 8
    assert abs(np.median(like.draws) - plain) < 0.7 * like.draws.std()
    assert abs(np.median(these.draws) - plain) < 1.5 * these.draws.std()
    law = about.quantity(study, "like-these").draws
    assert these.draws.std() < like.draws.std() < law.std()  # models like these scatter besides


def test_it_stands_beside_the_verdict_and_decides_nothing(study: Study) -> None:
    found = run_claim(study, CATALOGUE["hard-incoherence-rises-with-scale"], sensitivity=False)
    record = found.record()["these_models"]
    assert set(record) == {"models", "verdict", "probability", "median", "low", "high"}
    assert record["low"] < record["median"] < record["high"]
    assert f"among these {record['models']} models" in found.sentence
    assert any(title == "These models" for title, _ in found.lines())
    assert found.probability != record["probability"]
    other = run_claim(study, CATALOGUE["natural-overthinking"], sensitivity=False)
    assert other.record()["these_models"] is None
