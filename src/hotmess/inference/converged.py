"""R-hat and effective sample sizes of many quantities at once: ArviZ's numbers, in one pass over the draws.

ArviZ judges one quantity at a time, in about 4 ms of 2,000 draws. A report judges some thousands.
"""

from __future__ import annotations

import math

import numpy as np

BLOCK = 64
"""Quantities that are judged together."""

TAILS = (0.05, 0.95)


def diagnostics(x: np.ndarray) -> np.ndarray:
    """(k, 3): rank-normalised split R-hat, bulk ESS and tail ESS of k quantities' draws of shape (chain, draw, k).

    R-hat is the larger of that of ranks and that of ranks of distances from the median, tail ESS the smaller of those
    of the two indicators of x ≤ its 5% and 95% quantiles (Vehtari et al. 2021, Bayesian Analysis 16, 667–718); what is
    0/0 is nan, as in ArviZ.

    Draws must be finite, with 2 chains of 4 draws at least.

    >>> found = diagnostics(np.random.default_rng(0).normal(size=(4, 500, 3)))
    >>> found.shape, bool((found[:, 0] < 1.01).all()), bool((found[:, 1:] > 1000).all())
    ((3, 3), True, True)
    """
    parts = [_block(x[:, :, start : start + BLOCK]) for start in range(0, x.shape[2], BLOCK)]
    return np.concatenate(parts) if parts else np.zeros((0, 3))


def _block(x: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        halves = _halves(x)
        ranked = _normal_scores(halves)
        far = _normal_scores(np.abs(halves - np.median(halves, axis=(0, 1))))
        rhat, tails = _rhat(ranked), _rhat(far)  # of two places of equal distance the second is 0/0
        low, high = (_ess(_halves((x <= end).astype(float))) for end in np.quantile(x, TAILS, axis=(0, 1)))
        return np.column_stack([np.where(tails > rhat, tails, rhat), _ess(ranked), np.where(high < low, high, low)])


def _halves(x: np.ndarray) -> np.ndarray:
    """(2 chains, half the draws, k): each chain's first and last half."""
    half = x.shape[1] // 2
    return np.concatenate([x[:, :half], x[:, -half:]])


def _normal_scores(x: np.ndarray) -> np.ndarray:
    """Normal quantiles of the ranks of each quantity's draws (Blom's 3/8)."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    flat = x.reshape(-1, x.shape[2]).T
    order = np.argsort(flat, axis=1)
    n = flat.shape[1]
    scores = np.empty(flat.shape)
    np.put_along_axis(scores, order, ndtri((np.arange(1.0, n + 1) - 0.375) / (n + 0.25))[None], axis=1)
    ordered = np.take_along_axis(flat, order, axis=1)
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(1)
    if tied.any():
        scores[tied] = ndtri((rankdata(flat[tied], axis=1) - 0.375) / (n + 0.25))
    return scores.T.reshape(x.shape)


def _rhat(x: np.ndarray) -> np.ndarray:
    n = x.shape[1]
    between, within = n * x.mean(1).var(0, ddof=1), x.var(1, ddof=1).mean(0)
    found: np.ndarray = np.sqrt((between / within + n - 1) / n)
    return found


def _ess(x: np.ndarray) -> np.ndarray:
    """(k,) effective sample sizes for means, from autocorrelations over chains by Geyer's monotone sequence."""
    from scipy.fft import irfft, next_fast_len, rfft

    chains, n, k = x.shape
    means = x.mean(1)
    spectrum = rfft(x - means[:, None], n=(m := next_fast_len(2 * n)), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).mean(0)
    lagged = irfft(power, n=m, axis=0)[:n] / n  # the mean over chains of autocovariances
    within = lagged[0] * n / (n - 1.0)
    total = lagged[0] + means.var(0, ddof=1)
    rho = 1.0 - (within - lagged) / total
    flat = np.ptp(x, axis=(0, 1)) < np.finfo(float).resolution
    size = chains * n
    return np.array([size if flat[i] else size / _time(rho[:, i], size) for i in range(k)])


def _time(rho: np.ndarray, size: int) -> float:
    """The integrated autocorrelation time of autocorrelations (n,); nan where one that is used is not a number."""
    n = len(rho)
    pairs = [(1.0, float(rho[1]))]
    while 2 * len(pairs) - 1 < n - 3 and sum(pairs[-1]) > 0.0:
        t = 2 * len(pairs)
        pairs.append((float(rho[t]), float(rho[t + 1])))
    even = pairs[-1][0]
    sums = [sum(pair) for pair in pairs]
    kept = sums[:-1] if len(sums) > 1 else []
    if math.isnan(sums[-1]) or any(map(math.isnan, kept)):
        return math.nan
    for i in range(1, len(kept)):
        kept[i] = min(kept[i], kept[i - 1])
    last = even if sums[-1] >= 0.0 else max(even, 0.0)
    last = last if len(sums) > 1 else 1.0
    return max(-1.0 + 2.0 * sum(kept) + last, 1 / math.log10(size))
