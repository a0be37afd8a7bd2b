"""Slopes of these models' own terms: Poisson pseudo-likelihood against statsmodels, and beside a verdict."""

from __future__ import annotations

import numpy as np
import pytest

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.claim import Quantity
from hotmess.claims.kinds.own_slopes import OwnSlopes
from hotmess.claims.kinds.size_slope import SizeSlope
from hotmess.claims.study import Study
from hotmess.claims.test import test_claim as run_claim
from hotmess.claims.these_models import these_models
from hotmess.decompose.squared import unbiased
from hotmess.inference.gate import Gate
from hotmess.responses.validate import validate
from hotmess.simulate import simulate
from hotmess.statements.effective import Effective
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
    assert set(record) == {"models", "verdict", "probability", "median", "low", "high", "why"}
    assert record["low"] < record["median"] < record["high"]
    assert f"among these {record['models']} models" in found.sentence
    assert any(title == "These models" for title, _ in found.lines())
    assert found.probability != record["probability"]
    other = run_claim(study, CATALOGUE["natural-overthinking"], sensitivity=False)
    assert other.record()["these_models"] is None


@pytest.mark.parametrize(
    ("other", "effective", "why"),
    [
        (-1.0, 200.0, "the other population has the opposite sign"),
        (1.0, 3.0, "errors"),
        (1.0, 200.0, ""),
    ],
)
def test_it_says_what_holds_back_a_verdict_that_its_probability_would_give(other, effective, why) -> None:
    rng = np.random.default_rng(3)
    draws = rng.normal(1.0, 0.2, (4, 500))
    sides = {
        "like-these": Quantity(draws, Gate(), "", effective=Effective(effective, effective, 50)),
        "these": Quantity(other * draws, Gate(), ""),
    }
    own = these_models(lambda _, population: (sides[population], 5), None, "like-these", 0.9, None)
    assert own.probability > 0.975 and (own.verdict == "supported") == (not why)
    assert (why in own.why) if why else own.why == ""
    assert own.sentence().endswith(f"inconclusive, as {own.why}." if why else "supported.")


def test_a_probability_that_lies_between_needs_no_why() -> None:
    draws = np.random.default_rng(3).normal(0.1, 0.2, (4, 500))
    quantity = Quantity(draws, Gate(), "", effective=Effective(200.0, 200.0, 50))
    own = these_models(lambda *_: (quantity, 5), None, "like-these", 0.9, None)
    assert (own.verdict, own.why) == ("inconclusive", "") and own.sentence().endswith("inconclusive.")
