"""The prior of a law's scales and correlations: half-normal and uniform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfinv, ndtr, ndtri
from scipy.stats import halfnorm

Floats = NDArray[np.floating[Any]]
FAR = 50.0  # scales so many prior widths away are not looked at: their density is below exp(-1000)


@dataclass(frozen=True)
class HyperPrior:
    """Scales s_i ~ HalfNormal(widths_i) and correlations r_j ~ Uniform(-1, 1), all independent.

    A point (n, size) holds the scales first, then the correlations, each as it is and not as a logarithm.

    Examples
    --------
    >>> prior = HyperPrior((1.0, 2.0), correlations=1)
    >>> prior.from_normal(np.zeros((1, 3))).round(3).tolist()  # medians
    [[0.674, 1.349, 0.0]]
    """

    widths: tuple[float, ...]
    correlations: int = 0

    @property
    def size(self) -> int:
        """Numbers of a point."""
        return len(self.widths) + self.correlations

    def from_normal(self, v: Floats) -> Floats:
        """(n, size) points from as many independent standard Normals, by quantiles: in v all tails are Gaussian."""
        x, y = v[:, : len(self.widths)], v[:, len(self.widths) :]
        beyond, high = ndtr(-np.abs(x)), x > 0
        scales = np.sqrt(2) * erfinv(beyond, where=~high, out=np.empty_like(beyond))  # exact in the lower tail
        scales[high] = -ndtri(beyond[high] / 2)  # and this in the upper
        one_sided = 1 - 2 * ndtr(-np.abs(y))
        return np.column_stack([scales * np.array(self.widths), np.sign(y) * one_sided])

    def draws(self, rng: np.random.Generator, n: int) -> Floats:
        """(n, size) points from the prior."""
        scales = np.abs(rng.standard_normal((n, len(self.widths)))) * np.array(self.widths)
        return np.column_stack([scales, rng.uniform(-1.0, 1.0, (n, self.correlations))])

    def inside(self, points: Floats) -> NDArray[np.bool_]:
        """(n,) whether a point is near enough to be looked at."""
        return np.asarray((points[:, : len(self.widths)] < FAR * np.array(self.widths)).all(axis=1))

    def log_density(self, points: Floats) -> Floats:
        """(n,) log density of the points themselves, normalised."""
        width = np.array(self.widths)
        s = points[:, : len(width)]
        scales = 0.5 * np.log(2 / np.pi) - np.log(width) - 0.5 * (s / width) ** 2
        return np.asarray(scales.sum(axis=1) - self.correlations * np.log(2.0), float)

    def grid(self, per_scale: int) -> Floats:
        """(per_scale^scales, size) points of equal prior mass, for priors without correlations.

        >>> HyperPrior((1.0,)).grid(3).round(2).ravel().tolist()
        [0.21, 0.67, 1.38]
        """
        p = (np.arange(per_scale) + 0.5) / per_scale
        axes = [halfnorm.ppf(p, scale=w) for w in self.widths]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
