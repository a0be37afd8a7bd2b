"""The three parts: exact identities."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.decompose import parts
from hotmess.decompose.points import from_responses, from_tally
from hotmess.decompose.squared import unbiased

share = st.floats(0.01, 0.99)
triples = st.tuples(share, share, share).map(np.array)


@given(triples, triples)
def test_the_parts_add_up_exactly(before, after):
    total = parts.incoherence(*after) - parts.incoherence(*before)
    assert parts.shapley(before, after).sum() == pytest.approx(total, abs=1e-14)


@given(triples, triples)
def test_swapping_the_sides_changes_the_sign(before, after):
    np.testing.assert_allclose(parts.shapley(before, after), -parts.shapley(after, before), atol=1e-14)


@given(triples, st.integers(0, 2), share)
def test_a_change_of_one_part_belongs_to_it_alone(before, part, value):
    after = before.copy()
    after[part] = value
    got = parts.shapley(before, after)
    assert np.delete(got, part).tolist() == [0.0, 0.0]


def test_shapley_by_its_definition():
    before, after = np.array([0.4, 0.3, 0.5]), np.array([0.7, 0.5, 0.9])
    expected = np.zeros(3)
    for order in permutations(range(3)):
        for at, part in enumerate(order):
            without = [after[k] if k in order[:at] else before[k] for k in range(3)]
            with_it = [after[k] if k in order[: at + 1] else before[k] for k in range(3)]
            expected[part] += (parts.incoherence(*with_it) - parts.incoherence(*without)) / 6
    np.testing.assert_allclose(parts.shapley(before, after), expected, atol=1e-15)


def test_beta_accuracies_have_spread_one_over_kappa_plus_one():
    """E[a²] of Beta(κa, κ(1 − a)) gives ρ = 1/(κ + 1)."""
    a, kappa = 0.6, 4.0
    square = a * (kappa * a + 1) / (kappa + 1)
    got = parts.from_moments(np.array([a, square, 0.1]))
    assert got[1] == pytest.approx(1 / (kappa + 1))


def test_the_parts_rebuild_the_unbiased_incoherence_exactly():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(10, [0.5, 0.3, 0.1, 0.1], size=40)
    cell, option = np.nonzero(counts)
    points = from_tally(np.eye(4)[option], np.eye(4)[np.zeros(40, int)], cell=cell, copies=counts[cell, option])
    terms = unbiased(points)
    got = parts.from_moments(parts.moments(points).mean(axis=0))
    assert parts.incoherence(*got) == pytest.approx(terms.variance.sum() / terms.error.sum(), abs=1e-12)


def test_the_parts_rebuild_it_with_contexts_too():
    rng = np.random.default_rng(1)
    z = np.eye(3)[rng.integers(0, 3, 240)]
    cell = np.repeat(np.arange(20), 12)
    points = from_responses(z, np.eye(3)[np.zeros(20, int)], cell=cell, context=np.tile(np.repeat(np.arange(4), 3), 20))
    terms = unbiased(points)
    got = parts.from_moments(parts.moments(points).mean(axis=0))
    assert parts.incoherence(*got) == pytest.approx(terms.variance.sum() / terms.error.sum(), abs=1e-12)


def test_nothing_is_known_of_the_spread_where_all_is_right_or_wrong():
    assert np.isnan(parts.from_moments(np.array([1.0, 1.0, 0.0]))[1])
    assert np.isnan(parts.from_moments(np.array([0.0, 0.0, 0.5]))[1])
