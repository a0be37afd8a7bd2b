"""What each claim offers to the guard of sensitivity: densities of its draws, and draws without a part of the data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.sensitivity import PARETO_K, Hooks
from hotmess.inference.weights import resample, smoothed

if TYPE_CHECKING:
    from hotmess.answers.fit import Fit
    from hotmess.claims.claim import Quantity
    from hotmess.claims.study import Study
    from hotmess.laws.length import LengthLaw
    from hotmess.laws.power import LawData, PowerLaws

Pair = tuple[np.ndarray, np.ndarray]


def hooks_of(name: str) -> Hooks:
    """The hooks of a claim; those of a claim that has none of its own refit for each part."""
    return HOOKS.get(name, Hooks())


def _natural_densities(study: Study, _: str) -> Pair | None:
    fit = study.contrast.fit
    return None if fit is None else fit_densities(fit)


def _natural_without(
    study: Study, quantity: Quantity, _: str, column: str, value: str
) -> tuple[np.ndarray, float] | None:
    """Models share nothing in this fit: without one of them, the others' draws are what they were."""
    if column != "model" or value not in quantity.each:
        return None
    rest = [draws for name, draws in quantity.each.items() if name != value]
    return np.mean(rest, axis=0), -np.inf


def _arm_densities(study: Study, _: str) -> Pair | None:
    from hotmess.claims.intervention import arm_contrast

    fit = arm_contrast(study).fit
    return None if fit is None else fit_densities(fit)


def fit_densities(fit: Fit) -> Pair | None:
    """(chain, draw) log prior and log likelihood of the draws behind a fit's estimands; None with a formula.

    The collapsed likelihood of all counts, up to a constant: the sums over groups of the tail-count form.
    """
    from hotmess.answers.tails import log_likelihood_accuracy, log_likelihood_wrong, tail_counts

    if fit.formula is not None or not hasattr(fit, "letters"):
        return None
    letters, groups, parameters = fit.letters, fit.groups, fit.parameters()
    tails = tail_counts(
        letters.right,
        letters.wrong,
        groups.index,
        groups=len(groups.table),
        options=letters.choices - 1,
        unparsable=letters.unparsable,
    )
    logit_a, log_kappa, log_phi = (parameters[n] for n in ("logit_a", "log_kappa", "log_phi"))
    a = 1 / (1 + np.exp(-logit_a.T))
    likelihood = log_likelihood_accuracy(tails, a, np.exp(log_kappa.T)) + log_likelihood_wrong(tails, np.exp(log_phi.T))
    prior = sum(
        -0.5 * ((x - m) / s) ** 2 for x, m, s in zip((logit_a, log_kappa, log_phi), fit.prior.location, fit.prior.scale)
    )
    assert isinstance(prior, np.ndarray)
    shape = (fit.chains, -1)
    return prior.sum(axis=1).reshape(shape), likelihood.sum(axis=0).reshape(shape)


# --- power laws ---------------------------------------------------------------------------------------------------


def _law_points(laws: PowerLaws, population: str) -> np.ndarray:
    """(draws, 8) logarithms of the scales, inverse hyperbolic tangents of the correlations."""
    from hotmess.laws.power import CORRELATIONS, SCALES

    posterior = laws.data["posterior"].dataset.sel(population=population)
    scales = [np.log(posterior[name].values.ravel()) for name in SCALES]
    return np.column_stack([*scales, *(np.arctanh(posterior[name].values.ravel()) for name in CORRELATIONS)])


def power_law_densities(laws: PowerLaws, population: str) -> Pair:
    """(chain, draw) log prior and log likelihood of the laws' draws, up to constants.

    Prior: half-normal scales, uniform correlations, levels and exponents given them. Likelihood: the first stage's log
    bias² and log variance given levels, exponents, scales and correlations, the models' residuals integrated out.
    """
    from hotmess.laws.power import LawPrior, _arrays

    prior, p = LawPrior(), laws.law.populations.index(population)
    arrays = _arrays(laws.law, laws.groups, laws.by)
    points = _law_points(laws, population)
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


def laws_without(laws: PowerLaws, model: str) -> tuple[PowerLaws, dict[str, float]]:
    """The laws without a model, by reweighting; and the Pareto k of each population's weights.

    Hyperparameters are weighted by p(y without the model | them) / p(y | them), everything else integrated out; levels
    and exponents are drawn anew from their conditional given what is left.
    """
    from hotmess.inference.sample import to_tree
    from hotmess.laws.power import CORRELATIONS, SCALES, LawPrior, _arrays, _Collapsed

    keep = np.flatnonzero((laws.law.cells["model"].astype(str) != model).to_numpy())
    both = np.concatenate([keep, keep + len(laws.law.cells)])
    law: LawData = replace(
        laws.law,
        cells=laws.law.cells.iloc[keep].reset_index(drop=True),
        mean=laws.law.mean[:, both],
        covariance=laws.law.covariance[:, both][:, :, both],
    )
    whole, rest = (_arrays(one, laws.groups, laws.by) for one in (laws.law, law))
    sizes = laws.data["posterior"].sizes
    chains, draws = sizes["chain"], sizes["draw"]
    k: dict[str, float] = {}
    hyper, theta = [], []
    for p, population in enumerate(law.populations):
        points = _law_points(laws, population)
        before, after = (_Collapsed(arrays, LawPrior(), p) for arrays in (whole, rest))
        weights, worst = smoothed(after.log_likelihood(points) - before.log_likelihood(points))
        k[population] = float(worst)
        rng = np.random.default_rng([laws.fit.seed, 37, p])
        index = resample(weights, rng)
        hyper.append(points[index].reshape(chains, draws, 8))
        theta.append(after.coefficients(points[index], rng).reshape(chains, draws, 4, -1))
    names = ("level_bias2", "level_variance", "alpha_bias2", "alpha_variance")
    posterior = {name: np.stack([t[:, :, i] for t in theta], axis=2) for i, name in enumerate(names)}
    posterior |= {name: np.stack([np.exp(h[..., i]) for h in hyper], axis=2) for i, name in enumerate(SCALES)}
    posterior |= {n: np.stack([np.tanh(h[..., 6 + i]) for h in hyper], axis=2) for i, n in enumerate(CORRELATIONS)}
    old = laws.data["posterior"].dataset
    tree = to_tree(
        posterior,
        sample_stats={"diverging": np.zeros((chains, draws), bool)},
        coords={name: list(old[name].values) for name in ("population", "group")},
        dims={name: ["population", "group"][: values.ndim - 2] for name, values in posterior.items()},
    )
    return replace(laws, law=law, data=tree), k


def _law_claim(name: str, parts: tuple[str, ...] = ("model", "benchmark")) -> Hooks:
    """Hooks of a claim about the study's power laws."""

    def reweighted(study: Study, _: Quantity, population: str, column: str, value: str) -> Any:
        from hotmess.claims.catalogue import CATALOGUE
        from hotmess.errors import BadInput

        if column != "model" or value not in set(study.power_laws.law.cells["model"].astype(str)):
            return None
        key = f"laws without {value}"
        if key not in study._made:
            study._made[key] = laws_without(study.power_laws, value)
        laws, k = study._made[key]
        if k[population] > PARETO_K:
            return None
        reduced = replace(study, _made={**study._made, "power_laws": laws})
        try:
            return CATALOGUE[name].quantity(reduced, population).draws, k[population]
        except BadInput:  # too few sizes are left: the new fit says so
            return None

    return Hooks(
        lambda study, population: power_law_densities(study.power_laws, population),
        reweighted,
        parts,
        fit=lambda study: study.power_laws.fit,
    )


# --- length laws --------------------------------------------------------------------------------------------------


def length_law_densities(law: LengthLaw, population: str, shape: str = "odds") -> Pair:
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


def _budget_densities(study: Study, _: str) -> Pair | None:
    fit = study.budget_contrast.fit
    return None if fit is None else fit_densities(fit)


def _joint_densities(study: Study, _: str) -> Pair | None:
    """Of the parameters and scales; the questions' scores are integrated out of the likelihood."""
    tree = study.temperature.tree
    prior = np.sum([v.values for v in tree["log_prior"].dataset.data_vars.values()], axis=0)
    return prior, tree["log_likelihood"].dataset["unit_responses"].values.sum(-1)


HOOKS: dict[str, Hooks] = {
    "natural-overthinking": Hooks(_natural_densities, _natural_without, fit=lambda study: study.contrast.fit),
    "budget-lowers-incoherence": Hooks(
        _budget_densities, _natural_without, fit=lambda study: study.budget_contrast.fit
    ),
    "natural-exceeds-budget": Hooks(_joint_densities, refit=False),
    "answers-get-hotter-with-length": Hooks(_joint_densities, refit=False),
    "incoherence-rises-with-length": Hooks(
        lambda study, population: length_law_densities(study.length_law, population),
        fit=lambda study: study.length_law.fit,
    ),
    "length-saturates": Hooks(refit=False),  # five shapes, each fitted without each bin already
    "intelligence-and-incoherence-correlate": Hooks(parts=(), refit=False),
    "hard-incoherence-rises-with-scale": _law_claim("hard-incoherence-rises-with-scale"),
    "easy-incoherence-falls-with-scale": _law_claim("easy-incoherence-falls-with-scale"),
    "bias-falls-faster-than-variance": _law_claim(
        "bias-falls-faster-than-variance", ("model", "benchmark", "difficulty")
    ),
    "variance-exponent-falls-with-difficulty": _law_claim("variance-exponent-falls-with-difficulty"),
    "bias-exponent-constant-across-difficulty": _law_claim("bias-exponent-constant-across-difficulty"),
}
"""Hooks by the claim's name; what is not here is refitted for each model and benchmark left out."""
