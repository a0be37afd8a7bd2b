"""Weighted draws of curves over bins: proposals around the modes of Laplace's method, and exact chains from them.

The scales live on a grid of equal prior mass, and levels and slopes are proposed around their mode at each point of
it, by a multivariate t with the curvature there: so that a proposal fits its own scales. Curves that differ in their
lengths alone, as those with knees at several places, are equally probable points of the same grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri, gammaln, ndtri

from hotmess.inference.independence import metropolis_chains
from hotmess.laws.curves import CurveLaw, Floats

DF, GRID = 8, 40
"""Degrees of freedom of proposals, points of each scale."""


class Even(NamedTuple):
    """Where proposals lie: u (n,) in (0, 1), which chooses the point of the grid, and standard multivariate t z (n, d);
    log density of z."""

    u: Floats
    z: Floats
    log_density: Floats

    def first(self, n: int) -> Even:
        """The first n."""
        return Even(*(x[:n] for x in self))


def even(points: Floats) -> Even:
    """From points (n, d + 2) of the unit cube, drawn at random or by a sequence that fills it evenly."""
    inside = np.clip(points, 1e-12, 1 - 1e-12)
    d = points.shape[1] - 2
    z = ndtri(inside[:, 2:]) / np.sqrt(chdtri(DF, inside[:, 1:2]) / DF)
    log_density = gammaln((DF + d) / 2) - gammaln(DF / 2) - 0.5 * d * np.log(DF * np.pi)
    return Even(inside[:, 0], z, log_density - 0.5 * (DF + d) * np.log1p((z**2).sum(1) / DF))


class Proposals(NamedTuple):
    """Weighted draws of a law, or of several laws that are equally probable beforehand.

    Attributes
    ----------
    points
        (n, 2 + 2 arms) tau, sigma, levels, slopes.
    log_weights
        (n,) log joint density minus log proposal density: the mean of their exponentials estimates the marginal
        likelihood without bias.
    weighted
        (n, B) of y minus the curve, along the eigenvectors of the bins' covariance and times its precisions.
    which, cell, precisions
        (n,) law and point of the grid, and the (points, B) precisions there.
    """

    points: Floats
    log_weights: Floats
    weighted: Floats
    which: np.ndarray
    cell: np.ndarray
    precisions: Floats


def propose(
    laws: Sequence[CurveLaw], at: Even, modes: Sequence[tuple[Floats, Floats, Floats]], grid: Floats
) -> Proposals:
    """Proposals for laws that share all but their lengths; modes: `CurveLaw.laplace` of each, at the points of grid."""
    law = laws[0]
    mode, root, marginal = (np.concatenate(part) for part in zip(*modes))
    keep = marginal > marginal.max() - 25
    p = np.where(keep, np.exp(0.9 * (marginal - marginal.max())), 0) + 1e-3 * keep / keep.sum()
    p /= p.sum()
    place = np.minimum(np.searchsorted(np.cumsum(p), at.u, side="right"), np.flatnonzero(keep)[-1])
    which, cell = np.divmod(place, len(grid))
    used, back = np.unique(place, return_inverse=True)
    theta, order = mode[place], np.argsort(back, kind="stable")
    alike = np.split(order, np.cumsum(np.bincount(back))[:-1])
    for rows, spread in zip(alike, np.linalg.inv(root[used])):  # a matrix for each draw would be most of the time
        theta[rows] += at.z[rows] @ spread
    log_det = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1)
    log_q = np.log(p[place] * len(p)) + log_det[place] + at.log_density
    own = law if len(laws) == 1 else replace(law, x=np.stack([each.x for each in laws])[which])
    w = law.precisions(grid)
    rotated = own.rotated(own.values(theta))
    weighted = w[cell] * rotated
    known = 0.5 * (np.log(w).sum(1) - w.shape[1] * np.log(2 * np.pi))
    log_joint = law.log_prior(theta, grid[cell]) + known[cell] - 0.5 * (weighted * rotated).sum(1)
    log_w = log_joint - log_q
    points = np.column_stack([grid[cell], theta])
    return Proposals(points, np.where(np.isfinite(log_w), log_w, -np.inf), weighted, which, cell, w)


def curve_chains(law: CurveLaw, *, seed: int, draws: int, chains: int, thin: int = 20) -> Floats:
    """(chains, draws, 2 + 2 arms): tau, sigma, levels, slopes, by independence Metropolis."""
    rng, grid = np.random.default_rng(seed), law.hyper.grid(GRID)
    at = even(rng.random((chains * draws * thin, 2 * law.arms + 2)))
    made = propose([law], at, [law.laplace(grid)], grid)
    return metropolis_chains(made.points, made.log_weights, draws=draws, chains=chains, rng=rng)[0]
