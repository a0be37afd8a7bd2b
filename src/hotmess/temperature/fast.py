"""A fast path: importance sampling, with the check that says whether to trust it (methods, section 5).

The scores are integrated out by importance sampling of every cell around its mode (the same random numbers for every
parameter value), and the parameters weighted: unit by unit (`hotmess.temperature.particles`), or all at once where the
units have one effect. A Pareto k above 0.7 says that part of the posterior was missed (Vehtari et al. 2024).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hotmess.arrays import Floats, Ints
from hotmess.errors import NotTestable
from hotmess.temperature.laplace import Approximation, expand, score_map, softened, some
from hotmess.temperature.likelihood import Dense, log_prior
from hotmess.temperature.many_scores import blocks, log_likelihoods
from hotmess.temperature.prior import Pooling, TemperaturePrior
from hotmess.temperature.small_matrices import solve_upper

FREEDOM = 8.0  # degrees of freedom of the proposals' t distribution
WIDEN = 1.3  # their scale: a cell all of whose answers agree has a longer tail than its curvature says
FARTHEST = 5.0  # posterior sds of a step towards a peak: by its curvature here it may seem to lie anywhere


def cell_proposals(shape: tuple[int, int], points: int, seed: int, cells: Any = slice(None)) -> tuple[Floats, Floats]:
    """(points, K, n) multivariate t draws of scale WIDEN, and (points, n) log densities; or of some of the n cells.

    A scrambled Sobol sequence, shifted by a random amount for every cell: even within a cell, independent between them.
    """
    from scipy.special import gammaln, ndtri
    from scipy.stats import chi2, qmc

    rng = np.random.default_rng([seed, 5])
    k, n = shape
    base = qmc.Sobol(k + 1, rng=rng).random_base2(int(np.ceil(np.log2(points))))[:points]
    u = (base[:, :, None] + np.ascontiguousarray(rng.random((k + 1, n))[:, cells])) % 1
    u = np.clip(u, 1e-12, 1 - 1e-12)
    e = WIDEN * ndtri(u[:, :k]) * np.sqrt(FREEDOM / chi2.ppf(u[:, k], FREEDOM))[:, None]
    constant = gammaln((FREEDOM + k) / 2) - gammaln(FREEDOM / 2) - 0.5 * k * np.log(FREEDOM * np.pi * WIDEN**2)
    return e, constant - 0.5 * (FREEDOM + k) * np.log1p((e**2).sum(1) / (FREEDOM * WIDEN**2))


def integrate_cells(
    dense: Dense, approximation: Approximation, theta: Floats, *, points: int, seed: int
) -> tuple[Floats, Floats]:
    """Importance-sampled log marginal likelihood of every cell, and a draw of the scores, at each theta.

    theta: (draws, G, T). Returns (draws, n) and (draws, K, n); the scores are drawn from their proposals with
    probabilities proportional to the weights.
    """
    evaluate = evaluator(dense, approximation, points=points, seed=seed)
    both = [evaluate(one, number) for number, one in enumerate(theta)]
    return np.stack([cells for cells, _ in both]), np.stack([chosen for _, chosen in both])


def evaluator(
    dense: Dense, approximation: Approximation, *, points: int, seed: int, units: Ints | None = None
) -> Callable[[Floats, int], tuple[Floats, Floats]]:
    """(theta (G, T), number of the draw) -> the cells' log marginal likelihoods (n,), a draw of the scores (K, n).

    Or those of some `units`, in order, and of their cells alone: the same numbers as among all.
    """
    of, at, shape = np.asarray(dense.unit), approximation, approximation.mode.shape
    kept = np.arange(len(of)) if units is None else np.flatnonzero(np.isin(of, units))
    unit = of[kept] if units is None else np.searchsorted(units, of[kept])
    e, density = cell_proposals(shape, points, seed, kept)
    e, part = np.ascontiguousarray(np.moveaxis(e, 1, 0), np.float32), some(dense, kept)
    seen, base, cells = blocks(part), np.take(at.theta.T, of[kept], axis=1), np.arange(len(kept))
    tilt, curvature, pull = (np.take(x, kept, axis=-1) for x in (at.tilt, at.curvature, at.pull))

    @np.errstate(all="ignore")  # far from everything exponentials overflow, and the weight is none
    def one(theta: Floats, number: int) -> tuple[Floats, Floats]:
        cell_theta = np.take(theta.T, unit, axis=1)  # indexing would leave cells far apart in memory
        center, low = score_map(cell_theta, base, part.real, tilt, curvature, pull)
        d = solve_upper(low[:, :, None].astype(np.float32), e)
        d += center[:, None].astype(np.float32)
        log_w = log_likelihoods(d, cell_theta, seen) + log_prior(d, cell_theta, part.real) - density
        log_w = np.where(np.isnan(log_w), -np.inf, log_w)
        top = log_w.max(axis=0)
        up_to = np.cumsum(np.exp(log_w - top), axis=0)
        log_det = sum(np.log(low[k, k]) for k in range(len(low)))
        u = np.random.default_rng([seed, 5, number]).random(len(of))[kept]
        pick = (up_to < u * up_to[-1]).sum(axis=0)
        total = np.where(np.isneginf(top), -np.inf, np.log(up_to[-1] / points) + top - log_det)
        return total, d[:, np.minimum(pick, points - 1), cells]

    return one


def refine(
    dense: Dense,
    approximation: Approximation,
    center: Floats,
    scale: Floats,
    *,
    points: int,
    seed: int,
    rounds: int = 12,
    width: float = 0.6,
    tolerance: float = 0.2,
) -> Approximation:
    """The same expansion around the peak of the importance-sampled marginal likelihood.

    A cell all of whose answers agree has skewed scores, which Laplace's approximation misses; many such cells move the
    peak. Newton's method on every unit until its step does not exceed `tolerance` sds, derivatives by differences
    `width` posterior sds wide; the cells' proposals move along. A peak may be many sds away, and proposals around it
    save draws: of seven models, five of them bent, none needed more than the fewest.
    """
    units, t = approximation.theta.shape
    unit, inverse = np.asarray(dense.unit), 1 / np.asarray(scale, float) ** 2
    upper, away = np.triu_indices(t, 1), np.arange(t)
    out, left = approximation, np.arange(units)
    theta, precision, linear = (np.array(x) for x in (out.theta, out.precision, out.linear))
    for turn in range(rounds):
        marginal = evaluator(dense, out, points=points, seed=seed, units=left)
        owner, base = np.searchsorted(left, unit[np.isin(unit, left)]), theta[left]

        def value(
            theta: Floats,
            marginal: Callable[[Floats, int], tuple[Floats, Floats]] = marginal,
            owner: Ints = owner,
            count: int = len(left),
        ) -> Floats:
            prior: Floats = -0.5 * (inverse * (theta - center) ** 2).sum(1)
            return np.bincount(owner, marginal(theta, 0)[0], count) + prior

        low = np.linalg.cholesky(precision[left] + np.diag(inverse))
        axes = np.linalg.inv(low)  # row i: one posterior sd along direction i
        here = value(base)
        up, down = (np.stack([value(base + sign * width * axes[:, i]) for i in range(t)]) for sign in (1, -1))
        both = [value(base + width * (axes[:, i] + axes[:, j])) for i, j in zip(*upper)]
        slope = ((up - down) / (2 * width)).T
        curve = np.zeros((len(left), t, t))
        curve[:, upper[0], upper[1]] = -(np.stack(both, 1) - up[upper[0]].T - up[upper[1]].T + here[:, None]) / width**2
        curve = curve + curve.transpose(0, 2, 1)
        curve[:, away, away] = -((up - 2 * here + down) / width**2).T
        curve = _within(curve, 0.1, 10.0)
        step = np.linalg.solve(curve, slope[..., None])[..., 0]
        far = np.sqrt((step**2).sum(1))
        precision[left] = _within(low @ curve @ low.transpose(0, 2, 1) - np.diag(inverse), 0.0, np.inf)
        gradient = np.einsum("gij,gj->gi", low, slope) + inverse * (base - center)
        linear[left] = np.einsum("gij,gj->gi", precision[left], base) + gradient
        rest = far >= tolerance
        if turn == rounds - 1 or not rest.any():
            break
        step *= (rest * np.minimum(1, FARTHEST / np.maximum(far, 1e-12)))[:, None]
        for _ in range(5):
            worse = ~(value(base + np.einsum("gij,gi->gj", axes, step)) >= here - 1e-6)
            if not worse.any():
                break
            step[worse] *= 0.4
        theta[left] = base + np.einsum("gij,gi->gj", axes, step)
        out, left = expand(dense, theta, precision, linear, out.mode), left[rest]
    return expand(dense, theta, precision, linear, out.mode)


def _within(matrices: Floats, low: float, high: float) -> Floats:
    """The matrices (G, T, T) with their eigenvalues brought between two numbers."""
    values, vectors = np.linalg.eigh(matrices)
    return np.asarray((vectors * np.clip(values, low, high)[:, None]) @ vectors.transpose(0, 2, 1))


def propose(
    approximation: Approximation,
    prior: TemperaturePrior,
    pool: Pooling,
    features: tuple[str, ...],
    *,
    seed: int,
    draws: int,
) -> tuple[Floats, Floats]:
    """Parameters (draws, G, T) and scales (draws, groupings, 2F) under the approximate likelihoods.

    Given the scales everything is Normal, so that scales are resampled by their evidence, and parameters drawn given
    them.

    Raises
    ------
    NotTestable
        If draws of the scales hold fewer than 100 effective ones.
    """
    from hotmess.temperature.model import prior_moments

    units, t = approximation.theta.shape
    rng = np.random.default_rng([seed, 19])
    data = np.zeros((units, t, units, t))
    blocks, slope = softened(approximation, soften(units * t))
    data[np.arange(units), :, np.arange(units), :] = blocks
    flat, slope = data.reshape(units * t, units * t), slope.ravel()
    white = rng.normal(size=(draws, units * t))
    shape = (len(pool.groupings), 2 * len(features))
    scales, of_draw = np.zeros((1, *shape)), np.zeros(draws, np.int64)
    if pool.groupings:
        width = prior.spread * prior.effect_scales(features)
        scales, weights = _scales(
            lambda x: _evidence(prior_moments(x, prior, pool, features), flat, slope), width, shape, rng
        )
        if 1 / (weights**2).sum() < 100:
            raise NotTestable("The fast path cannot draw how far models scatter; use the engine 'nuts'.")
        of_draw = np.searchsorted(np.cumsum(weights)[:-1], (np.arange(draws) + rng.random()) / draws)
    theta = np.empty((draws, units * t))
    for i in np.unique(of_draw):
        precision, linear, _ = prior_moments(scales[i], prior, pool, features)
        low = np.linalg.cholesky(precision + flat)
        rows = of_draw == i
        center = np.linalg.solve(precision + flat, linear + slope)
        theta[rows] = center + np.linalg.solve(low.T, white[rows].T).T
    return theta.reshape(draws, units, t), scales[of_draw]


def _scales(
    evidence: Callable[[Floats], float], width: Floats, shape: tuple[int, int], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Scales (draws, groupings, 2F) and their normalised weights under half-normal priors of scale `width`.

    First drawn from the prior, evenly (Sobol points). Where many responses leave next to no prior draw with any weight,
    as where models hardly scatter, logarithms are drawn from a multivariate t around the weighted draws before them,
    whose weights are tempered so that 50 are effective (population Monte Carlo; Cappé et al. 2004).
    """
    from scipy.special import ndtri
    from scipy.stats import multivariate_t, qmc

    count = shape[0] * shape[1]
    flat = np.broadcast_to(width, shape).ravel()
    u = qmc.Sobol(count, rng=rng).random_base2(11)
    x = np.log(ndtri(0.5 + 0.5 * np.clip(u, 1e-9, 1 - 1e-9)))
    drawn = x - 0.5 * np.exp(2 * x)  # log density of log(scale/width)
    for turn in range(8):
        scales = (flat * np.exp(x)).reshape(-1, *shape)
        log_w = np.array([evidence(one) for one in scales]) + (x - 0.5 * np.exp(2 * x)).sum(1)
        log_w -= drawn.sum(1) if drawn.ndim == 2 else drawn
        weights = _normalised(log_w)
        if 1 / (weights**2).sum() > 400 or turn == 7:
            break
        power = 1.0
        while 1 / (_normalised(power * log_w) ** 2).sum() < min(50, 5 * count):
            power *= 0.7
        tempered = _normalised(power * log_w)
        mean = tempered @ x
        covariance = np.einsum("n,ni,nj->ij", tempered, x - mean, x - mean) + 1e-4 * np.eye(count)
        around = multivariate_t(mean, 1.5 * covariance, df=4, seed=rng)
        x = np.minimum(np.atleast_2d(around.rvs(4096).reshape(4096, count)), 3.0)
        drawn = around.logpdf(x)
    return scales, weights


def _normalised(log_weights: Floats) -> Floats:
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum())


def soften(size: int) -> float:
    """Precision of the proposal of `size` parameters relative to the approximate likelihood's.

    Smaller than one, for longer tails; nearer to one for more parameters, so that the weights' variance does not grow.

    >>> round(soften(5), 2), round(soften(35), 2)
    (0.64, 0.86)
    """
    return 1 - 0.8 / float(np.sqrt(size))


def _evidence(moments: tuple[Floats, Floats, float], data: Floats, slope: Floats) -> float:
    """Log of the integral of prior times exp(-½ t'Λt + b't), up to a constant."""
    precision, linear, half = moments
    both = np.linalg.cholesky(precision + data)
    fit = np.linalg.solve(both, linear + slope)
    start = linear @ np.linalg.solve(precision, linear)
    return float(half - np.log(np.diagonal(both)).sum() + 0.5 * (fit @ fit - start))
