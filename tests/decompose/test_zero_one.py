"""0/1 loss against Domingos' definition written out over single answers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.decompose.points import from_responses
from hotmess.decompose.zero_one import plug_in


def by_definition(counts: list[int], target: int) -> tuple[float, float, float, float]:
    """error, bias, variance, s · variance, averaged over the most frequent answers."""
    n = sum(counts)
    modes = [k for k, c in enumerate(counts) if c == max(counts)]
    rows = []
    for main in modes:
        other = n - counts[main]
        if main == target:
            rows.append((0.0, other / n, other / n))
        else:
            s = -(counts[target] / other) if other else 0.0
            rows.append((1.0, other / n, s * other / n))
    bias, variance, net = np.mean(rows, axis=0)
    return 1 - counts[target] / n, bias, variance, net


def of(counts: list[int], target: int):
    z = np.repeat(np.eye(len(counts)), counts, axis=0)
    return plug_in(from_responses(z, np.eye(len(counts))[[target]], cell=np.zeros(len(z), int)))


@given(st.lists(st.integers(0, 6), min_size=2, max_size=5).filter(lambda c: sum(c) > 0), st.data())
def test_by_definition(counts, data):
    target = data.draw(st.integers(0, len(counts) - 1))
    got = of(counts, target)
    error, bias, variance, net = by_definition(counts, target)
    assert got.error.item() == pytest.approx(error, abs=1e-9)
    assert got.bias.item() == pytest.approx(bias, abs=1e-9)
    assert got.variance.item() == pytest.approx(variance, abs=1e-9)
    assert got.net_variance.item() == pytest.approx(net, abs=1e-9)
    assert error == pytest.approx(bias + net, abs=1e-9)


def test_three_options_need_the_share_and_not_minus_one():
    """Mode wrong: the paper's s = −1 would give 1 − 0.6 = 0.4; the true error is 0.7."""
    got = of([3, 4, 3], 0)
    assert (got.bias.item(), got.variance.item()) == (1.0, pytest.approx(0.6))
    assert got.error.item() == pytest.approx(0.7)
    assert got.net_variance.item() == pytest.approx(-0.3)


def test_all_answers_equal_and_wrong():
    got = of([0, 5, 0], 0)
    assert (got.error.item(), got.bias.item(), got.variance.item(), got.net_variance.item()) == (1.0, 1.0, 0.0, 0.0)


def test_uniform_answers_tie_all_options():
    z = np.full((3, 3), 1 / 3)
    got = plug_in(from_responses(z, np.eye(3)[[0]], cell=np.zeros(3, int)))
    assert got.bias.item() == pytest.approx(2 / 3)
    assert got.error.item() == pytest.approx(2 / 3)


@pytest.mark.parametrize("k", [7, 13, 20])
def test_sums_of_shares_tie_as_the_fractions_do(k):
    """k responses give option 0 a k-th each, one gives option 1 a whole vote: a tie, which sums of 1/k miss."""
    z = np.zeros((k + 1, 2 * k))
    for i in range(k):
        z[i, [0, *(2 + ((k - 1) * i + np.arange(k - 1)) % (2 * k - 2))]] = 1 / k
    z[k, 1] = 1.0
    for target in (0, 1):
        assert plug_in(from_responses(z, np.eye(2 * k)[[target]], cell=np.zeros(k + 1, int))).bias.item() == 0.5


def test_one_vote_more_of_2001_is_no_tie():
    assert of([1001, 1000], 0).bias.item() == 0.0 and of([1001, 1000], 1).bias.item() == 1.0


def test_nothing_but_unparsable_free_text_is_wrong():
    got = plug_in(from_responses(np.zeros((2, 2)), np.eye(2)[[0]], cell=np.zeros(2, int)))
    assert (got.error.item(), got.bias.item()) == (1.0, 1.0)
    assert got.error.item() == got.bias.item() + got.net_variance.item()
