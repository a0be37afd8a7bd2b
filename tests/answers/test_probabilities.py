"""Probability vectors: moments, posteriors against quadrature, coverage of the terms, checks that can fail."""

import numpy as np
import pytest
from scipy import stats

from hotmess.answers import probabilities as prob
from hotmess.answers.conjugate import DELTA
from hotmess.errors import BadInput


def world(seed=0, cells=60, n=15, width=3, certain=0.3, kappa=8.0):
    """Vectors rounded to cents, some certain; returns them with the true moments of every cell."""
    rng = np.random.default_rng(seed)
    mu = rng.dirichlet(np.ones(width), cells)
    kappas = kappa * np.exp(0.4 * rng.normal(size=cells))
    v = rng.beta(4 * certain, 4 * (1 - certain), cells)
    t = rng.dirichlet(np.ones(width), cells)
    cell = np.repeat(np.arange(cells), n)
    gammas = rng.standard_gamma((kappas[:, None] * mu)[cell]) + 1e-12
    f = gammas / gammas.sum(1, keepdims=True)
    sure = rng.random(len(cell)) < v[cell]
    pick = (np.cumsum(t, 1)[cell] < rng.random(len(cell))[:, None]).sum(1)
    f[sure] = np.eye(width)[np.minimum(pick, width - 1)[sure]]
    mean = v[:, None] * t + (1 - v)[:, None] * mu
    own = (mu**2).sum(1)
    square = v + (1 - v) * (own + (1 - own) / (kappas + 1))
    return f, cell, square - (mean**2).sum(1), 1 - 2 * mean[:, 0] + square


def test_brier_and_kl_terms_are_the_moments_of_the_mixture():
    rng = np.random.default_rng(1)
    fit = prob.ProbabilityFit(
        np.array([[0.4]]),
        np.array([[[0.5, 0.5, 0.0]]]),
        np.array([[[3.0, 1.0, 2.0]]]),
        np.ones(1),
        0.01,
        np.ones((1, 3), bool),
    )
    sure = rng.random(400_000) < 0.4
    f = np.where(sure[:, None], np.eye(3)[rng.integers(0, 2, 400_000)], rng.dirichlet([3, 1, 2], 400_000))
    mean = f.mean(0)
    terms = fit.terms()
    assert terms.variance[0, 0] == pytest.approx(((f - mean) ** 2).sum(1).mean(), abs=2e-3)
    assert terms.bias2[0, 0] == pytest.approx(((mean - [1, 0, 0]) ** 2).sum(), abs=2e-3)
    assert terms.error[0, 0] == pytest.approx(terms.bias2[0, 0] + terms.variance[0, 0], abs=1e-6)
    smooth = (f + DELTA) / (1 + 3 * DELTA)
    mean_log = np.log(smooth).mean(0)
    kl = fit.terms("kl")
    assert kl.error[0, 0] == pytest.approx(-mean_log[0], rel=5e-3)
    assert kl.variance[0, 0] == pytest.approx(-np.log(np.exp(mean_log).sum()), rel=5e-3)


def test_posterior_of_a_cell_against_quadrature():
    rng = np.random.default_rng(3)
    f = rng.dirichlet([4, 2], 8)
    real = np.ones((1, 2), bool)
    theta = np.zeros((1, 2))
    n, sums = np.array([8.0]), np.log(f).sum(0)[None]
    location, spread = np.array([1.5]), np.array([1.0])
    mode, low = prob._modes(theta, n, sums, real, location, spread)
    alpha, effective = prob._draw_alpha(mode, low, n, sums, real, location, spread, 20_000, rng)
    assert effective[0] > 5000

    m, k = np.meshgrid(np.linspace(0.005, 0.995, 199), np.linspace(-2.5, 6.5, 181))
    a, b = np.exp(k) * m, np.exp(k) * (1 - m)
    log_p = sum(stats.beta.logpdf(x, a, b) for x in f[:, 0]) + stats.norm.logpdf(k, 1.5, 1.0)
    weight = np.exp(log_p - log_p.max())
    mean_mu, mean_k = ((weight * x).sum() / weight.sum() for x in (m, k))
    draws = alpha[:, 0]
    assert (draws[:, 0] / draws.sum(1)).mean() == pytest.approx(mean_mu, abs=0.01)
    assert np.log(draws.sum(1)).mean() == pytest.approx(mean_k, abs=0.05)


def test_terms_cover_the_truth():
    inside = []
    for seed in range(4):
        f, cell, variance, error = world(seed)
        out = prob.fit_probabilities(f, cell, np.ones((60, 3), bool), draws=500, seed=seed)
        for truth, draws in ((variance, out.terms().variance), (error, out.terms().error)):
            low, high = np.quantile(draws, [0.05, 0.95], axis=0)
            inside.append(np.mean((low <= truth) & (truth <= high)))
    assert 0.84 < np.mean(inside) < 0.96


def test_rounded_vectors_with_zeros_and_fewer_options():
    f, cell, _, _ = world(5)
    f = np.round(f, 1)
    keep = f.sum(1) > 0.5
    f, cell = f[keep] / f[keep].sum(1, keepdims=True), cell[keep]
    real = np.ones((60, 4), bool)
    real[:, 3] = False
    wide = np.column_stack([f, np.zeros(len(f))])
    out = prob.fit_probabilities(wide, cell, real, draws=200, unit=0.1)
    terms = out.terms()
    assert np.isfinite(terms.variance).all()
    assert np.all(out.alpha[:, :, 3] == 0)
    assert np.all(terms.bias2 > -1e-6)
    share = np.bincount(cell, weights=f.max(1) >= 1 - 1e-6) / np.bincount(cell)
    assert np.corrcoef(out.certain.mean(0), share)[0, 1] > 0.9


def test_checks_pass_on_the_models_own_data_and_fail_on_clusters():
    f, cell, _, _ = world(6, certain=0.2)
    out = prob.fit_probabilities(f, cell, np.ones((60, 3), bool), draws=200)
    assert all(0.02 < p < 0.98 for _, p in out.check(f, cell, draws=100).values())
    assert out.misfit(f, cell, draws=100) == ()
    rng = np.random.default_rng(0)
    centers = np.array([[0.97, 0.02, 0.01], [0.02, 0.96, 0.02]])[rng.integers(0, 2, len(f))]
    clusters = centers * np.exp(0.05 * rng.normal(size=centers.shape))
    clusters /= clusters.sum(1, keepdims=True)
    bad = prob.fit_probabilities(clusters, cell, np.ones((60, 3), bool), draws=200)
    assert any(p < 0.02 or p > 0.98 for _, p in bad.check(clusters, cell, draws=100).values())
    assert any("variance" in s and "unbiased" in s for s in bad.misfit(clusters, cell, draws=100))


@pytest.mark.parametrize("row", [[0.5, 0.2, 0.1], [1.2, -0.2, 0.0]])
def test_what_is_no_probability_vector_is_refused(row):
    with pytest.raises(BadInput, match="Response 1 is not"):
        prob.fit_probabilities(np.array([[0.2, 0.3, 0.5], row]), np.zeros(2, int), np.ones((1, 3), bool))
