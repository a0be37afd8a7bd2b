"""Means over questions and ratios of sums."""

from __future__ import annotations

import numpy as np
import pytest

from hotmess.decompose.aggregate import cell_weights, incoherence, question_means


def test_a_question_with_more_cells_counts_once():
    values = np.array([[1.0], [2.0], [6.0], [10.0]])
    got = question_means(values, group=np.array([0, 0, 0, 1]), question=np.array([0, 0, 1, 1]), groups=2)
    assert got.tolist() == [[3.75], [10.0]]


def test_weights_are_normalised_within_each_group():
    values = np.array([[1.0], [5.0], [7.0]])
    weights = np.array([[0.1, 0.3, 0.6]])
    got = question_means(values, group=np.array([0, 0, 1]), question=np.arange(3), groups=2, weights=weights)
    assert got[0, 0, 0] == pytest.approx((0.1 * 1 + 0.3 * 5) / 0.4)
    assert got[0, 1, 0] == pytest.approx(7.0)


def test_a_group_without_cells_is_undefined():
    got = question_means(np.ones((1, 2)), group=np.zeros(1, int), question=np.zeros(1, int), groups=2)
    assert np.isnan(got[1]).all()


def test_incoherence_is_a_ratio_of_sums_and_not_a_mean_of_ratios():
    error, variance = np.array([2.0, 0.1]), np.array([0.2, 0.1])
    assert incoherence(error.mean(), variance.mean()) == pytest.approx(0.3 / 2.1)
    assert np.isnan(incoherence(0.0, 0.0))


def test_no_cells_no_weights():
    assert len(cell_weights(np.zeros(0, int), np.zeros(0, int))) == 0
