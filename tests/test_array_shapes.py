"""Arrays of other shapes than a signature states are caught wherever a test calls it; loops in their first calls."""

import numpy as np
import pytest

import array_shapes
from hotmess.decompose.parts import from_moments
from hotmess.statements.expected import set_means


def test_axes_of_one_name_have_one_length():
    sums, size = np.ones((2, 3, 1)), np.ones((2, 4))
    with pytest.raises(AssertionError, match="size is ndarray"):
        set_means(sums, size, np.zeros(3, int), 1)
    with pytest.raises(AssertionError, match="is list"):
        set_means([[[1.0]]], size, np.zeros(3, int), 1)


def test_a_loop_is_checked_in_its_first_calls(monkeypatch):
    monkeypatch.setattr(array_shapes, "ENOUGH", 2)
    for _ in range(2):
        with pytest.raises(AssertionError):
            set_means(np.ones((2, 3, 1)), np.ones((2, 4)), np.zeros(3, int), 1)
    with pytest.raises(ValueError, match=r"broadcast|operands"):
        set_means(np.ones((2, 3, 1)), np.ones((3, 3)), np.zeros(3, int), 1)
    assert from_moments(np.ones((1, 3))).shape == (1, 3)
