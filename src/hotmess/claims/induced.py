"""The prior that each model induces on its claims' quantities, and evidence for points inside it.

A claim that has an entry in `PRIORS` gets prior odds; one with an entry in `POINTS` also the evidence for "no effect".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.claims.evidence import PointEvidence, bridged_density, direction_odds, savage_dickey

if TYPE_CHECKING:
    from hotmess.claims.claim import Claim
    from hotmess.claims.study import Study

DRAWS = 20_000
Prior = Callable[["Study", np.random.Generator, int], np.ndarray]


def _exponents(study: Study, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, groups) prior draws of alpha_B and of alpha_V."""
    from hotmess.laws.power import LawPrior

    prior, groups = LawPrior(), len(study.power_laws.groups)
    tau = np.abs(rng.normal(0, prior.slope_spread, (n, 2, 1)))
    rho = rng.uniform(-1, 1, (n, 1))
    z = rng.standard_normal((n, 2, groups))
    z[:, 1] = rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1]
    alpha = rng.normal(0, prior.slope, (n, 2, 1)) + tau * z
    return alpha[:, 0], alpha[:, 1]


def _slope_weights(study: Study, claim: str) -> tuple[np.ndarray, np.ndarray]:
    """(groups,) weights of alpha_B and of alpha_V in a claim's quantity."""
    from hotmess.claims.exponents import trend_weights
    from hotmess.claims.scale import _group_weights

    if claim == "variance-exponent-falls-with-difficulty":
        w = trend_weights(study)
        return 0 * w, -w
    if claim == "bias-exponent-constant-across-difficulty":
        w = trend_weights(study)
        return w, 0 * w
    which, sign = {
        "hard-incoherence-rises-with-scale": ("hard", 1.0),
        "easy-incoherence-falls-with-scale": ("easy", -1.0),
        "bias-falls-faster-than-variance": ("all", 1.0),
    }[claim]
    w = sign * _group_weights(study, which)
    return w, -w


def _law_prior(claim: str) -> Prior:
    def draw(study: Study, rng: np.random.Generator, n: int) -> np.ndarray:
        bias, variance = _exponents(study, rng, n)
        w = _slope_weights(study, claim)
        return bias @ w[0] + variance @ w[1]

    return draw


def _length_prior(study: Study, rng: np.random.Generator, n: int) -> np.ndarray:
    from hotmess.laws.length import _Law

    tau = np.abs(rng.normal(0, _Law.TAU, (n, 1)))
    arms = len(study.length_law.arms)
    return rng.normal(0, _Law.SLOPE, n) + (tau * rng.standard_normal((n, arms))).mean(1)


def _shares_prior(study: Study, rng: np.random.Generator, n: int) -> np.ndarray:
    from hotmess.claims.shares import SLOPE, share_difference

    length, size = rng.normal(0, SLOPE, (2, n))
    return share_difference(length, size, 0.0)


def _natural_prior(study: Study, rng: np.random.Generator, n: int) -> np.ndarray:
    """Change of the parametric population incoherence I(a, κ, h) between two halves with priors of their own."""
    from hotmess.answers.prior import AnswerPrior
    from hotmess.decompose.parts import incoherence

    prior, models = AnswerPrior(), len(study.contrast.models)
    options = float(study.halves.table["n_choices"].median()) - 1
    eta = rng.normal(prior.location, prior.scale, (n, models, 2, 3))
    a, kappa, phi = 1 / (1 + np.exp(-eta[..., 0])), np.exp(eta[..., 1]), np.exp(eta[..., 2])
    value = incoherence(a, 1 / (kappa + 1), (1 + phi / options) / (1 + phi))
    return (value[..., 1] - value[..., 0]).mean(1)


LAWS = (
    "hard-incoherence-rises-with-scale",
    "easy-incoherence-falls-with-scale",
    "bias-falls-faster-than-variance",
    "variance-exponent-falls-with-difficulty",
    "bias-exponent-constant-across-difficulty",
)
PRIORS: dict[str, Prior] = {
    "natural-overthinking": _natural_prior,
    "incoherence-rises-with-length": _length_prior,
    "length-predicts-more-than-size": _shares_prior,
    **{name: _law_prior(name) for name in LAWS},
}


def law_point(study: Study, claim: str, *, at: float = 0.0, population: str = "these") -> PointEvidence:
    """Evidence that a claim's difference of exponents is `at` (default: none), Savage-Dickey.

    Given the hyperparameters the difference is Gaussian, before and after the data: the prior density is averaged over
    the hyperparameters' prior, the posterior density over their posterior.
    """
    from hotmess.laws.densities import law_points
    from hotmess.laws.power import LawPrior, _arrays, _Collapsed

    laws, prior = study.power_laws, LawPrior()
    w_b, w_v = _slope_weights(study, claim)
    groups = len(laws.groups)
    weights = np.concatenate([np.zeros(2 * groups), w_b, w_v])
    law = _Collapsed(_arrays(laws.law, laws.groups, laws.by), prior, laws.law.populations.index(population))

    def conditional(points: np.ndarray) -> np.ndarray:
        parts = []
        for rows in np.array_split(np.arange(len(points)), max(1, len(points) // 500)):
            mean, cov = law.conditional(points[rows])
            parts.append(_log_normal(at - mean @ weights, np.einsum("i,nij,j->n", weights, cov, weights)))
        return np.concatenate(parts)

    rng = np.random.default_rng([study.seed, 59])
    tau = np.abs(rng.normal(0, prior.slope_spread, (200_000, 2)))
    rho = rng.uniform(-1, 1, 200_000)
    own = (w_b @ w_b) * tau[:, 0] ** 2 + (w_v @ w_v) * tau[:, 1] ** 2 + 2 * (w_b @ w_v) * rho * tau[:, 0] * tau[:, 1]
    shared = prior.slope**2 * (w_b.sum() ** 2 + w_v.sum() ** 2)
    density = np.exp(_log_normal(np.full(len(own), at), own + shared))
    log_prior, log_c = float(np.log(density.mean())), conditional(law_points(laws, population))
    found = savage_dickey(log_prior, log_c)
    if found.trusted:
        return found
    there, _ = law.chains(seed=study.seed + 71, draws=len(log_c) // 4, chains=4, more=conditional)
    return bridged_density(log_c, conditional(there.reshape(-1, there.shape[-1])), log_prior)


def _log_normal(x: np.ndarray, variance: np.ndarray) -> np.ndarray:
    variance = np.maximum(variance, 1e-300)
    return -0.5 * (np.log(2 * np.pi * variance) + x**2 / variance)


def length_point(study: Study, *, population: str = "these") -> PointEvidence:
    """Evidence that incoherence does not depend on length: marginal likelihoods of the odds law with and without slope.

    Both by importance sampling from heavy-tailed mixtures fitted to the posterior; the error is that of the weights.
    """
    from scipy.special import logsumexp

    from hotmess.claims.evidence import pareto_k
    from hotmess.laws.length import _Law
    from hotmess.laws.shapes import law_eigen

    law = study.length_law
    eigen, x, arm = law_eigen(law, population), law.bins["x"].to_numpy(), law.bins["arm"].to_numpy()
    found, errors, k = [], [], []
    for i, lengths in enumerate((x, 0 * x)):
        rng = np.random.default_rng([study.seed, 61, i])
        log_w = _Law("odds", eigen, lengths, arm, len(law.arms)).proposals(rng, 10_000, 24)[1]
        log_w = np.where(np.isfinite(log_w), log_w, -np.inf)
        top = float(logsumexp(log_w) - np.log(len(log_w)))
        found.append(top)
        errors.append(np.exp(log_w - top).std() / np.sqrt(len(log_w)))
        k.append(pareto_k(np.maximum(log_w, log_w.max() - 600)))
    return PointEvidence(found[1] - found[0], float(np.hypot(*errors)), max(k), "importance sampling")


POINTS: dict[str, Callable[[Study], PointEvidence]] = {
    "incoherence-rises-with-length": length_point,
    **{name: partial(law_point, claim=name) for name in LAWS[:3]},
}
"""Differences of exponents between groups are not here: their spread may be 0, so that the prior density at no
difference is infinite, and so is the ratio's error."""


def evidence(study: Study, claim: Claim, draws: np.ndarray) -> dict[str, Any] | None:
    """Odds of a claim before and after the data, and the factor for no effect; None for a claim without a prior here.

    draws: (chain, draw) of the claim's quantity for these questions.
    """
    make = PRIORS.get(claim.name)
    if make is None:
        return None
    prior = make(study, np.random.default_rng([study.seed, 67]), DRAWS)
    out = direction_odds(claim.holds(draws), claim.holds(prior)).record()
    if claim.name in POINTS:
        out["no_effect"] = POINTS[claim.name](study).record()
    return out
