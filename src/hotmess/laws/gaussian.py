"""One law: coefficients and residuals that are Gaussian given scales and correlations, and integrated out.

    y = H b + r,    b ~ Normal(m, C(s)),    r ~ Normal(0, N + R(s)),    hence  y ~ Normal(H m, H C Hᵀ + N + R)

y is what was estimated with known errors N; b are levels and slopes; C and R are sums of fixed matrices, each times a
product of hyperparameters s (`Part`), whose prior is a `HyperPrior`. Power laws in size, the optimizer's law and the
regression on length and size are uses of it (methods, section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hotmess.inference.normal import bordered, log_normal, log_normal_bordered
from hotmess.laws.hyperprior import HyperPrior

if TYPE_CHECKING:
    from jaxtyping import Float


Floats = NDArray[np.floating[Any]]
BYTES, JITTER = 1_000_000, 1e-10
"""Bytes of an array of matrices that are made together: what a processor keeps at hand."""


class Part(NamedTuple):
    """A covariance: a product of hyperparameters times a fixed matrix.

    of: the entries of a point that are multiplied, as (0, 0) for s_0² and (0, 1, 4) for s_0 s_1 times a correlation.
    """

    of: tuple[int, ...]
    matrix: Floats


@dataclass(frozen=True)
class GaussianLaw:
    """A collapsed Gaussian law.

    Attributes
    ----------
    y, noise
        (m,) estimates and their (m, m) covariance.
    design
        (m, p): coefficients to y.
    mean, fixed
        (p,) prior mean of the coefficients, and the (p, p) part of their prior covariance that no scale moves.
    coefficients, residuals
        The other parts of the coefficients' covariance (p, p), and those of the residuals' (m, m).
    hyper
        Prior of scales and correlations.

    Examples
    --------
    One coefficient ~ Normal(0, s²) seen once with variance 1: at s = 2 its mean is 0.8 y and its variance 0.8.

    >>> one = np.ones((1, 1))
    >>> law = GaussianLaw(np.array([3.0]), one, one, np.zeros(1), 0 * one, HyperPrior((1.0,)), (Part((0, 0), one),))
    >>> mean, cov = law.conditional(np.array([[2.0]]))
    >>> mean.round(3).tolist(), cov.round(3).tolist()
    ([[2.4]], [[[0.8]]])
    """

    y: Float[np.ndarray, " m"]
    noise: Float[np.ndarray, "m m"]
    design: Float[np.ndarray, "m p"]
    mean: Float[np.ndarray, " p"]
    fixed: Float[np.ndarray, "p p"]
    hyper: HyperPrior
    coefficients: tuple[Part, ...] = ()
    residuals: tuple[Part, ...] = ()

    @cached_property
    def _base(self) -> Floats:
        base: Floats = self.noise + self.design @ self.fixed @ self.design.T
        return base

    @cached_property
    def _parts(self) -> Floats:
        seen = [self.design @ part.matrix @ self.design.T for part in self.coefficients]
        return np.stack([*seen, *(part.matrix for part in self.residuals)])

    @cached_property
    def _away(self) -> Floats:
        return np.asarray(self.y - self.design @ self.mean)

    @cached_property
    def _bordered(self) -> Floats:
        """The parts and the base of the covariance with y less its mean beside the base: all that a density needs."""
        inside = np.pad(self._parts, ((0, 0), (0, 1), (0, 1)))
        return np.concatenate([inside, bordered(self._away, self._base)[None]])

    @property
    def _size(self) -> int:
        """Rows of the largest matrices that are made for every point."""
        return max(len(self.y), len(self.mean))

    def covariances(self, points: Float[np.ndarray, "n h"]) -> Float[np.ndarray, "n m m"]:
        """(n, m, m) covariances of y, all but the hyperparameters integrated out."""
        weights = _weights(points, (*self.coefficients, *self.residuals))
        return np.asarray(self._base + np.tensordot(weights, self._parts, axes=1))

    def prior_covariances(self, points: Float[np.ndarray, "n h"]) -> Float[np.ndarray, "n p p"]:
        """(n, p, p) prior covariances of the coefficients."""
        return _total(self.fixed, points, self.coefficients)

    def log_likelihood(self, points: Float[np.ndarray, "n h"]) -> Float[np.ndarray, " n"]:
        """(n,) log density of y given hyperparameters; -inf far beyond any scale of their prior."""
        out = np.full(len(points), -np.inf)
        weights = np.column_stack([_weights(points, (*self.coefficients, *self.residuals)), np.ones(len(points))])
        for rows in _blocks(np.flatnonzero(self.hyper.inside(points)), self._size):
            out[rows] = log_normal_bordered(np.tensordot(weights[rows], self._bordered, axes=1))
        return out

    def conditional(
        self, points: Float[np.ndarray, "n h"]
    ) -> tuple[Float[np.ndarray, "n p"], Float[np.ndarray, "n p p"]]:
        """(n, p) means and (n, p, p) covariances of the coefficients given hyperparameters and y."""
        prior = self.prior_covariances(points)
        cross = prior @ self.design.T
        gain = np.swapaxes(np.linalg.solve(self.covariances(points), np.swapaxes(cross, 1, 2)), 1, 2)
        cov = prior - gain @ np.swapaxes(cross, 1, 2)
        return self.mean + gain @ self._away, (cov + np.swapaxes(cov, 1, 2)) / 2

    def draw(self, points: Float[np.ndarray, "n h"], rng: np.random.Generator) -> Float[np.ndarray, "n p"]:
        """(n, p) exact draws of the coefficients given hyperparameters and y."""
        out = np.empty((len(points), len(self.mean)))
        for rows in _blocks(np.arange(len(points)), self._size):
            mean, cov = self.conditional(points[rows])
            out[rows] = mean + _spread(cov, rng)
        return out

    def on_grid(self, points: Floats, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Independent draws where the posterior of hyperparameters lives on points of equal prior mass.

        Returns the points drawn (draws, size) and coefficients (draws, p).
        """
        log_p = self.log_likelihood(points)
        p = np.exp(log_p - log_p.max())
        at = rng.choice(len(points), draws, p=p / p.sum())
        found, back = np.unique(at, return_inverse=True)
        z = rng.standard_normal((draws, len(self.mean)))
        out = np.empty(z.shape)
        for part in _blocks(np.arange(len(found)), self._size):
            mean, cov = self.conditional(points[found[part]])
            for i, root in enumerate(np.linalg.cholesky(cov + JITTER * np.eye(cov.shape[1]))):
                rows = back == part[i]
                out[rows] = mean[i] + z[rows] @ root.T
        return points[at], out

    def log_densities(
        self, coefficients: Float[np.ndarray, "n p"], points: Float[np.ndarray, "n h"]
    ) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """(n,) log prior and log likelihood of draws of coefficients (n, p) and hyperparameters, for powers of either.

        Prior: that of coefficients given hyperparameters, times that of hyperparameters. Likelihood: y given both, the
        residuals integrated out.
        """
        prior, likelihood = self.hyper.log_density(points), np.empty(len(points))
        away, left = coefficients - self.mean, self.y - coefficients @ self.design.T
        for rows in _blocks(np.arange(len(points)), self._size):
            around = self.prior_covariances(points[rows]) + 1e-12 * np.eye(len(self.mean))
            prior[rows] += log_normal(away[rows], around)
            likelihood[rows] = log_normal(left[rows], _total(self.noise, points[rows], self.residuals))
        return prior, likelihood

    def log_conditional(
        self, weights: Float[np.ndarray, " p"], at: float, points: Float[np.ndarray, "n h"]
    ) -> Float[np.ndarray, " n"]:
        """(n,) log density at `at` of the sum of weights (p,) times coefficients, given hyperparameters and y."""
        out = np.empty(len(points))
        for rows in _blocks(np.arange(len(points)), self._size):
            across = weights @ self.prior_covariances(points[rows])  # of the sum with each coefficient
            cross = across @ self.design.T
            gain = np.linalg.solve(self.covariances(points[rows]), cross[..., None])[..., 0]
            variance = across @ weights - (gain * cross).sum(axis=1)
            out[rows] = _log_normal_1(at - self.mean @ weights - gain @ self._away, variance)
        return out

    def log_prior_at(
        self, weights: Float[np.ndarray, " p"], at: float, points: Float[np.ndarray, "n h"]
    ) -> Float[np.ndarray, " n"]:
        """(n,) log density at `at` of the same sum before the data, given hyperparameters from their prior."""
        return _log_normal_1(at - self.mean @ weights, self._prior_variance(weights, points))

    def prior_draws(
        self, weights: Float[np.ndarray, " p"], rng: np.random.Generator, n: int
    ) -> Float[np.ndarray, " n"]:
        """(n,) draws of the same sum from the law's prior."""
        spread = np.sqrt(self._prior_variance(weights, self.hyper.draws(rng, n)))
        return np.asarray(self.mean @ weights + spread * rng.standard_normal(n))

    def _prior_variance(self, weights: Floats, points: Floats) -> Floats:
        each = np.array([weights @ part.matrix @ weights for part in self.coefficients])
        return np.asarray(weights @ self.fixed @ weights + _weights(points, self.coefficients) @ each)

    def rows(self, keep: NDArray[np.int64]) -> GaussianLaw:
        """The law of some of the estimates."""
        square = np.ix_(keep, keep)
        residuals = tuple(Part(part.of, part.matrix[square]) for part in self.residuals)
        return replace(self, y=self.y[keep], noise=self.noise[square], design=self.design[keep], residuals=residuals)

    def chains(
        self, *, seed: int, draws: int, chains: int, thin: int = 5, more: Callable[[Floats], Floats] | None = None
    ) -> tuple[Floats, float]:
        """(chains, draws, size) hyperparameters from their posterior, and the acceptance rate.

        more: points -> (n,) log density that multiplies the likelihood.
        """
        from hotmess.inference.independence import independence_metropolis

        size = self.hyper.size

        def log_likelihood(v: Floats) -> Floats:
            points = self.hyper.from_normal(v)
            found = self.log_likelihood(points)
            return found if more is None else found + more(points)

        v, rate = independence_metropolis(
            log_likelihood,
            lambda rng, n: rng.standard_normal((n, size)),
            lambda v: -0.5 * (v**2).sum(1) - 0.5 * size * np.log(2 * np.pi),
            seed=seed,
            draws=draws,
            chains=chains,
            thin=thin,
        )
        return self.hyper.from_normal(v.reshape(-1, size)).reshape(v.shape), rate


def shrunk_covariance(draws: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "d d"]:
    """(d, d) covariance of draws (n, d), its correlations shrunk by their Monte Carlo noise, d over n."""
    cov = np.cov(draws, rowvar=False)
    keep = 1 - min(0.5, draws.shape[1] / draws.shape[0])
    return np.asarray(keep * cov + (1 - keep) * np.diag(np.diag(cov)))


def _weights(points: Floats, parts: Sequence[Part]) -> Floats:
    """(n, parts) the product of hyperparameters of each part."""
    return np.stack([points[:, list(part.of)].prod(axis=1) for part in parts], axis=1)


def _total(fixed: Floats, points: Floats, parts: Sequence[Part]) -> Floats:
    if not parts:
        return np.repeat(fixed[None], len(points), axis=0)
    return np.asarray(fixed + np.tensordot(_weights(points, parts), np.stack([p.matrix for p in parts]), axes=1))


def _spread(cov: Floats, rng: np.random.Generator) -> Floats:
    """Draws of Normal(0, cov), one for each covariance."""
    root = np.linalg.cholesky(cov + JITTER * np.eye(cov.shape[1]))
    return np.asarray(np.einsum("nij,nj->ni", root, rng.standard_normal((len(root), cov.shape[1]))))


def _blocks(rows: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Rows in blocks, whose matrices (size, size) are held together.

    >>> [len(_blocks(np.arange(2000), size)) for size in (5, 20, 250, 2500)]
    [1, 6, 1000, 2000]
    """
    block = max(1, BYTES // (8 * size**2))
    return [part for part in np.array_split(rows, max(1, len(rows) // block)) if len(part)]


def _log_normal_1(x: Floats | float, variance: Floats) -> Floats:
    variance = np.maximum(variance, 1e-300)
    return np.asarray(-0.5 * (np.log(2 * np.pi * variance) + np.square(x) / variance))
