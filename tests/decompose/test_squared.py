"""The squared family against closed forms and against exact enumeration of all samples."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import multinomial

from hotmess.decompose.points import from_responses, from_tally
from hotmess.decompose.squared import plug_in, unbiased

P = np.array([0.5, 0.3, 0.15, 0.05])


def compositions(n: int, k: int) -> np.ndarray:
    """All counts of n answers over k options."""
    return np.array([c for c in product(range(n + 1), repeat=k) if sum(c) == n])


def of_counts(counts: np.ndarray, target: int):
    """Points with one cell for each row of counts."""
    cells, k = counts.shape
    cell, option = np.nonzero(counts)
    return from_tally(np.eye(k)[option], np.eye(k)[np.full(cells, target)], cell=cell, copies=counts[cell, option])


def truth(p: np.ndarray, target: int) -> tuple[float, float, float]:
    """error, bias², variance of one-hot answers with shares p."""
    bias2 = ((np.eye(len(p))[target] - p) ** 2).sum()
    return 2 * (1 - p[target]), bias2, 1 - (p**2).sum()


def test_worked_example():
    terms = plug_in(of_counts(np.array([[10, 12, 8, 0]]), 3))
    assert terms.bias2.item() == pytest.approx(1.342, abs=5e-4)
    assert terms.variance.item() == pytest.approx(0.658, abs=5e-4)
    assert (terms.variance / terms.error).item() == pytest.approx(0.329, abs=5e-4)


def test_with_two_options_incoherence_is_accuracy():
    counts = np.array([[k, 20 - k] for k in range(20)])
    terms = plug_in(of_counts(counts, 0))
    np.testing.assert_allclose(terms.variance / terms.error, counts[:, 0] / 20, atol=1e-12)


def test_one_hot_closed_form():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(30, [0.4, 0.3, 0.2, 0.1], size=20)
    terms = plug_in(of_counts(counts, 0))
    a = counts[:, 0] / 30
    wrong = counts[:, 1:] / np.maximum(counts[:, 1:].sum(axis=1, keepdims=True), 1)
    h = (wrong**2).sum(axis=1)
    np.testing.assert_allclose(terms.error, 2 * (1 - a), atol=1e-12)
    np.testing.assert_allclose(terms.bias2, (1 - a) ** 2 * (1 + h), atol=1e-12)
    np.testing.assert_allclose(terms.variance, 1 - a**2 - (1 - a) ** 2 * h, atol=1e-12)
    np.testing.assert_allclose(terms.variance / terms.error, (1 + a) / 2 - (1 - a) * h / 2, atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("target", [0, 2])
def test_unbiased_over_all_samples_has_the_true_expectation(n, target):
    counts = compositions(n, 4)
    weight = multinomial(n, P).pmf(counts)
    assert weight.sum() == pytest.approx(1)
    points = of_counts(counts, target)
    error, bias2, variance = truth(P, target)
    got, low = unbiased(points), plug_in(points)
    assert weight @ got.error == pytest.approx(error, abs=1e-12)
    assert weight @ got.bias2 == pytest.approx(bias2, abs=1e-12)
    assert weight @ got.variance == pytest.approx(variance, abs=1e-12)
    # The plug-in variance is low by the factor (n − 1)/n, its bias² high by variance/n.
    assert weight @ low.variance == pytest.approx(variance * (n - 1) / n, abs=1e-12)
    assert weight @ low.bias2 == pytest.approx(bias2 + variance / n, abs=1e-12)


def test_independent_responses_are_plug_in_times_n_over_n_minus_one():
    rng = np.random.default_rng(1)
    z = rng.dirichlet(np.ones(3), size=7)
    points = from_responses(z, np.eye(3)[[1]], cell=np.zeros(7, int))
    p, u = plug_in(points), unbiased(points)
    np.testing.assert_allclose(u.variance, p.variance * 7 / 6)
    np.testing.assert_allclose(u.bias2, p.bias2 - p.variance / 6)
    assert np.isnan(u.context_variance).all()


CONTEXTS = [(0.4, np.array([0.8, 0.1, 0.1])), (0.6, np.array([0.2, 0.5, 0.3]))]
"""A world with two kinds of context: how often each is drawn, and its answer distribution."""


def test_unbiased_with_contexts_over_all_samples_has_the_true_expectation():
    """Two contexts of two and three responses, every outcome of contexts and answers with its probability."""
    sizes = (2, 3)
    z, cell, context, weights = [], [], [], []
    for kinds in product(range(2), repeat=2):
        for answers in product(range(3), repeat=sum(sizes)):
            weight = 1.0
            groups = (answers[: sizes[0]], answers[sizes[0] :])
            for at, (kind, group) in enumerate(zip(kinds, groups, strict=True)):
                share, p = CONTEXTS[kind]
                weight *= share * np.prod(p[list(group)])
                for answer in group:
                    z.append(np.eye(3)[answer])
                    cell.append(len(weights))
                    context.append(at)
            weights.append(weight)
    weights = np.array(weights)
    points = from_responses(
        np.array(z), np.eye(3)[np.zeros(len(weights), int)], cell=np.array(cell), context=np.array(context)
    )
    got = unbiased(points)
    assert weights.sum() == pytest.approx(1)
    mean = sum(share * p for share, p in CONTEXTS)
    between = sum(share * ((p - mean) ** 2).sum() for share, p in CONTEXTS)
    within = sum(share * (1 - (p**2).sum()) for share, p in CONTEXTS)
    assert weights @ got.context_variance == pytest.approx(between, abs=1e-12)
    assert weights @ got.sampling_variance == pytest.approx(within, abs=1e-12)
    assert weights @ got.variance == pytest.approx(between + within, abs=1e-12)
    assert weights @ got.bias2 == pytest.approx(((np.eye(3)[0] - mean) ** 2).sum(), abs=1e-12)
    # As if all responses were independent, the variance is too low: contexts must not be ignored.
    n = sum(sizes)
    naive = weights @ plug_in(points).variance * n / (n - 1)
    assert naive < between + within - 0.01


def test_averaging_answers_divides_variance_and_leaves_bias_alone():
    """Averages of E independent answers, by enumeration: bias² is the same, variance is divided by E exactly."""
    for size in (2, 3, 4):
        counts = compositions(size, 4)
        weight = multinomial(size, P).pmf(counts)
        mean = weight @ (counts / size)
        spread = weight @ ((counts / size - mean) ** 2).sum(axis=1)
        _, bias2, variance = truth(P, 0)
        assert ((np.eye(4)[0] - mean) ** 2).sum() == pytest.approx(bias2, abs=1e-12)
        assert spread == pytest.approx(variance / size, abs=1e-12)


def test_averaging_inside_one_context_divides_the_sampling_part_only():
    mean = sum(share * p for share, p in CONTEXTS)
    between = sum(share * ((p - mean) ** 2).sum() for share, p in CONTEXTS)
    within = sum(share * (1 - (p**2).sum()) for share, p in CONTEXTS)
    size = 3
    counts = compositions(size, 3)
    total = sum(
        share * (multinomial(size, p).pmf(counts) @ ((counts / size - mean) ** 2).sum(axis=1)) for share, p in CONTEXTS
    )
    assert total == pytest.approx(between + within / size, abs=1e-12)


def test_one_cluster_has_no_unbiased_variance():
    terms = unbiased(from_responses(np.eye(2)[[0]], np.eye(2)[[0]], cell=np.zeros(1, int)))
    assert np.isnan(terms.variance).all()
    assert terms.error.tolist() == [0.0]


def test_embeddings_have_variance_only():
    z = np.random.default_rng(0).normal(size=(5, 8))
    terms = unbiased(from_responses(z, np.full((1, 8), np.nan), cell=np.zeros(5, int)))
    assert np.isnan(terms.error).all()
    assert np.isnan(terms.bias2).all()
    assert terms.variance.item() == pytest.approx(z.var(axis=0, ddof=1).sum())


def test_coverage_error_is_the_share_of_failed_tests():
    passed = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]], dtype=float)
    terms = plug_in(from_responses(passed / 2, np.full((1, 4), 0.5), cell=np.zeros(3, int)))
    assert terms.error.item() == pytest.approx(1 - passed.mean())
    assert terms.bias2.item() == pytest.approx(((1 - passed.mean(axis=0)) ** 2).mean())
