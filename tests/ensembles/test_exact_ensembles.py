"""Averages and votes against enumeration of every possible ensemble."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from hotmess.ensembles import average, average_kl, vote, vote_limit
from hotmess.errors import BadInput


def ensembles(p, size):
    """Every sequence of `size` answers over the outcomes of p (…, last unparsable) and its probability."""
    for answers in product(range(len(p)), repeat=size):
        yield np.bincount(answers, minlength=len(p)), np.prod([p[i] for i in answers])


def distribution(seed, options, unparsable):
    p = np.random.default_rng(seed).dirichlet(np.ones(options + 1))
    p[-1] *= unparsable
    return p / p.sum()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.integers(2, 4), st.integers(1, 5), st.booleans())
def test_votes_are_those_of_all_ensembles(seed, options, size, unparsable):
    p = distribution(seed, options, unparsable)
    expected = 0.0
    for counts, chance in ensembles(p, size):
        votes = counts[:-1]
        level = votes == votes.max()
        expected += chance * level[0] / level.sum()
    assert vote(p[None, :-1], size, unparsable=p[None, -1])[0] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 99), st.integers(2, 4), st.integers(1, 5), st.booleans(), st.sampled_from([1e-12, 1e-3]))
def test_averages_are_those_of_all_ensembles(seed, options, size, unparsable, delta):
    p = distribution(seed, options, unparsable)
    y = np.eye(options)[0]
    mean, square, error, log_mean = np.zeros(options), 0.0, 0.0, np.zeros(options)
    for counts, chance in ensembles(p, size):
        f = counts[:-1] / size + counts[-1] / size / options
        mean, square = mean + chance * f, square + chance * f @ f
        error += chance * ((f - y) ** 2).sum()
        log_mean += chance * np.log((f + delta) / (1 + options * delta))
    z = np.log(np.exp(log_mean).sum())
    found = average_kl(p[None, 0], p[None, 1:-1], p[None, -1], np.array([options]), size, delta=delta)
    assert np.ravel(found) == pytest.approx([-log_mean[0], -log_mean[0] + z, -z], rel=1e-9, abs=1e-9)
    # Brier: the terms of single answers, by the same enumeration with E = 1, divided in closed form
    one = p[:-1] + p[-1] / options
    single = (p[:-1].sum() + p[-1] / options) - one @ one
    assert average(((one - y) ** 2).sum(), single, size) == pytest.approx(
        (error, ((mean - y) ** 2).sum(), square - mean @ mean)
    )


def test_one_context_divides_the_sampling_part_only():
    """Three contexts with answer distributions of their own, every ensemble of two answers in one or two contexts."""
    contexts = np.array([[0.8, 0.2], [0.5, 0.5], [0.1, 0.9]])
    z = contexts.mean(0)
    variance = 1 - z @ z
    between = ((contexts - z) ** 2).sum(1).mean()
    shared, own = 0.0, 0.0
    for a, b in product(range(2), repeat=2):
        away = (((np.eye(2)[a] + np.eye(2)[b]) / 2 - z) ** 2).sum()
        shared += away * (contexts[:, a] * contexts[:, b]).mean()
        own += away * z[a] * z[b]
    assert average(0.0, variance, 2, context_variance=between, contexts=1)[2] == pytest.approx(shared)
    assert average(0.0, variance, 2, context_variance=between)[2] == pytest.approx(own)
    assert average(0.0, variance, 2)[2] == pytest.approx(own)


def test_the_vote_tends_to_its_limit():
    p = np.array([[0.5, 0.3, 0.2], [0.35, 0.45, 0.2], [0.4, 0.4, 0.2]])
    assert vote_limit(p).tolist() == [1.0, 0.0, 0.5]
    assert vote(p, 120) == pytest.approx(vote_limit(p), abs=0.15)
    assert vote(np.array([[0.52, 0.48]]), 999)[0] == pytest.approx(binom.sf(499, 999, 0.52))
    assert vote(p, 1) == pytest.approx(p[:, 0])
    assert (np.diff([vote(p, e) for e in (1, 3, 9, 27)], axis=0)[:, :2] * [1, -1] > 0).all()


def test_impossible_ensembles_are_refused():
    with pytest.raises(BadInput, match="whole number"):
        vote(np.array([[0.5, 0.5]]), 0)
    with pytest.raises(BadInput, match="context part"):
        average(0.1, 0.2, 4, contexts=2)
    with pytest.raises(BadInput, match="at least one answer"):
        average(0.1, 0.2, 0.5)
