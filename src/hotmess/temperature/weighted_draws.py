"""The fast engine: from the approximation of the units' likelihoods to weighted and resampled draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.inference.pareto import resample, smoothed
from hotmess.temperature import fast
from hotmess.temperature.hierarchy import joint_draws
from hotmess.temperature.laplace import softened
from hotmess.temperature.particles import GOOD_SIZE, adapt
from hotmess.temperature.trust import LEAST_EFFECTIVE

if TYPE_CHECKING:
    import xarray as xr

    from hotmess.arrays import Floats
    from hotmess.temperature.data import LengthData
    from hotmess.temperature.laplace import Approximation
    from hotmess.temperature.prior import Pooling, TemperaturePrior


def fast_draws(
    data: LengthData,
    approximation: Approximation,
    prior: TemperaturePrior,
    groups: Pooling,
    *,
    coords: Any,
    dims: Any,
    points: int,
    **options: Any,
) -> xr.DataTree:
    """Unit by unit, or all at once where units differ and share their effects all the same.

    Attributes of the tree: `pareto_k` and `effective` of the worst unit, `unit_k` and `unit_effective` of each.
    """
    if not groups.groupings and len(data.units) > 1:
        return _all_at_once(data, approximation, prior, groups, coords=coords, dims=dims, points=points, **options)
    return _unit_by_unit(data, approximation, prior, groups, coords=coords, dims=dims, points=points, **options)


def _unit_by_unit(
    data: LengthData,
    approximation: Approximation,
    prior: TemperaturePrior,
    groups: Pooling,
    *,
    coords: Any,
    dims: Any,
    points: int,
    **options: Any,
) -> xr.DataTree:
    seed, draws, chains = options["seed"], options["draws"], options["chains"]
    unit, units = np.asarray(data.dense.unit), len(data.units)
    center = np.r_[[m for m, _ in prior.level], np.zeros(2 * len(data.features))]
    width = prior.widths(data.features)
    particles = adapt(
        lambda some: fast.evaluator(data.dense, approximation, points=points, seed=seed, units=some),
        unit,
        approximation.theta,
        np.linalg.inv(approximation.precision + np.diag(1 / width**2)),
        center,
        width,
        seed=seed,
        size=float(np.clip(chains * draws / 2, 2 * LEAST_EFFECTIVE, GOOD_SIZE)),
    )
    scales, effective = None, np.array([own.effective for own in particles])
    if groups.groupings:
        joint = joint_draws(particles, prior, groups, data.features, seed=seed, draws=draws, chains=chains)
        index, effective = joint.origin.reshape(chains * draws, units), np.minimum(effective, joint.effective)
        effects = joint.effects.reshape(chains * draws, units, -1)
        scales = joint.scales.reshape(chains * draws, *joint.scales.shape[2:])
    else:
        index = resample(particles[0].weights, np.random.default_rng([seed, 17]))
        index = np.tile(index, -(-chains * draws // len(index)))[: chains * draws, None]
        effects = particles[0].theta[index, 3:]
    theta = np.stack([own.theta[i] for own, i in zip(particles, index.T)], axis=1)
    moved = effects - theta[..., 3:]
    theta[..., 3:] = effects
    scores = np.empty((len(index), *approximation.mode.shape))
    marginal = np.empty((len(index), len(unit)))
    for g, own in enumerate(particles):
        rows = np.flatnonzero(unit == g)
        scores[:, :, rows] = own.scores[index[:, g]]
        scores[:, :, rows] += np.einsum("se,ekn->skn", moved[:, g], approximation.tilt[:, :, rows])
        marginal[:, rows] = own.marginal[index[:, g]]
    posterior = {"theta": theta, "scores": scores} | ({} if scales is None else {"scales": scales})
    attrs = {
        "pareto_k": max(own.k for own in particles),
        "effective": float(effective.min()),
        "unit_k": [own.k for own in particles],
        "unit_effective": [float(n) for n in effective],
    }
    shape = {"coords": coords, "dims": dims, "chains": chains, "draws": draws}
    return with_prior(_tree(posterior, marginal, attrs, data, **shape), prior, groups, data)


def _all_at_once(
    data: LengthData,
    approximation: Approximation,
    prior: TemperaturePrior,
    groups: Pooling,
    *,
    coords: Any,
    dims: Any,
    points: int,
    **options: Any,
) -> xr.DataTree:
    seed, draws, chains = options["seed"], options["draws"], options["chains"]
    theta, scales = fast.propose(approximation, prior, groups, data.features, seed=seed, draws=draws * chains)
    cells, scores = fast.integrate_cells(data.dense, approximation, theta, points=points, seed=seed)
    log_weights = cells.sum(axis=1) - approximate_log_likelihood(approximation, theta)
    weights, k = smoothed(log_weights)
    index, effective = resample(weights, np.random.default_rng([seed, 17])), float(1 / (weights**2).sum())
    posterior = {"theta": theta[index], "scores": scores[index]} | (
        {"scales": scales[index]} if groups.groupings else {}
    )
    attrs = {"pareto_k": float(k), "effective": effective}
    shape = {"coords": coords, "dims": dims, "chains": chains, "draws": draws}
    return with_prior(_tree(posterior, cells[index], attrs, data, **shape), prior, groups, data)


def _tree(
    posterior: dict[str, Floats],
    cells: Floats,
    attrs: dict[str, Any],
    data: LengthData,
    *,
    coords: Any,
    dims: Any,
    chains: int,
    draws: int,
) -> xr.DataTree:
    """Draws, one after the other, by chains, with what was found of their weights and their log likelihoods."""
    from hotmess.inference.sample import to_tree

    shaped = {name: value.reshape(chains, draws, *value.shape[1:]) for name, value in posterior.items()}
    out = to_tree(shaped, coords=coords, dims=dims)
    out.attrs.update(attrs)
    out["log_likelihood"] = responses(cells.reshape(chains, draws, -1), data)
    return out


def responses(cells: Floats, data: LengthData) -> xr.Dataset:
    """Log likelihoods (chain, draw, cell) of the cells, and of the units, their scores integrated out."""
    import xarray as xr

    unit = np.asarray(data.dense.unit)
    units = np.stack([cells[..., unit == g].sum(axis=-1) for g in range(len(data.units))], axis=-1)
    return xr.Dataset(
        {"unit_responses": (("chain", "draw", "unit"), units), "cell_responses": (("chain", "draw", "cell"), cells)}
    )


def with_prior(tree: xr.DataTree, prior: TemperaturePrior, groups: Pooling, data: LengthData) -> xr.DataTree:
    """Log prior density of theta and of the scales, for prior power-scaling."""
    import xarray as xr
    from scipy import stats

    from hotmess.temperature.model import log_prior_density

    posterior = tree["posterior"].to_dataset()
    theta, density = posterior["theta"].values, {}
    width = prior.effect_scales(data.features)
    scales = np.zeros((*theta.shape[:2], 0, len(width)))
    if groups.groupings:
        scales = posterior["scales"].values
        density["scales"] = stats.halfnorm.logpdf(scales, scale=prior.spread * width).sum((-1, -2))
    density["theta"] = log_prior_density(theta, scales, prior, groups, data.features)
    tree["log_prior"] = xr.Dataset({name: (("chain", "draw"), value) for name, value in density.items()})
    return tree


def approximate_log_likelihood(approximation: Approximation, theta: Floats) -> Floats:
    """(draws,) the quadratic log likelihood from which theta was proposed, up to a constant."""
    precision, linear = softened(approximation, fast.soften(approximation.theta.size))
    out: Floats = np.einsum("gi,sgi->s", linear, theta) - 0.5 * np.einsum("sgi,gij,sgj->s", theta, precision, theta)
    return out
