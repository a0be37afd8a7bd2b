"""Evidence: prior and posterior odds of a direction, Savage-Dickey ratios and
bridge sampling for a point (methods, section 7).

Odds compare a claim with its complement; prior odds come from simulating the prior that the model induces on the
quantity. They are for these questions only: Bayesian-bootstrap weights have no prior on the estimand. Odds beyond the
number of effective draws cannot be told from draws: "> S" then. A point needs densities, never a kernel density in
the tail: the exact prior density, and for the posterior the average of its conditional densities given the other
parameters (Verdinelli and Wasserman 1995), or marginal likelihoods by bridge sampling (Meng and Wong 1996).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammaln, logsumexp

from hotmess.inference.gate import diagnose

Density = Callable[[np.ndarray], np.ndarray]
MAX_K = 0.7


@dataclass(frozen=True)
class Odds:
    """Odds of a claim against its complement.

    `bound` says that all effective draws agree: the odds are then above (or, where none agrees, below) what is given.
    """

    prior: float
    posterior: float
    bound: bool
    effective: float

    @property
    def factor(self) -> float:
        """Posterior over prior odds: by how much the data moved them."""
        return self.posterior / self.prior if self.prior > 0 else np.inf

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "population": "these",
            "prior_odds": self.prior,
            "posterior_odds": self.posterior,
            "bayes_factor": self.factor,
            "bound": ("above" if self.posterior > 1 else "below") if self.bound else None,
            "effective_draws": self.effective,
        }


def direction_odds(holds: np.ndarray, prior_holds: np.ndarray) -> Odds:
    """Odds from indicator draws: `holds` (chain, draw) of the posterior, `prior_holds` (n,) of the induced prior.

    >>> odds = direction_odds(np.ones((4, 250), bool), np.arange(1000) % 2 == 0)
    >>> odds.posterior, odds.bound, odds.prior
    (1000.0, True, 1.0)
    """
    count, n = float(holds.sum()), float(holds.size)
    _, bulk, _ = diagnose(holds.astype(float))
    effective = min(n, bulk) if np.isfinite(bulk) and bulk > 0 else n
    bound = count in (0.0, n)
    p = count / n
    posterior = (effective if count else 1 / effective) if bound else p / (1 - p)
    q = (prior_holds.sum() + 0.5) / (len(prior_holds) + 1)
    return Odds(float(q / (1 - q)), float(posterior), bound, float(effective))


@dataclass(frozen=True)
class PointEvidence:
    """log Bayes factor for a point (against its complement, positive: for the point) and its Monte Carlo error.

    `trusted` is False where the average of conditional densities rests on a few draws (Pareto k of 0.7 or more).
    """

    log_factor: float
    error: float
    pareto_k: float
    how: str

    @property
    def trusted(self) -> bool:
        return bool(np.isfinite(self.log_factor)) and self.pareto_k < MAX_K

    def record(self) -> dict[str, Any]:
        """As JSON: `factor` for the point over its complement, None where it cannot be trusted."""
        return {
            "factor": float(np.exp(np.clip(self.log_factor, -700, 700))) if self.trusted else None,
            "log_error": self.error,
            "pareto_k": self.pareto_k,
            "how": self.how,
        }


def savage_dickey(log_prior: float, log_conditional: np.ndarray) -> PointEvidence:
    """log of posterior over prior density at a point: the Bayes factor for the point.

    Parameters
    ----------
    log_prior
        Exact log prior density at the point.
    log_conditional
        (draws,) log conditional posterior density at the point given each draw of the other parameters: their average
        is the posterior density, in its tail too, as long as no few draws dominate it (Pareto k below 0.7).

    Examples
    --------
    x ~ Normal(0, 1), y = 4 observed with unit variance: x | y ~ Normal(2, 1/2), and nothing else is unknown.

    >>> got = savage_dickey(-0.5 * np.log(2 * np.pi), np.full(100, -4.0 - 0.5 * np.log(np.pi)))
    >>> round(got.log_factor, 4), round(float(-4 + 0.5 * np.log(2)), 4)
    (-3.6534, -3.6534)
    """
    n = len(log_conditional)
    if np.ptp(log_conditional) < 1e-12:
        return PointEvidence(float(log_conditional[0] - log_prior), 0.0, -np.inf, "Savage-Dickey")
    log_mean = float(logsumexp(log_conditional) - np.log(n))
    relative = np.exp(log_conditional - log_mean)
    return PointEvidence(
        log_mean - log_prior, float(relative.std() / np.sqrt(n)), pareto_k(log_conditional), "Savage-Dickey"
    )


def bridged_density(log_c: np.ndarray, log_c_there: np.ndarray, log_prior: float) -> PointEvidence:
    """The same where few draws dominate: bridged with draws of the other parameters given that the point is true.

    The posterior density at the point is Z_1/Z_0, with Z_0 the posterior's constant and Z_1 that of the posterior
    weighted by c, the conditional density at the point. log_c: at posterior draws; log_c_there: at draws of the
    weighted posterior, where c is not small.
    """
    shift = float(np.median(np.concatenate([log_c, log_c_there])))
    a, b = log_c - shift, log_c_there - shift
    log_r = 0.0
    for _ in range(1000):
        top = logsumexp(a - np.logaddexp(a, log_r)) - np.log(len(a))
        bottom = logsumexp(-np.logaddexp(b, log_r)) - np.log(len(b))
        if abs(top - bottom - log_r) < 1e-12:
            break
        log_r = float(top - bottom)
    f, g = np.exp(a - np.logaddexp(a, log_r)), np.exp(-np.logaddexp(b, log_r))
    error = np.sqrt(f.var() / f.mean() ** 2 / len(f) + g.var() / g.mean() ** 2 / len(g))
    return PointEvidence(log_r + shift - log_prior, float(error), -np.inf, "Savage-Dickey, bridged")


def pareto_k(log_w: np.ndarray) -> float:
    """Pareto k of importance ratios exp(log_w), 0 where all are equal."""
    from hotmess.inference.pareto import smoothed

    return float(smoothed(log_w)[1])


def bridge(
    log_joint: Density, draws: np.ndarray, *, seed: int = 0, tolerance: float = 1e-10, rounds: int = 1000
) -> tuple[float, float]:
    """log marginal likelihood from posterior draws by bridge sampling, and its Monte Carlo error.

    The proposal is a t distribution (5 degrees of freedom) with mean and covariance of the first half of the draws;
    the second half and as many proposals are bridged with the optimal function of Meng and Wong (1996, equation 4.1).

    Parameters
    ----------
    log_joint
        (n, d) -> (n,) log prior + log likelihood, both normalised, on an unconstrained space.
    draws
        (draws, d) posterior draws, mixed (chains shuffled), nearly independent.

    Examples
    --------
    x ~ Normal(0, 1), y | x ~ Normal(x, 1), y = 4: marginally y ~ Normal(0, 2).

    >>> rng = np.random.default_rng(1)
    >>> log_joint = lambda t: -0.5 * t[:, 0] ** 2 - 0.5 * (4 - t[:, 0]) ** 2 - np.log(2 * np.pi)
    >>> value, error = bridge(log_joint, 2 + np.sqrt(0.5) * rng.standard_normal((4000, 1)))
    >>> bool(abs(value - (-4 - 0.5 * np.log(4 * np.pi))) < 4 * error), error < 0.02
    (True, True)
    """
    rng = np.random.default_rng([seed, 53])
    half = len(draws) // 2
    fitted, used = draws[:half], draws[half:]
    d, df = draws.shape[1], 5
    mean = fitted.mean(0)
    root = np.linalg.cholesky(np.atleast_2d(np.cov(fitted, rowvar=False)) + 1e-12 * np.eye(d))
    z = rng.standard_normal((len(used), d)) / np.sqrt(rng.chisquare(df, (len(used), 1)) / df)
    proposed = mean + z @ root.T

    def log_q(x: np.ndarray) -> np.ndarray:
        white = np.linalg.solve(root, (x - mean).T)
        constant = gammaln((df + d) / 2) - gammaln(df / 2) - 0.5 * d * np.log(df * np.pi) - np.log(np.diag(root)).sum()
        out: np.ndarray = constant - 0.5 * (df + d) * np.log1p((white**2).sum(0) / df)
        return out

    own, other = (log_joint(x) - log_q(x) for x in (used, proposed))
    shift = float(np.median(own))
    log_z = 0.0
    for _ in range(rounds):
        top = logsumexp(other - shift - np.logaddexp(other - shift, log_z))
        bottom = logsumexp(-np.logaddexp(own - shift, log_z))
        new = float(top - bottom)
        if abs(new - log_z) < tolerance:
            log_z = new
            break
        log_z = new
    f = np.exp(other - shift - np.logaddexp(other - shift, log_z))
    g = np.exp(-np.logaddexp(own - shift, log_z))
    error = np.sqrt(f.var() / f.mean() ** 2 / len(f) + g.var() / g.mean() ** 2 / len(g))
    return log_z + shift, float(error)
