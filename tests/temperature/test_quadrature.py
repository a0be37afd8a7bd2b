"""Few lengths in the place of a cell's own: Gauss' rule of a measure of atoms, and sums over responses by it."""

import numpy as np
import pytest

from hotmess.simulate import simulate
from hotmess.temperature.data import length_data
from hotmess.temperature.likelihood import log_likelihood
from hotmess.temperature.many_scores import blocks, log_likelihoods
from hotmess.temperature.quadrature import NODES, condensed, gauss


def test_polynomials_are_summed_exactly_and_measures_of_few_atoms_wholly():
    rng = np.random.default_rng(0)
    x, weight = rng.normal(5, 2, (4, 30)), rng.integers(1, 4, (4, 30)).astype(float)
    weight[1, 4:] = 0  # four atoms
    x[2], x[3, 3:] = 2.5, x[3, 0]  # one, three
    nodes, share = gauss(x, weight)
    assert nodes.shape == share.shape == (4, NODES) and (share > -1e-12).all()
    np.testing.assert_allclose(share.sum(axis=1), weight.sum(axis=1))
    for power in range(2 * NODES):
        found, exact = (share * ((nodes - 5) / 4) ** power).sum(1), (weight * ((x - 5) / 4) ** power).sum(1)
        np.testing.assert_allclose(found, exact, atol=1e-9)
    power = 2 * NODES + 2  # beyond, the rule of as many nodes is off where there are more atoms
    off = np.abs((share * ((nodes - 5) / 4) ** power).sum(1) - (weight * ((x - 5) / 4) ** power).sum(1))
    assert off[0] > 1e-6 and (off[1:] < 1e-9).all()


def test_nodes_lie_at_each_budget_and_add_up_to_its_responses():
    dense = length_data(simulate("both", seed=5, questions=6, models=2, budgets=2, samples=25).table).dense
    features, weight = condensed(dense.features, dense.weight)
    assert features.shape == (2, 12, 2 * NODES) and weight.shape == (12, 2 * NODES)
    for cell in range(12):
        own = dense.weight[cell] > 0
        x, budget = dense.features[:, cell, own]
        for value in np.unique(budget):
            at = features[1, cell] == value
            mine, theirs = weight[cell, at], dense.weight[cell, own][budget == value]
            assert at.sum() == NODES and mine.sum() == pytest.approx(theirs.sum())
            found, exact = (mine * np.exp(-features[0, cell, at])).sum(), (theirs * np.exp(-x[budget == value])).sum()
            assert found == pytest.approx(exact, rel=1e-6)


def test_where_responses_are_few_they_stay():
    dense = length_data(simulate("both", seed=5, questions=6, budgets=2, samples=NODES).table).dense
    assert condensed(dense.features, dense.weight)[0] is dense.features
    block = blocks(dense)[0]
    assert block.nodes is block.features and block.share is block.weight


@pytest.mark.parametrize("budgets", [1, 2])
def test_log_likelihoods_are_those_of_all_responses(budgets):
    """At scores drawn from a prior, most of them far from what the responses say, and at large effects."""
    table = simulate("both", seed=4, questions=40, models=1, budgets=budgets, samples=40).table
    dense = length_data(table).dense
    assert blocks(dense)[0].share.shape[0] == NODES * budgets < blocks(dense)[0].weight.shape[0]
    rng, size = np.random.default_rng(1), len(dense.features)
    for scale in (0.3, 0.8):
        theta = np.r_[1.0, 0.2, -0.1, scale * rng.choice([-1, 1], 2 * size)][:, None] + np.zeros((1, 40))
        d = 2.5 * rng.normal(size=(len(dense.real), 30, 40))
        exact = np.stack([log_likelihood(d[:, p], theta, dense) for p in range(30)])
        found = log_likelihoods(d, theta, blocks(dense))
        likely = exact > exact.max(axis=0) - 10
        assert np.abs(found - exact)[likely].max() < (4e-4 if scale < 0.5 else 4e-3)
        np.testing.assert_allclose(found, exact, rtol=3e-6, atol=4e-3 if scale < 0.5 else 2e-2)
