"""The law's likelihood with levels, exponents and residuals integrated out: they are Gaussian given its scales."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    from hotmess.optimizer.law import LawData

SCALES = (  # what varies, between what, and the width of the half-normal prior of its standard deviation
    ("alpha", "problem", 0.5),
    ("level", "sweep", 1.0),
    ("alpha", "sweep", 0.5),
    ("level", "size", 0.5),
    ("level", "model", 0.5),
)
CORRELATED = ("size", "model")  # residuals that outcomes share
LEVEL, ALPHA = 3.0, (1.0, 1.5)  # prior sd of levels, and mean and sd of exponents
FLOOR = 0.01  # the loss is a mean over thousands of held-out pairs, known but not exactly


class Collapsed:
    """One or two outcomes of the law.

    A point has one number for each of `SCALES`, those of the first outcome first, and for two outcomes one for each
    correlation, as `CORRELATED`: standard normal a priori, see `scales`.
    """

    def __init__(self, data: LawData, outcomes: Sequence[int]) -> None:
        k, n = len(outcomes), len(data.x)
        seen = data.seen[:, outcomes]
        self.row, self.col = np.nonzero(seen)
        x, y = data.x[self.row], data.y[:, outcomes][seen]
        self.outcomes, self.problem = k, data.problem[self.row]
        middle = np.array([y[self.col == j].mean() if (self.col == j).any() else 0.0 for j in range(k)])
        self.prior_mean = np.concatenate([middle, np.full(k, ALPHA[0])])
        self.along = -x
        self.rest = y - middle[self.col] + ALPHA[0] * x
        same = self.col[:, None] == self.col
        lines = {"level": np.ones((len(x), len(x))), "alpha": np.outer(x, x)}
        unit = {
            "problem": data.problem,
            "sweep": data.sweep,
            "size": np.unique(data.x, return_inverse=True)[1],
            "model": np.arange(n),
        }
        base = [lines[what] * _equal(unit[between][self.row]) for what, between, _ in SCALES]
        own = [b * same * (self.col == j) for j in range(k) for b in base]
        shared = [b * ~same for b, (_, between, _) in zip(base, SCALES) if between in CORRELATED] if k == 2 else []
        self.parts = np.stack([*own, *shared])
        error = np.hypot(data.sd[:, outcomes][seen], FLOOR)
        self.fixed = same * (LEVEL**2 + ALPHA[1] ** 2 * lines["alpha"]) + np.diag(error**2)
        self.widths = np.tile([w for *_, w in SCALES], k)

    @property
    def dimension(self) -> int:
        return len(self.parts)

    def scales(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Standard deviations, half-normal a priori, and correlations, uniform, of points (n, d)."""
        count = len(self.widths)
        return self.widths * ndtri((1 + ndtr(points[:, :count])) / 2), 2 * ndtr(points[:, count:]) - 1

    def covariances(self, points: np.ndarray) -> np.ndarray:
        """(n, d) points to (n, m, m) covariances of the m logarithms that were seen."""
        s, rho = self.scales(points)
        weights = [s**2]
        if self.outcomes == 2:
            at = [i for i, (_, between, _) in enumerate(SCALES) if between in CORRELATED]
            weights.append(rho * s[:, at] * s[:, [i + len(SCALES) for i in at]])
        return self.fixed + np.tensordot(np.concatenate(weights, axis=1), self.parts, axes=1)

    def log_likelihood(self, points: np.ndarray) -> np.ndarray:
        """(n,) log densities; -inf beyond 7 standard deviations of the prior, where numbers end."""
        out = np.full(len(points), -np.inf)
        inside = np.flatnonzero((np.abs(points) < 7).all(axis=1))
        for block in np.array_split(inside, max(1, len(inside) // 500)):
            root = np.linalg.cholesky(self.covariances(points[block]))
            z = np.linalg.solve(root, np.broadcast_to(self.rest[:, None], (len(block), len(self.rest), 1)))[..., 0]
            out[block] = -0.5 * (z**2).sum(1) - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(1)
        return out

    def log_prior(self, points: np.ndarray) -> np.ndarray:
        """(n,) log densities of the standard normal."""
        return -0.5 * (points**2).sum(1) - 0.5 * points.shape[1] * np.log(2 * np.pi)

    def prior_draws(self, rng: np.random.Generator, n: int) -> np.ndarray:
        return rng.standard_normal((n, self.dimension))

    def coefficients(self, points: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Exact draws given points (n, d): levels and mean exponents (n, K), exponents of each problem (n, P, K)."""
        k, problems = self.outcomes, int(self.problem.max()) + 1
        member = (np.arange(k)[:, None] == self.col).astype(float)
        mine = (np.arange(problems)[:, None] == self.problem).astype(float)
        where = np.repeat(np.arange(k), problems)
        design = np.concatenate(
            [member, member * self.along, member[where] * np.tile(mine, (k, 1)) * self.along]
        )  # (coefficients, m)
        out = np.empty((len(points), len(design)))
        index = [j * len(SCALES) for j in range(k)]  # scales of the exponents between problems
        for block in np.array_split(np.arange(len(points)), max(1, len(points) // 200)):
            own = self.scales(points[block])[0][:, index][:, where] ** 2
            variance = np.concatenate([np.tile([LEVEL**2] * k + [ALPHA[1] ** 2] * k, (len(block), 1)), own], axis=1)
            cross = variance[:, :, None] * design
            gain = np.swapaxes(np.linalg.solve(self.covariances(points[block]), np.swapaxes(cross, 1, 2)), 1, 2)
            mean = gain @ self.rest
            covariance = variance[:, :, None] * np.eye(len(design)) - gain @ np.swapaxes(cross, 1, 2)
            root = np.linalg.cholesky((covariance + np.swapaxes(covariance, 1, 2)) / 2 + 1e-10 * np.eye(len(design)))
            out[block] = mean + np.einsum("nij,nj->ni", root, rng.standard_normal(mean.shape))
        first = out[:, : 2 * k] + self.prior_mean
        own = np.swapaxes(out[:, 2 * k :].reshape(len(out), k, problems), 1, 2)
        return first[:, :k], first[:, k:], first[:, None, k:] + own


def _equal(index: np.ndarray) -> np.ndarray:
    return (index[:, None] == index).astype(float)
