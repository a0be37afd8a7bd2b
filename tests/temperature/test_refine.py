"""The search for the peaks of units' marginal likelihoods: from afar, and each unit no longer than it needs."""

import numpy as np

from hotmess.simulate import simulate
from hotmess.temperature import fast
from hotmess.temperature.data import length_data
from hotmess.temperature.laplace import approximate, around
from hotmess.temperature.prior import TemperaturePrior


def test_a_peak_is_found_from_afar_and_a_unit_that_is_there_is_left_alone(monkeypatch):
    data = length_data(simulate("natural-only", seed=2, questions=60, budgets=1, models=3).table, pool=True)
    prior = TemperaturePrior()
    center, width = np.r_[[m for m, _ in prior.level], 0, 0], prior.widths(data.features)
    near = fast.refine(data.dense, approximate(data.dense, center, width), center, width, points=32, seed=1)
    spread = np.linalg.inv(near.precision + np.diag(1 / width**2))
    sd, start = np.sqrt(np.diagonal(spread, axis1=1, axis2=2)), near.theta.copy()
    start[1] += 10 * sd[1] * [1, 1, -1, -1, 1]  # the second unit alone
    evaluated, whole = [], fast.evaluator

    def evaluator(*args, units, **options):
        evaluated.append(units.tolist())
        return whole(*args, units=units, **options)

    monkeypatch.setattr(fast, "evaluator", evaluator)
    found = fast.refine(data.dense, around(data.dense, start, spread, width), center, width, points=32, seed=1)
    assert evaluated[0] == [0, 1, 2] and evaluated[-1] == [1] and len(evaluated) > 3
    np.testing.assert_allclose((found.theta - near.theta) / sd, 0.0, atol=0.3)
    again = np.linalg.inv(found.precision + np.diag(1 / width**2))
    np.testing.assert_allclose(np.sqrt(np.diagonal(again, axis1=1, axis2=2)) / sd, 1.0, atol=0.1)
