"""What is left to chance by how many draws a law is fitted to: the jackknife against drawing everything again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hotmess.claims.study import Study
from hotmess.examples import example
from hotmess.laws import shapes
from hotmess.laws.first_stage import location_error
from hotmess.laws.gaussian import JITTER, GaussianLaw, Part, shrunk_covariance
from hotmess.laws.hyperprior import HyperPrior
from hotmess.laws.length import length_law

M, DRAWS = 12, 40


def _mean_of_correlated(rng):
    """A law of one mean seen M times with errors in common, by DRAWS draws of what is seen."""
    spread = np.linspace(0.5, 2.0, M)
    covariance = 0.7 * np.outer(spread, spread) + 0.3 * np.diag(spread**2)
    seen = rng.multivariate_normal(np.zeros(M), covariance, DRAWS)
    one = np.ones((1, 1))
    noise = shrunk_covariance(seen) + JITTER * np.eye(M)
    law = GaussianLaw(
        seen.mean(0), noise, np.ones((M, 1)), np.zeros(1), 1e4 * one, HyperPrior((1.0,)), (Part((0, 0), 0 * one),)
    )
    return law, seen


def test_the_error_is_that_of_drawing_all_again():
    """400 times; with weights held, as if the covariance were known, a sixth of it would be missed."""
    rng, point = np.random.default_rng(0), np.ones((1, 1))
    found, said, fixed = [], [], []
    for _ in range(400):
        law, seen = _mean_of_correlated(rng)
        found.append(law.conditional(point)[0][0, 0])
        said.append(location_error(law, seen, point, lambda b: b[0]))
        gain = np.linalg.solve(law.noise, np.ones(M))
        fixed.append(seen @ gain / gain.sum())
    scatter = np.std(found)
    assert np.sqrt(np.mean(np.square(said))) == pytest.approx(scatter, rel=0.12)
    assert np.sqrt(np.mean(np.var(fixed, axis=1)) / DRAWS) < 0.87 * scatter


def test_what_each_draw_adds_to_a_left_out_density_makes_its_error():
    """Draws of the mean of five observations with variance 1, drawn 300 times: sum of elpd, and what is said of it."""
    y, rng = np.array([-1.0, -0.2, 0.1, 0.7, 1.4]), np.random.default_rng(1)
    sums, said = [], []
    for _ in range(300):
        mean = rng.normal(y.mean(), np.sqrt(1 / len(y)), 400)
        elpd, _, moved = shapes.loo(-0.5 * (y - mean[:, None]) ** 2 - 0.5 * np.log(2 * np.pi))
        sums.append(elpd.sum())
        said.append(np.sqrt((moved.sum(axis=0) ** 2).sum()))
    assert np.sqrt(np.mean(np.square(said))) == pytest.approx(np.std(sums), rel=0.2)


@pytest.fixture(scope="module")
def table():
    return example()


def test_laws_are_fitted_to_the_draws_that_they_say(table):
    """The mean and the covariance that a law sees are those of its `first_stage`, for both populations."""
    laws, length = Study(table, draws=100).power_laws, length_law(table, draws=100)
    for p, population in enumerate(laws.law.populations):
        seen = laws.first_stage(population)
        np.testing.assert_allclose(seen.mean(0), laws.law.mean[p], rtol=1e-12)
        np.testing.assert_allclose(shrunk_covariance(seen), laws.law.covariance[p], atol=1e-9)
        lines = length.first_stage(population)
        np.testing.assert_allclose(lines.mean(0), length.law.mean[0, p], rtol=1e-12)
        np.testing.assert_allclose(shrunk_covariance(lines), length.law.covariance[0, p], rtol=1e-10)


def test_a_law_without_noise_in_what_it_sees_has_no_error():
    law, seen = _mean_of_correlated(np.random.default_rng(2))
    alike = np.tile(seen[: DRAWS // 10], (10, 1))
    law = replace(law, y=alike.mean(0), noise=shrunk_covariance(alike))
    assert location_error(law, alike, np.ones((1, 1)), lambda b: b[0]) == pytest.approx(0.0, abs=1e-9)
