"""The exact grid against brute-force quadrature, where posteriors are wide, narrow, ridged or at an edge."""

import numpy as np
import pytest
from scipy.special import betaln, gammaln

from hotmess.answers.grid import grid_posterior
from hotmess.answers.prior import AnswerPrior
from hotmess.answers.tails import tail_counts

PRIOR = AnswerPrior()
DRAWS = 4000


def cells(questions, samples, a, kappa, phi, seed=0, options=3):
    rng = np.random.default_rng(seed)
    right = rng.binomial(samples, rng.beta(kappa * a, kappa * (1 - a), questions))
    w = rng.dirichlet(np.full(options, phi / options), questions)
    return right, rng.multinomial(samples - right, w)


def moments(x, weight):
    weight = weight / weight.sum()
    mean = (weight * x).sum()
    return mean, np.sqrt((weight * (x - mean) ** 2).sum())


def brute(right, samples, x, y):
    """Posterior moments of (logit a, log kappa) on a fixed grid, by scipy's beta function."""
    values, copies = np.unique(right, return_counts=True)
    a, kappa = 1 / (1 + np.exp(-x))[:, None], np.exp(y)[None]
    log_p = -0.5 * ((x[:, None] - PRIOR.location[0]) / PRIOR.scale[0]) ** 2
    log_p = log_p - 0.5 * ((y[None] - PRIOR.location[1]) / PRIOR.scale[1]) ** 2
    for value, count in zip(values, copies):
        up, down = kappa * a, kappa * (1 - a)
        log_p = log_p + count * (betaln(up + value, down + samples - value) - betaln(up, down))
    p = np.exp(log_p - log_p.max())
    assert max(p[0].max(), p[-1].max(), p[:, 0].max(), p[:, -1].max()) < 1e-6  # the oracle's box holds the mass
    return moments(x, p.sum(1)), moments(y, p.sum(0))


def agrees(draws, exact, what):
    mean, sd = exact
    n = len(draws)
    assert abs(draws.mean() - mean) < 4 * sd / np.sqrt(n), what
    kurtosis = ((draws - draws.mean()) ** 4).mean() / draws.var() ** 2
    assert abs(draws.std() - sd) < 4 * sd * np.sqrt((kurtosis - 1) / (4 * n)) + 0.01 * sd, what


@pytest.mark.parametrize(
    ("questions", "samples", "a", "kappa", "box"),
    [
        (5, 3, 0.5, 1.0, ((-8, 8), (-9, 9))),
        (60, 10, 0.8, 0.3, ((-1, 5), (-4, 3))),
        (2000, 30, 0.55, 1000.0, ((0.1, 0.3), (4, 13))),
        (10_000, 30, 0.55, 1000.0, ((0.17, 0.23), (4.5, 12))),
        (10_000, 30, 0.9, 1e4, ((2.15, 2.25), (5, 13))),
        (10_000, 30, 0.6, 0.05, ((0.2, 0.6), (-3.4, -2.6))),
    ],
)
def test_accuracy_and_spread_match_quadrature(questions, samples, a, kappa, box):
    right, wrong = cells(questions, samples, a, kappa, 1.0)
    tails = tail_counts(right, wrong, np.zeros(questions, int), groups=1, options=np.full(questions, 3))
    draws = grid_posterior(tails, PRIOR, draws=DRAWS, seed=1)
    x, y = (np.linspace(*side, 301) for side in box)
    exact = brute(right, samples, x, y)
    agrees(draws["logit_a"][:, 0], exact[0], "logit a")
    agrees(draws["log_kappa"][:, 0], exact[1], "log kappa")


@pytest.mark.parametrize(("a", "value"), [(0.999, "all right"), (0.001, "all wrong")])
def test_nothing_but_right_or_wrong_answers_still_has_a_posterior(a, value):
    right = np.full(40, 10 if a > 0.5 else 0)
    wrong = np.zeros((40, 3), int)
    wrong[:, 0] = 10 - right
    tails = tail_counts(right, wrong, np.zeros(40, int), groups=1, options=np.full(40, 3))
    draws = grid_posterior(tails, PRIOR, draws=DRAWS, seed=1)
    x, y = np.linspace(-12, 12, 401), np.linspace(-12, 12, 401)
    exact = brute(right, 10, x, y)
    agrees(draws["logit_a"][:, 0], exact[0], value)
    agrees(draws["log_kappa"][:, 0], exact[1], value)


@pytest.mark.parametrize(("questions", "phi"), [(4, 1.0), (300, 0.1), (10_000, 300.0)])
def test_scatter_of_wrong_answers_matches_quadrature(questions, phi):
    right, wrong = cells(questions, 12, 0.4, 2.0, phi)
    tails = tail_counts(right, wrong, np.zeros(questions, int), groups=1, options=np.full(questions, 3))
    draws = grid_posterior(tails, PRIOR, draws=DRAWS, seed=2)["log_phi"][:, 0]
    x = np.linspace(-10, 14, 20_001)
    patterns, copies = np.unique(np.sort(wrong, axis=1), axis=0, return_counts=True)
    log_p = -0.5 * ((x - PRIOR.location[2]) / PRIOR.scale[2]) ** 2
    for row, count in zip(patterns, copies):
        alpha = np.exp(x)[:, None] / 3
        value = (gammaln(alpha + row) - gammaln(alpha)).sum(1) - gammaln(np.exp(x) + row.sum()) + gammaln(np.exp(x))
        log_p = log_p + count * value
    agrees(draws, moments(x, np.exp(log_p - log_p.max())), "log phi")


def test_groups_are_independent_and_seeds_reproduce():
    right, wrong = cells(80, 8, 0.6, 1.0, 1.0)
    group = np.repeat([0, 1], 40)
    tails = tail_counts(right, wrong, group, groups=2, options=np.full(80, 3))
    first, again = (grid_posterior(tails, PRIOR, draws=500, seed=3) for _ in range(2))
    other = grid_posterior(tails, PRIOR, draws=500, seed=4)
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name])
        assert not np.array_equal(value, other[name])
        assert abs(np.corrcoef(value.T)[0, 1]) < 4 / np.sqrt(500)


def test_the_unparsable_share_has_its_own_prior():
    rng = np.random.default_rng(0)
    unparsable = rng.binomial(10, 0.1, 200)
    tails = tail_counts(unparsable, (10 - unparsable)[:, None], np.zeros(200, int), groups=1, options=np.full(200, 2))
    right = np.zeros(200, int)
    main = tail_counts(right, (10 - unparsable)[:, None], np.zeros(200, int), groups=1, options=np.full(200, 3))
    draws = grid_posterior(main, PRIOR, draws=DRAWS, seed=5, unparsable=tails)
    x, y = np.linspace(-3, -1.4, 401), np.linspace(-2, 9, 401)
    swapped = AnswerPrior(location=(*PRIOR.unparsable[:1], 0.0, 0.0), scale=(PRIOR.unparsable[1], 1.5, 1.0))
    same = grid_posterior(tails, swapped, draws=DRAWS, seed=6)
    for mine, theirs in (("logit_u", "logit_a"), ("log_psi", "log_kappa")):
        a, b = draws[mine][:, 0], same[theirs][:, 0]
        assert abs(a.mean() - b.mean()) < 4 * np.sqrt((a.var() + b.var()) / DRAWS)
    assert x[0] < draws["logit_u"].mean() < x[-1] and y[0] < draws["log_psi"].mean() < y[-1]
