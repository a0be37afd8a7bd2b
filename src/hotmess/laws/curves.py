"""Shapes of incoherence in length, compared on bins: levels and slopes of arms by Laplace's method, exact chains.

    y ~ Normal(curve(level_arm, slope_arm, x), C + sigma² I),      y: incoherences of bins, C: their covariance
    level_arm ~ Normal(start, level),  slope_arm ~ Normal(mu, tau),  mu ~ Normal(0, slope)
    tau ~ HalfNormal(spread),  sigma ~ HalfNormal(residual)

The curves are on the scale of incoherence itself, so that all shapes predict the same vector.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln, logit

from hotmess.inference.independence import metropolis_chains
from hotmess.laws.hyperprior import HyperPrior
from hotmess.laws.length_prior import LengthPrior

Floats = NDArray[np.floating[Any]]
STEPS, DF, GRID = 8, 8, 40
"""Newton steps of Laplace's method, degrees of freedom of proposals, points of each scale."""


class Curve(NamedTuple):
    """A shape: (level, slope, x) -> incoherence, derivatives in level and slope; and incoherence -> level at x = 0."""

    value: Callable[[Floats, Floats, Floats], tuple[Floats, Floats, Floats]]
    link: Callable[[Floats], Floats]


def _odds(level: Floats, slope: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
    p = expit(np.clip(level + slope * x, -700, 700))
    return p, p * (1 - p), p * (1 - p) * x


def _power(level: Floats, slope: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
    value = np.exp(np.clip(level + slope * x, -50, 50))
    return value, value, value * x


def _linear(level: Floats, slope: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
    value = level + slope * x
    return value, np.ones(value.shape), np.broadcast_to(x, value.shape)


def _constant(level: Floats, slope: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
    ones = np.ones(np.broadcast(level, x).shape)
    return level * ones, ones, 0 * ones


CURVES: dict[str, Curve] = {
    "odds": Curve(_odds, logit),
    "power": Curve(_power, np.log),
    "linear": Curve(_linear, np.positive),
    "constant": Curve(_constant, np.positive),
}


class Bins(NamedTuple):
    """Incoherences of bins: mean (B,), and eigenvalues and eigenvectors of their covariance."""

    mean: Floats
    values: Floats
    vectors: Floats

    @classmethod
    def of(cls, mean: Floats, covariance: Floats) -> Bins:
        """Of a mean and a covariance, made positive where it is not quite."""
        values, vectors = np.linalg.eigh(covariance)
        return cls(mean, np.maximum(values, 1e-12), vectors)


@dataclass(frozen=True)
class CurveLaw:
    """One shape for one population.

    Attributes
    ----------
    shape
        A name of `CURVES`.
    bins
        What was learnt of the bins' incoherences.
    x, arm
        (B,) log length of each bin, centred and in standard deviations, and index of its arm.
    prior
        Of levels, slopes and scales.
    start
        Level around which the prior of levels lies; default: that of the arms' mean incoherence.
    """

    shape: str
    bins: Bins
    x: Floats
    arm: NDArray[np.int64]
    prior: LengthPrior
    start: float | None = None

    @cached_property
    def arms(self) -> int:
        return int(self.arm.max()) + 1

    @property
    def hyper(self) -> HyperPrior:
        """Of tau and sigma."""
        return HyperPrior((self.prior.spread, self.prior.residual))

    @cached_property
    def _middle(self) -> Floats:
        each = [self.bins.mean[self.arm == a].mean() for a in range(self.arms)]
        return np.asarray(np.clip(np.array(each), 0.02, 0.98))

    @cached_property
    def prior_mean(self) -> Floats:
        """(2 arms,) of levels and slopes."""
        start = float(CURVES[self.shape].link(self._middle.mean())) if self.start is None else self.start
        return np.concatenate([np.full(self.arms, start), np.zeros(self.arms)])

    def chains(self, *, seed: int, draws: int, chains: int, thin: int = 20) -> Floats:
        """(chains, draws, 2 + 2 arms): tau, sigma, levels, slopes."""
        rng = np.random.default_rng(seed)
        points, log_w = self.proposals(rng, chains * draws * thin)
        return metropolis_chains(points, log_w, draws=draws, chains=chains, rng=rng)[0]

    def proposals(self, rng: np.random.Generator, n: int, grid_points: int = GRID) -> tuple[Floats, Floats]:
        """(n, 2 + 2 arms) proposals and (n,) log weights: log joint density minus log proposal density.

        The scales live on a grid of equal prior mass, and levels and slopes around their mode at each point of it: so
        that a proposal fits its own scales. The mean of exp(log weight) estimates the marginal likelihood without bias.
        """
        grid = self.hyper.grid(grid_points)
        mode, root, marginal = self.laplace(grid)
        keep = marginal > marginal.max() - 25
        p = np.where(keep, np.exp(0.9 * (marginal - marginal.max())), 0) + 1e-3 * keep / keep.sum()
        p /= p.sum()
        at = rng.choice(len(grid), n, p=p)
        d = mode.shape[1]
        z = rng.standard_normal((n, d)) / np.sqrt(rng.chisquare(DF, (n, 1)) / DF)
        spread = np.linalg.inv(np.swapaxes(root, 1, 2))
        theta = mode[at] + np.einsum("nij,nj->ni", spread[at], z)
        log_q = (
            np.log(p[at] * len(grid))
            + gammaln((DF + d) / 2)
            - gammaln(DF / 2)
            - 0.5 * d * np.log(DF * np.pi)
            - 0.5 * (DF + d) * np.log1p((z**2).sum(1) / DF)
            + np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1)[at]
        )
        return np.column_stack([grid[at], theta]), self.log_joint(theta, grid[at]) - log_q

    def precisions(self, points: Floats) -> Floats:
        """(n, B) precisions of the bins along the eigenvectors of their covariance."""
        return np.asarray(1 / (self.bins.values + points[:, 1:2] ** 2))

    def prior_precisions(self, points: Floats) -> Floats:
        """(n, 2 arms, 2 arms) prior precisions of levels and slopes; mu is integrated out."""
        m, tau2 = self.arms, self._tau2(points)
        out = np.zeros((len(points), 2 * m, 2 * m))
        level, slope = np.arange(m), np.arange(m, 2 * m)
        out[:, level, level] = self.prior.level**-2
        out[:, slope, slope] = (1 / tau2)[:, None]
        shared = self.prior.slope**2 / (tau2 * (tau2 + m * self.prior.slope**2))  # Sherman-Morrison
        out[:, m:, m:] -= shared[:, None, None]
        return out

    def _tau2(self, points: Floats) -> Floats:
        return np.asarray(points[:, 0] ** 2 + 1e-12)

    def residuals(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """(n, B) of y minus the curve, along the eigenvectors; and the curve's derivatives in level and slope."""
        curve = CURVES[self.shape].value
        value, by_level, by_slope = curve(theta[:, self.arm], theta[:, self.arms + self.arm], self.x)
        return (self.bins.mean - value) @ self.bins.vectors, by_level, by_slope

    def log_densities(self, theta: Floats, points: Floats) -> tuple[Floats, Floats]:
        """(n,) log prior of levels and slopes given points (tau, sigma), and log likelihood; both normalised."""
        w, precision, away = self.precisions(points), self.prior_precisions(points), theta - self.prior_mean
        tau2, slope2 = self._tau2(points), self.prior.slope**2
        log_det = -2 * self.arms * np.log(self.prior.level) - (self.arms - 1) * np.log(tau2)
        log_det = log_det - np.log(tau2 + self.arms * slope2)
        around = np.einsum("ni,nij,nj->n", away, precision, away)
        log_prior = 0.5 * (log_det - around - 2 * self.arms * np.log(2 * np.pi))
        seen = np.log(w).sum(1) - (w * self.residuals(theta)[0] ** 2).sum(1)
        return log_prior, 0.5 * (seen - len(self.x) * np.log(2 * np.pi))

    def log_joint(self, theta: Floats, points: Floats) -> Floats:
        """(n,) log density of y and of levels and slopes, given points."""
        log_prior, log_likelihood = self.log_densities(theta, points)
        return log_prior + log_likelihood

    def laplace(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Mode (n, 2M), root of the Gauss-Newton precision (n, 2M, 2M), log marginal likelihood (n,)."""
        w, precision = self.precisions(points), self.prior_precisions(points)
        select = np.eye(self.arms)[self.arm]
        begin = np.concatenate([CURVES[self.shape].link(self._middle), np.zeros(self.arms)])
        theta = np.repeat(begin[None], len(points), axis=0)
        best = self.log_joint(theta, points)
        for step in range(STEPS + 1):
            r, by_level, by_slope = self.residuals(theta)
            jacobian = np.concatenate([by_level[:, :, None] * select, by_slope[:, :, None] * select], axis=2)
            rotated = np.swapaxes(jacobian, 1, 2) @ self.bins.vectors  # (n, 2M, bins)
            weighted = rotated * w[:, None, :]
            hessian = weighted @ np.swapaxes(rotated, 1, 2) + precision
            if step == STEPS:
                break
            gradient = (weighted @ r[..., None])[..., 0] - np.einsum("nij,nj->ni", precision, theta - self.prior_mean)
            move = np.linalg.solve(hessian, gradient[..., None])[..., 0]
            new = theta + move
            value = self.log_joint(new, points)
            worse = ~(value >= best)
            new[worse] = theta[worse] + 0.2 * move[worse]  # a shorter step where the full one overshoots
            value[worse] = self.log_joint(new[worse], points[worse])
            keep = value >= best
            theta[keep], best[keep] = new[keep], value[keep]
        root = np.linalg.cholesky(hessian)
        log_det = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1)
        return theta, root, best + self.arms * np.log(2 * np.pi) - 0.5 * log_det
