"""The variance of unbiased estimates as a function of samples and questions, in closed form.

With n independent one-hot responses from p, the unbiased variance is V = 1 - U, U the share of pairs that agree, and
the error E = 2 (1 - share on the target). With s2 = Σ p², s3 = Σ p³ and t = p on the target:

    Var U = [4 (n - 2) (s3 - s2²) + 2 (s2 - s2²)] / (n (n - 1)),   Cov(U, share) = 2 (t² - s2 t)/n

(variance of a U-statistic of degree two, Hoeffding 1948).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Moments:
    """s2, s3 and t of every cell's answer distribution, arrays (cells,)."""

    s2: np.ndarray
    s3: np.ndarray
    t: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        return 1 - self.s2

    @property
    def error(self) -> np.ndarray:
        return 2 * (1 - self.t)


def moments(p: np.ndarray) -> Moments:
    """Moments of answer distributions (cells, options), the target first."""
    return Moments((p**2).sum(1), (p**3).sum(1), p[:, 0])


def sampling_coefficients(m: Moments, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """(3,) c with Σ_cells Var(alpha V + beta E) = c0/n + c1 (n - 2)/(n (n - 1)) + c2/(n (n - 1)).

    >>> m = moments(np.array([[0.5, 0.5]]))                        # V of two fair coins: 0 or 1, variance 1/4
    >>> c = sampling_coefficients(m, np.ones(1), np.zeros(1))
    >>> round(float(sampling_variance(c, 2)), 6)
    0.25
    """
    per_response = 4 * beta**2 * m.t * (1 - m.t) + 8 * alpha * beta * (m.t**2 - m.s2 * m.t)
    first, second = 4 * alpha**2 * (m.s3 - m.s2**2), 2 * alpha**2 * (m.s2 - m.s2**2)
    return np.array([per_response.sum(), first.sum(), second.sum()])


def sampling_variance(c: np.ndarray, n: float | np.ndarray) -> np.ndarray:
    """The variance that coefficients (…, 3) give at n samples per cell."""
    n = np.asarray(n, float)
    out: np.ndarray = c[..., 0] / n + c[..., 1] * (n - 2) / (n * (n - 1)) + c[..., 2] / (n * (n - 1))
    return out
