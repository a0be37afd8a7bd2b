"""Tail-count likelihoods against scipy's beta-binomial and Dirichlet-multinomial, and the Ewens limit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import gammaln

from hotmess.answers.tails import log_likelihood_accuracy, log_likelihood_wrong, tail_counts
from hotmess.errors import BadInput


def log_choose(n, x):
    return gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)


def random_counts(seed, *, cells=12, groups=3, most=9, kinds=(1, 2, 3, 5)):
    rng = np.random.default_rng(seed)
    options = rng.choice(kinds, cells)
    wrong = np.where(np.arange(max(kinds)) < options[:, None], rng.integers(0, most, (cells, max(kinds))), 0)
    return rng.integers(0, most, cells), wrong, rng.integers(0, groups, cells), options, rng.integers(0, 3, cells)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 0.99), st.floats(-4, 6), st.floats(-4, 6))
def test_likelihoods_are_those_of_scipy_summed_over_cells(seed, a, log_kappa, log_phi):
    right, wrong, group, options, unparsable = random_counts(seed)
    tails = tail_counts(right, wrong, group, groups=3, options=options, unparsable=unparsable)
    kappa, phi = np.exp(log_kappa) * np.array([1, 2, 3.0]), np.exp(log_phi) * np.array([1, 0.5, 2.0])
    total = right + wrong.sum(1) + unparsable
    accuracy, answers = np.zeros(3), np.zeros(3)
    for i, g in enumerate(group):
        exact = stats.betabinom.logpmf(right[i], total[i], kappa[g] * a, kappa[g] * (1 - a))
        accuracy[g] += exact - log_choose(total[i], right[i])
        counts = wrong[i, : options[i]]
        if counts.sum():
            exact = stats.dirichlet_multinomial.logpmf(counts, np.full(options[i], phi[g] / options[i]), counts.sum())
            answers[g] += exact - (gammaln(counts.sum() + 1) - gammaln(counts + 1).sum())
    np.testing.assert_allclose(log_likelihood_accuracy(tails, np.full(3, a), kappa), accuracy, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(log_likelihood_wrong(tails, phi), answers, rtol=1e-9, atol=1e-8)


def test_a_group_alone_has_the_same_likelihood_and_trailing_axes_are_a_grid():
    right, wrong, group, options, unparsable = random_counts(4)
    tails = tail_counts(right, wrong, group, groups=3, options=options, unparsable=unparsable)
    rng = np.random.default_rng(0)
    a, kappa, phi = rng.random((3, 4, 2)), rng.gamma(2.0, size=(3, 4, 2)), rng.gamma(2.0, size=(3, 5))
    whole, answers = log_likelihood_accuracy(tails, a, kappa), log_likelihood_wrong(tails, phi)
    assert whole.shape == (3, 4, 2) and answers.shape == (3, 5)
    for g in range(3):
        one = tails.one(g)
        np.testing.assert_allclose(log_likelihood_accuracy(one, a[[g]], kappa[[g]])[0], whole[g])
        np.testing.assert_allclose(log_likelihood_wrong(one, phi[[g]])[0], answers[g])
        point = log_likelihood_accuracy(one, a[[g], 1, 1], kappa[[g], 1, 1])
        np.testing.assert_allclose(point, whole[g, 1, 1])


def restaurant(counts, phi):
    """log probability of a sequence of answers in which a new answer comes with probability phi/(phi + seen)."""
    value, so_far = 0.0, np.zeros(len(counts))
    for seen, k in enumerate(np.repeat(np.arange(len(counts)), counts)):
        value += np.log((so_far[k] or phi) / (phi + seen))
        so_far[k] += 1
    return value


@pytest.mark.parametrize("phi", [0.05, 1.0, 7.5])
def test_open_ended_answers_follow_the_restaurant_process(phi):
    wrong = np.array([[3, 1, 0, 2], [0, 0, 0, 0], [5, 0, 0, 0], [1, 1, 1, 1]])
    tails = tail_counts(np.ones(4, int), wrong, np.zeros(4, int), groups=1, options=np.full(4, np.inf))
    constant = sum(gammaln(c) for c in wrong.ravel() if c)  # (c - 1)! of every answer, free of phi
    exact = sum(restaurant(row, phi) for row in wrong) - constant
    assert log_likelihood_wrong(tails, np.array([phi]))[0] == pytest.approx(exact, rel=1e-10)


def test_the_ewens_limit_is_that_of_many_options():
    wrong = np.array([[3, 1, 0, 2], [0, 0, 0, 0], [5, 0, 0, 0], [1, 1, 1, 1]])
    phi = np.array([[0.2, 1.0, 4.0]])
    k = 1e7
    many, limit = (
        log_likelihood_wrong(tail_counts(np.ones(4, int), wrong, np.zeros(4, int), groups=1, options=o), phi)
        for o in (np.full(4, k), np.full(4, np.inf))
    )
    constant = (wrong > 0).sum() * np.log(k) - sum(gammaln(c) for c in wrong.ravel() if c)
    np.testing.assert_allclose(many + constant, limit, atol=1e-5)


def test_bounded_and_open_ended_questions_add_up():
    wrong, k = np.array([[2, 1], [3, 0]]), np.array([2, np.inf])
    phi = np.array([1.7])
    both = tail_counts(np.zeros(2, int), wrong, np.zeros(2, int), groups=1, options=k)
    each = [tail_counts(np.zeros(1, int), wrong[[i]], np.zeros(1, int), groups=1, options=k[[i]]) for i in range(2)]
    assert log_likelihood_wrong(both, phi)[0] == pytest.approx(sum(log_likelihood_wrong(t, phi)[0] for t in each))


def test_one_option_is_refused():
    with pytest.raises(BadInput, match="fewer than two options"):
        tail_counts(np.ones(1, int), np.zeros((1, 1), int), np.zeros(1, int), groups=1, options=np.zeros(1))
