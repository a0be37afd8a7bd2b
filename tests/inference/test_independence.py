"""The independence sampler recovers posteriors that are known, hard tails among them."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import gammaln

from hotmess.inference import independence
from hotmess.inference.gate import diagnose
from hotmess.inference.independence import independence_metropolis, metropolis_chains


def standard(d):
    return {
        "prior_draws": lambda rng, n: rng.standard_normal((n, d)),
        "log_prior": lambda t: -0.5 * (t**2).sum(1) - 0.5 * d * np.log(2 * np.pi),
    }


def close(x, mean, sd, name=""):
    """|estimate - truth| < 4 Monte Carlo standard errors, at the effective number of draws."""
    _, bulk, _ = diagnose(x)
    assert bulk > 300, name
    assert abs(x.mean() - mean) < 4 * sd / np.sqrt(bulk), name
    square = diagnose((x - mean) ** 2)[1]
    kurtosis = ((x - mean) ** 4).mean() / sd**4
    assert abs(((x - mean) ** 2).mean() - sd**2) < 4 * sd**2 * np.sqrt(max(kurtosis - 1, 1) / square), name


@pytest.mark.parametrize("noise", [1.0, 0.1, 0.02])
def test_a_gaussian_posterior_in_five_dimensions(noise):
    rng = np.random.default_rng(0)
    design = rng.normal(size=(8, 5))
    y = design @ rng.normal(size=5) + noise * rng.normal(size=8)
    precision = np.eye(5) + design.T @ design / noise**2
    mean, cov = np.linalg.solve(precision, design.T @ y / noise**2), np.linalg.inv(precision)
    x, rate = independence_metropolis(
        lambda t: -0.5 * ((y - t @ design.T) ** 2).sum(1) / noise**2, seed=1, draws=500, **standard(5)
    )
    assert x.shape == (4, 500, 5) and rate > 0.1
    for i in range(5):
        close(x[..., i], mean[i], np.sqrt(cov[i, i]), i)
    for i, j in ((0, 1), (2, 4)):
        sd = np.sqrt(cov[i, i] * cov[j, j])
        product = (x[..., i] - mean[i]) * (x[..., j] - mean[j])
        assert abs(product.mean() - cov[i, j]) < 4 * 1.5 * sd / np.sqrt(diagnose(product)[1])


def test_a_scale_with_a_long_left_tail():
    """log sigma under a HalfNormal scale and no information on small values: nearly the prior's own tail."""
    y = 0.1
    log_prior = lambda t: (0.5 * np.log(2 / np.pi) - 0.5 * np.exp(2 * t) + t)[:, 0]  # noqa: E731
    likelihood = lambda t: stats.norm.logpdf(y, 0, np.sqrt(0.5**2 + np.exp(2 * t[:, 0])))  # noqa: E731
    x, _ = independence_metropolis(
        likelihood, lambda rng, n: np.log(np.abs(rng.standard_normal((n, 1)))), log_prior, seed=2, draws=1000
    )
    grid = np.linspace(-25, 3, 40_001)
    p = np.exp(likelihood(grid[:, None]) + log_prior(grid[:, None]))
    p /= p.sum()
    mean = (p * grid).sum()
    close(x[..., 0], mean, np.sqrt((p * (grid - mean) ** 2).sum()))
    low = grid[np.searchsorted(p.cumsum(), 0.01)]
    holds = (x[..., 0] < low).astype(float)
    assert abs(holds.mean() - 0.01) < 4 * np.sqrt(0.01 * 0.99 / diagnose(holds)[1])


def test_a_heavy_tailed_likelihood_is_not_cut_off():
    """Cauchy prior, Student likelihood: polynomial tails on both sides."""
    log_prior = lambda t: stats.cauchy.logpdf(t[:, 0])  # noqa: E731
    likelihood = lambda t: stats.t.logpdf(4.0 - t[:, 0], 2)  # noqa: E731
    x, _ = independence_metropolis(
        likelihood, lambda rng, n: rng.standard_cauchy((n, 1)), log_prior, seed=3, draws=1000
    )
    grid = np.linspace(-400, 400, 800_001)
    p = np.exp(likelihood(grid[:, None]) + log_prior(grid[:, None]))
    p /= p.sum()
    for q in (0.02, 0.1, 0.5, 0.9, 0.98):
        holds = (x[..., 0] < grid[np.searchsorted(p.cumsum(), q)]).astype(float)
        assert abs(holds.mean() - q) < 4 * np.sqrt(q * (1 - q) / diagnose(holds)[1]), q


def test_two_modes_keep_their_shares():
    likelihood = lambda t: np.logaddexp(  # noqa: E731
        np.log(0.75) + stats.norm.logpdf(t[:, 0], -1.5, 0.15), np.log(0.25) + stats.norm.logpdf(t[:, 0], 1.5, 0.15)
    )
    x, _ = independence_metropolis(likelihood, seed=4, draws=1000, **standard(1))
    up = (x[..., 0] > 0).astype(float)
    assert abs(up.mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / diagnose(up)[1])  # equal prior weight at ±1.5


def test_seeds_reproduce():
    run = lambda seed: independence_metropolis(lambda t: -(t[:, 0] ** 2), seed=seed, draws=50, **standard(1))[0]  # noqa: E731
    np.testing.assert_array_equal(run(5), run(5))
    assert not np.array_equal(run(5), run(6))


def test_chains_weigh_proposals_as_importance_sampling_does():
    rng = np.random.default_rng(7)
    points = rng.standard_t(3, (40_000, 1)) * 2
    log_q = stats.t.logpdf(points[:, 0] / 2, 3) - np.log(2)
    target = stats.gamma(3.0)
    with np.errstate(divide="ignore"):
        log_w = target.logpdf(points[:, 0]) - log_q
    x, rate = metropolis_chains(points, log_w, draws=2000, chains=4, rng=rng)
    assert x.shape == (4, 2000, 1) and 0 < rate < 1 and (x > 0).all()
    close(x[..., 0], 3.0, np.sqrt(3.0))


def test_proposals_without_a_density_are_never_accepted():
    rng = np.random.default_rng(8)
    points = rng.standard_normal((4000, 1))
    log_w = np.where(points[:, 0] > 0, np.nan, 0.0)
    x, _ = metropolis_chains(points, log_w, draws=200, chains=4, rng=rng)
    assert (x <= 0).all() and np.isfinite(gammaln(1 - x)).all()


def test_chains_that_keep_a_point_too_long_get_more_proposals(monkeypatch):
    """A bent posterior in four dimensions: y_j ~ Normal(0, 1), seen as x² with sd 0.2; the margin of x on a grid."""
    ridge = lambda t: -12.5 * ((t[:, 1:] - t[:, :1] ** 2) ** 2).sum(1)  # noqa: E731

    def run():
        x, _ = independence_metropolis(ridge, seed=1, draws=500, **standard(4))
        return x, min(min(diagnose(x[..., i])[1:]) for i in range(4))

    x, effective = run()
    monkeypatch.setattr(independence, "_MOST", 5)
    assert run()[1] < 250 < 400 < effective
    grid = np.linspace(-5, 5, 20_001)
    p = np.exp(-0.5 * grid**2 - 1.5 * grid**4 / 1.04)
    p /= p.sum()
    close(x[..., 0], 0.0, np.sqrt((p * grid**2).sum()))


def test_adaptation_ends_when_it_no_longer_helps_and_goes_on_where_it_does(monkeypatch):
    seen = []

    def rounds(likelihood, d):
        seen.clear()
        counted = lambda t: seen.append(len(t)) or likelihood(t)  # noqa: E731
        independence_metropolis(counted, seed=1, draws=250, **standard(d))
        return seen[1:].count(500)

    monkeypatch.setattr(independence, "_TOGETHER", 10**9)
    easy = rounds(lambda t: -0.5 * (t**2).sum(1), 2)
    hard = rounds(lambda t: -50.0 * ((t - 1.5) ** 2).sum(1) - 500 * (t[:, 0] - t[:, 1] ** 2) ** 2, 6)
    assert 4 <= easy <= 8 < hard <= independence._ROUNDS
