"""Laplace's marginal likelihood of a cell's responses, and its slopes by the parameters in closed form.

With scores d at their mode, A = H + P the curvature there (likelihood's and prior's) and G = A^-1,

    log L(theta) = log p(y | d, theta) + log p(d | theta) - ½ log det A + ½ K log 2π.

The mode moves with theta: dd/dtheta = G dg/dtheta, g the slope by d of the two log densities (implicit function
theorem). With lambda = G d/dd(-½ tr G A) held fixed, the slope by theta is that of

    log p(y | d, theta) + log p(d | theta) - ½ tr(G A(d, theta)) + lambda' g(d, theta)

at fixed d and G (Rasmussen & Williams 2006, section 5.5.1). Written out over responses it is two passes over the data
and no derivative of a factorisation, a quarter of what differentiating a Newton step compiles to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Floats
from hotmess.temperature.likelihood import Dense, Softmax, curvature_of, log_prior, prior_precision, softmax, values
from hotmess.temperature.small_matrices import cholesky, solve_lower, solve_upper

if TYPE_CHECKING:
    from jaxtyping import Float


def log_marginal(
    cell_theta: Float[np.ndarray, "T n"], d: Float[np.ndarray, "K n"], dense: Dense
) -> tuple[Floats, Floats]:
    """(n,) log marginal likelihood of the cells and its slopes (T, n); d (K, n) are the modes at these parameters."""
    mean, precision = prior_precision(cell_theta, dense.real)
    soft = softmax(d, cell_theta, dense)
    low = cholesky(curvature_of(soft, dense)[1] + precision)
    inverse = inverse_from(low)
    log_det = sum(np.log(low[k, k]) for k in range(len(low)))
    value = values(soft, dense) + log_prior(d, cell_theta, dense.real) - log_det + 0.5 * np.log(2 * np.pi) * len(d)
    turn, slopes = _by_responses(soft, dense, inverse)
    slopes[:3] = _by_prior(d - mean, turn, inverse, cell_theta, dense.real)
    return value, slopes


def _by_prior(r: Floats, turn: Floats, inverse: Floats, cell_theta: Floats, real: np.ndarray) -> Floats:
    """(3, n) slopes by mu, log sigma_target and log sigma_wrong of log p(d | theta) - ½ tr(G P) - lambda'P r, with r
    the scores less their mean.

    P = I/w - q 1 1' over the options a cell has, w = sigma_wrong², t = sigma_target², b = w + K t and q = t/(w b); so
    that 1'P = 1'/b, dq/dt = 1/b² and dq/dw = -t (w + b)/(w b)².
    """
    t, w = np.exp(2 * cell_theta[1]), np.exp(2 * cell_theta[2])
    here = np.asarray(real, float)
    count, own, lean = here.sum(0), r * here, turn * here
    b = w + count * t
    # d of ½ r'P r + ½ tr(G P) + lambda'P r by 1/w and by -q
    by_inverse = (own * (0.5 * own + lean)).sum(0) + 0.5 * np.einsum("kkn,kn->n", inverse, here)
    by_shared = own.sum(0) * (0.5 * own.sum(0) + lean.sum(0)) + 0.5 * np.einsum("in,ijn,jn->n", here, inverse, here)
    by_t = -0.5 * count / b + by_shared / b**2
    by_w = -0.5 * ((count - 1) / w + 1 / b) + by_inverse / w**2 - by_shared * t * (w + b) / (w * b) ** 2
    return np.stack([-(own.sum(0) + lean.sum(0)) / b, 2 * t * by_t, 2 * w * by_w])


def tilt(d: Floats, cell_theta: Floats, dense: Dense) -> tuple[Floats, Floats, Floats]:
    """What the effects do to the modes, dd/dtheta = A^-1 dg/dtheta (2F, K, n); slope (K, n), curvature (K, K, n) by d.

    Of the likelihood's slope, sum c (1[y = k] - p_k), with mean logit a = sum_k p_k a_k over the target too:
    d/dheat = sum z c (p_k (a_k - a) - 1[y = k] + p_k) and d/dlift = sum z c² p_k p_0.
    """
    soft = softmax(d, cell_theta, dense)
    p, a, cold, _ = soft
    mean = sum(x * np.where(x > 0, y, 0.0) for x, y in zip(p, a))
    weighted = dense.weight * cold
    rows = range(1, len(p))
    hot = [
        weighted * (np.where(dense.real[k - 1][:, None], p[k] * (a[k] - mean), 0.0) - (dense.answer == k) + p[k])
        for k in rows
    ]
    lifted = [weighted * cold * p[k] * p[0] for k in rows]
    turns = [np.stack([(x * z).sum(-1) for x in part]) for part in (hot, lifted) for z in dense.features]
    slope, negative = curvature_of(soft, dense)
    low = cholesky(negative + prior_precision(cell_theta, dense.real)[1])
    return _solved(low, np.stack(turns)), slope, negative


def inverse_from(low: Floats) -> Floats:
    """(K, K, n) inverses of L L'; low (K, K, n).

    >>> import numpy as np
    >>> a = np.array([[2.0, 0.5], [0.5, 1.0]])
    >>> low = np.linalg.cholesky(a)[:, :, None]
    >>> bool(np.allclose(inverse_from(low)[:, :, 0], np.linalg.inv(a), atol=1e-6))
    True
    """
    k, _, n = low.shape
    unit = np.broadcast_to(np.eye(k)[:, :, None], (k, k, n))
    return _solved(low, unit)


def _solved(low: Floats, b: Floats) -> Floats:
    """(M, K, n) solutions x of L L' x = b for each of M sides b."""
    sides = np.moveaxis(b, 0, 1)
    return np.moveaxis(solve_upper(low[:, :, None], solve_lower(low[:, :, None], sides)), 1, 0)


def _by_responses(soft: Softmax, dense: Dense, inverse: Floats) -> tuple[Floats, Floats]:
    """lambda (K, n), and the likelihood's part (T, n) of the slopes by the parameters.

    Of one response with options' probabilities p (the target's p_0), logits a and coldness c = exp(-heat'z),

        u = c² (sum_k G_kk p_k - p'Gp),   du/da_k = c² p_k (r_k - r),   r_k = G_kk - 2 (Gp)_k,   r = sum_k p_k r_k
        v = c (lambda_y - l),             dv/da_k = -c p_k (lambda_k - l),                      l = sum_k p_k lambda_k

    with r_0 = lambda_0 = 0; and da_k/dheat = -z a_k, dc/dheat = -z c, da_0/dlift = z c, da_k/dd_k = c.
    """
    count, k = dense.features.shape[0], len(inverse)
    p, a, cold, _ = soft
    squared = dense.weight * cold**2
    own = [inverse[j, j][:, None] for j in range(k)]
    spread = [sum(inverse[i, j][:, None] * p[1 + i] for i in range(k)) for j in range(k)]  # G p
    pull = [own[j] - 2 * spread[j] for j in range(k)]
    mean = sum(p[1 + j] * pull[j] for j in range(k))
    down = np.stack([(squared * cold * p[1 + j] * (pull[j] - mean)).sum(-1) for j in range(k)])
    turn = -0.5 * (inverse * down[None]).sum(1)
    lean = [turn[j][:, None] for j in range(k)]
    average = sum(p[1 + j] * lean[j] for j in range(k))
    u = squared * sum(p[1 + j] * (own[j] - spread[j]) for j in range(k))
    chosen = [dense.answer == j for j in range(k + 1)]
    v = dense.weight * cold * (sum(np.where(chosen[1 + j], lean[j], 0.0) for j in range(k)) - average)
    by_heat, by_lift = u - v, 0.0
    for j in range(k + 1):
        r, m = (0.0, 0.0) if j == 0 else (pull[j - 1], lean[j - 1])
        by_logit = dense.weight * (chosen[j] - p[j]) - p[j] * (
            0.5 * squared * (r - mean) + dense.weight * cold * (m - average)
        )
        if j == 0:
            by_lift = by_logit * cold
            by_heat = by_heat - by_logit * a[0]
        else:
            by_heat = by_heat - np.where(dense.real[j - 1][:, None], by_logit * a[j], 0.0)
    zero = np.zeros_like(turn[0])
    heats = [(by_heat * dense.features[f]).sum(-1) for f in range(count)]
    lifts = [(by_lift * dense.features[f]).sum(-1) for f in range(count)]
    return turn, np.stack([zero, zero, zero, *heats, *lifts])
