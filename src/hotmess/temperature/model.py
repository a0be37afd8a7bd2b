"""The joint model of answers and lengths in NumPyro: answers get a temperature (methods, section 5).

    P(answer = k) = softmax_k((eta_{mq,k} + lift_s 1[k = target]) / tau_s)
    log tau_s     = heat_natural z_s + heat_budget x_b (+ heat_zero 1[no tokens]),      lift_s likewise

Effects of a unit (a model on a benchmark) are c + cN log2(N/N0) + deviations of its model, its benchmark and its own,
with c, cN and the deviations integrated out: the effects of all units are jointly Normal given the deviations' scales.
There is no main effect of N, which eta absorbs.

Scores and parameters are sampled in coordinates in which `laplace.approximate` finds them nearly standard Normal,
given the scales; the map's Jacobian is part of the density, so the posterior is the model's own, whatever the map.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hotmess.arrays import Floats
from hotmess.inference import normal
from hotmess.temperature.laplace import Approximation, score_map, softened
from hotmess.temperature.likelihood import Dense, log_likelihood, log_prior
from hotmess.temperature.prior import Pooling, TemperaturePrior
from hotmess.temperature.small_matrices import solve_upper


def effect_covariance(
    scales: Any, prior: TemperaturePrior, pool: Pooling, features: tuple[str, ...], xp: Any = np
) -> Any:
    """(…, 2F, G, G) prior covariance of each effect over units, c and cN integrated out; scales (…, groupings, 2F)."""
    width = prior.effect_scales(features)
    s = np.asarray(pool.doublings)
    fixed = 1 + (prior.size**2) * np.outer(s, s)
    out = xp.asarray(fixed)[None] * xp.asarray(width**2)[:, None, None]
    for i, shared in enumerate(pool.shared()):
        out = out + (scales[..., i, :] ** 2)[..., None, None] * xp.asarray(shared)
    # Units that share every level have one effect; the jitter keeps the matrix of full rank.
    return out + 1e-8 * xp.eye(len(s))[None]


def prior_moments(
    scales: Any, prior: TemperaturePrior, pool: Pooling, features: tuple[str, ...], xp: Any = np
) -> tuple[Any, Any, Any]:
    """Precision (TG, TG), precision times mean (TG,) and half log determinant of theta's Normal prior, unit by unit."""
    units, t = len(pool.doublings), 3 + 2 * len(features)
    means = np.array([m for m, _ in prior.level])
    inverse = np.array([1 / sd**2 for _, sd in prior.level])
    covariance = effect_covariance(scales, prior, pool, features, xp)
    # One effect at a time: JAX's batched solutions wait for each other on few processors, for ever.
    low = xp.stack([xp.diagonal(xp.linalg.cholesky(one)) for one in covariance])
    effects = xp.stack([xp.linalg.inv(one) for one in covariance])
    half = -xp.log(low).sum() + 0.5 * units * np.log(inverse).sum()
    levels = np.zeros((units, t, units, t))
    for p in range(3):
        levels[np.arange(units), p, np.arange(units), p] = inverse[p]
    place = np.eye(t)[3:]  # (2F, T): effect e sits in column 3 + e
    blocks = xp.einsum("egh,ei,ej->gihj", effects, place, place)
    linear = np.zeros((units, t))
    linear[:, :3] = means * inverse
    size = units * t
    return (xp.asarray(levels) + blocks).reshape(size, size), xp.asarray(linear).reshape(size), half


def log_normal(theta: Any, precision: Any, linear: Any, half: Any, xp: Any = np) -> Any:
    """Log density of a flat theta under the prior in `prior_moments` (its mean enters through `linear`)."""
    mean = xp.linalg.solve(precision, linear)
    off = theta - mean
    return half - 0.5 * off @ precision @ off - 0.5 * len(theta) * np.log(2 * np.pi)


def log_prior_density(
    theta: Floats, scales: Floats, prior: TemperaturePrior, pool: Pooling, features: tuple[str, ...]
) -> Floats:
    """(…,) log prior density of all units' parameters (…, G, T) given the deviations' scales (…, groupings, 2F)."""
    mean, sd = np.array(prior.level).T
    off = (theta[..., :3] - mean) / sd
    levels = -0.5 * (off**2).sum((-1, -2)) - off.shape[-2] * (np.log(sd).sum() + 1.5 * np.log(2 * np.pi))
    effects = np.swapaxes(theta[..., 3:], -1, -2)
    covariance = np.broadcast_to(effect_covariance(scales, prior, pool, features), (*effects.shape, effects.shape[-1]))
    return np.asarray(levels + normal.log_normal(effects, covariance).sum(-1), float)


def temperature_model(
    dense: Dense | None,
    approximation: Approximation,
    prior: TemperaturePrior,
    pool: Pooling,
    features: tuple[str, ...],
    *,
    soften: float = 1.0,
) -> None:
    """The NumPyro model, in the coordinates of `approximation`.

    Sites: `scales` (groupings, 2F), the deviations' sds, where there are groupings; `raw_theta` (G·T) and `raw_scores`
    (K, n), the coordinates, whose flat base measure the Jacobian turns into theta's and d's; deterministic `theta`
    (G, T) and `scores` (K, n). With `dense=None` the units' likelihoods are replaced by their Normal approximations,
    their precision times `soften`, and there are no scores.
    """
    import jax.numpy as jnp
    import numpyro
    import numpyro.distributions as dist
    from jax.scipy.linalg import solve_triangular

    units, t = approximation.theta.shape
    width = prior.spread * prior.effect_scales(features)
    scales = jnp.zeros((0, len(width)))
    if pool.groupings:
        shape = (len(pool.groupings), len(width))
        scales = numpyro.sample("scales", dist.HalfNormal(jnp.asarray(width)).expand(shape).to_event(2))
    precision, linear, half = prior_moments(scales, prior, pool, features, jnp)
    flat = units * t
    blocks, slope = softened(approximation, soften)
    full, data_linear = np.zeros((units, t, units, t)), slope.reshape(flat)
    full[np.arange(units), :, np.arange(units), :] = blocks
    data_precision = full.reshape(flat, flat)
    low = jnp.linalg.cholesky(precision + data_precision)
    raw = numpyro.sample("raw_theta", dist.Normal(0, 1).expand([flat]).to_event(1).mask(False))
    center = solve_triangular(low, linear + data_linear, lower=True)
    theta_flat = solve_triangular(low.T, center + raw, lower=False)
    numpyro.factor("theta_prior", log_normal(theta_flat, precision, linear, half, jnp))
    numpyro.factor("theta_jacobian", -jnp.log(jnp.diagonal(low)).sum())
    theta = numpyro.deterministic("theta", theta_flat.reshape(units, t))
    if dense is None:
        quadratic = data_linear @ theta_flat - 0.5 * theta_flat @ data_precision @ theta_flat
        numpyro.factor("responses", quadratic)
        return
    coordinates = numpyro.sample(
        "raw_scores", dist.Normal(0, 1).expand(list(approximation.mode.shape)).to_event(2).mask(False)
    )
    cell_theta = theta.T[:, dense.unit]
    names = ("tilt", "curvature", "pull")
    rest = (jnp.asarray(getattr(approximation, name)) for name in names)
    middle, factor = score_map(cell_theta, jnp.asarray(approximation.theta.T)[:, dense.unit], dense.real, *rest)
    d = numpyro.deterministic("scores", middle + solve_upper(factor, coordinates))
    diagonal = jnp.stack([factor[k, k] for k in range(factor.shape[0])])
    numpyro.factor("scores_jacobian", -jnp.log(diagonal).sum())
    numpyro.factor("scores_prior", log_prior(d, cell_theta, dense.real).sum())
    numpyro.factor("responses", log_likelihood(d, cell_theta, dense).sum())


def population_draws(
    theta: Floats, scales: Floats, prior: TemperaturePrior, pool: Pooling, features: tuple[str, ...], *, seed: int
) -> dict[str, Floats]:
    """Draws of what was integrated out: population effects c, size slopes cN, and the effects of a new model.

    theta: (draws, G, T); scales: (draws, groupings, 2F). Returns `effect` (draws, 2F), `by_size` (draws, 2F) and
    `new_model` (draws, 2F), a new model of size N0 on a benchmark like these (its deviations drawn anew).
    """
    rng = np.random.default_rng([seed, 11])
    draws, units, _ = theta.shape
    width = prior.effect_scales(features)
    s = pool.doublings
    out = {k: np.empty((draws, len(width))) for k in ("effect", "by_size", "new_model")}
    gain = np.stack([np.ones(units), s])  # (2, G): c and cN enter the units' effects so
    for i in range(draws):
        covariance = effect_covariance(scales[i], prior, pool, features)
        for e, w in enumerate(width):
            before = np.diag([w**2, (prior.size * w) ** 2])
            weight = np.linalg.solve(covariance[e], (before @ gain).T).T
            mean = weight @ theta[i, :, 3 + e]
            after = before - weight @ gain.T @ before
            values, vectors = np.linalg.eigh((after + after.T) / 2)
            draw = mean + vectors @ (np.sqrt(np.maximum(values, 0)) * rng.normal(size=2))
            out["effect"][i, e], out["by_size"][i, e] = draw
            out["new_model"][i, e] = draw[0] + np.sqrt((scales[i, :, e] ** 2).sum()) * rng.normal()
    return out
