"""The KL family against its definition, its limit, and exact enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import rel_entr
from scipy.stats import multinomial

from hotmess.decompose import kl
from hotmess.decompose.points import from_responses


def by_definition(f: np.ndarray, target: int, delta: float) -> tuple[float, float, float]:
    """error, bias, variance of predictions f (n, C), in words: smooth, geometric mean, Kullback–Leibler."""
    f = (f + delta) / (1 + f.shape[1] * delta)
    mean = np.exp(np.log(f).mean(axis=0))
    mean = mean / mean.sum()
    y = np.eye(f.shape[1])[target]
    return -np.log(f[:, target]).mean(), rel_entr(y, mean).sum(), np.mean([rel_entr(mean, row).sum() for row in f])


@pytest.mark.parametrize("delta", [1e-12, 1e-6, 1e-2])
def test_probability_vectors_by_definition(delta):
    rng = np.random.default_rng(0)
    f = rng.dirichlet(np.full(4, 0.3), size=6)
    z = kl.log_smoothed(f, np.full(6, 4), delta=delta)
    got = kl.plug_in(from_responses(z, np.eye(4)[[2]], cell=np.zeros(6, int)), np.array([4]))
    error, bias, variance = by_definition(f, 2, delta)
    assert got.error.item() == pytest.approx(error, rel=1e-10)
    assert got.bias2.item() == pytest.approx(bias, rel=1e-10)
    assert got.variance.item() == pytest.approx(variance, rel=1e-10)
    assert got.error.item() == pytest.approx(bias + variance, rel=1e-10)


def test_letters_from_counts_equal_letters_one_by_one():
    counts = np.array([[3, 1, 0, 0, 2], [0, 5, 1, 0, 0], [2, 2, 2, 0, 0]])
    choices = np.array([4, 3, 3])
    target = np.array([0, 2, 1])
    got = kl.from_counts(counts, target, choices, delta=1e-6)
    for i, row in enumerate(counts):
        c = choices[i]
        f = np.concatenate([np.repeat(np.eye(c), row[:c], axis=0), np.full((row[-1], c), 1 / c)])
        error, bias, variance = by_definition(f, target[i], 1e-6)
        assert got.error[i] == pytest.approx(error, rel=1e-10)
        assert got.bias2[i] == pytest.approx(bias, rel=1e-9)
        assert got.variance[i] == pytest.approx(variance, rel=1e-10)


def test_the_ratio_of_one_hot_answers_tends_to_a_statement_about_modes_slowly():
    """Two tied options: 0.958 at δ = 1e-12, limit 1; the gap closes as 1/log(1/δ)."""
    counts, target, choices = np.array([[2, 2, 1, 0, 0]]), np.array([0]), np.array([4])
    ratio = {}
    for power in (12, 24, 48, 96, 192):
        terms = kl.from_counts(counts, target, choices, delta=10.0**-power)
        ratio[power] = (terms.variance / terms.error).item()
    assert ratio[12] == pytest.approx(0.958, abs=5e-4)
    gaps = [(1 - ratio[power]) * power for power in ratio]
    np.testing.assert_allclose(gaps, np.log10(2) * 5 / 3, rtol=4e-3)


def test_the_limit_of_the_ratio_is_one_minus_the_mode_over_one_minus_accuracy():
    counts = np.array([[3, 5, 2, 0]])
    terms = kl.from_counts(counts, np.array([0]), np.array([3]), delta=1e-300)
    assert (terms.variance / terms.error).item() == pytest.approx((1 - 0.5) / (1 - 0.3), abs=2e-3)


@pytest.mark.parametrize(("n", "share"), [(3, 0.70), (30, 0.98)])
def test_plug_in_is_low_by_no_constant_factor(n, share):
    """Expected plug-in variance over its true value at p = (0.5, 0.3, 0.1, 0.1), by enumeration."""
    p = np.array([0.5, 0.3, 0.1, 0.1])
    counts = np.array([(a, b, c, n - a - b - c) for a, b, c in product(range(n + 1), repeat=3) if a + b + c <= n])
    weight = multinomial(n, p).pmf(counts)
    cells = len(counts)
    zero = np.zeros(cells, dtype=int)
    terms = kl.from_counts(np.c_[counts, zero], zero, np.full(cells, 4))
    log_f = p * np.log1p(1e-12) + (1 - p) * np.log(1e-12) - np.log1p(4e-12)
    true = -np.log(np.exp(log_f).sum())
    assert weight @ terms.variance / true == pytest.approx(share, abs=0.005)


def test_options_beyond_a_question_do_not_count():
    f = np.array([[0.7, 0.3, 0.0], [0.4, 0.6, 0.0]])
    z = kl.log_smoothed(f, np.array([2, 2]))
    wide = kl.plug_in(from_responses(z, np.eye(3)[[0]], cell=np.zeros(2, int)), np.array([2]))
    narrow = kl.plug_in(from_responses(z[:, :2], np.eye(2)[[0]], cell=np.zeros(2, int)), np.array([2]))
    assert wide.variance.item() == narrow.variance.item()
