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

from typing import Any

import numpy as np

from hotmess.temperature.likelihood import Dense, curvature, log_likelihood, log_prior, prior_precision, probabilities
from hotmess.temperature.small_matrices import cholesky, solve_lower, solve_upper


def log_marginal(cell_theta: Any, d: Any, dense: Dense) -> tuple[Any, Any]:
    """(n,) log marginal likelihood of the cells and its slopes (T, n); d (K, n) are the modes at these parameters."""
    import jax
    import jax.numpy as jnp

    def around(theta: Any) -> tuple[Any, Any, Any]:
        """Log prior of d (n,), its curvature (K, K, n) and its slope by d (K, n)."""
        mean, precision, _ = prior_precision(theta, dense.real)
        return log_prior(d, theta, dense.real), precision, -(precision * (d - mean)[None]).sum(1)

    prior, precision, _ = around(cell_theta)
    low = cholesky(curvature(d, cell_theta, dense)[1] + precision)
    inverse = inverse_from(low)
    log_det = sum(jnp.log(low[k, k]) for k in range(low.shape[0]))
    value = log_likelihood(d, cell_theta, dense) + prior - log_det + 0.5 * np.log(2 * np.pi) * d.shape[0]
    turn, slopes = _by_responses(d, cell_theta, dense, inverse)

    def by_prior(theta: Any) -> Any:
        log_density, curve, slope = around(theta)
        return (log_density - 0.5 * (inverse * curve).sum((0, 1)) + (turn * slope).sum(0)).sum()

    return value, slopes + jax.grad(by_prior)(cell_theta)


def tilt(d: Any, cell_theta: Any, dense: Dense) -> tuple[Any, Any, Any]:
    """What the effects do to the modes, dd/dtheta = A^-1 dg/dtheta (2F, K, n); slope (K, n), curvature (K, K, n) by d.

    Of the likelihood's slope, sum c (1[y = k] - p_k), with mean logit a = sum_k p_k a_k over the target too:
    d/dheat = sum z c (p_k (a_k - a) - 1[y = k] + p_k) and d/dlift = sum z c² p_k p_0.
    """
    import jax.numpy as jnp

    p, a, cold = probabilities(d, cell_theta, dense)
    mean = sum(x * jnp.where(x > 0, y, 0.0) for x, y in zip(p, a))
    weighted = dense.weight * cold
    rows = range(1, len(p))
    hot = [
        weighted * (jnp.where(dense.real[k - 1][:, None], p[k] * (a[k] - mean), 0.0) - (dense.answer == k) + p[k])
        for k in rows
    ]
    lifted = [weighted * cold * p[k] * p[0] for k in rows]
    turns = [jnp.stack([(x * z).sum(-1) for x in part]) for part in (hot, lifted) for z in dense.features]
    slope, negative = curvature(d, cell_theta, dense)
    low = cholesky(negative + prior_precision(cell_theta, dense.real)[1])
    return _solved(low, jnp.stack(turns)), slope, negative


def inverse_from(low: Any) -> Any:
    """(K, K, n) inverses of L L'; low (K, K, n).

    >>> import numpy as np
    >>> a = np.array([[2.0, 0.5], [0.5, 1.0]])
    >>> low = np.linalg.cholesky(a)[:, :, None]
    >>> bool(np.allclose(inverse_from(low)[:, :, 0], np.linalg.inv(a), atol=1e-6))
    True
    """
    import jax.numpy as jnp

    k, _, n = low.shape
    unit = jnp.broadcast_to(jnp.eye(k)[:, :, None], (k, k, n))
    return _solved(low, unit)


def _solved(low: Any, b: Any) -> Any:
    """(M, K, n) solutions x of L L' x = b for each of M sides b."""
    import jax

    return jax.vmap(lambda one: solve_upper(low, solve_lower(low, one)))(b)


def _by_responses(d: Any, cell_theta: Any, dense: Dense, inverse: Any) -> tuple[Any, Any]:
    """lambda (K, n), and the likelihood's part (T, n) of the slopes by the parameters.

    Of one response with options' probabilities p (the target's p_0), logits a and coldness c = exp(-heat'z),

        u = c² (sum_k G_kk p_k - p'Gp),   du/da_k = c² p_k (r_k - r),   r_k = G_kk - 2 (Gp)_k,   r = sum_k p_k r_k
        v = c (lambda_y - l),             dv/da_k = -c p_k (lambda_k - l),                      l = sum_k p_k lambda_k

    with r_0 = lambda_0 = 0; and da_k/dheat = -z a_k, dc/dheat = -z c, da_0/dlift = z c, da_k/dd_k = c.
    """
    import jax.numpy as jnp

    count, k = dense.features.shape[0], d.shape[0]
    p, a, cold = probabilities(d, cell_theta, dense)
    squared = dense.weight * cold**2
    own = [inverse[j, j][:, None] for j in range(k)]
    spread = [sum(inverse[i, j][:, None] * p[1 + i] for i in range(k)) for j in range(k)]  # G p
    pull = [own[j] - 2 * spread[j] for j in range(k)]
    mean = sum(p[1 + j] * pull[j] for j in range(k))
    down = jnp.stack([(squared * cold * p[1 + j] * (pull[j] - mean)).sum(-1) for j in range(k)])
    turn = -0.5 * (inverse * down[None]).sum(1)
    lean = [turn[j][:, None] for j in range(k)]
    average = sum(p[1 + j] * lean[j] for j in range(k))
    u = squared * sum(p[1 + j] * (own[j] - spread[j]) for j in range(k))
    chosen = [dense.answer == j for j in range(k + 1)]
    v = dense.weight * cold * (sum(jnp.where(chosen[1 + j], lean[j], 0.0) for j in range(k)) - average)
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
            by_heat = by_heat - jnp.where(dense.real[j - 1][:, None], by_logit * a[j], 0.0)
    zero = jnp.zeros_like(turn[0])
    heats = [(by_heat * dense.features[f]).sum(-1) for f in range(count)]
    lifts = [(by_lift * dense.features[f]).sum(-1) for f in range(count)]
    return turn, jnp.stack([zero, zero, zero, *heats, *lifts])
