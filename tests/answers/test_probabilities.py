"""Probability vectors: moments by simulation, exact conditionals, coverage of the terms, checks that can fail."""

import numpy as np
import pytest
from scipy import stats

from hotmess.answers import probabilities as prob
from hotmess.answers import rounding, vector_fit
from hotmess.answers.conjugate import DELTA
from hotmess.answers.vector_state import Vectors
from hotmess.answers.vector_steps import thoughts
from hotmess.errors import BadInput


def truth(seed=0, cells=60, width=3, certain=0.3, copies=1, unit=1e-6, tau=2.0):
    """A world of the model's own: one draw of every parameter, `copies` times over."""
    rng = np.random.default_rng(seed)
    a = rng.beta(2, 1, cells)
    share = rng.dirichlet(np.full(width - 1, 0.7), cells)
    mu = rng.normal(3, 1.5, cells)
    values = {
        "main": np.column_stack([a, (1 - a)[:, None] * share]),
        "certain": rng.beta(4 * certain, 4 * (1 - certain), cells) if certain else np.zeros(cells),
        "mu": mu,
        "doubtful": mu - tau,
        "sigma": np.exp(rng.normal(0.3, 0.3, cells)),
        "beta": np.exp(rng.normal(0.3, 0.7, (cells, width))),
    }
    units = (np.array(rounding.UNITS) == unit)[None].astype(float)
    rest = {"real": np.ones((cells, width), bool), "group": np.zeros(cells, int), "units": units, "unit": unit}
    return prob.ProbabilityFit(**{k: np.repeat(v[None], copies, 0) for k, v in values.items()}, **rest)


def world(seed=0, n=15, **options):
    """Responses of such a world, and their cells."""
    fit = truth(seed, **options)
    cell = np.repeat(np.arange(len(fit.real)), n)
    return fit.replicate(0, cell, np.random.default_rng(seed + 100)), cell


def test_terms_are_the_moments_of_simulated_responses():
    fit = truth(1, cells=3, certain=0.4, copies=300)
    cell = np.repeat(np.arange(3), 200_000)
    f = fit.replicate(0, cell, np.random.default_rng(2))
    brier, kl = fit.terms(), fit.terms("kl")
    for i in range(3):
        x = f[cell == i]
        mean = x.mean(0)
        assert brier.variance[:, i].mean() == pytest.approx(((x - mean) ** 2).sum(1).mean(), abs=4e-3)
        assert brier.bias2[:, i].mean() == pytest.approx(((mean - [1, 0, 0]) ** 2).sum(), abs=4e-3)
        smooth = (x + DELTA) / (1 + 3 * DELTA)
        mean_log = np.log(smooth).mean(0)
        assert kl.error[:, i].mean() == pytest.approx(-mean_log[0], rel=0.02)
        assert kl.variance[:, i].mean() == pytest.approx(-np.log(np.exp(mean_log).sum()), rel=0.02)
    np.testing.assert_allclose(brier.error, brier.bias2 + brier.variance, atol=1e-6)


@pytest.mark.parametrize(
    ("p", "mu", "doubtful", "sigma", "beta"),
    [
        ((0.97, 0.01, 0.01, 0.01), 0.5, 0.5, 0.5, 1.0),  # unsure responses, much of whose variance is the division's
        ((0.97, 0.01, 0.01, 0.01), 0.5, 0.5, 0.5, 0.1),
        ((0.4, 0.3, 0.2, 0.1), 1.0, -4.0, 0.1, 0.03),  # a doubted lead far below 0, hardly divided rests
        ((0.9, 0.1), 0.5, 0.5, 0.5, 0.05),  # two options: nothing to divide, whatever beta
    ],
)
def test_terms_of_unsure_responses_are_the_moments_of_simulated_ones(p, mu, doubtful, sigma, beta):
    copies, n, d = 400, 200_000, len(p)
    each = {"certain": 0.0, "mu": mu, "doubtful": doubtful, "sigma": sigma}
    fit = prob.ProbabilityFit(
        main=np.tile(np.array(p), (copies, 1, 1)),
        **{k: np.full((copies, 1), v) for k, v in each.items()},
        beta=np.full((copies, 1, d), beta),
        unit=1e-6,
        real=np.ones((1, d), bool),
        group=np.zeros(1, int),
        units=np.eye(len(rounding.UNITS))[[-1]],
    )
    x = fit.replicate(0, np.zeros(n, int), np.random.default_rng(3))
    target, mean = np.eye(d)[0], x.mean(0)
    errors, spreads = ((x - target) ** 2).sum(1), ((x - mean) ** 2).sum(1)
    brier, kl = fit.terms(), fit.terms("kl")

    def agree(draws, sample):
        draws = draws.astype(float)
        tolerance = 4 * np.hypot(draws.std() / copies**0.5, sample.std() / n**0.5) + 2e-6
        assert abs(draws.mean() - sample.mean()) < tolerance

    agree(brier.error[:, 0], errors)
    agree(brier.variance[:, 0], spreads)
    rounded = np.where(x < 1e-6, 0.0, x)  # what is below the rounding unit cannot be told from 0 in the replicated data
    assert 0 <= (rounded == 0).mean() < 1
    if d == 2:
        agree(kl.error[:, 0], -np.log((x[:, 0] + DELTA) / (1 + d * DELTA)))
    assert np.isfinite([kl.error, kl.variance]).all()


def test_ties_are_leads_within_the_rounding_of_either_option():
    """Read as leads of exactly 0 they would drive tau to infinity, whose density at 0 has no bound."""
    f = np.vstack([np.tile([0.02, 0.95, 0.03], (10, 1)), np.tile([0.4, 0.4, 0.2], (6, 1))])
    out = vector_fit.fit_probabilities(f, np.zeros(16, int), np.ones((1, 3), bool), draws=400, warmup=200, thin=1)
    assert np.median(out.parameters["tau"]) < 12
    first, second, third = out.main[:, 0].mean(0)
    assert third < first < second


def test_density_of_a_response_integrates_to_one():
    """The density by which tied options are weighed, over the triangle: Jacobians included."""
    mu, sigma, beta = 0.8, 1.1, np.array([1.5, 2.0, 1.2])
    grid = (np.arange(700) + 0.5) / 700
    x, y = np.meshgrid(grid, grid)
    keep = x + y < 1
    f = np.stack([x, y, 1 - x - y], -1)[keep]
    others = np.delete(f, 0, 1)
    inside = f[:, 0] > others.max(1)
    f, others = f[inside], others[inside]
    lead = np.log(f[:, 0] / others.max(1))
    share = others / others.sum(1, keepdims=True)
    log_p = stats.truncnorm.logpdf(lead, -mu / sigma, np.inf, mu, sigma) - np.log(f[:, 0] * (1 - f[:, 0]))
    log_p += stats.beta.logpdf(share[:, 0], beta[1], beta[2]) - np.log(1 - f[:, 0])
    assert np.exp(log_p).sum() / 700**2 == pytest.approx(1, abs=0.01)
    data = Vectors(
        np.log(f),
        np.log(1 - f),
        lead,
        f > 0.5,
        np.zeros(len(f), int),
        np.zeros((1, 3)),
        np.ones((1, 3), bool),
        np.zeros(1, int),
    )
    found = thoughts(data, np.array([mu]), np.array([np.log(sigma)]), np.zeros(1))[0]
    found = (
        found
        - beta[0] * np.log(f[:, 0])
        - (beta.sum() - beta[0]) * np.log(1 - f[:, 0])
        + (np.log(f) * (beta - 1)).sum(1)
    )
    np.testing.assert_allclose(np.ptp(found - log_p), 0, atol=1e-8)  # alike up to a constant


@pytest.mark.slow
def test_terms_cover_the_truth():
    inside, means = [], []
    for seed in range(3):
        f, cell = world(seed)
        known = truth(seed, copies=200).terms()
        out = vector_fit.fit_probabilities(
            f, cell, np.ones((60, 3), bool), draws=300, warmup=250, seed=seed, thin=1
        ).terms()
        for name in ("variance", "bias2", "error"):
            draws, true = getattr(out, name), getattr(known, name).mean(0)
            low, high = np.quantile(draws, [0.05, 0.95], axis=0)
            inside.append(np.mean((low <= true) & (true <= high)))
            means.append((draws.mean(1).mean() - true.mean()) / draws.mean(1).std())
    assert 0.84 < np.mean(inside) < 0.96
    assert np.abs(means).max() < 3.5


def test_rounded_vectors_with_zeros_and_fewer_options():
    f, cell = world(5, unit=0.1)
    real = np.ones((60, 4), bool)
    real[:, 3] = False
    wide = np.column_stack([f, np.zeros(len(f))])
    out = vector_fit.fit_probabilities(wide, cell, real, draws=200, warmup=200, thin=1, unit=0.1)
    terms = out.terms()
    assert np.isfinite(terms.variance).all() and np.isfinite(out.terms("kl").error).all()
    assert np.all(out.beta[:, :, 3] == 0) and np.all(out.main[:, :, 3] < 1e-6)
    assert np.all(terms.bias2 > -1e-6)
    share = np.bincount(cell, weights=f.max(1) >= 1 - 1e-6) / np.bincount(cell)
    assert np.corrcoef(out.certain.mean(0), share)[0, 1] > 0.9


def test_responses_that_are_all_the_same_have_no_variance():
    f = np.repeat(np.random.default_rng(0).dirichlet(np.ones(4), 20), 10, axis=0)
    out = vector_fit.fit_probabilities(f, np.repeat(np.arange(20), 10), np.ones((20, 4), bool), draws=200, thin=1)
    assert out.terms().variance.mean() < 0.1


def test_units_are_each_responses_own():
    f = np.array([[0.5, 0.5], [0.25, 0.75], [0.37, 0.63], [1 / 3, 2 / 3]])
    np.testing.assert_allclose(rounding.own_units(f), [0.1, 0.05, 0.01, 1e-6])
    out = vector_fit.fit_probabilities(f, np.zeros(4, int), np.ones((1, 2), bool), draws=40, warmup=20, thin=1)
    np.testing.assert_allclose(out.units, [[0.25, 0.25, 0.25, 0, 0, 0.25]])
    rounded = rounding.rounded(np.array([[0.999, 0.001], [0.34, 0.66]]), np.array([0.1, 0.05]))
    np.testing.assert_allclose(rounded, [[0.9, 0.1], [0.35, 0.65]])


def test_checks_pass_on_the_models_own_data_and_fail_on_others():
    f, cell = world(6, certain=0.2)
    out = vector_fit.fit_probabilities(f, cell, np.ones((60, 3), bool), draws=200, warmup=200, thin=1)
    assert all(0.01 < p < 0.99 for _, p in out.check(f, cell, draws=100).values())
    assert out.misfit(f, cell, draws=100) == ()
    # probabilities of the main option at one of two places: no Normal
    rng = np.random.default_rng(0)
    lead = np.where(rng.random(len(f)) < 0.5, 0.98, 0.4)
    two = np.column_stack([lead, (1 - lead) * 0.55, (1 - lead) * 0.45])[:, rng.permutation(3)]
    bad = vector_fit.fit_probabilities(two, cell, np.ones((60, 3), bool), draws=200, warmup=200, thin=1)
    assert any("unbiased" in s for s in bad.misfit(two, cell, draws=100))


def test_runs_near_one_answer_or_another_pass():
    """What a Dirichlet round one mean cannot make: every run sure, of different options."""
    cell = np.repeat(np.arange(60), 15)
    rng = np.random.default_rng(0)
    p = np.cumsum(truth(8).main[0], axis=1)[cell]
    centers = np.eye(3)[np.minimum((p < rng.random((900, 1))).sum(1), 2)] * 0.9 + 0.03
    f = centers * np.exp(0.4 * rng.normal(size=centers.shape))
    f /= f.sum(1, keepdims=True)
    out = vector_fit.fit_probabilities(f, cell, np.ones((60, 3), bool), draws=200, warmup=200, thin=1)
    assert out.misfit(f, cell, draws=100) == ()


def test_draws_are_those_of_letters_where_every_response_is_certain():
    """Then the terms are the one-hot answers': bias² and variance of p itself."""
    rng = np.random.default_rng(4)
    cell = np.repeat(np.arange(40), 12)
    f = np.eye(3)[(rng.random(480) < 0.4).astype(int) + (rng.random(480) < 0.2)]
    f[0] = [0.6, 0.3, 0.1]
    out = vector_fit.fit_probabilities(f, cell, np.ones((40, 3), bool), draws=200, warmup=200, thin=1)
    p = out.main.astype(float)
    assert np.abs(out.terms().variance - (1 - (p**2).sum(-1)))[:, 1:].mean() < 0.02


@pytest.mark.parametrize("row", [[0.5, 0.2, 0.1], [1.2, -0.2, 0.0]])
def test_what_is_no_probability_vector_is_refused(row):
    with pytest.raises(BadInput, match="Response 1 is not"):
        vector_fit.fit_probabilities(np.array([[0.2, 0.3, 0.5], row]), np.zeros(2, int), np.ones((1, 3), bool))
