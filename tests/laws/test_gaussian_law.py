"""The collapsed Gaussian law and its hyperprior against SciPy's densities and brute force."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from hotmess.inference.normal import log_normal
from hotmess.laws import gaussian
from hotmess.laws.gaussian import GaussianLaw, Part
from hotmess.laws.hyperprior import HyperPrior
from hotmess.laws.lines import line_draws

HYPER = HyperPrior((0.5, 0.8, 0.3), correlations=1)


def law(seed=0):
    """Two coefficients that share a correlation, residuals of two kinds, noise that is correlated."""
    rng = np.random.default_rng(seed)
    m = 7
    root = rng.normal(size=(m, m)) * 0.2
    same = np.kron(np.eye(m)[:2, :2], np.ones((1, 1)))
    assert same.shape == (2, 2)
    unit = np.arange(m) // 2
    return GaussianLaw(
        y=rng.normal(size=m),
        noise=root @ root.T + 0.05 * np.eye(m),
        design=np.column_stack([np.ones(m), np.linspace(-1, 1, m)]),
        mean=np.array([0.3, -0.2]),
        fixed=np.diag([1.5, 0.1]),
        hyper=HYPER,
        coefficients=(
            Part((0, 0), np.diag([1.0, 0.0])),
            Part((1, 1), np.diag([0.0, 1.0])),
            Part((0, 1, 3), np.array([[0.0, 1.0], [1.0, 0.0]])),
        ),
        residuals=(Part((2, 2), (unit[:, None] == unit).astype(float)),),
    )


POINTS = np.array([[0.4, 0.9, 0.2, 0.7], [1.1, 0.05, 0.6, -0.9]])


def written_out(one, point):
    """Prior covariance of the coefficients and covariance of y given them, from the model as it is written."""
    a, b, u, rho = point
    prior = one.fixed + np.array([[a * a, rho * a * b], [rho * a * b, b * b]])
    unit = np.arange(len(one.y)) // 2
    return prior, one.noise + u**2 * (unit[:, None] == unit)


def test_density_conditional_and_draws_are_those_of_the_joint_gaussian():
    one = law()
    mean, cov = one.conditional(POINTS)
    for i, point in enumerate(POINTS):
        prior, rest = written_out(one, point)
        total = one.design @ prior @ one.design.T + rest
        exact = stats.multivariate_normal.logpdf(one.y, one.design @ one.mean, total)
        assert one.log_likelihood(POINTS)[i] == pytest.approx(exact, rel=1e-10)
        gain = prior @ one.design.T @ np.linalg.inv(total)
        np.testing.assert_allclose(mean[i], one.mean + gain @ (one.y - one.design @ one.mean), rtol=1e-9)
        np.testing.assert_allclose(cov[i], prior - gain @ one.design @ prior, rtol=1e-8, atol=1e-12)
    n = 20_000
    draws = one.draw(np.repeat(POINTS[:1], n, axis=0), np.random.default_rng(1))
    sd = np.sqrt(np.diag(cov[0]))
    assert (np.abs(draws.mean(0) - mean[0]) < 4.5 * sd / np.sqrt(n)).all()
    np.testing.assert_allclose(np.cov(draws.T), cov[0], atol=4.5 * sd.max() ** 2 * np.sqrt(2 / n))


def test_prior_times_likelihood_over_the_conditional_is_the_collapsed_density():
    """Bayes' rule: log p(b | s) + log p(y | b, s) - log p(b | y, s) = log p(y | s), whatever b."""
    one, rng = law(), np.random.default_rng(2)
    b = rng.normal(size=(2, 2))
    log_prior, log_likelihood = one.log_densities(b, POINTS)
    mean, cov = one.conditional(POINTS)
    given = [stats.multivariate_normal.logpdf(x, m, c) for x, m, c in zip(b, mean, cov)]
    collapsed = one.log_likelihood(POINTS) + HYPER.log_density(POINTS)
    np.testing.assert_allclose(log_prior + log_likelihood - given, collapsed, rtol=1e-9)


@pytest.mark.parametrize("held", [1, 3, 10_000])
def test_matrices_that_do_not_fit_in_memory_are_made_in_blocks(held, monkeypatch):
    """With memory for 1, 3 or all points' matrices: the same densities, draws and points."""
    one, many = law(), np.repeat(POINTS, 40, axis=0)
    b = np.random.default_rng(4).normal(size=(len(many), 2))

    def everything():
        density = [one.log_likelihood(many), *one.log_densities(b, many), one.log_conditional(np.ones(2), 0.3, many)]
        grid = one.hyper.draws(np.random.default_rng(8), 30)
        return [*density, one.draw(many, np.random.default_rng(6)), *one.on_grid(grid, 200, np.random.default_rng(7))]

    whole = everything()
    monkeypatch.setattr(gaussian, "BYTES", held * 8 * len(one.y) ** 2)
    for before, after in zip(whole, everything()):
        np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-12)


def test_a_weighted_sum_of_coefficients_has_the_densities_of_its_prior_and_posterior():
    one, w = law(), np.array([0.5, -2.0])
    mean, cov = one.conditional(POINTS)
    for i, point in enumerate(POINTS):
        after = stats.norm.logpdf(0.4, mean[i] @ w, np.sqrt(w @ cov[i] @ w))
        assert one.log_conditional(w, 0.4, POINTS)[i] == pytest.approx(after, rel=1e-9)
        before = stats.norm.logpdf(0.4, one.mean @ w, np.sqrt(w @ written_out(one, point)[0] @ w))
        assert one.log_prior_at(w, 0.4, POINTS)[i] == pytest.approx(before, rel=1e-9)
    draws = one.prior_draws(w, np.random.default_rng(3), 100_000)
    # E s² = width², E ρ = 0
    variance = w @ (one.fixed + np.diag([0.5**2, 0.8**2])) @ w
    assert draws.mean() == pytest.approx(one.mean @ w, abs=5 * np.sqrt(variance / 1e5))
    assert draws.var() == pytest.approx(variance, rel=0.03)


def test_a_law_of_some_rows_is_the_marginal_law():
    one, keep = law(), np.array([0, 2, 3, 6])
    for i, point in enumerate(POINTS):
        prior, rest = written_out(one, point)
        total = (one.design @ prior @ one.design.T + rest)[np.ix_(keep, keep)]
        exact = stats.multivariate_normal.logpdf(one.y[keep], (one.design @ one.mean)[keep], total)
        assert one.rows(keep).log_likelihood(POINTS)[i] == pytest.approx(exact, rel=1e-10)


def test_chains_and_a_grid_find_the_posterior_of_a_scale():
    """y_i ~ Normal(0, s² + 0.1²): one scale, its posterior by quadrature."""
    rng = np.random.default_rng(5)
    y, flat = rng.normal(0, 0.6, 12), np.zeros((1, 1))
    one = GaussianLaw(
        y,
        0.01 * np.eye(12),
        np.zeros((12, 1)),
        np.zeros(1),
        flat + 1,
        HyperPrior((1.0,)),
        (),
        (Part((0, 0), np.eye(12)),),
    )

    def density(s):
        return stats.halfnorm.pdf(s) * np.exp(stats.norm.logpdf(y, 0, np.hypot(s, 0.1)).sum())

    total = quad(density, 0, 6)[0]
    mean = quad(lambda s: s * density(s), 0, 6)[0] / total
    sd = np.sqrt(quad(lambda s: s**2 * density(s), 0, 6)[0] / total - mean**2)
    chains, rate = one.chains(seed=1, draws=1000, chains=4)
    assert rate > 0.3 and chains.mean() == pytest.approx(mean, abs=5 * sd / np.sqrt(1500))
    points, _ = one.on_grid(one.hyper.grid(400), 8000, rng)
    assert points.mean() == pytest.approx(mean, abs=5 * sd / np.sqrt(8000) + 0.01 * sd)
    assert points.std() == pytest.approx(sd, rel=0.05)
    tilted, _ = one.chains(seed=1, draws=1000, chains=4, more=lambda s: -3 * s[:, 0])
    moved = (
        quad(lambda s: s * density(s) * np.exp(-3 * s), 0, 6)[0] / quad(lambda s: density(s) * np.exp(-3 * s), 0, 6)[0]
    )
    assert tilted.mean() == pytest.approx(moved, abs=5 * sd / np.sqrt(1500))


def test_the_hyperprior_is_scipys():
    rng = np.random.default_rng(6)
    for points in (HYPER.from_normal(rng.normal(size=(40_000, 4))), HYPER.draws(rng, 40_000)):
        for i, width in enumerate(HYPER.widths):
            assert stats.kstest(points[:, i], stats.halfnorm(scale=width).cdf).pvalue > 1e-3
        assert stats.kstest(points[:, 3], stats.uniform(-1, 2).cdf).pvalue > 1e-3
    direct = sum(stats.halfnorm(scale=w).logpdf(points[:9, i]) for i, w in enumerate(HYPER.widths)) + np.log(0.5)
    np.testing.assert_allclose(HYPER.log_density(points[:9]), direct)
    tails = HYPER.from_normal(np.array([[-30.0, 8.0, 0.0, 9.0]]))
    assert 0 < tails[0, 0] < 1e-150 and tails[0, 1] == pytest.approx(0.8 * stats.halfnorm.isf(stats.norm.sf(8.0)))
    assert tails[0, 3] == 1.0 and HYPER.inside(tails)[0]
    assert not HYPER.inside(np.array([[26.0, 1.0, 1.0, 0.0]]))[0]
    np.testing.assert_allclose(
        HyperPrior((0.5,)).grid(4)[:, 0], stats.halfnorm.ppf([0.125, 0.375, 0.625, 0.875], scale=0.5)
    )


def test_log_densities_of_many_normals_are_scipys():
    rng = np.random.default_rng(7)
    root = rng.normal(size=(5, 4, 4))
    cov, x = root @ np.swapaxes(root, 1, 2) + 0.1 * np.eye(4), rng.normal(size=(5, 4))
    exact = [stats.multivariate_normal.logpdf(v, np.zeros(4), c) for v, c in zip(x, cov)]
    np.testing.assert_allclose(log_normal(x, cov), exact, rtol=1e-9)


def test_a_line_through_models_is_the_mixture_over_their_residual():
    """By the exact Normal posterior of the slope at many residuals, weighted by the exact density of the values."""
    rng = np.random.default_rng(8)
    x, arm = np.array([0.0, 1.0, 2.0, 3.0, 1.0, 2.0]), np.array([0, 0, 0, 0, 1, 1])
    y = 0.3 * x + 0.4 * arm + 0.4 * rng.normal(size=6)
    noise = 0.01 * (np.eye(6) + 0.3)
    design = np.column_stack([arm == 0, arm == 1, x - x.mean()]).astype(float)
    prior = np.diag([1.0, 1.0, 0.25])
    weights, means, variances = [], [], []
    for tau in stats.halfnorm.ppf((np.arange(400) + 0.5) / 400, scale=0.5):
        whole = design @ prior @ design.T + noise + tau**2 * np.eye(6)
        gain = np.linalg.solve(whole, design @ prior).T
        weights.append(stats.multivariate_normal(np.zeros(6), whole).pdf(y - y.mean()))
        means.append(gain[2] @ (y - y.mean()))
        variances.append((prior - gain @ design @ prior)[2, 2])
    w = np.array(weights) / np.sum(weights)
    mean = w @ means
    sd = np.sqrt(w @ (np.array(variances) + np.array(means) ** 2) - mean**2)
    b = line_draws(y, noise, x, arm, slope=0.5, residual=0.5, draws=20_000, seed=1)
    assert b.mean() == pytest.approx(mean, abs=5 * sd / np.sqrt(20_000))
    assert b.std() == pytest.approx(sd, rel=0.03) and sd > 0.1
