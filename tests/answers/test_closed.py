"""Closed moments of question-level terms against draws, and sets of questions against sums of drawn questions."""

import numpy as np
import pytest

from hotmess.answers.closed import ENOUGH, find_patterns, pattern_moments, set_draws
from hotmess.answers.conjugate import LetterCells, answer_draws, brier_terms

POINT = {"logit_a": [0.4, -0.2], "log_kappa": [0.7, 0.0], "log_phi": [0.5, -1.0]}
SHARE = {"logit_u": [-1.5, -np.inf], "log_psi": [0.3, 0.0]}
CELLS = LetterCells(
    right=np.array([3, 0, 10, 1, 0]),
    wrong=np.array([[1, 0, 2], [4, 4, 0], [0, 0, 0], [9, 0, 0], [5, 0, 0]]),
    unparsable=np.array([2, 0, 0, 1, 0]),
    choices=np.array([4, 3, 4, 4, 2]),
)
GROUP = np.array([0, 1, 1, 0, 1])


def repeated(point, draws):
    return {k: np.tile(np.array(v, dtype=float), (draws, 1)) for k, v in point.items()}


def powers_of(a, w):
    b = w.sum(-1)
    return np.stack([b, b**2, (w**2).sum(-1)], axis=-1)


def check(many, mean, covariance):
    """Means and covariances of draws (draws, cells, terms) against closed ones, within 5 Monte Carlo errors."""
    draws = len(many)
    for i in range(many.shape[-1]):
        error = many[..., i].std(0) / np.sqrt(draws) + 1e-6
        assert (np.abs(many[..., i].mean(0) - mean[i][0]) < 5 * error).all(), i
        for j in range(i + 1):
            product = (many[..., i] - mean[i][0]) * (many[..., j] - mean[j][0])
            error = product.std(0) / np.sqrt(draws) + 1e-7
            assert (np.abs(product.mean(0) - covariance[i, j][0]) < 5 * error).all(), (i, j)


@pytest.mark.parametrize("powers", [False, True])
def test_moments_of_a_question_are_those_of_its_draws(powers):
    copies, draws = 1000, 40
    cells, point = CELLS, POINT | SHARE
    if powers:
        cells = LetterCells(CELLS.right, CELLS.wrong, np.zeros(5, int), CELLS.choices)
        point = POINT
    patterns = find_patterns(cells, GROUP)
    assert len(patterns.group) == 5
    many = []
    copied = LetterCells(*(np.repeat(x, copies, axis=0) for x in vars(cells).values()))
    for _, a, w, u in answer_draws(copied, np.repeat(GROUP, copies), repeated(point, draws), seed=1):
        terms = powers_of(a, w) if powers else np.stack(brier_terms(a, w, u, copied.choices)[:2], axis=-1)
        many.append(terms.astype(float).reshape(5, copies, -1).swapaxes(0, 1))
    mean, covariance = pattern_moments(patterns, repeated(point, 1), powers=powers)
    mean = [m[:, patterns.of] for m in mean]
    check(np.concatenate(many), mean, {k: c[:, patterns.of] for k, c in covariance.items()})


@pytest.mark.parametrize("options", [2, 63, 64, 303])
def test_patterns_of_many_options_are_found(options):
    """As by sorting whole rows."""
    rng = np.random.default_rng(2)
    wrong = np.zeros((40, options - 1), int)
    for row in wrong:
        np.add.at(row, rng.integers(0, options - 1, rng.integers(0, 4)), 1)
    cells = LetterCells(rng.integers(0, 3, 40), wrong, rng.integers(0, 2, 40), np.full(40, options))
    group = rng.integers(0, 2, 40)
    found = find_patterns(cells, group)
    rows = np.column_stack([group, cells.right, cells.unparsable, cells.choices, np.sort(wrong, axis=1)[:, ::-1]])
    kept = found.cells
    back = np.column_stack([found.group, kept.right, kept.unparsable, kept.choices, kept.wrong])
    np.testing.assert_array_equal(back[found.of], rows)
    assert len(back) == len(np.unique(rows, axis=0))


@pytest.mark.parametrize("like_these", [False, True])
def test_means_of_sets_have_the_distribution_of_means_of_drawn_questions(like_these):
    rng = np.random.default_rng(3)
    size, draws = ENOUGH, 4000
    p = rng.dirichlet([1, 0.3, 0.3, 0.3, 0.1], size)
    counts = np.array([rng.multinomial(6, row) for row in p])
    cells = LetterCells(counts[:, 0], counts[:, 1:4], counts[:, 4], np.full(size, 4))
    group = np.zeros(size, int)
    point = {k: [v[0]] for k, v in (POINT | SHARE).items()}
    weights = rng.standard_exponential((draws, size)) if like_these else np.ones((1, size))
    closed = set_draws(
        find_patterns(cells, group),
        [np.arange(size)],
        np.arange(size),
        [(slice(0, 1000), weights[:1000]), (slice(1000, draws), weights[1000:] if like_these else weights)],
        repeated(point, draws),
        powers=False,
        seed=5,
    )[:, 0]
    drawn = np.empty((draws, 2))
    for s, a, w, u in answer_draws(cells, group, repeated(point, draws), seed=6):
        v = weights[s if like_these else 0]
        drawn[s] = [np.average(t, weights=v) for t in brier_terms(a, w, u, cells.choices)[:2]]
    ratio = 1 - closed[:, 1] / closed[:, 0], 1 - drawn[:, 1] / drawn[:, 0]
    for one, other in ((closed[:, 0], drawn[:, 0]), (closed[:, 1], drawn[:, 1]), ratio):
        error = np.sqrt((one.var() + other.var()) / draws)
        assert abs(one.mean() - other.mean()) < 4 * error
        assert abs(np.log(one.std() / other.std())) < 4 * np.sqrt(1 / draws)
        for q in (0.05, 0.95):  # P(draw < quantile of the other way) within Monte Carlo error
            assert abs((one < np.quantile(other, q)).mean() - q) < 4 * np.sqrt(2 * q * (1 - q) / draws)


def test_with_two_options_wrong_answers_are_concentrated_in_every_draw():
    cells = LetterCells(np.arange(8), np.arange(8)[::-1, None].copy(), np.zeros(8, int), np.full(8, 2))
    point = {k: v[:1] for k, v in POINT.items()}
    out = set_draws(
        find_patterns(cells, np.zeros(8, int)),
        [np.arange(8)],
        np.arange(8),
        [(slice(0, 50), np.ones((1, 8)))],
        repeated(point, 50),
        powers=True,
        seed=1,
    )
    np.testing.assert_allclose(out[..., 1], out[..., 2], rtol=1e-6)
    assert out[..., 0].std() > 0.01
