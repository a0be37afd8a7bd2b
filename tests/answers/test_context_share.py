"""The share of variance between levels, parameters unknown: against quadrature over everything that is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import betainc, betaln, expit, log_expit, logsumexp

from hotmess.answers.context_share import share_draws
from hotmess.answers.contexts import GRID, grid_prior, share_weights
from hotmess.answers.prior import AnswerPrior

MIXED = [[3, 0, 0], [1, 2, 0], [3, 0, 0], [0, 3, 0], [0, 1, 2], [1, 1, 1], [2, 0, 1], [3, 0, 0], [3, 0, 0]]
SETTLED = [*[[3, 0, 0]] * 12, *[[0, 3, 0]] * 3, *[[0, 0, 3]] * 3, [3, 0, 0], [0, 3, 0], [0, 3, 0]]
COUNTS = np.array(MIXED + SETTLED)
CELL = np.repeat(np.arange(10), 3)
SETS = np.repeat([0, 1], [3, 7])

X = np.linspace(-9, 9, 91)
T = 2 * np.sinh(X)
LOG_DT = np.log(2 * np.cosh(X) * (X[1] - X[0]))
"""Logits from −8000 to 8000: where κ or φ is small p is nearer to 0 or 1 than numbers can be."""


def log_beta(up: np.ndarray, down: np.ndarray) -> np.ndarray:
    """(…, logits) log probability of each piece of the grid."""
    up, down = np.asarray(up)[..., None], np.asarray(down)[..., None]
    return up * log_expit(T) + down * log_expit(-T) - betaln(up, down) + LOG_DT


def likelihood(cell: int) -> np.ndarray:
    """(grid, logits, logits) of a cell's counts, by chance of a right answer and the first wrong option's share."""
    right, wrong = T[:, None], T[None]
    log_p = [log_expit(right) + 0 * wrong, log_expit(-right) + log_expit(wrong), log_expit(-right) + log_expit(-wrong)]
    out = np.zeros((len(GRID), len(T), len(T)))
    for i, rho in enumerate(GRID):
        for row in COUNTS[cell == CELL]:
            for log_one, n in zip(log_p, row):
                if n:
                    out[i] += log_one + np.log1p(-rho)
                for j in range(1, n):
                    out[i] += np.logaddexp(log_one + np.log1p(-rho), np.log(j * rho or 1e-300))
            out[i] -= np.log((1 - rho) + np.arange(row.sum()) * rho).sum()
    return np.exp(out)


def by_quadrature(cells: np.ndarray, prior: AnswerPrior) -> tuple[np.ndarray, float]:
    """(grid,) posterior of ρ, and the log Bayes factor, by sums over p_i, logit a, log κ and log φ on fine grids."""
    steps = np.linspace(-4, 4, 21)
    logit_a, log_kappa, log_phi = (m + s * steps for m, s in zip(prior.location, prior.scale))
    kappa, half = np.exp(log_kappa), np.exp(log_phi) / 2
    first = np.exp(log_beta(kappa * expit(logit_a)[:, None], kappa * expit(-logit_a)[:, None]))
    found = np.zeros((len(GRID), 21, 21, 21))
    for cell in cells:
        inner = np.tensordot(likelihood(cell), np.exp(log_beta(half, half)), axes=(2, 1))
        found += np.log(np.einsum("ixf,akx->iakf", inner, first, optimize=True))
    u = (steps**2) / 2
    log_l = logsumexp(found - u[:, None, None] - u[:, None] - u, axis=(1, 2, 3))
    joint = log_l + grid_prior()[1]
    return np.exp(joint - logsumexp(joint)), float(logsumexp(joint) - log_l[0])


def test_against_quadrature_over_everything_unknown() -> None:
    """Two sets of one group each, in one of which nearly every answer is settled: κ and φ are small there."""
    begin = np.random.default_rng(0).normal(0, 0.8, (400, 2, 3)) + np.array([[0, 0, 0.5], [0.5, -1.5, -1.5]])
    settings = {"parameters": begin, "group": SETS, "share": SETS, "draws": 4000, "points": 800}
    made = [share_draws(COUNTS, CELL, np.ones((10, 3), bool), **settings, seed=seed) for seed in (0, 1)]
    for g in (0, 1):
        posterior, factor = by_quadrature(np.flatnonzero(g == SETS), AnswerPrior())
        rho = np.concatenate([one[0][:, g] for one in made])
        assert rho.mean() == pytest.approx(posterior @ GRID, abs=0.015)
        for low in (0.1, 0.3):
            assert (rho < low).mean() == pytest.approx(posterior[low > GRID].sum(), abs=0.05)
        assert np.mean([one[1][g] for one in made]) == pytest.approx(factor, abs=0.25)


def test_points_nearer_to_1_than_numbers_can_be_keep_their_logarithms() -> None:
    """After one right answer, κ a = κ (1 − a) = 0.02: a wrong one's chance is Beta(0.02, 1.02), e^−200 at times."""
    one, real = np.ones(1), np.array([[True, True, True, False]])
    answers = {"counts": np.array([[1, 0, 0, 0]]), "cell": np.zeros(1, int), "real": real}
    settings = {"a": 0.5 * one, "kappa": 0.04 * one, "phi": one, "points": 4000, "rng": np.random.default_rng(0)}
    log_p, _ = share_weights(**answers, **settings)
    assert np.isfinite(log_p[..., :3]).all() and (log_p[..., 3] == -np.inf).all()
    assert logsumexp(log_p, axis=-1) == pytest.approx(0, abs=1e-12)
    wrong = logsumexp(log_p[0, :, 1:], axis=-1)
    assert (wrong < -200).any()
    assert stats.kstest(wrong, lambda x: betainc(0.02, 1.02, np.exp(x))).pvalue > 0.01
