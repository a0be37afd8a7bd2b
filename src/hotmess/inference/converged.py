"""R-hat and effective sample sizes of many quantities at once: ArviZ's numbers, in one pass over the draws.

ArviZ judges one quantity at a time, in about 4 ms of 2,000 draws. A report judges some thousands.
"""

from __future__ import annotations

import math

import numpy as np

BLOCK = 64
"""Quantities that are judged together."""

TAILS = (0.05, 0.95)
LAGS = 12
"""Lags that are summed before a Fourier transform gives all."""


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
        ranked, ordered = _normal_scores(halves)
        middle = ordered[:, (ordered.shape[1] - 1) // 2 : ordered.shape[1] // 2 + 1].mean(axis=1)  # the median
        far, _ = _normal_scores(np.abs(halves - middle))
        rhat, tails = _rhat(ranked), _rhat(far)  # of two places of equal distance the second is 0/0
        whole = ordered if ordered.shape[1] == x.shape[0] * x.shape[1] else np.sort(x.reshape(-1, x.shape[2]).T, axis=1)
        ends = [_halves((x <= _between(whole, q)).astype(float)) for q in TAILS]
        bulk, low, high = _ess(np.concatenate([ranked, *ends], axis=2)).reshape(3, -1)
        return np.column_stack([np.where(tails > rhat, tails, rhat), bulk, np.where(high < low, high, low)])


def _between(ordered: np.ndarray, q: float) -> np.ndarray:
    """(k,) quantiles of rows (k, n) in order, between two draws as far as NumPy's are."""
    place = q * (ordered.shape[1] - 1)
    below, above = ordered[:, int(place)], ordered[:, min(int(place) + 1, ordered.shape[1] - 1)]
    part, rise = place - int(place), above - below
    return np.asarray(below + rise * part if part < 0.5 else above - rise * (1 - part))


def _halves(x: np.ndarray) -> np.ndarray:
    """(2 chains, half the draws, k): each chain's first and last half."""
    half = x.shape[1] // 2
    return np.concatenate([x[:, :half], x[:, -half:]])


def _normal_scores(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normal quantiles of the ranks of each quantity's draws (Blom's 3/8), and the draws in order, (k, n)."""
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
    return scores.T.reshape(x.shape), ordered


def _rhat(x: np.ndarray) -> np.ndarray:
    n = x.shape[1]
    between, within = n * x.mean(1).var(0, ddof=1), x.var(1, ddof=1).mean(0)
    found: np.ndarray = np.sqrt((between / within + n - 1) / n)
    return found


def _ess(x: np.ndarray) -> np.ndarray:
    """(k,) effective sample sizes for means, from autocorrelations over chains by Geyer's monotone sequence.

    Of draws that are hardly correlated the sequence ends after a few lags, which are summed as they are; where it goes
    on, all lags come from a Fourier transform.
    """
    chains, n, _ = x.shape
    size, means = chains * n, x.mean(1)
    away = x - means[:, None]
    first = min(LAGS, n)
    lagged = np.stack([np.einsum("cnk,cnk->k", away[:, : n - t], away[:, t:]) for t in range(first)]) / size
    apart = means.var(0, ddof=1)
    time, ended = _time(_correlations(lagged, apart, n), n, size)
    if not ended.all():
        rest = np.flatnonzero(~ended)
        time[rest] = _time(_correlations(_all_lags(away[..., rest]), apart[rest], n), n, size)[0]
    flat = np.ptp(x, axis=(0, 1)) < np.finfo(float).resolution
    return np.asarray(np.where(flat, size, size / time))


def _all_lags(away: np.ndarray) -> np.ndarray:
    """(n, k) means over chains of autocovariances."""
    from scipy.fft import irfft, next_fast_len, rfft

    n = away.shape[1]
    spectrum = rfft(away, n=(m := next_fast_len(2 * n)), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).mean(0)
    return np.asarray(irfft(power, n=m, axis=0)[:n] / n)


def _correlations(lagged: np.ndarray, apart: np.ndarray, n: int) -> np.ndarray:
    """Autocorrelations from autocovariances within chains (lags, k) and the variance (k,) of their means."""
    within = lagged[0] * n / (n - 1.0)
    out: np.ndarray = 1.0 - (within - lagged) / (lagged[0] + apart)
    return out


def _time(rho: np.ndarray, n: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """(k,) integrated autocorrelation times of autocorrelations (lags, k), nan where one that is used is not a number;
    and whether the sequence ended within these lags of the n that there are.

    Pairs of lags 2j and 2j + 1 are summed up to the first whose sum is not positive, none more than the one before it.
    """
    most = max(1, (n - 1) // 2)
    pairs = min(most, len(rho) // 2)
    even, odd = rho[0 : 2 * pairs : 2].copy(), rho[1 : 2 * pairs : 2]
    even[0] = 1.0
    sums = even + odd
    over = ~(sums > 0)
    stopped = over.any(axis=0)
    last = np.where(stopped, over.argmax(axis=0), pairs - 1)
    columns = np.arange(rho.shape[1])
    of_last, even_of_last = sums[last, columns], even[last, columns]
    kept = np.where(np.arange(pairs)[:, None] < last, np.minimum.accumulate(sums, axis=0), 0.0).sum(axis=0)
    end = np.where(of_last >= 0, even_of_last, np.maximum(even_of_last, 0.0))
    end = np.where(last == 0, 1.0, end)
    time = np.maximum(-1.0 + 2.0 * kept + end, 1 / math.log10(size))
    return np.where(np.isnan(of_last), np.nan, time), stopped | (pairs == most)
