"""Slopes of embedded answers for questions like these: weights act on the fit, the same for all arms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.laws.embedding_model import PRIOR, latent_draws
from hotmess.laws.embedding_slopes import line_terms, slope_means, slopes_and_mean, weighted_slope
from hotmess.responses.units import take_units
from hotmess.responses.validate import validate
from hotmess.statements.questions import Questions

DRAWS = 1000


def fitted(y, x, error, arm, seed=0):
    return latent_draws(y, x, error, arm, PRIOR, DRAWS, np.random.default_rng(seed))


def data(seed, *, questions=60, error=0.5, shared=0.9):
    """Two arms with the same truth, that answer the same questions: (y, x, error, arm, question)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.7, questions)
    own = 0.5 * x + 0.6 * (np.sqrt(shared) * rng.normal(size=questions))
    y = np.concatenate([own + 0.6 * np.sqrt(1 - shared) * rng.normal(size=questions) for _ in range(2)])
    y += error * rng.normal(size=2 * questions)
    question = np.tile(np.arange(questions), 2)
    return y, np.tile(x, 2), np.full(2 * questions, error), np.repeat([0, 1], questions), question


def test_without_sampling_error_slopes_are_the_bayesian_bootstraps():
    y, x, error, arm, question = data(1, error=1e-9)
    found = fitted(y, x, error, arm)
    means = slope_means(y, x, error, arm, Questions(question), found, PRIOR, seed=3)
    w = next(Questions(question).blocks(DRAWS, 3))[1]
    for a in range(2):
        rows = np.flatnonzero(arm == a)
        exact = weighted_slope(x[rows], np.tile(y[rows], (DRAWS, 1)), w[:, question[rows]])
        np.testing.assert_allclose(slopes_and_mean(means.latent)[:, a], exact, atol=1e-6)
        np.testing.assert_allclose(slopes_and_mean(means.unbiased)[:, a], exact, atol=1e-9)
    np.testing.assert_allclose(means.centre[0], line_terms(y[arm == 0], x[arm == 0]).mean(axis=0), atol=1e-6)


def test_a_cluster_of_two_copies_counts_once():
    y, x, error, arm, question = data(2, questions=40)
    twice = [np.concatenate([v, v]) for v in (y, x, error, arm)]
    found = fitted(*twice)
    copies = np.concatenate([question, question + 40])
    alone = slope_means(*twice, Questions(copies), found, PRIOR, seed=0)
    clustered = slope_means(*twice, Questions(copies, np.tile(np.arange(40), 2)), found, PRIOR, seed=0)
    assert clustered.units == 40 and alone.units == 80
    ratio = slopes_and_mean(clustered.latent).std(axis=0) / slopes_and_mean(alone.latent).std(axis=0)
    np.testing.assert_allclose(ratio, np.sqrt(2), rtol=0.15)


def test_differences_between_arms_are_as_wide_as_they_scatter():
    """They share questions, whose scatter cancels; weighting draws afterwards kept the draws' own noise in it."""
    now, before, median = [], [], []
    for seed in range(40):
        y, x, error, arm, question = data(seed)
        found = fitted(y, x, error, arm, seed)
        means = slope_means(y, x, error, arm, Questions(question), found, PRIOR, seed=seed)
        slopes = slopes_and_mean(means.latent)
        w = next(Questions(question).blocks(DRAWS, seed))[1]
        rows = [np.flatnonzero(arm == a) for a in range(2)]
        old = [weighted_slope(x[r], found["latent"][:, r], w[:, question[r]]) for r in rows]
        median.append(np.median(slopes[:, 1] - slopes[:, 0]))
        now.append(np.std(slopes[:, 1] - slopes[:, 0]))
        before.append(np.std(old[1] - old[0]))
    scatter = np.std(median)
    assert 0.75 < np.mean(now) / scatter < 1.25  # the scatter of 40 is known to 11%
    assert np.mean(before) > 1.15 * np.mean(now)


def test_the_claim_knows_clusters_and_weights():
    rng, rows = np.random.default_rng(0), []
    for q in range(40):
        x, place = rng.normal(0, 0.8), rng.normal(size=4)
        for _ in range(5):
            z = place + np.exp(0.8 * x / 2) * rng.normal(size=4)
            rows.append({"model": "m", "question": f"q{q}", "embedding": z, "reasoning_tokens": 100 * np.exp(x)})
            rows[-1] |= {"passage": f"p{q // 2}", "worth": 1.0 + q % 2}
    claim, table = "embedding-variance-rises-with-length", pd.DataFrame(rows)
    plain = hm.test(claim, validate(table), seed=1)
    named = hm.test(claim, validate(take_units(table, "passage", "worth", str)[0]), seed=1)
    assert plain.verdict == named.verdict == "supported"
    assert plain.guards["few_questions"]["questions"] == 40 and named.guards["few_questions"]["questions"] == 20
    assert named.median != pytest.approx(plain.median, abs=1e-3)
