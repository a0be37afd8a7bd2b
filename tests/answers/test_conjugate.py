"""Conjugate draws against closed moments; decomposition terms against enumeration of answers."""

import numpy as np
import pytest

from hotmess.answers.conjugate import (
    DELTA,
    LetterCells,
    answer_draws,
    brier_terms,
    kl_terms,
    term_draws,
    zero_one_terms,
)
from hotmess.decompose.parts import incoherence

CELLS = LetterCells(
    right=np.array([3, 0, 10, 1]),
    wrong=np.array([[1, 0, 2], [4, 4, 0], [0, 0, 0], [9, 0, 0]]),
    unparsable=np.array([2, 0, 0, 1]),
    choices=np.array([4, 3, 4, 4]),
)
GROUP = np.array([0, 1, 1, 0])
POINT = {"logit_a": [0.4, -0.2], "log_kappa": [0.7, 0.0], "log_phi": [0.5, -1.0]}
SHARE = {"logit_u": [-1.5, -np.inf], "log_psi": [0.3, 0.0]}


def repeated(point, draws):
    return {k: np.tile(np.array(v), (draws, 1)) for k, v in point.items()}


@pytest.mark.parametrize("threads", [1, 3])
def test_draws_have_the_moments_of_the_conjugate_posterior(threads):
    draws = 3000
    many = list(answer_draws(CELLS, GROUP, repeated(POINT | SHARE, draws), seed=1, threads=threads))
    assert [s for s, *_ in many] == list(range(draws))
    a, w, u = (np.stack([m[i] for m in many]) for i in (1, 2, 3))
    np.testing.assert_allclose(a + w.sum(-1) + u, 1, atol=1e-6)
    mean, kappa, phi = 1 / (1 + np.exp(-np.array(POINT["logit_a"]))), *(np.exp(POINT[k]) for k in list(POINT)[1:])
    split = CELLS.wrong.sum(1)
    up, down = (kappa * mean)[GROUP] + CELLS.right, (kappa * (1 - mean))[GROUP] + split + CELLS.unparsable
    closed = up / (up + down)
    variance = closed * (1 - closed) / (up + down + 1)
    assert (np.abs(a.mean(0) - closed) < 4 * np.sqrt(variance / draws)).all()
    kurtosis = ((a - closed) ** 4).mean(0) / variance**2
    assert (np.abs(a.var(0) - variance) < 4 * variance * np.sqrt((kurtosis - 1) / draws)).all()
    psi, share = np.exp(SHARE["log_psi"][0]), 1 / (1 + np.exp(1.5))
    lost = np.where(GROUP == 0, (psi * share + CELLS.unparsable) / (psi + CELLS.unparsable + split), 0.0)
    assert (np.abs(u.mean(0) - (1 - closed) * lost) < 4 * u.std(0) / np.sqrt(draws) + 1e-15).all()
    k = CELLS.choices - 1
    real = np.arange(3) < k[:, None]
    each = np.where(real, (phi[GROUP] / k)[:, None] + CELLS.wrong, 0) / (phi[GROUP] + split)[:, None]
    expected = ((1 - closed) * (1 - lost))[:, None] * each
    assert (np.abs(w.mean(0) - expected) < 4 * w.std(0) / np.sqrt(draws) + 1e-15).all()
    assert not w[:, 1, 2].any()  # no mass on an option that is not there


def test_tiny_concentrations_put_all_on_one_option_and_never_nan():
    point = {"logit_a": [0.0], "log_kappa": [-20.0], "log_phi": [-30.0]}
    cells = LetterCells(np.zeros(3, int), np.zeros((3, 4), int), np.zeros(3, int), np.full(3, 5))
    picks = []
    for _, a, w, _ in answer_draws(cells, np.zeros(3, int), repeated(point, 400), seed=2):
        assert np.isfinite(a).all() and np.isfinite(w).all()
        wrong = w[a < 0.5]
        np.testing.assert_allclose(wrong.max(1), 1, atol=1e-6)
        picks.extend(wrong.argmax(1))
    share = np.bincount(picks, minlength=4) / len(picks)
    assert (np.abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / len(picks))).all()


def test_the_number_of_threads_changes_nothing_and_the_seed_everything():
    one, three = (term_draws(CELLS, GROUP, repeated(POINT | SHARE, 20), seed=5, threads=t)["brier"] for t in (1, 3))
    np.testing.assert_array_equal(one.error, three.error)
    other = term_draws(CELLS, GROUP, repeated(POINT | SHARE, 20), seed=6, threads=1)["brier"]
    assert not np.array_equal(one.error, other.error)


def distributions(seed, unparsable):
    rng = np.random.default_rng(seed)
    choices = np.array([4, 3, 2, 4])
    a, w, u = np.zeros(4), np.zeros((4, 3)), np.zeros(4)
    for i, c in enumerate(choices):
        p = rng.dirichlet(np.ones(c + 1)) if unparsable else np.append(rng.dirichlet(np.ones(c)), 0.0)
        a[i], w[i, : c - 1], u[i] = p[0], p[1:c], p[c]
    return a, w, u, choices


def responses_of(a, w, u, c):
    """Positions of every possible response and their probabilities; the last one is unparsable."""
    return np.vstack([np.eye(c), np.full(c, 1 / c)]), np.concatenate([[a], w[: c - 1], [u]])


@pytest.mark.parametrize("unparsable", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_brier_terms_by_enumeration(seed, unparsable):
    a, w, u, choices = distributions(seed, unparsable)
    error, bias2, variance = brier_terms(a, w, u, choices)
    for i, c in enumerate(choices):
        z, p = responses_of(a[i], w[i], u[i], c)
        y, mean = np.eye(c)[0], p @ z
        assert error[i] == pytest.approx(p @ ((y - z) ** 2).sum(1))
        assert bias2[i] == pytest.approx(((y - mean) ** 2).sum())
        assert variance[i] == pytest.approx(p @ ((z - mean) ** 2).sum(1))


@pytest.mark.parametrize("unparsable", [False, True])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("delta", [DELTA, 1e-2])
def test_kl_terms_by_enumeration(seed, unparsable, delta):
    a, w, u, choices = distributions(seed, unparsable)
    error, bias, variance = kl_terms(a, w, u, choices, delta)
    for i, c in enumerate(choices):
        z, p = responses_of(a[i], w[i], u[i], c)
        f = (z + delta) / (1 + c * delta)
        mean = np.exp(p @ np.log(f))
        mean /= mean.sum()
        divergence = (mean * (np.log(mean) - np.log(f))).sum(1)
        assert error[i] == pytest.approx(-(p @ np.log(f[:, 0])))
        assert bias[i] == pytest.approx(-np.log(mean[0]))
        assert variance[i] == pytest.approx(p @ divergence)


@pytest.mark.parametrize("unparsable", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_zero_one_terms_by_enumeration(seed, unparsable):
    a, w, u, choices = distributions(seed, unparsable)
    error, bias, variance = zero_one_terms(a, w, u, choices)
    for i, c in enumerate(choices):
        z, p = responses_of(a[i], w[i], u[i], c)
        answer = p @ z  # an unparsable response is a guess among the options
        main = answer.argmax()
        assert error[i] == pytest.approx(1 - answer[0])
        assert bias[i] == (main != 0)
        assert variance[i] == pytest.approx(1 - answer[main])


def test_the_worked_example_of_ten_twelve_and_eight():
    w = np.array([[10, 12, 8]]) / 30
    terms = brier_terms(np.zeros(1), w, np.zeros(1), np.array([4]))
    assert [round(float(t[0]), 3) for t in terms] == [2.0, 1.342, 0.658]


@pytest.mark.parametrize(("a", "kappa", "phi", "k"), [(0.7, 0.4, 1.0, 3), (0.3, 5.0, 20.0, 9), (0.5, 0.05, 0.1, 2)])
def test_incoherence_of_a_population_has_a_closed_form(a, kappa, phi, k):
    questions = 100_000
    cells = LetterCells(*(np.zeros(s, int) for s in (questions, (questions, k), questions)), np.full(questions, k + 1))
    point = {"logit_a": [np.log(a / (1 - a))], "log_kappa": [np.log(kappa)], "log_phi": [np.log(phi)]}
    _, p, w, u = next(iter(answer_draws(cells, np.zeros(questions, int), repeated(point, 1), seed=3)))
    error, _, variance = brier_terms(p, w, u, cells.choices)
    h = (1 + phi / k) / (1 + phi)
    closed = 1 - 0.5 * (kappa * (1 - a) + 1) / (kappa + 1) * (1 + h)
    assert float(incoherence(np.array(a), np.array(1 / (kappa + 1)), np.array(h))) == pytest.approx(closed)
    ratio = variance.sum() / error.sum()
    noise = (variance - ratio * error).std() / error.mean() / np.sqrt(questions)
    assert abs(ratio - closed) < 4 * noise
