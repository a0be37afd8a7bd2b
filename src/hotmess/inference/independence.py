"""Independence Metropolis for posteriors of a few dimensions whose density is cheap to evaluate in batches.

A heavy-tailed proposal is fitted to the posterior by adaptive importance sampling (population Monte Carlo; Cappé et al.
2004), mixed with the prior so that no tail is out of reach, and then used by independent Metropolis chains (Tierney
1994, section 2.3.2): what comes out are ordinary chains, judged by the same R-hat and effective sample size as those of
NUTS. No gradients, nothing to compile, no divergences.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import gammaln, logsumexp

from hotmess.inference.gate import CHAINS, ESS, RHAT, diagnose_each

_DF = 5  # degrees of freedom of the proposal's kernels
_KERNELS = 200  # how many there are
_WIDTH = 0.75  # their scale, in standard deviations of the posterior as far as it is known
_PRIOR_SHARE = 0.15  # of the proposals come from the prior
_ROUNDS = 24  # of adaptation at most, a batch each
_LATEST = 3  # rounds, none of which must be better than those before them, for adaptation to end early
_GOOD = 0.3  # share of a batch that is effective, below which it does not
_TRIES = 4  # rounds of full size, until none of its points is too heavy
_STUCK = 12  # draws for which a chain may keep one point
_LONGER = 4  # times as many proposals per draw, where the draws are worth too few independent ones
_MOST = 80  # proposals per draw
_TOGETHER = 500  # points weighed at a time: their distances from all kernels stay at hand


class Chains(NamedTuple):
    """What independence chains give.

    Attributes
    ----------
    draws
        (chains, draws, d).
    acceptance
        Share of the proposals that were accepted.
    """

    draws: np.ndarray
    acceptance: float


def independence_metropolis(
    log_likelihood: Callable[[np.ndarray], np.ndarray],
    prior_draws: Callable[[np.random.Generator, int], np.ndarray],
    log_prior: Callable[[np.ndarray], np.ndarray],
    *,
    seed: int,
    draws: int = 500,
    chains: int = 4,
    batch: int = 500,
    thin: int = 5,
) -> Chains:
    """Draw from prior × likelihood on R^d.

    Parameters
    ----------
    log_likelihood, log_prior
        (n, d) -> (n,); the prior normalised.
    prior_draws
        (rng, n) -> (n, d) exact draws of the prior.
    batch
        Points of a round of adaptation; four times as many are drawn from the prior before the first.
    thin
        Proposals per kept draw; four times as many, and again, where effective sample sizes would not pass the gate.

    Returns
    -------
    The chains, and the acceptance rate.

    Examples
    --------
    Normal prior, one normal observation 2 with unit variance: the posterior is Normal(1, 1/2).

    >>> x, rate = independence_metropolis(
    ...     lambda t: -0.5 * (t[:, 0] - 2) ** 2,
    ...     lambda rng, n: rng.standard_normal((n, 1)),
    ...     lambda t: -0.5 * t[:, 0] ** 2 - 0.5 * np.log(2 * np.pi), seed=1, draws=1000)
    >>> bool(abs(x.mean() - 1) < 0.06 and abs(x.var() - 0.5) < 0.06 and rate > 0.5)
    True
    """
    rng = np.random.default_rng(seed)

    def weigh(points: np.ndarray, proposal: _Kernels) -> np.ndarray:
        parts = np.array_split(points, max(1, len(points) // _TOGETHER))
        return np.concatenate([log_likelihood(x) + log_prior(x) - proposal.log_density(x, log_prior) for x in parts])

    seen = prior_draws(rng, 4 * batch)
    log_w = log_likelihood(seen)
    total = chains * draws * thin
    shares: list[float] = []
    while len(shares) < _ROUNDS and not _settled(shares):
        proposal = _Kernels(seen, log_w, rng)
        points = proposal.draw(prior_draws, batch)
        new = weigh(points, proposal)
        seen, log_w = np.concatenate([seen, points]), np.concatenate([log_w, new])
        shares.append(float(np.exp(2 * logsumexp(new) - logsumexp(2 * new))) / batch)
    for _ in range(_TRIES):
        proposal = _Kernels(seen, log_w, rng)
        points = proposal.draw(prior_draws, total)
        new = weigh(points, proposal)
        if np.exp(new.max() - logsumexp(new)) < _STUCK * thin / total:
            break  # no proposal is so heavy that a chain would keep it for more than about `_STUCK` draws
        seen, log_w = np.concatenate([seen, points]), np.concatenate([log_w, new])
    found = metropolis_chains(points, new, draws=draws, chains=chains, rng=rng)
    while thin * _LONGER <= _MOST and _slow(found.draws):
        thin *= _LONGER
        seen, log_w = np.concatenate([seen, points]), np.concatenate([log_w, new])
        proposal = _Kernels(seen, log_w, rng)
        points = proposal.draw(prior_draws, chains * draws * thin)
        new = weigh(points, proposal)
        found = metropolis_chains(points, new, draws=draws, chains=chains, rng=rng)
    return found


def _settled(shares: list[float]) -> bool:
    """Whether a good share of a batch is effective, and more rounds no longer add to it.

    >>> _settled([0.1, 0.4, 0.4, 0.38, 0.41]), _settled([0.1, 0.4, 0.38, 0.41, 0.5]), _settled([0.1] * 9)
    (True, False, False)
    """
    if len(shares) <= _LATEST:
        return False
    best = max(shares[:-_LATEST])
    return best >= _GOOD and max(shares[-_LATEST:]) < 1.05 * best


def _slow(draws: np.ndarray) -> bool:
    """Whether draws (chains, draws, d), enough of them to pass the gate, would not for being too much alike."""
    if draws.shape[0] < CHAINS or draws.shape[0] * draws.shape[1] <= ESS:
        return False
    each = np.array(diagnose_each([draws[..., i] for i in range(draws.shape[2])]))
    return bool((each[:, 0] > RHAT).any() or (each[:, 1:] < 1.1 * ESS).any())


def metropolis_chains(
    points: np.ndarray, log_w: np.ndarray, *, draws: int, chains: int, rng: np.random.Generator
) -> Chains:
    """Independence chains from proposals (n, d) with log weights (n,): log target minus log proposal density.

    n = chains · draws · thin; every chain starts at a point resampled from its first tenth. A point whose weight is
    no finite number is never taken.
    """
    steps = len(points) // chains
    thin = steps // draws
    log_w = np.where(np.isfinite(log_w), log_w, -np.inf).reshape(chains, steps)
    points = points.reshape(chains, steps, -1)
    out = np.empty((chains, draws, points.shape[2]))
    accepted = 0
    for c in range(chains):
        head = max(1, steps // 10)
        p = np.exp(log_w[c, :head] - log_w[c, :head].max())
        at = int(rng.choice(head, p=p / p.sum()))
        uniform = np.log(rng.random(steps))
        for i in range(steps):
            if uniform[i] < log_w[c, i] - log_w[c, at]:
                at = i
                accepted += 1
            if i % thin == thin - 1:
                out[c, i // thin] = points[c, at]
    return Chains(out, accepted / (chains * steps))


class _Kernels:
    """A mixture of multivariate t kernels at points resampled by their weights, and a share of the prior."""

    def __init__(self, points: np.ndarray, log_w: np.ndarray, rng: np.random.Generator) -> None:
        # A few points must not collapse the proposal; capped as logarithms, since all but they may underflow.
        log_w = np.minimum(log_w, np.sort(log_w)[-max(2, len(log_w) // 50)])
        w = np.exp(log_w - log_w.max())
        w /= w.sum()
        center = w @ points
        centred = points - center
        covariance = (w[:, None] * centred).T @ centred + 1e-8 * np.eye(points.shape[1])
        self.rng, self.root = rng, _WIDTH * np.linalg.cholesky(covariance)
        # kernels halfway to the centre, so that the mixture is not wider than what it approximates
        shrink = np.sqrt(max(0.0, 1 - _WIDTH**2))
        self.centers = center + shrink * (points[rng.choice(len(points), _KERNELS, p=w)] - center)

    def draw(self, prior_draws: Callable[[np.random.Generator, int], np.ndarray], n: int) -> np.ndarray:
        """(n, d) proposals."""
        rng, d = self.rng, self.centers.shape[1]
        z = rng.standard_normal((n, d)) / np.sqrt(rng.chisquare(_DF, (n, 1)) / _DF)
        fitted = self.centers[rng.integers(0, _KERNELS, n)] + z @ self.root.T
        return np.where(rng.random((n, 1)) < _PRIOR_SHARE, prior_draws(rng, n), fitted)

    def log_density(self, points: np.ndarray, log_prior: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """(n,) log densities of proposals at points (n, d)."""
        d = points.shape[1]
        white, centers = (solve_triangular(self.root, x.T, lower=True).T for x in (points, self.centers))
        square = (-2 * white) @ centers.T
        square += (white**2).sum(1)[:, None] + (centers**2).sum(1)
        np.maximum(square, 0, out=square)
        near = np.divide(_DF, square + _DF, out=square)
        with np.errstate(divide="ignore"):
            fitted = np.log(_half_power(near, _DF + d).sum(axis=1)) - np.log(_KERNELS)
        fitted += gammaln((_DF + d) / 2) - gammaln(_DF / 2) - 0.5 * d * np.log(_DF * np.pi)
        fitted -= np.log(np.diag(self.root)).sum()
        out: np.ndarray = np.logaddexp(np.log(_PRIOR_SHARE) + log_prior(points), np.log1p(-_PRIOR_SHARE) + fitted)
        return out


def _half_power(x: np.ndarray, n: int) -> np.ndarray:
    """x^(n/2) for whole n by repeated squaring: many times quicker than `np.power`.

    >>> _half_power(np.array([4.0]), 5).tolist()
    [32.0]
    """
    out = np.sqrt(x) if n % 2 else np.ones_like(x)
    power, n = x.copy(), n // 2
    while n:
        if n % 2:
            out *= power
        n //= 2
        if n:
            power *= power
    return out
