"""Weighted log posteriors of group parameters, for many draws of weights at once: heights and slopes from tail counts
(methods, section 3).

Rows are draws of groups, and the last axis, so that sums over tail counts run along whole arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

if TYPE_CHECKING:
    from jaxtyping import Float, Int


@dataclass(frozen=True)
class BetaSurfaces:
    """The beta-binomial likelihood in (logit a, log kappa), with Normal priors.

    With alpha = kappa a, beta = kappa (1 - a): sum_j R_j log(alpha + j) + W_j log(beta + j) - N_j log(kappa + j).

    Attributes
    ----------
    right, wrong, total
        (J, rows) weighted tail counts R, W, N.
    centre, scale
        (2, rows) locations and (2,) scales of the priors.
    """

    right: Float[np.ndarray, "j rows"]
    wrong: Float[np.ndarray, "i rows"]
    total: Float[np.ndarray, "n rows"]
    centre: Float[np.ndarray, "2 rows"]
    scale: Float[np.ndarray, " 2"]

    def value(self, x: Float[np.ndarray, "2 rows"]) -> Float[np.ndarray, " rows"]:
        """Log posteriors."""
        kappa = np.exp(x[1])
        sizes = kappa * expit(x[0]), kappa / (1 + np.exp(x[0])), kappa
        right, wrong, total = (_logs(t, s) for t, s in zip((self.right, self.wrong, self.total), sizes))
        out: np.ndarray = right + wrong - total - _away(x, self.centre, self.scale)
        return out

    def slopes(self, x: Float[np.ndarray, "2 rows"]) -> tuple[np.ndarray, np.ndarray]:
        """Gradients and Hessians."""
        a, b, kappa = expit(x[0]), expit(-x[0]), np.exp(x[1])
        alpha, beta = kappa * a, kappa * b
        r, r2 = _inverses(self.right, alpha)
        w, w2 = _inverses(self.wrong, beta)
        n, n2 = _inverses(self.total, kappa)
        move = kappa * a * b  # d alpha / d logit a = - d beta / d logit a
        gradient, hessian = np.empty((2, len(a))), np.empty((2, 2, len(a)))
        gradient[0] = move * (r - w)
        gradient[1] = alpha * r + beta * w - kappa * n
        hessian[0, 0] = (b - a) * gradient[0] - move**2 * (r2 + w2)
        hessian[0, 1] = hessian[1, 0] = move * (r - w - alpha * r2 + beta * w2)
        hessian[1, 1] = gradient[1] - alpha**2 * r2 - beta**2 * w2 + kappa**2 * n2
        return _with_prior(gradient, hessian, x, self.centre, self.scale)

    def take(self, rows: Int[np.ndarray, " some"]) -> BetaSurfaces:
        """Some of them."""
        right, wrong, total, centre = (x[:, rows] for x in (self.right, self.wrong, self.total, self.centre))
        return BetaSurfaces(right, wrong, total, centre, self.scale)


@dataclass(frozen=True)
class WrongSurfaces:
    """The Dirichlet-multinomial (or Ewens) likelihood of wrong answers in log phi, with a Normal prior:

    sum over columns of O log(phi/K + j), plus D log phi, minus sum_j S_j log(phi + j).

    Attributes
    ----------
    options
        (columns, rows) weighted tail counts O of wrong options.
    kinds, steps
        (columns, groups) number of options K and step j of each column in each group.
    of
        (rows,) group of each row.
    distinct
        (rows,) weighted sums D of how many open-ended answers differ.
    split
        (J, rows) weighted tail counts S of all wrong answers.
    centre, scale
        (1, rows) and (1,), of the prior.
    """

    options: Float[np.ndarray, "columns rows"]
    kinds: Float[np.ndarray, "columns groups"]
    steps: Float[np.ndarray, "columns groups"]
    of: Int[np.ndarray, " rows"]
    distinct: Float[np.ndarray, " rows"]
    split: Float[np.ndarray, "j rows"]
    centre: Float[np.ndarray, "1 rows"]
    scale: Float[np.ndarray, " 1"]

    def value(self, x: Float[np.ndarray, "1 rows"]) -> Float[np.ndarray, " rows"]:
        """Log posteriors."""
        phi = np.exp(x[0])
        options = (self.options * np.log(phi / self.kinds[:, self.of] + self.steps[:, self.of])).sum(axis=0)
        out: np.ndarray = options + self.distinct * x[0] - _logs(self.split, phi) - _away(x, self.centre, self.scale)
        return out

    def slopes(self, x: Float[np.ndarray, "1 rows"]) -> tuple[np.ndarray, np.ndarray]:
        """Gradients and Hessians."""
        phi = np.exp(x[0])
        s, s2 = _inverses(self.split, phi)
        # phi / (phi + j K) of each column: how much of the option is the prior's
        share = (self.steps * self.kinds)[:, self.of]
        share += phi
        np.divide(phi, share, out=share)
        own = self.options * share
        gradient = own.sum(axis=0)
        own *= share
        hessian = gradient - own.sum(axis=0) - phi * s + phi**2 * s2
        gradient += self.distinct - phi * s
        return _with_prior(gradient[None], hessian[None, None], x, self.centre, self.scale)

    def take(self, rows: Int[np.ndarray, " some"]) -> WrongSurfaces:
        """Some of them."""
        options, split, centre = (x[:, rows] for x in (self.options, self.split, self.centre))
        of, distinct = self.of[rows], self.distinct[rows]
        return WrongSurfaces(options, self.kinds, self.steps, of, distinct, split, centre, self.scale)


def _logs(counts: Float[np.ndarray, "j rows"], size: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    """Sums over j of counts times log(size + j)."""
    at = np.maximum(size, 1e-300) + np.arange(float(len(counts)))[:, None]
    out: np.ndarray = (counts * np.log(at, out=at)).sum(axis=0)
    return out


def _inverses(
    counts: Float[np.ndarray, "j rows"], size: Float[np.ndarray, " rows"]
) -> tuple[Float[np.ndarray, " rows"], Float[np.ndarray, " rows"]]:
    """Sums over j of counts over (size + j), and over its square."""
    inverse = np.maximum(size, 1e-300) + np.arange(float(len(counts)))[:, None]
    np.divide(1.0, inverse, out=inverse)
    product = counts * inverse
    first = product.sum(axis=0)
    product *= inverse
    return first, product.sum(axis=0)


def _away(x: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    out: np.ndarray = 0.5 * (((x - centre) / scale[:, None]) ** 2).sum(axis=0)
    return out


def _with_prior(
    gradient: np.ndarray, hessian: np.ndarray, x: np.ndarray, centre: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    precision = 1 / scale**2
    gradient -= (x - centre) * precision[:, None]
    for i, p in enumerate(precision):
        hessian[i, i] -= p
    return gradient, hessian
