"""Independence Metropolis for posteriors of a few dimensions whose density is cheap to evaluate in batches.

A heavy-tailed proposal is fitted to the posterior by adaptive importance sampling, mixed with the prior so that no
tail is out of reach, and then used by independent Metropolis chains: what comes out are ordinary chains, judged by the
same R-hat and effective sample size as those of NUTS. No gradients, nothing to compile, no divergences.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

_DF, _ROUNDS, _PRIOR_SHARE = 6, 4, 0.15


def independence_metropolis(
    log_likelihood: Callable[[np.ndarray], np.ndarray],
    prior_draws: Callable[[np.random.Generator, int], np.ndarray],
    log_prior: Callable[[np.ndarray], np.ndarray],
    *,
    seed: int,
    draws: int = 500,
    chains: int = 4,
    batch: int = 2000,
    thin: int = 3,
    complete: Callable[[np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]] | None = None,
) -> tuple[np.ndarray, float]:
    """Draw from prior × likelihood on R^d.

    Parameters
    ----------
    log_likelihood, log_prior
        (n, d) -> (n,), both normalised or both up to the same constant for all points.
    prior_draws
        (rng, n) -> (n, d) exact draws of the prior.
    thin
        Proposals per kept draw.
    complete
        Where `log_likelihood` is an approximate marginal: (points, rng) -> further coordinates (n, k), drawn from an
        approximate conditional, and the log of exact joint over approximate marginal × conditional. They are appended
        to the points, and the chains are exact for the joint posterior.

    Returns
    -------
    (chains, draws, d) chains, and the acceptance rate.

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
    points = prior_draws(rng, 2 * batch)
    log_w = log_likelihood(points)
    for _ in range(_ROUNDS):
        center, scale = _moments(points, log_w)
        points = _propose(rng, center, scale, prior_draws, batch)
        log_w = log_likelihood(points) + log_prior(points) - _log_proposal(points, center, scale, log_prior)
    center, scale = _moments(points, log_w)
    total = chains * draws * thin
    points = _propose(rng, center, scale, prior_draws, total)
    log_w = np.concatenate(
        [
            log_likelihood(part) + log_prior(part) - _log_proposal(part, center, scale, log_prior)
            for part in np.array_split(points, max(1, total // batch))
        ]
    )
    if complete is not None:
        parts = [complete(part, rng) for part in np.array_split(points, max(1, total // batch))]
        points = np.column_stack([points, np.concatenate([p[0] for p in parts])])
        log_w = log_w + np.concatenate([p[1] for p in parts])
    log_w = log_w.reshape(chains, draws * thin)
    points = points.reshape(chains, draws * thin, -1)
    out = np.empty((chains, draws, points.shape[2]))
    accepted = 0
    for c in range(chains):
        # start where importance weights would: the first tenth is resampled once instead of warmed up
        head = max(1, draws * thin // 10)
        p = np.exp(log_w[c, :head] - log_w[c, :head].max())
        at = int(rng.choice(head, p=p / p.sum()))
        uniform = np.log(rng.random(draws * thin))
        for i in range(draws * thin):
            if uniform[i] < log_w[c, i] - log_w[c, at]:
                at = i
                accepted += 1
            if i % thin == thin - 1:
                out[c, i // thin] = points[c, at]
    return out, accepted / total


def _moments(points: np.ndarray, log_w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and scale, weights truncated so that a few points cannot collapse the proposal."""
    w = np.exp(log_w - log_w.max())
    w = np.minimum(w, np.sort(w)[-max(2, len(w) // 50)])
    w /= w.sum()
    center = w @ points
    centred = points - center
    return center, 1.3 * (w[:, None] * centred).T @ centred + 1e-8 * np.eye(points.shape[1])


def _propose(
    rng: np.random.Generator,
    center: np.ndarray,
    scale: np.ndarray,
    prior_draws: Callable[[np.random.Generator, int], np.ndarray],
    n: int,
) -> np.ndarray:
    fitted = stats.multivariate_t(center, scale, df=_DF, seed=rng).rvs(n).reshape(n, -1)
    return np.where(rng.random((n, 1)) < _PRIOR_SHARE, prior_draws(rng, n), fitted)


def _log_proposal(
    points: np.ndarray, center: np.ndarray, scale: np.ndarray, log_prior: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    fitted = stats.multivariate_t(center, scale, df=_DF).logpdf(points).reshape(len(points))
    return np.logaddexp(np.log(_PRIOR_SHARE) + log_prior(points), np.log1p(-_PRIOR_SHARE) + fitted)
