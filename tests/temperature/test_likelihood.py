"""The temperature likelihood and the small linear algebra against direct computation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from hotmess.inference.sample import enable_x64
from hotmess.temperature import likelihood as lik
from hotmess.temperature.small_matrices import cholesky, solve_lower, solve_upper


@pytest.fixture(autouse=True)
def double():
    with enable_x64():
        yield


def problem(seed=0, n=5, s=8, k=3, f=2):
    rng = np.random.default_rng(seed)
    real = np.ones((k, n), bool)
    real[-1, 0] = False  # the first question has one option fewer
    answer = rng.integers(0, k, (n, s))
    answer[1:] = rng.integers(0, k + 1, (n - 1, s))
    weight = rng.integers(0, 3, (n, s)).astype(float)
    dense = lik.Dense(rng.normal(size=(f, n, s)), weight, answer, real, np.zeros(n, int))
    theta = np.concatenate([[[1.0], [0.3], [-0.2]], 0.4 * rng.normal(size=(2 * f, 1))]) * np.ones(n)
    return lik.Dense(*map(jnp.asarray, dense)), jnp.asarray(theta), jnp.asarray(rng.normal(size=(k, n)))


def plain(d, theta, dense):
    """The same in NumPy."""
    return np.asarray(d), np.asarray(theta), lik.Dense(*map(np.asarray, dense))


def direct(d, theta, dense):
    out = np.zeros(d.shape[1])
    f = dense.features.shape[0]
    for i in range(d.shape[1]):
        for j in range(dense.weight.shape[1]):
            x = np.asarray(dense.features[:, i, j])
            score = np.r_[theta[3 + f :, i] @ x, np.where(dense.real[:, i], d[:, i], -np.inf)]
            a = score / np.exp(theta[3 : 3 + f, i] @ x)
            out[i] += dense.weight[i, j] * (a[dense.answer[i, j]] - np.log(np.exp(a).sum()))
    return out


def test_log_likelihood_is_the_softmax_with_temperature():
    dense, theta, d = problem()
    expected = direct(d, theta, dense)
    np.testing.assert_allclose(lik.log_likelihood(d, theta, dense), expected, rtol=1e-10)
    np.testing.assert_allclose(lik.log_likelihood(*plain(d, theta, dense)), expected, rtol=1e-10)


def test_in_single_precision_changes_of_the_log_likelihood_are_right_to_a_hundredth_of_a_leapfrog_steps_error():
    dense, theta, d = problem(2, n=400, s=60)
    rng = np.random.default_rng(3)
    states = [(d + 0.5 * rng.normal(size=d.shape), theta + 0.1 * rng.normal(size=theta.shape)) for _ in range(6)]

    def value_and_slopes(data):
        both = [jax.value_and_grad(lambda *x: lik.log_likelihood(*x, data).sum(), argnums=(0, 1))(*x) for x in states]
        return np.array([value for value, _ in both]), [slope for _, slopes in both for slope in slopes]

    (double, slopes), (light, lighter) = value_and_slopes(dense), value_and_slopes(lik.single(dense))
    assert light.dtype == np.float64
    assert 0 < np.abs(np.diff(light - double)).max() < 3e-3  # of 24,000 responses
    for one, other in zip(slopes, lighter):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-4)


def test_slopes_and_curvature_are_those_of_the_likelihood():
    dense, theta, d = problem(1)
    by_d, by_theta = jax.grad(lambda d, t: lik.log_likelihood(d, t, dense).sum(), argnums=(0, 1))(d, theta)
    step = 1e-6
    for k, i in ((0, 0), (1, 3), (2, 4)):
        move = np.zeros(d.shape)
        move[k, i] = step
        change = direct(d + move, theta, dense).sum() - direct(d - move, theta, dense).sum()
        assert by_d[k, i] == pytest.approx(change / (2 * step), abs=1e-6)
    for p in range(3, 7):
        move = np.zeros(theta.shape)
        move[p, 2] = step
        change = direct(d, theta + move, dense).sum() - direct(d, theta - move, dense).sum()
        assert by_theta[p, 2] == pytest.approx(change / (2 * step), abs=1e-6)
    gradient, negative = lik.curvature(d, theta, dense)
    np.testing.assert_allclose(gradient, by_d, atol=1e-10)
    for one, other in zip(lik.curvature(*plain(d, theta, dense)), (gradient, negative)):
        np.testing.assert_allclose(one, other, atol=1e-12)
    jacobian = jax.jacfwd(lambda d: lik.curvature(d, theta, dense)[0])(d)
    for i in range(d.shape[1]):
        np.testing.assert_allclose(-jacobian[:, i, :, i], negative[:, :, i], atol=1e-9)


def test_prior_is_the_normal_of_score_differences():
    dense, theta, d = problem(2)
    t, w = np.exp(2 * 0.3), np.exp(-2 * 0.2)
    full = lik.log_prior(d, theta, dense.real)
    several = np.stack([np.asarray(d), np.zeros(d.shape)], axis=1)
    many = lik.log_prior(several, np.asarray(theta), np.asarray(dense.real))
    np.testing.assert_allclose(many[0], full, rtol=1e-12)
    assert many.shape == (2, d.shape[1])
    for i in range(d.shape[1]):
        here = np.asarray(dense.real[:, i])
        k = here.sum()
        covariance = w * np.eye(k) + t * np.ones((k, k))
        value = stats.multivariate_normal.logpdf(np.asarray(d)[here, i], -np.ones(k), covariance)
        value += stats.norm.logpdf(np.asarray(d)[~here, i]).sum()
        assert full[i] == pytest.approx(value, rel=1e-10)


@pytest.mark.parametrize("size", [4, 6])
@pytest.mark.parametrize("array", [np.asarray, jnp.asarray])
def test_cholesky_and_solves_of_small_matrices(size, array):
    rng = np.random.default_rng(3)
    a = rng.normal(size=(7, size, size))
    a = a @ a.transpose(0, 2, 1) + np.eye(size)
    b = rng.normal(size=(size, 7))
    low = cholesky(array(a.transpose(1, 2, 0)))
    np.testing.assert_allclose(np.moveaxis(low, 2, 0), np.linalg.cholesky(a), atol=1e-12)
    x = solve_upper(low, solve_lower(low, array(b)))
    both = solve_upper(low[:, :, None], solve_lower(low[:, :, None], array(np.stack([b, 2 * b], axis=1))))
    np.testing.assert_allclose(both, np.stack([x, 2 * x], axis=1), atol=1e-12)
    np.testing.assert_allclose(x.T, np.linalg.solve(a, b.T[:, :, None])[..., 0], atol=1e-10)
