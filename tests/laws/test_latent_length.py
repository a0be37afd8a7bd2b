"""Noise in length: the slope between questions shrinks without the cure and is recovered with it."""

import numpy as np
import pytest
from scipy import stats

from hotmess.errors import BadInput
from hotmess.laws.latent_length import latent_length, latent_means
from hotmess.simulate.lengths import Between, noisy_length


def slope_between(x, world):
    right = (world.answer[0, :, 0] == 0).mean(-1)  # one wrong option: incoherence is accuracy
    bins = np.array_split(np.argsort(x), 30)
    return np.polyfit([x[i].mean() for i in bins], [np.log2(right[i].mean()) for i in bins], 1)[0]


@pytest.mark.parametrize(("runs", "shrunk"), [(1, 0.37), (3, 0.448)])
def test_slope_shrinks_with_raw_lengths_and_is_recovered_with_latent_ones(runs, shrunk):
    world = noisy_length(Between(questions=8000, samples=40, level=0.2, spread=0.7, noise=0.593 * 0.7), seed=runs)
    y = np.log2(world.length[0, :, 0, :runs]).ravel()
    cell = np.repeat(np.arange(8000), runs)
    known = 0.593 * 0.7 if runs == 1 else None
    latent = latent_means(y, cell, np.zeros(8000, int), run_sd=known)
    assert slope_between(latent.raw, world) == pytest.approx(shrunk, abs=0.03)
    assert slope_between(latent.mean, world) == pytest.approx(0.5, abs=0.03)
    assert latent.tau[0] == pytest.approx(0.7, rel=0.04)
    assert latent.sigma[0] == pytest.approx(0.593 * 0.7, rel=0.04)


def test_without_censoring_the_posterior_is_the_normal_one():
    rng = np.random.default_rng(0)
    cell = np.repeat(np.arange(50), rng.integers(2, 6, 50))
    y = rng.normal(9, 1, 50)[cell] + rng.normal(0, 0.5, len(cell))
    out = latent_means(y, cell, np.zeros(50, int))
    n = np.bincount(cell)
    precision = n / out.sigma[0] ** 2 + 1 / out.tau[0] ** 2
    expected = (n * out.raw / out.sigma[0] ** 2 + out.mu[0] / out.tau[0] ** 2) / precision
    np.testing.assert_allclose(out.mean, expected, atol=1e-9)
    np.testing.assert_allclose(out.sd, precision**-0.5, rtol=1e-9)

    # The hyperparameters maximise the marginal likelihood.
    def log_marginal(mu, tau, sigma):
        total = 0.0
        for i in range(50):
            runs = y[cell == i]
            cov = tau**2 + sigma**2 * np.eye(len(runs))
            total += stats.multivariate_normal.logpdf(runs, np.full(len(runs), mu), cov)
        return total

    best = log_marginal(out.mu[0], out.tau[0], out.sigma[0])
    for move in ((0.02, 0, 0), (-0.02, 0, 0), (0, 0.02, 0), (0, -0.02, 0), (0, 0, 0.01), (0, 0, -0.01)):
        assert log_marginal(*(np.array([out.mu[0], out.tau[0], out.sigma[0]]) + move)) < best


def test_runs_at_the_token_limit_are_censored_not_short():
    rng = np.random.default_rng(3)
    truth = rng.normal(9, 0.8, 3000)
    y = truth[:, None] + rng.normal(0, 0.5, (3000, 5))
    limit = 9.5
    late = y > limit
    cell = np.repeat(np.arange(3000), 5)
    capped = np.minimum(y, limit).ravel()
    group = np.zeros(3000, int)
    cured = latent_means(capped, cell, group, censored=late.ravel())
    naive = latent_means(capped, cell, group)
    long = truth > limit
    assert abs((cured.mean - truth)[long].mean()) < 0.3 * abs((naive.mean - truth)[long].mean())
    assert cured.tau[0] == pytest.approx(0.8, rel=0.05)
    assert cured.sigma[0] == pytest.approx(0.5, rel=0.05)
    assert ((np.abs(cured.mean - truth) < 1.645 * cured.sd).mean()) == pytest.approx(0.9, abs=0.03)


def test_table_in_table_out_and_switched_off():
    world = noisy_length(Between(questions=30, samples=4), seed=1)
    table = world.table
    out = latent_length(table)
    assert len(out) == 30
    raw = latent_length(table, enabled=False)
    np.testing.assert_allclose(raw["log2_length"], out["log2_length_raw"])
    assert out["log2_length"].std() < raw["log2_length"].std()
    cut = latent_length(table, cap=400)
    assert cut["censored"].sum() == (table["reasoning_tokens"] >= 400).sum()
    marked = table.assign(finish_reason=np.where(table["reasoning_tokens"] >= 400, "length", "stop"))
    assert latent_length(marked)["censored"].sum() == cut["censored"].sum()


def test_what_cannot_be_told_apart_is_said():
    with pytest.raises(BadInput, match="one run only"):
        latent_means(np.array([1.0, 2.0]), np.arange(2), np.zeros(2, int))
    with pytest.raises(BadInput, match="no column 'tokens'"):
        latent_length(noisy_length(Between(questions=3), seed=0).table, length="tokens")
