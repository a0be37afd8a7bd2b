"""Clusters of questions in the jackknife of the temperature model."""

from __future__ import annotations

import numpy as np
import pytest

from hotmess.responses.units import CLUSTER
from hotmess.responses.validate import validate
from hotmess.simulate import simulate
from hotmess.temperature.data import length_data
from hotmess.temperature.fit import fit_lengths
from hotmess.temperature.heat_association import heat_association
from hotmess.temperature.score import heat_score


@pytest.fixture(scope="module")
def table():
    return simulate("natural-only", seed=8, questions=48, samples=12, budgets=1).table


@pytest.mark.slow
def test_influences_are_added_over_a_cluster(table):
    """Clusters of three: the variance is that of sums of three c_q, and as many questions as clusters are effective."""
    clustered = table.assign(**{CLUSTER: table["question"].astype(str).str.extract(r"(\d+)")[0].astype(int) % 16})
    fits = [fit_lengths(t, engine="fast", seed=1, draws=150, points=24) for t in (table, clustered)]
    alone, together = (fit.influence for fit in fits)
    cluster = length_data(clustered).dependent()
    summed = np.stack([alone.likelihood[:, alone.question[cluster == c]].sum(1) for c in range(16)], axis=1)
    np.testing.assert_allclose(together.likelihood, summed, atol=1e-9)
    effective = fits[1].mean_slope("natural", "heat")[1]
    assert effective.units == 16 and effective.df <= 16
    assert heat_association(fits[1]).question.max() == 15 and heat_association(fits[0]).question.max() == 47


def test_the_control_counts_clusters(table):
    whole = validate(table).table
    twins = whole.assign(**{CLUSTER: np.unique(whole["question"].astype(str), return_inverse=True)[1] % 16})
    one, other = (heat_score(t, length="reasoning_tokens") for t in (whole, twins))
    assert one.estimate().value == pytest.approx(other.estimate().value)
    assert other.estimate().df <= 15 < one.estimate().df
