"""Log prior and log likelihood of the draws of laws, for reweighting: priors and data to a power."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hotmess.laws.length import LengthLaw
    from hotmess.laws.power import PowerLaws


def law_points(laws: PowerLaws, population: str) -> np.ndarray:
    """(draws, 8) logarithms of the scales, inverse hyperbolic tangents of the correlations."""
    from hotmess.laws.power import CORRELATIONS, SCALES

    posterior = laws.data["posterior"].dataset.sel(population=population)
    scales = [np.log(posterior[name].values.ravel()) for name in SCALES]
    return np.column_stack([*scales, *(np.arctanh(posterior[name].values.ravel()) for name in CORRELATIONS)])


def power_law_densities(laws: PowerLaws, population: str) -> tuple[np.ndarray, np.ndarray]:
    """(chain, draw) log prior and log likelihood of the laws' draws, up to constants.

    Prior: half-normal scales, uniform correlations, levels and exponents given them. Likelihood: the first stage's log
    bias² and log variance given levels, exponents, scales and correlations, the models' residuals integrated out.
    """
    from hotmess.laws.power import LawPrior, _arrays

    prior, p = LawPrior(), laws.law.populations.index(population)
    arrays = _arrays(laws.law, laws.groups, laws.by)
    points = law_points(laws, population)
    s, rho = np.exp(points[:, :6]), np.tanh(points[:, 6:])
    names = ("level_bias2", "level_variance", "alpha_bias2", "alpha_variance")
    draws = [laws.draws(name, population) for name in names]
    shape = draws[0].shape[:2]
    level, alpha = (np.concatenate([d.reshape(len(s), -1) for d in pair], axis=1) for pair in (draws[:2], draws[2:]))
    groups = len(laws.groups)
    same, own = np.ones((groups, groups)), np.eye(groups)
    between = _pairs(s[:, 0], s[:, 1], rho[:, 0])
    covariance = np.einsum("nij,gh->nigjh", between, own) + prior.slope**2 * np.einsum("ij,gh->igjh", np.eye(2), same)
    log_prior = _log_normal(alpha, covariance.reshape(len(s), 2 * groups, 2 * groups))
    log_prior += -0.5 * (((level + 1) / prior.intercept) ** 2).sum(1)
    log_prior += -0.5 * ((s / np.repeat([prior.slope_spread, prior.model, prior.rest], 2)) ** 2).sum(1)
    two, cells = np.eye(2), len(arrays["level"])
    mean = level @ np.kron(two, arrays["level"]).T + alpha @ np.kron(two, arrays["slope"]).T
    model = arrays["model"] @ arrays["model"].T
    noise = np.einsum("nij,gh->nigjh", _pairs(s[:, 2], s[:, 3], rho[:, 1]), model)
    noise += np.einsum("nij,gh->nigjh", _pairs(s[:, 4], s[:, 5], 0 * rho[:, 0]), np.eye(cells))
    total = arrays["noise"][p] + noise.reshape(len(s), 2 * cells, 2 * cells)
    return log_prior.reshape(shape), _log_normal(arrays["y"][p] - mean, total).reshape(shape)


def _pairs(first: np.ndarray, second: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """(n, 2, 2) covariances of pairs."""
    cross = rho * first * second
    return np.stack([np.stack([first**2, cross], -1), np.stack([cross, second**2], -1)], -2)


def _log_normal(x: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """(n,) log densities of Normal(0, covariance) at x (n, d), up to a constant."""
    root = np.linalg.cholesky(covariance + 1e-12 * np.eye(x.shape[1]))
    z = np.linalg.solve(root, x[..., None])[..., 0]
    return -0.5 * (z**2).sum(-1) - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(-1)


def length_law_densities(law: LengthLaw, population: str, shape: str = "odds") -> tuple[np.ndarray, np.ndarray]:
    """(chain, draw) log prior and log likelihood of the draws of a length law, up to constants.

    Prior: half-normal scales, Normal levels, slopes around their integrated mean. Likelihood: the vector of the bins'
    incoherences given levels, slopes and the residual scale.
    """
    from hotmess.laws.length import SHAPES, _Law
    from hotmess.laws.power import _covariance

    keys = ["model", "condition", "budget", "bin"]
    sets = law.fit.draws(keys, population=population)
    place = {tuple(r): i for i, r in enumerate(sets.table[keys].itertuples(index=False, name=None))}
    index = [place[tuple(r)] for r in law.bins[keys].itertuples(index=False, name=None)]
    flat = sets.incoherence[..., index].reshape(-1, len(index))
    posterior = law.data["posterior"].dataset.sel(shape=shape, population=population)
    tau, sigma = (posterior[name].values for name in ("spread", "residual"))
    level, slope = (posterior[name].values for name in ("level", "slope"))
    arm, arms = law.bins["arm"].to_numpy(), len(law.arms)
    value, vectors = np.linalg.eigh(_covariance(flat))
    model = _Law(shape, (flat.mean(0), value, vectors), law.bins["x"].to_numpy(), arm, arms)
    theta = np.concatenate([level, slope], axis=-1).reshape(tau.size, -1)
    points = np.log(np.column_stack([tau.ravel(), sigma.ravel()]))
    away = theta - model.prior_mean
    precision = model._precision(points)
    log_prior = 0.5 * np.linalg.slogdet(precision)[1] - 0.5 * np.einsum("ni,nij,nj->n", away, precision, away)
    log_prior += -0.5 * (tau.ravel() / model.TAU) ** 2 - 0.5 * (sigma.ravel() / model.SIGMA) ** 2
    mean = SHAPES[shape](theta[:, arm], theta[:, arms + arm], model.x)[0]
    total = value + sigma.ravel()[:, None] ** 2
    log_likelihood = -0.5 * (((model.y - mean) @ vectors) ** 2 / total + np.log(total)).sum(1)
    return log_prior.reshape(tau.shape), log_likelihood.reshape(tau.shape)
