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
from scipy.special import expit, logit

from hotmess.laws.hyperprior import HyperPrior
from hotmess.laws.length_prior import LengthPrior

Floats = NDArray[np.floating[Any]]
STEPS, CLOSE = 12, 1e-4
"""Newton steps of Laplace's method, and the squared length of a step, in posterior deviations, that is not taken."""


class Curve(NamedTuple):
    """A shape: (level, slope, x) -> incoherence; (incoherence, x) -> its derivatives in level and slope; and
    incoherence -> level at x = 0."""

    value: Callable[[Floats, Floats, Floats], Floats]
    slopes: Callable[[Floats, Floats], tuple[Floats, Floats]]
    link: Callable[[Floats], Floats]


def _odds(level: Floats, slope: Floats, x: Floats) -> Floats:
    return np.asarray(expit(np.clip(level + slope * x, -700, 700)))


def _odds_slopes(p: Floats, x: Floats) -> tuple[Floats, Floats]:
    return p * (1 - p), p * (1 - p) * x


def _power(level: Floats, slope: Floats, x: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(level + slope * x, -50, 50)))


def _power_slopes(value: Floats, x: Floats) -> tuple[Floats, Floats]:
    return value, value * x


def _linear(level: Floats, slope: Floats, x: Floats) -> Floats:
    return level + slope * x


def _linear_slopes(value: Floats, x: Floats) -> tuple[Floats, Floats]:
    return np.ones(value.shape), np.broadcast_to(x, value.shape)


def _constant(level: Floats, slope: Floats, x: Floats) -> Floats:
    return level * np.ones(np.broadcast(level, x).shape)


def _constant_slopes(value: Floats, x: Floats) -> tuple[Floats, Floats]:
    return np.ones(value.shape), np.zeros(value.shape)


CURVES: dict[str, Curve] = {
    "odds": Curve(_odds, _odds_slopes, logit),
    "power": Curve(_power, _power_slopes, np.log),
    "linear": Curve(_linear, _linear_slopes, np.positive),
    "constant": Curve(_constant, _constant_slopes, np.positive),
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
        out[:, m:, m:] -= self._shared(tau2)[:, None, None]
        return out

    def _tau2(self, points: Floats) -> Floats:
        return np.asarray(points[:, 0] ** 2 + 1e-12)

    def _shared(self, tau2: Floats) -> Floats:
        """What slopes' precisions have less for the mean that arms share (Sherman-Morrison)."""
        return self.prior.slope**2 / (tau2 * (tau2 + self.arms * self.prior.slope**2))

    def values(self, theta: Floats) -> Floats:
        """(n, B) of the curve; also where each of n has lengths of its own, `x` (n, B)."""
        return CURVES[self.shape].value(theta[:, self.arm], theta[:, self.arms + self.arm], self.x)

    def rotated(self, value: Floats) -> Floats:
        """(n, B) of y minus the curve, along the eigenvectors."""
        return np.asarray((self.bins.mean - value) @ self.bins.vectors)

    def log_prior(self, theta: Floats, points: Floats) -> Floats:
        """(n,) log density of levels and slopes given points (tau, sigma), normalised."""
        m, tau2, away = self.arms, self._tau2(points), theta - self.prior_mean
        log_det = -2 * m * np.log(self.prior.level) - (m - 1) * np.log(tau2)
        log_det = log_det - np.log(tau2 + m * self.prior.slope**2)
        level, slope = away[:, :m], away[:, m:]
        around = (level**2).sum(1) / self.prior.level**2 + (slope**2).sum(1) / tau2
        around -= self._shared(tau2) * slope.sum(1) ** 2
        return np.asarray(0.5 * (log_det - around - 2 * m * np.log(2 * np.pi)))

    def log_joint(self, theta: Floats, points: Floats) -> Floats:
        """(n,) log density of y and of levels and slopes, given points; normalised."""
        w = self.precisions(points)
        seen = np.log(w).sum(1) - (w * self.rotated(self.values(theta)) ** 2).sum(1)
        return np.asarray(self.log_prior(theta, points) + 0.5 * (seen - len(self.bins.mean) * np.log(2 * np.pi)))

    def laplace(self, points: Floats, start: Floats | None = None) -> tuple[Floats, Floats, Floats]:
        """Mode (n, 2M), root of the Gauss-Newton precision (n, 2M, 2M), log marginal likelihood (n,).

        start: (n, 2M) whence modes are sought; None: those at the middle point, found from the arms' own means.
        """
        if start is None:
            begin = np.concatenate([CURVES[self.shape].link(self._middle), np.zeros(self.arms)])[None]
            if len(points) > 1:
                begin = self.laplace(points[len(points) // 2 :][:1], begin)[0]
            start = np.repeat(begin, len(points), axis=0)
        w, precision, theta = self.precisions(points), self.prior_precisions(points), start.copy()
        best = self.log_joint(theta, points)
        for step in range(STEPS + 1):
            hessian, gradient = self._newton(theta, w, precision)
            move = np.linalg.solve(hessian, gradient[..., None])[..., 0]
            if step == STEPS or not ((gradient * move).sum(1) > CLOSE).any():
                break
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

    def _newton(self, theta: Floats, w: Floats, precision: Floats) -> tuple[Floats, Floats]:
        """Gauss-Newton precision (n, 2M, 2M) and gradient (n, 2M) of the log density."""
        value, vectors = self.values(theta), self.bins.vectors
        rotated = np.empty((*theta.shape, len(vectors)))  # derivatives, along the eigenvectors
        for kind, slope in enumerate(CURVES[self.shape].slopes(value, self.x)):
            for a in range(self.arms):
                own = self.arm == a
                np.matmul(slope[:, own], vectors[own], out=rotated[:, kind * self.arms + a])
        weighted = rotated * w[:, None, :]
        gradient = (weighted @ self.rotated(value)[..., None])[..., 0]
        gradient -= (precision @ (theta - self.prior_mean)[..., None])[..., 0]
        return weighted @ np.swapaxes(rotated, 1, 2) + precision, gradient
