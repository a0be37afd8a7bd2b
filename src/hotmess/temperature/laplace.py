"""Integrating out the questions' scores: their posterior modes by Newton's method, and what follows from them.

For unit parameters theta the scores d of the cells are independent, each with a log-concave posterior of C - 1
dimensions. Their modes and curvatures give Laplace's approximation of the marginal likelihood (Tierney & Kadane 1986)
and, at its maximum, an affine map of the scores after which they are nearly standard Normal and nearly independent of
theta: what slows a sampler down is removed before it starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.arrays import Floats
from hotmess.temperature.likelihood import Dense, curvature, prior_precision
from hotmess.temperature.marginal import log_marginal, tilt
from hotmess.temperature.small_matrices import cholesky, solve_lower, solve_upper

if TYPE_CHECKING:
    from jaxtyping import Float

BLOCK = 16_384
"""Numbers of an array over responses that is made for a block of cells."""


@dataclass(frozen=True)
class Approximation:
    """Where the marginal likelihood of each unit peaks, and the scores' affine map there.

    Attributes
    ----------
    theta
        (G, T) mode under the weak unit-wise prior.
    precision, linear
        (G, T, T) and (G, T): log likelihood of unit g is about -½ t'Λt + b't.
    mode
        (K, n) modes of the scores at `theta`.
    tilt
        (2F, K, n) their derivatives with respect to the unit's effects.
    curvature, pull
        (K, K, n) and (K, n): log likelihood of a cell's scores is about -½ d'Hd + h'd at the mode.
    """

    theta: Float[np.ndarray, "G T"]
    precision: Float[np.ndarray, "G T T"]
    linear: Float[np.ndarray, "G T"]
    mode: Float[np.ndarray, "K n"]
    tilt: Float[np.ndarray, "E K n"]
    curvature: Float[np.ndarray, "K K n"]
    pull: Float[np.ndarray, "K n"]


def score_map(cell_theta: Any, base: Any, real: Any, tilt: Any, h: Any, pull: Any) -> tuple[Any, Any]:
    """Center (K, n) and Cholesky factor C (K, K, n) of the scores given the parameters: d = center + C^-T e.

    The cells' likelihoods are replaced by their quadratic approximations and combined with the prior at these
    parameters, so that cells that say little follow mu and the sigmas; `tilt` carries what the effects do to the modes.
    """
    mean, precision = prior_precision(cell_theta, real)
    low = cholesky(h + precision)
    center = solve_upper(low, solve_lower(low, pull + (precision * mean[None]).sum(1)))
    return center + (tilt * (cell_theta[3:] - base[3:])[:, None]).sum(0), low


def newton_step(d: Floats, cell_theta: Floats, dense: Dense) -> tuple[Floats, Floats]:
    """One Newton step of every cell, and the Newton decrement squared."""
    gradient, negative = curvature(d, cell_theta, dense)
    mean, precision = prior_precision(cell_theta, dense.real)
    gradient = gradient - (precision * (d - mean)[None]).sum(1)
    low = cholesky(negative + precision)
    half = solve_lower(low, gradient)
    return solve_upper(low, half), (half**2).sum(0)


def modes(
    d: Float[np.ndarray, "K n"], cell_theta: Floats, dense: Dense, *, steps: int = 60, tolerance: float = 1e-8
) -> Float[np.ndarray, "K n"]:
    """Modes (K, n) of the scores given the parameters, by damped Newton steps (1/(1 + decrement)) from d."""
    for _ in range(steps):
        step, decrement2 = newton_step(d, cell_theta, dense)
        root = np.sqrt(decrement2)
        d = d + np.where(root > 0.7, 1 / (1 + root), 1.0) * step
        if not decrement2.max() > tolerance:
            break
    return d


@np.errstate(all="ignore")  # a step too far is taken back
def evaluate(theta: Floats, d: Floats, dense: Dense) -> tuple[Floats, Floats, Floats]:
    """Laplace's log marginal likelihoods of the units (G,) at theta (T, G), their slopes (T, G), and the modes (K, n)
    from d: cells in blocks that a processor keeps at hand, each until its own modes are found."""
    found, unit = np.empty((len(theta) + 1, d.shape[1])), np.asarray(dense.unit)
    out = np.empty(d.shape)
    size = max(1, BLOCK // dense.weight.shape[1])
    for start in range(0, d.shape[1], size):
        part = slice(start, start + size)
        own, at = some(dense, part), theta[:, unit[part]]
        out[:, part] = modes(d[:, part], at, own)
        found[0, part], found[1:, part] = log_marginal(at, out[:, part], own)
    value, *slopes = (np.bincount(unit, row, theta.shape[1]).astype(float) for row in found)
    return value, np.stack(slopes), out


def some(dense: Dense, part: Any) -> Dense:
    """Some of the cells."""
    kept = dense.features[:, part], dense.weight[part], dense.answer[part], dense.real[:, part], dense.unit[part]
    return Dense(*(np.ascontiguousarray(x) for x in kept))


def approximate(
    dense: Dense, center: Floats, scale: Floats, *, rounds: int = 40, tolerance: float = 2e-3
) -> Approximation:
    """Maximise every unit's Laplace marginal likelihood times Normal(center, scale) at once, and expand around it.

    Units are independent given their parameters, so that the gradient of the summed log marginal likelihood holds every
    unit's gradient, and T finite differences of it every unit's Hessian.
    """
    units = int(dense.unit.max()) + 1
    t = len(center)

    def differences(theta: Floats, d: Floats, gradient: Floats, width: float, two_sided: bool) -> Floats:
        hessian = np.empty((units, t, t))
        for i in range(t):
            move = np.zeros((t, 1))
            move[i] = width
            up = evaluate(theta + move, d, dense)[1]
            down = evaluate(theta - move, d, dense)[1] if two_sided else gradient
            hessian[:, i] = ((up - down) / (width * (2 if two_sided else 1))).T
        return (hessian + hessian.transpose(0, 2, 1)) / 2

    theta = np.repeat(np.asarray(center, float)[:, None], units, axis=1)
    d = np.zeros(dense.real.shape)
    inverse = 1 / np.asarray(scale, float) ** 2

    def posterior(theta: Floats, d: Floats) -> tuple[Floats, Floats, Floats]:
        value, gradient, d = evaluate(theta, d, dense)
        off = theta - center[:, None]
        return value - 0.5 * (inverse[:, None] * off**2).sum(0), gradient, d

    value, gradient, d = posterior(theta, d)
    damping = np.full(units, 1e-3)
    for _ in range(rounds):
        hessian = differences(theta, d, gradient, 1e-3, False)
        slope = gradient - inverse[:, None] * (theta - center[:, None])
        curve = -hessian + np.diag(inverse)
        step = np.empty_like(theta)
        for g in range(units):
            values, vectors = np.linalg.eigh(curve[g])
            values = np.maximum(np.abs(values), 1e-3)
            step[:, g] = vectors @ ((vectors.T @ slope[:, g]) / (values * (1 + damping[g])))
        step *= np.minimum(1, 1.5 / np.abs(step).max(0))
        for _ in range(8):
            trial, trial_gradient, trial_d = posterior(theta + step, d)
            worse = ~(trial >= value - 1e-6)
            if not worse.any():
                break
            step[:, worse] *= 0.3
        step[:, worse] = 0.0
        if worse.any():
            trial, trial_gradient, trial_d = posterior(theta + step, d)
        theta, value, gradient, d = theta + step, trial, trial_gradient, trial_d
        if np.abs(step).max() < tolerance:
            break
    precision = -differences(theta, d, gradient, 3e-3, True)
    for g in range(units):  # directions in which a unit says nothing may come out curved the wrong way
        values, vectors = np.linalg.eigh(precision[g])
        precision[g] = (vectors * np.maximum(values, 0.0)) @ vectors.T
    linear = np.einsum("gij,jg->gi", precision, theta) + gradient.T
    return expand(dense, theta.T, precision, linear, d)


def expand(dense: Dense, theta: Floats, precision: Floats, linear: Floats, start: Floats) -> Approximation:
    """The cells' modes, their derivatives and curvatures at the units' parameters (G, T)."""
    mode = evaluate(theta.T, start, dense)[2]
    turned, slope, negative = tilt(mode, theta.T[:, dense.unit], dense)
    pull = slope + np.einsum("ijn,jn->in", negative, mode)
    return Approximation(theta, precision, linear, mode, turned, negative, pull)


def around(
    dense: Dense, theta: Float[np.ndarray, "G T"], covariance: Float[np.ndarray, "G T T"], width: Floats
) -> Approximation:
    """The expansion at known means of the units' posteriors under Normal priors of that width, with covariances."""
    precision = np.linalg.inv(covariance) - np.diag(1 / width**2)
    linear = np.einsum("gij,gj->gi", precision, theta)
    return expand(dense, theta, precision, linear, np.zeros(dense.real.shape))


def softened(
    approximation: Approximation, soften: float
) -> tuple[Float[np.ndarray, "G T T"], Float[np.ndarray, "G T"]]:
    """Precision times `soften`, and the linear term that keeps the gradient at the mode what it was."""
    pull = np.einsum("gij,gj->gi", approximation.precision, approximation.theta)
    return approximation.precision * soften, approximation.linear - (1 - soften) * pull
