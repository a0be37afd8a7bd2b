"""A fast path: importance sampling from Laplace's approximation, with the check that says whether to trust it.

The scores are integrated out by importance sampling of every cell around its mode (the same random numbers for every
parameter value), the parameters drawn from the Normal approximation of the units' likelihoods with their hierarchical
prior, and weighted to the posterior. Weights are Pareto-smoothed; a shape k above 0.7 says that the approximation
missed part of the posterior (Vehtari, Simpson, Gelman, Yao & Gabry 2024).
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hotmess.overthinking.laplace import Approximation, score_map, softened
from hotmess.overthinking.likelihood import Dense, log_likelihood, log_prior, solve_upper
from hotmess.overthinking.prior import Pooling, TemperaturePrior

Floats = NDArray[np.float64]
FREEDOM = 8.0  # degrees of freedom of the proposals' t distribution
WIDEN = 1.3  # their scale: a cell all of whose answers agree has a longer tail than its curvature says
SOFTEN = 0.9  # precision of the parameters' proposal relative to the approximate likelihood's


def cell_proposals(shape: tuple[int, int], points: int, seed: int) -> tuple[Floats, Floats]:
    """(points, K, n) multivariate t draws of scale WIDEN, and (points, n) log densities.

    A scrambled Sobol sequence, shifted by a random amount for every cell: even within a cell, independent between them.
    """
    from scipy.special import gammaln, ndtri
    from scipy.stats import chi2, qmc

    rng = np.random.default_rng([seed, 5])
    k, n = shape
    base = qmc.Sobol(k + 1, rng=rng).random_base2(int(np.ceil(np.log2(points))))[:points]
    u = (base[:, :, None] + rng.random((k + 1, n))) % 1
    u = np.clip(u, 1e-12, 1 - 1e-12)
    e = WIDEN * ndtri(u[:, :k]) * np.sqrt(FREEDOM / chi2.ppf(u[:, k], FREEDOM))[:, None]
    constant = gammaln((FREEDOM + k) / 2) - gammaln(FREEDOM / 2) - 0.5 * k * np.log(FREEDOM * np.pi * WIDEN**2)
    return e, constant - 0.5 * (FREEDOM + k) * np.log1p((e**2).sum(1) / (FREEDOM * WIDEN**2))


class Proposal(NamedTuple):
    """Arrays of the cells' proposals: see `integrate_scores`."""

    points: Any
    log_density: Any
    theta: Any
    tilt: Any
    curvature: Any
    pull: Any


@cache
def _compiled() -> Any:
    import jax
    import jax.numpy as jnp

    @jax.jit
    def one(theta: Any, key: Any, dense: Dense, q: Proposal) -> Any:
        cell_theta = theta.T[:, dense.unit]
        base = q.theta.T[:, dense.unit]
        center, low = score_map(cell_theta, base, dense.real, q.tilt, q.curvature, q.pull)
        log_det = sum(jnp.log(low[i, i]) for i in range(low.shape[0]))

        def add(state: Any, point: Any) -> Any:
            total, chosen = state
            e, density, u = point
            d = center + solve_upper(low, e)
            weight = log_likelihood(d, cell_theta, dense) + log_prior(d, cell_theta, dense.real) - density - log_det
            total = jnp.logaddexp(total, weight)
            return (total, jnp.where(jnp.log(u) < weight - total, d, chosen)), None

        count, n = q.log_density.shape
        u = jax.random.uniform(key, (count, n), dtype=center.dtype)
        start = (jnp.full(n, -jnp.inf), center)
        (total, chosen), _ = jax.lax.scan(add, start, (q.points, q.log_density, u))
        return jax.ops.segment_sum(total - jnp.log(count), dense.unit, theta.shape[0]), chosen

    return one


def integrate_scores(
    dense: Dense, approximation: Approximation, theta: Floats, *, points: int, seed: int
) -> tuple[Floats, Floats]:
    """Importance-sampled log marginal likelihood of every unit and a draw of the scores, at each theta.

    theta: (draws, G, T). Returns (draws, G) and (draws, K, n); the scores are drawn from their proposals with
    probabilities proportional to the weights.
    """
    import jax
    import jax.numpy as jnp

    e, density = cell_proposals(approximation.mode.shape, points, seed)
    fields = (e, density, *(getattr(approximation, name) for name in ("theta", "tilt", "curvature", "pull")))
    proposal = Proposal(*(jnp.asarray(x) for x in fields))
    arrays = Dense(*(jnp.asarray(x) for x in dense))
    one = _compiled()
    keys = jax.random.split(jax.random.PRNGKey(seed), len(theta))
    values = np.empty(theta.shape[:2])
    scores = np.empty((len(theta), *approximation.mode.shape))
    for s in range(len(theta)):
        value, chosen = one(jnp.asarray(theta[s]), keys[s], arrays, proposal)
        values[s], scores[s] = np.asarray(value), np.asarray(chosen)
    return values, scores


def propose(
    approximation: Approximation,
    prior: TemperaturePrior,
    pool: Pooling,
    features: tuple[str, ...],
    *,
    seed: int,
    draws: int,
    chains: int,
) -> tuple[Floats, Floats]:
    """Parameters (draws · chains, G, T) and scales (draws · chains, groupings, 2F) under the approximate likelihoods.

    Without groupings the approximate posterior is Normal and drawn directly, otherwise NUTS draws scales and
    parameters; it costs nothing beside the data.
    """
    from hotmess.overthinking.model import prior_moments, temperature_model

    units, t = approximation.theta.shape
    effects = 2 * len(features)
    if pool.groupings:
        from hotmess.inference.sample import sample

        options: dict[str, Any] = {"seed": seed, "draws": draws, "warmup": 500, "chains": chains, "soften": SOFTEN}
        tree = sample(temperature_model, None, approximation, prior, pool, features, **options)
        posterior = tree["posterior"].to_dataset()
        shape = (-1, len(pool.groupings), effects)
        return posterior["theta"].values.reshape(-1, units, t), posterior["scales"].values.reshape(shape)
    rng = np.random.default_rng([seed, 19])
    scales = np.zeros((draws * chains, 0, effects))
    precision, linear, _ = prior_moments(scales[0], prior, pool, features)
    data, slope = softened(approximation, SOFTEN)
    for g in range(units):
        block = slice(g * t, (g + 1) * t)
        precision[block, block] += data[g]
        linear[block] += slope[g]
    low = np.linalg.cholesky(precision)
    white = rng.normal(size=(units * t, draws * chains))
    theta = np.linalg.solve(precision, linear)[:, None] + np.linalg.solve(low.T, white)
    return theta.T.reshape(-1, units, t), scales


def approximate_log_likelihood(approximation: Approximation, theta: Floats, soften: float) -> Floats:
    """(draws,) the quadratic log likelihood from which theta was proposed, up to a constant."""
    precision, linear = softened(approximation, soften)
    return np.einsum("gi,sgi->s", linear, theta) - 0.5 * np.einsum("sgi,gij,sgj->s", theta, precision, theta)


def resample(log_weights: Floats, rng: np.random.Generator) -> tuple[NDArray[np.int64], float, float]:
    """Systematic resampling by Pareto-smoothed weights: indices in random order, Pareto k, effective sample size."""
    from arviz_stats.base import array_stats

    smoothed, k = array_stats.psislw(-log_weights)  # it takes log likelihoods, whose inverses are weights
    weights = np.exp(smoothed)
    weights = weights / weights.sum()
    n = len(weights)
    steps = (np.arange(n) + rng.random()) / n
    index = np.minimum(np.searchsorted(np.cumsum(weights), steps), n - 1)
    return rng.permutation(index), float(k), float(1 / (weights**2).sum())
