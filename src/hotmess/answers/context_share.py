"""The share of variance between levels with the group's parameters unknown too (methods, section 3).

A fit that knows of no levels takes the scatter of levels for scatter between questions, so that parameters held at it
leave too little for the levels. The parameters θ = (logit a, log κ, log φ) of every group move along with the share ρ,
by Metropolis' steps under their own prior; the questions' p_i stay integrated by the points of
`hotmess.answers.contexts`, reweighted by the ratio of their density under θ to that under the θ they were drawn at. ρ
is drawn from the mean over θ of its exact conditional on the grid; the Bayes factor is Savage and Dickey's ratio at
ρ = 0. Points are kept as logarithms: where κ or φ is small, p_i is nearer to 0 or 1 than numbers can be, and the
ratio depends on how near.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, expit, gammaln, logsumexp

from hotmess.answers.contexts import GRID, grid_prior, share_weights
from hotmess.answers.prior import AnswerPrior
from hotmess.arrays import Bools, Floats, Ints

WARM, KEEP, THIN = 200, 40, 10
STEPS = (1.5, 5.0, 15.0)
"""Of ρ, in cells of the grid."""


class _Density:
    """Log density of every point under θ over that under the θ (groups, 3) that the points were drawn at."""

    def __init__(self, log_p: Floats, real: Bools, group: Ints, start: Floats) -> None:
        self.group, self.options = group, real[:, 1:].sum(axis=1).astype(float)
        right, rest = log_p[..., 0], logsumexp(log_p[..., 1:], axis=-1)
        spread = np.where(real[:, None, 1:], log_p[..., 1:] - rest[..., None], 0.0)
        self.right, self.rest, self.wrong = (x.astype(np.float32) for x in (right, rest, spread.sum(axis=-1)))
        self.start = self._terms(start)

    def _terms(self, theta: Floats) -> tuple[Floats, ...]:
        """(cells,) exponents of p, of 1 − p and of the wrong options' shares, and the constant."""
        a, kappa, phi = expit(theta[self.group, 0]), *np.exp(theta[self.group, 1:].T)
        up, down, each = kappa * a, kappa * (1 - a), phi / self.options
        constant = -betaln(up, down) + gammaln(phi) - self.options * gammaln(each)
        return up, down, each, constant

    def __call__(self, theta: Floats) -> Floats:
        """(cells, points)"""
        moved = [(new - old).astype(np.float32)[:, None] for new, old in zip(self._terms(theta), self.start)]
        out: Floats = moved[0] * self.right
        out += moved[1] * self.rest
        out += moved[2] * self.wrong
        return out + moved[3]


def share_draws(
    counts: Ints,
    cell: Ints,
    real: Bools,
    *,
    parameters: Floats,
    group: Ints,
    share: Ints,
    prior: AnswerPrior | None = None,
    draws: int = 1000,
    points: int = 256,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Posterior of the share of variance between levels, the parameters of the groups unknown.

    Parameters
    ----------
    counts, cell, real
        As of `hotmess.answers.contexts.context_posterior`.
    parameters
        (draws, groups, 3) of logit a, log κ and log φ of a fit without levels: where to begin, and how far to step.
    group, share
        (cells,) whose parameters each cell has, and whose share.

    Returns
    -------
    Draws of ρ (draws, shares), and (shares,) the natural logarithm of the Bayes factor for levels that matter.

    >>> counts = np.array([[3, 0], [0, 3], [3, 0], [0, 3]] * 2)
    >>> begin = np.random.default_rng(0).normal(size=(50, 1, 3))
    >>> one = np.zeros(2, int)
    >>> rho, factor = share_draws(
    ...     counts, np.repeat([0, 1], 4), np.ones((2, 2), bool), parameters=begin, group=one, share=one
    ... )
    >>> bool(np.median(rho) > 0.3), bool(factor[0] > 1)
    (True, True)
    """
    prior, rng = prior or AnswerPrior(), np.random.default_rng([seed, 29])
    theta = np.median(parameters, axis=0)
    a, kappa, phi = expit(theta[group, 0]), *np.exp(theta[group, 1:].T)
    log_p, weights = share_weights(counts, cell, real, a=a, kappa=kappa, phi=phi, points=points, rng=rng)
    density, weights = _Density(log_p, real, group, theta), weights.astype(np.float32)
    cuts, log_prior = grid_prior()
    groups, shares, cells = theta.shape[0], int(share.max()) + 1, np.arange(len(group))
    centred = parameters - parameters.mean(axis=0)
    root = np.linalg.cholesky(np.einsum("sgi,sgj->gij", centred, centred) / len(parameters) + 1e-4 * np.eye(3))
    at = np.full(shares, len(GRID) // 3)
    ratio = density(theta)
    here = _total(weights[at[share], cells] + ratio)
    kept = []
    for sweep in range(WARM + KEEP * THIN):
        trial = theta + 1.2 * np.einsum("gij,gj->gi", root, rng.standard_normal((groups, 3)))
        other = density(trial)
        there = _total(weights[at[share], cells] + other)
        likelier = np.bincount(group, there - here, minlength=groups)
        moved = np.log(rng.random(groups)) < likelier + (_distance(theta, prior) - _distance(trial, prior)) / 2
        theta = np.where(moved[:, None], trial, theta)
        ratio, here = np.where(moved[group][:, None], other, ratio), np.where(moved[group], there, here)
        next_ = at + np.rint(rng.choice(STEPS) * rng.standard_normal(shares)).astype(int)
        inside = next_.clip(0, len(GRID) - 1)
        there = _total(weights[inside[share], cells] + ratio)
        gain = np.bincount(share, there - here, minlength=shares) + log_prior[inside] - log_prior[at]
        moved = (np.log(rng.random(shares)) < gain) & (inside == next_)
        at, here = np.where(moved, inside, at), np.where(moved[share], there, here)
        if sweep >= WARM and (sweep - WARM) % THIN == THIN - 1:
            kept.append(ratio)
    log_l = np.zeros((len(kept), shares, len(GRID)))
    for k, ratio in enumerate(kept):
        for i in range(len(GRID)):
            log_l[k, :, i] = np.bincount(share, _total(weights[i] + ratio), minlength=shares)
    evidence = logsumexp(log_l + log_prior, axis=2)
    probability = np.exp(log_l + log_prior - evidence[..., None]).mean(axis=0)
    index = np.stack([rng.choice(len(GRID), draws, p=one / one.sum()) for one in probability], axis=1)
    rho = cuts[index] + (cuts[index + 1] - cuts[index]) * rng.random(index.shape)
    return rho, np.log(len(kept)) - logsumexp(log_l[:, :, 0] - evidence, axis=0)


def _total(log_weights: Floats) -> Floats:
    """(cells,) logarithm of the sum over points (cells, points), which it overwrites."""
    top = log_weights.max(axis=1, keepdims=True)
    log_weights -= top
    return np.asarray(np.log(np.exp(log_weights, out=log_weights).sum(axis=1)) + top[:, 0], float)


def _distance(theta: Floats, prior: AnswerPrior) -> Floats:
    """(groups,) squared, in the prior's standard deviations."""
    return np.asarray((((theta - prior.location) / prior.scale) ** 2).sum(axis=1))
