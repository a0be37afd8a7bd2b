"""Weighted sums, Newton's maxima and expected terms against repetition, SciPy, quadrature and enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from hotmess.answers.closed import find_patterns, pattern_moments
from hotmess.answers.conjugate import LetterCells, brier_terms
from hotmess.answers.prior import AnswerPrior
from hotmess.answers.tails import log_likelihood_accuracy, log_likelihood_wrong, tail_counts
from hotmess.statements.expected import cell_terms, piece_sums
from hotmess.statements.newton import weighted_fit
from hotmess.statements.sums import counted, features
from hotmess.statements.weights import even, product_weights, weight_blocks

NONE = np.empty(0, int)


def letters(seed: int, questions: int = 40, groups: int = 2, n: int = 9, lost: bool = False) -> tuple:
    rng = np.random.default_rng(seed)
    size = questions * groups
    p = np.column_stack([rng.beta(2, 1, size), rng.dirichlet([0.5, 0.5, 0.5], size)])
    p[:, 1:] *= 1 - p[:, :1]
    counts = rng.multinomial(n, p / p.sum(1, keepdims=True))
    gone = rng.binomial(2, 0.2, size) if lost else np.zeros(size, int)
    cells = LetterCells(counts[:, 0], counts[:, 1:], gone, np.full(size, 4))
    return cells, np.repeat(np.arange(groups), questions), np.tile(np.arange(questions), groups)


def take(cells: LetterCells, rows: np.ndarray) -> LetterCells:
    return LetterCells(cells.right[rows], cells.wrong[rows], cells.unparsable[rows], cells.choices[rows])


def test_weights_have_the_dirichlets_moments_and_are_shared() -> None:
    w = np.concatenate([w for _, w in weight_blocks(20, 40_000, seed=3)])
    assert np.allclose(w.sum(1), 20)
    assert abs(w.var(axis=0).mean() - 19 / 21) < 0.01  # Q² a (1 - a)/(Q + 1) with a = 1/Q
    assert abs(np.cov(w[:, 0], w[:, 1])[0, 1] + 1 / 21) < 0.02
    clustered = next(weight_blocks(4, 1000, seed=3, cluster=np.array([0, 1, 1, 0])))[1]
    assert (clustered[:, 0] == clustered[:, 3]).all() and abs(clustered.mean() - 1) < 0.05
    own = next(weight_blocks(3, 5, seed=1, own=np.array([1.0, 2.0, 3.0])))[1]
    plain = next(weight_blocks(3, 5, seed=1))[1]
    assert np.allclose(own / plain, [[0.5, 1.0, 1.5]] * 5)
    q, c = product_weights(6, 4, 7, seed=1)
    assert np.allclose(q, next(weight_blocks(6, 7, seed=1))[1]) and np.allclose(c.mean(1), 1)


@pytest.mark.parametrize("lost", [False, True])
def test_integer_weights_are_repeated_questions(lost: bool) -> None:
    cells, group, question = letters(1, lost=lost)
    w = np.random.default_rng(0).integers(0, 4, (1, 40)).astype(float)
    w[0, -1] += 1
    rows = np.repeat(np.arange(80), w[0, question].astype(int))
    again = features(take(cells, rows), group[rows], np.arange(len(rows)))
    apart = np.array([0, 1]) if lost else NONE
    settings = {"draws": 1, "groups": 2, "prior": AnswerPrior(), "apart": apart, "seed": None}
    found, ones = features(cells, group, question), np.ones((1, len(rows)))
    first = weighted_fit(found, counted(found, [(slice(0, 1), w)]), **settings)
    second = weighted_fit(again, counted(again, [(slice(0, 1), ones)]), **settings)
    assert all(np.allclose(first[k], second[k], atol=1e-6) for k in first)
    found = features(cells, group, question, options=False)
    sums = piece_sums(found.patterns, counted(found, [(slice(0, 1), w)]), first, 2)
    repeated = piece_sums(again.patterns, counted(again, [(slice(0, 1), ones)]), second, 2)
    assert np.allclose(sums[0], repeated[0]) and np.allclose(sums[1], repeated[1])


@pytest.mark.parametrize("lost", [False, True])
def test_groups_taken_together_have_the_maxima_of_each_alone(lost: bool) -> None:
    """Groups of other sizes, numbers of responses and options: padding adds nothing."""
    parts = [letters(s, questions=40, groups=1, n=n, lost=lost and s > 0)[0] for s, n in enumerate((4, 9, 15))]
    choices = [np.full(40, 4), np.tile([4, 5], 20), np.full(40, 4)]
    parts = [LetterCells(c.right, c.wrong, c.unparsable, k) for c, k in zip(parts, choices)]
    names = ("right", "wrong", "unparsable", "choices")
    whole = LetterCells(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))
    group, question = np.repeat([0, 1, 2], 40), np.tile(np.arange(40), 3)
    apart = np.array([1, 2]) if lost else NONE
    w = next(weight_blocks(40, 6, seed=5))[1]

    def fitted(cells: LetterCells, group: np.ndarray, groups: int, apart: np.ndarray) -> dict[str, np.ndarray]:
        found = features(cells, group, question[: len(group)], apart=np.isin(group, apart))
        return weighted_fit(found, counted(found, [(slice(0, 6), w)]), 6, groups, AnswerPrior(), apart=apart, seed=None)

    together = fitted(whole, group, 3, apart)
    for g, cells in enumerate(parts):
        alone = fitted(cells, np.zeros(40, int), 1, np.zeros(1, int) if g in apart else NONE)
        for name, values in alone.items():
            assert np.allclose(together[name][:, g], values[:, 0], rtol=1e-9), (name, g)


def test_maxima_are_those_of_scipy_and_flat_in_every_direction() -> None:
    cells, group, question = letters(2, groups=1)
    w = next(weight_blocks(40, 3, seed=5))[1]
    prior = AnswerPrior()
    columns = features(cells, group, question)
    found = weighted_fit(columns, counted(columns, [(slice(0, 3), w)]), 3, 1, prior, apart=NONE, seed=None)
    # the likelihood by cells, one tail count each, weighted: nothing shared with the code under test
    per_cell = tail_counts(cells.right, cells.wrong, np.arange(40), groups=40, options=cells.options)
    for d in range(3):

        def loss(x: np.ndarray, d: int = d) -> float:
            a, kappa, phi = (np.full(40, v) for v in (1 / (1 + np.exp(-x[0])), np.exp(x[1]), np.exp(x[2])))
            value = log_likelihood_accuracy(per_cell, a, kappa) + log_likelihood_wrong(per_cell, phi)
            return -float(w[d] @ value) + 0.5 * sum(((x - prior.location) / prior.scale) ** 2)

        best = optimize.minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-8})
        mine = np.array([found[k][d, 0] for k in ("logit_a", "log_kappa", "log_phi")])
        assert np.allclose(mine, best.x, atol=2e-4) and loss(mine) <= best.fun + 1e-9
        assert np.abs(optimize.approx_fprime(mine, loss, 1e-6)).max() < 1e-3


def test_open_ended_answers_maximise_the_ewens_likelihood() -> None:
    wrong = np.array([[3, 1, 0], [2, 0, 0], [1, 1, 1], [4, 0, 0]])
    cells = LetterCells(np.array([1, 3, 2, 1]), wrong, np.zeros(4, int), np.full(4, np.inf))
    w = np.array([[1.0, 2.0, 0.5, 0.5]])
    columns = features(cells, np.zeros(4, int), np.arange(4))
    found = weighted_fit(columns, counted(columns, [(slice(0, 1), w)]), 1, 1, AnswerPrior(), apart=NONE, seed=None)

    def loss(y: float) -> float:
        phi = np.exp(y)
        distinct, mass = (wrong > 0).sum(1), wrong.sum(1)
        ewens = distinct * y - np.array([np.log(phi + np.arange(m)).sum() for m in mass])
        return -float(w[0] @ ewens) + 0.5 * ((y - np.log(2)) / 1.5) ** 2

    assert abs(found["log_phi"][0, 0] - optimize.minimize_scalar(loss).x) < 1e-5


def test_without_data_the_maxima_scatter_as_the_prior() -> None:
    cells = LetterCells(np.zeros(2, int), np.zeros((2, 2), int), np.zeros(2, int), np.full(2, 3))
    found = features(cells, np.zeros(2, int), np.arange(2))
    many = weighted_fit(
        found, counted(found, weight_blocks(2, 4000, seed=0)), 4000, 1, AnswerPrior(), apart=NONE, seed=1
    )
    for k, (m, s) in zip(many, zip(AnswerPrior().location, AnswerPrior().scale)):
        assert stats.kstest((many[k][:, 0] - m) / s, "norm").pvalue > 0.001


@pytest.mark.parametrize("lost", [False, True])
def test_expected_terms_are_those_of_the_closed_moments_and_of_draws(lost: bool) -> None:
    cells, group, _ = letters(3, questions=12, lost=lost)
    names = "logit_a", "log_kappa", "log_phi"
    parameters = {k: np.array([[0.4, -0.3]]) + i for i, k in enumerate(names)}
    if lost:
        parameters |= {"logit_u": np.array([[-1.0, -2.0]]), "log_psi": np.array([[0.5, 1.0]])}
    found = features(cells, group, np.arange(24))
    mine = cell_terms(found, (cells.wrong.astype(float) ** 2).sum(1), parameters)
    patterns = find_patterns(cells, group)
    means, _ = pattern_moments(patterns, parameters, powers=False)
    assert np.allclose(mine, np.column_stack([m[0] for m in means])[patterns.of], atol=1e-12)
    if not lost:  # one cell by brute force: Beta and Dirichlet drawn by NumPy
        rng = np.random.default_rng(0)
        a_, k_, p_ = (parameters[k][0, 0] for k in ("logit_a", "log_kappa", "log_phi"))
        a, kappa, phi = 1 / (1 + np.exp(-a_)), np.exp(k_), np.exp(p_)
        right = rng.beta(kappa * a + cells.right[0], kappa * (1 - a) + cells.wrong[0].sum(), 400_000)
        v = rng.dirichlet(phi / 3 + cells.wrong[0], 400_000)
        error, bias2, _ = brier_terms(right, (1 - right)[:, None] * v, np.zeros(1), np.array([4]))
        assert abs(error.mean() - mine[0, 0]) < 4 * error.std() / 632
        assert abs(bias2.mean() - mine[0, 1]) < 4 * bias2.std() / 632


def test_expected_bias_of_two_options_by_quadrature() -> None:
    """x of n right, one wrong option: bias² is 2 b², and b is Beta."""
    cells = LetterCells(np.array([3]), np.array([[2]]), np.zeros(1, int), np.array([2]))
    parameters = {"logit_a": np.array([[0.2]]), "log_kappa": np.array([[0.7]]), "log_phi": np.array([[0.1]])}
    a, kappa = 1 / (1 + np.exp(-0.2)), np.exp(0.7)
    density = stats.beta(kappa * (1 - a) + 2, kappa * a + 3).pdf
    by_hand = integrate.quad(lambda b: 2 * b * b * density(b), 0, 1)[0]
    mine = cell_terms(features(cells, np.zeros(1, int), np.zeros(1, int)), np.array([4.0]), parameters)
    assert mine[0, 1] == pytest.approx(by_hand, rel=1e-8)


def test_a_likelihood_that_weighs_too_little_would_show() -> None:
    """Weights have mean 1, so the maxima scatter around the maximum at even weights by the sandwich, not the prior."""
    cells, group, question = letters(4, questions=400, groups=1)
    found = features(cells, group, question)
    centre = weighted_fit(found, counted(found, [(slice(0, 1), even(400))]), 1, 1, AnswerPrior(), apart=NONE, seed=None)
    many = weighted_fit(
        found, counted(found, weight_blocks(400, 500, seed=2)), 500, 1, AnswerPrior(), apart=NONE, seed=2, start=centre
    )
    rate = cells.right / 9
    by_hand = rate.std() / np.sqrt(400) / (rate.mean() * (1 - rate.mean()))  # delta method, without a model
    assert abs(many["logit_a"].std() / by_hand - 1) < 0.15
    assert abs(many["logit_a"].mean() - centre["logit_a"].item()) < 0.3 * by_hand


@pytest.mark.parametrize("away", [-7.0, -3.0, 3.0, 7.0])
def test_maxima_are_found_from_afar(away: float) -> None:
    """Where plain steps of Newton's do not arrive, damped ones do."""
    cells, group, question = letters(4, lost=True)
    settings = {"draws": 5, "groups": 2, "prior": AnswerPrior(), "apart": np.array([0, 1]), "seed": 3}
    found, w = features(cells, group, question), next(weight_blocks(40, 5, seed=2))[1]
    near = weighted_fit(found, counted(found, [(slice(0, 5), w)]), **settings)
    start = {name: x.mean(axis=0)[None] + away for name, x in near.items()}
    far = weighted_fit(found, counted(found, [(slice(0, 5), w)]), **settings, start=start)
    assert all(np.allclose(near[k], far[k], atol=1e-8) for k in near)
