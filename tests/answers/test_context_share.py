"""The share of variance between levels, parameters unknown: against quadrature, and calibrated as the study is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logsumexp

from hotmess.answers.context_share import share_draws
from hotmess.answers.contexts import GRID, grid_prior
from hotmess.answers.prior import AnswerPrior

RIGHT = np.array([3, 1, 3, 0, 0, 1, 3, 3, 3, 2, 0, 0, 1, 3, 3, 0, 3, 3, 0, 2, 3])
COUNTS = np.stack([RIGHT, 3 - RIGHT], axis=1)
CELL = np.repeat(np.arange(7), 3)


def by_quadrature(cells: np.ndarray, prior: AnswerPrior) -> tuple[np.ndarray, float]:
    """(grid,) posterior of ρ, and the log Bayes factor, by sums over p, logit a and log κ on fine grids."""
    t = np.linspace(-14, 14, 281)
    p = expit(t)
    j = np.arange(3)
    log_like = np.zeros((len(cells), len(GRID), len(p)))
    for at, c in enumerate(cells):
        for x, y in COUNTS[c == CELL]:
            for i, rho in enumerate(GRID):
                log_like[at, i] += np.log(p[:, None] * (1 - rho) + j[:x] * rho).sum(1)
                log_like[at, i] += np.log((1 - p)[:, None] * (1 - rho) + j[:y] * rho).sum(1)
                log_like[at, i] -= np.log((1 - rho) + j[: x + y] * rho).sum()
    steps = np.linspace(-4, 4, 25)
    found = []
    for u in steps:
        for v in steps:
            a, kappa = expit(prior.location[0] + prior.scale[0] * u), np.exp(prior.location[1] + prior.scale[1] * v)
            log_p = stats.beta.logpdf(p, kappa * a, kappa * (1 - a)) + np.log(p * (1 - p) * (t[1] - t[0]))
            found.append(logsumexp(log_like + log_p, axis=2).sum(axis=0) - (u**2 + v**2) / 2)
    log_l = logsumexp(found, axis=0)
    log_prior = grid_prior()[1]
    posterior = np.exp(log_l + log_prior - logsumexp(log_l + log_prior))
    return posterior, float(logsumexp(log_l + log_prior) - log_l[0])


def test_against_quadrature_over_everything_unknown():
    """Two sets of one group each: what they have in common is nothing."""
    begin = np.random.default_rng(0).normal(0, 0.8, (400, 2, 3))
    group = np.repeat([0, 1], [4, 3])
    settings = {"parameters": begin, "group": group, "share": group, "draws": 4000, "points": 800}
    made = [share_draws(COUNTS, CELL, np.ones((7, 2), bool), **settings, seed=seed) for seed in (0, 1)]
    for g in (0, 1):
        posterior, factor = by_quadrature(np.flatnonzero(group == g), AnswerPrior())
        rho = np.concatenate([one[0][:, g] for one in made])
        assert rho.mean() == pytest.approx(posterior @ GRID, abs=0.015)
        for low in (0.1, 0.3):
            assert (rho < low).mean() == pytest.approx(posterior[low > GRID].sum(), abs=0.05)
        assert np.mean([one[1][g] for one in made]) == pytest.approx(factor, abs=0.25)
