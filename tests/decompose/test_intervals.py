"""Intervals: the jackknife against a loop, coverage of both populations by simulation."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.decompose import intervals
from hotmess.decompose.aggregate import incoherence, question_means
from hotmess.decompose.points import Points, from_responses, from_tally
from hotmess.decompose.squared import plug_in, unbiased


@pytest.mark.parametrize("estimator", [plug_in, unbiased])
@pytest.mark.parametrize("contexts", [False, True])
def test_jackknife_equals_leaving_out_one_by_one(estimator, contexts):
    rng = np.random.default_rng(0)
    z = rng.dirichlet(np.ones(3), size=12)
    context = np.repeat(np.arange(4), 3) if contexts else None
    target = np.eye(3)[[0]]
    cell = np.zeros(12, int)
    got = intervals.jackknife(from_responses(z, target, cell=cell, context=context), estimator)
    groups = [np.flatnonzero(context == k) for k in range(4)] if contexts else [np.array([r]) for r in range(12)]
    theta = []
    for group in groups:
        keep = np.setdiff1d(np.arange(12), group)
        inner = None if context is None else context[keep]
        terms = estimator(from_responses(z[keep], target, cell=cell[keep], context=inner))
        theta.append([terms.error[0], terms.bias2[0], terms.variance[0]])
    theta = np.array(theta)
    away = theta - theta.mean(axis=0)
    j = len(groups)
    np.testing.assert_allclose(got.covariance[0], (j - 1) / j * away.T @ away, atol=1e-14)
    assert got.clusters.tolist() == [j]


def test_copies_are_left_out_one_at_a_time():
    counts = np.array([5, 3, 2])
    tallied = from_tally(np.eye(3), np.eye(3)[[0]], cell=np.zeros(3, int), copies=counts)
    single = from_responses(np.repeat(np.eye(3), counts, axis=0), np.eye(3)[[0]], cell=np.zeros(10, int))
    np.testing.assert_allclose(
        intervals.jackknife(tallied, unbiased).covariance, intervals.jackknife(single, unbiased).covariance, atol=1e-15
    )


def test_two_responses_have_no_jackknife_of_an_unbiased_variance():
    points = from_responses(np.eye(2), np.eye(2)[[0]], cell=np.zeros(2, int))
    assert np.isnan(intervals.jackknife(points, unbiased).covariance).any()


def test_question_weights_are_dirichlet_and_repeatable():
    weights = intervals.question_shares(7, 4000, 3)
    np.testing.assert_array_equal(weights, intervals.question_shares(7, 4000, 3))
    assert stats.kstest(weights[:, 0], stats.beta(1, 6).cdf).pvalue > 1e-3


def test_few_questions_widen_by_students_t():
    draws = np.random.default_rng(0).normal(size=20_000)[:, None]
    narrow = intervals.bootstrap_interval(draws, np.zeros(1), interval=0.9, questions=50)
    wide = intervals.bootstrap_interval(draws, np.zeros(1), interval=0.9, questions=10)
    factor = stats.t.isf(0.05, 9) / stats.norm.isf(0.05) * np.sqrt(11 / 9)
    assert (wide[1] - wide[0]).item() == pytest.approx(factor * (narrow[1] - narrow[0]).item())
    assert np.isnan(intervals.bootstrap_interval(draws, np.zeros(1), interval=0.9, questions=1)).all()


def world(rng: np.random.Generator, questions: int) -> np.ndarray:
    """Answer distributions of questions: (questions, 4), the target first."""
    a = rng.beta(1.2, 0.8, questions)
    wrong = rng.dirichlet(np.full(3, 0.5), questions)
    return np.c_[a, (1 - a)[:, None] * wrong]


def of_counts(counts: np.ndarray) -> Points:
    cell, option = np.nonzero(counts)
    return from_tally(np.eye(4)[option], np.eye(4)[np.zeros(len(counts), int)], cell=cell, copies=counts[cell, option])


def these(points: Points, interval: float) -> tuple[float, float]:
    terms = unbiased(points)
    error, variance = terms.error.mean(), terms.variance.mean()
    jack = intervals.jackknife(points, unbiased)
    q = len(terms.error)
    low, high, _ = intervals.linear_interval(
        intervals.ratio_contrast(error, variance),
        np.full(q, 1 / q),
        jack,
        variance / error,
        interval=interval,
        questions=q,
    )
    return low, high


def like_these(points: Points, interval: float, seed: int) -> tuple[float, float]:
    terms = unbiased(points)
    values = np.stack([terms.error, terms.variance], axis=1)
    q = len(values)
    weights = intervals.question_shares(q, 1000, seed)
    zero = np.zeros(q, int)
    means = question_means(values, group=zero, question=np.arange(q), groups=1, weights=weights)[:, 0]
    estimate = incoherence(values[:, 0].mean(), values[:, 1].mean())
    low, high = intervals.bootstrap_interval(
        incoherence(means[:, 0], means[:, 1])[:, None], np.atleast_1d(estimate), interval=interval, questions=q
    )
    return low.item(), high.item()


@pytest.mark.parametrize(("questions", "n", "low", "high"), [(100, 8, 0.855, 0.945), (20, 6, 0.855, 0.955)])
def test_intervals_for_these_questions_cover(questions, n, low, high):
    """400 data sets on one fixed set of questions; the truth is its own incoherence. (Binomial sd 0.015.)"""
    rng = np.random.default_rng(questions)
    p = world(rng, questions)
    bias2 = ((np.eye(4)[0] - p) ** 2).sum(axis=1)
    truth = 1 - bias2.sum() / (2 * (1 - p[:, 0])).sum()
    hits = []
    for _ in range(400):
        lower, upper = these(of_counts(rng.multinomial(n, p)), 0.9)
        hits.append(lower <= truth <= upper)
    assert low <= np.mean(hits) <= high


@pytest.mark.parametrize(("questions", "low", "high"), [(100, 0.855, 0.945), (20, 0.80, 0.94)])
def test_intervals_for_questions_like_these_cover(questions, low, high):
    """400 data sets with questions drawn anew; the truth is the population's. (20 questions: 0.87 in the long run.)"""
    rng = np.random.default_rng(questions + 1)
    many = world(rng, 400_000)
    truth = 1 - ((np.eye(4)[0] - many) ** 2).sum() / (2 * (1 - many[:, 0])).sum()
    hits = []
    for seed in range(400):
        lower, upper = like_these(of_counts(rng.multinomial(6, world(rng, questions))), 0.9, seed)
        hits.append(lower <= truth <= upper)
    assert low <= np.mean(hits) <= high


def test_plug_in_terms_would_not_cover():
    """The same simulation with plug-in terms misses: what the unbiased terms are for."""
    rng = np.random.default_rng(5)
    p = world(rng, 100)
    truth = 1 - ((np.eye(4)[0] - p) ** 2).sum() / (2 * (1 - p[:, 0])).sum()
    hits = []
    for _ in range(100):
        points = of_counts(rng.multinomial(6, p))
        terms = plug_in(points)
        error, variance = terms.error.mean(), terms.variance.mean()
        low, high, _ = intervals.linear_interval(
            intervals.ratio_contrast(error, variance),
            np.full(100, 0.01),
            intervals.jackknife(points, plug_in),
            variance / error,
            interval=0.9,
            questions=100,
        )
        hits.append(low <= truth <= high)
    assert np.mean(hits) < 0.3


def test_an_undefined_ratio_has_no_interval():
    assert np.isnan(intervals.ratio_contrast(0.0, 0.0)).all()


@pytest.mark.parametrize("cluster", [None, "passage"])
def test_draws_in_blocks_are_the_draws(monkeypatch, cluster):
    table = hm.example().table
    table = table.assign(passage=table["question"].astype(str).str[-1])
    responses = hm.read(table, cluster=cluster)
    settings = {"by": ["model", "budget"], "interval": 0.8, "draws": 301}
    whole = hm.decompose(responses, **settings).frame()
    monkeypatch.setattr(
        importlib.import_module("hotmess.decompose.grouping"), "BLOCK", 64 * table["question"].nunique() + 1
    )
    pd.testing.assert_frame_equal(hm.decompose(responses, **settings).frame(), whole, rtol=1e-12)


def test_student_s_t_is_scipy_s():
    df = np.array([0.5, 1.0, 3.7, 49.0, 1e12, np.inf])
    np.testing.assert_allclose(intervals.student(0.05, df), stats.t.isf(0.05, df), rtol=1e-8)
    assert np.isnan(intervals.student(0.05, np.nan))
