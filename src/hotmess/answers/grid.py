"""Exact posterior of groups without pooling, by quadrature (methods, section 3).

Without pooling the posterior of a group factorises into two parts, (a, kappa) and phi, because right and wrong totals
inform only the first and the split among wrong options only the second. Two dimensions and one are integrated on
grids: draws are independent, there is nothing to converge. Agreement with NUTS is a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.prior import AnswerPrior
from hotmess.answers.tails import TailCounts, log_likelihood_accuracy, log_likelihood_wrong

if TYPE_CHECKING:
    from jaxtyping import Float, Int


_COARSE, _FINE, _PASSES = 65, 97, 20
_NEGLIGIBLE = 18.0  # log density below the mode that is cut off: exp(-18) is 1.5e-8


def grid_posterior(
    tails: TailCounts,
    prior: AnswerPrior,
    *,
    draws: int,
    seed: int | np.random.SeedSequence,
    unparsable: TailCounts | None = None,
) -> dict[str, np.ndarray]:
    """Independent posterior draws of every group's (logit a, log kappa, log phi).

    Returns
    -------
    dict of (draws, groups) arrays, keyed `logit_a`, `log_kappa`, `log_phi`; and `logit_u`, `log_psi` of shape (draws,
    groups of `unparsable`), where given: tail counts of unparsable against wrong-option responses.

    Examples
    --------
    >>> from hotmess.answers.tails import tail_counts
    >>> rng = np.random.default_rng(0)
    >>> right = rng.binomial(20, rng.beta(6, 4, 500))
    >>> wrong = rng.multinomial(20 - right, [0.5, 0.5])
    >>> t = tail_counts(right, wrong, np.zeros(500, int), groups=1, options=np.full(500, 2))
    >>> post = grid_posterior(t, AnswerPrior(), draws=1000, seed=1)
    >>> bool(abs((1 / (1 + np.exp(-post["logit_a"]))).mean() - 0.6) < 0.03)
    True
    """
    rng = np.random.default_rng(seed)
    out = {name: np.empty((draws, tails.groups)) for name in ("logit_a", "log_kappa", "log_phi")}
    for g in range(tails.groups):
        one = tails.one(g)
        mean, concentration, _ = zip(prior.location, prior.scale)
        out["logit_a"][:, g], out["log_kappa"][:, g] = _beta_draws(one, mean, concentration, draws, rng)
        out["log_phi"][:, g] = _wrong_draws(one, prior, draws, rng)
    if unparsable is not None:
        pairs = [
            _beta_draws(unparsable.one(g), prior.unparsable, (0.0, 1.5), draws, rng) for g in range(unparsable.groups)
        ]
        out["logit_u"], out["log_psi"] = (np.column_stack([p[i] for p in pairs]) for i in range(2))
    return out


def _log_normal(x: Float[np.ndarray, " n"], location: float, scale: float) -> Float[np.ndarray, " n"]:
    return -0.5 * ((x - location) / scale) ** 2


def _beta_draws(
    tails: TailCounts,
    mean: tuple[float, float],
    concentration: tuple[float, float],
    draws: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    (ma, sa), (mk, sk) = mean, concentration

    def density(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        a, kappa = 1 / (1 + np.exp(-x)), np.exp(y)
        value = log_likelihood_accuracy(tails, a[None, :, None], kappa[None, None])[0]
        out: np.ndarray = value + _log_normal(x, ma, sa)[:, None] + _log_normal(y, mk, sk)[None, :]
        return out

    x, y = (np.linspace(m - 8 * s, m + 8 * s, _COARSE) for m, s in ((ma, sa), (mk, sk)))
    limits = (x[0], x[-1]), (y[0], y[-1])
    for _ in range(_PASSES):
        log_p = density(x, y)
        keep = log_p > log_p.max() - _NEGLIGIBLE
        new = _cover(x, keep.any(axis=1), _COARSE, limits[0]), _cover(y, keep.any(axis=0), _COARSE, limits[1])
        settled = all(0.7 < np.ptp(n) / np.ptp(o) < 1.2 for n, o in zip(new, (x, y)))
        x, y = new
        if settled:
            break
    x, y = (np.linspace(v[0], v[-1], _FINE) for v in (x, y))
    log_p = density(x, y)
    p = np.exp(log_p - log_p.max()).ravel()
    index = _choose(p, draws, rng)
    i, j = np.divmod(index, len(y))
    return _jitter(x, i, rng), _jitter(y, j, rng)


def _wrong_draws(tails: TailCounts, prior: AnswerPrior, draws: int, rng: np.random.Generator) -> np.ndarray:
    m, s = prior.location[2], prior.scale[2]
    x = np.linspace(m - 8 * s, m + 8 * s, 8 * _COARSE)
    for _ in range(2):
        log_p = log_likelihood_wrong(tails, np.exp(x)[None])[0] + _log_normal(x, m, s)
        x = _cover(x, log_p > log_p.max() - _NEGLIGIBLE, 4 * _FINE, (m - 8 * s, m + 8 * s))
    log_p = log_likelihood_wrong(tails, np.exp(x)[None])[0] + _log_normal(x, m, s)
    return _jitter(x, _choose(np.exp(log_p - log_p.max()), draws, rng), rng)


def _cover(x: np.ndarray, keep: np.ndarray, points: int, limits: tuple[float, float]) -> np.ndarray:
    """A grid over the box that holds the mass; twice as wide on a side where the mass reaches the box's edge.

    On a coarse grid a narrow ridge may peak beside the mode, so that the first box misses it: the box then walks.
    """
    inside = np.flatnonzero(keep)
    step, width = x[1] - x[0], x[-1] - x[0]
    low = x[inside[0]] - (width if inside[0] == 0 else step)
    high = x[inside[-1]] + (width if inside[-1] == len(x) - 1 else step)
    return np.linspace(max(low, limits[0]), min(high, limits[1]), points)


def _choose(p: Float[np.ndarray, " n"], draws: int, rng: np.random.Generator) -> Int[np.ndarray, " draws"]:
    cumulative = p.cumsum()
    out: np.ndarray = np.minimum(np.searchsorted(cumulative, rng.random(draws) * cumulative[-1]), len(p) - 1)
    return out


def _jitter(
    x: Float[np.ndarray, " n"], index: Int[np.ndarray, " draws"], rng: np.random.Generator
) -> Float[np.ndarray, " draws"]:
    # Triangular jitter is linear interpolation of the density between grid points: no bias of second order in it.
    step = x[1] - x[0]
    out: np.ndarray = x[index] + step * (rng.random(len(index)) - rng.random(len(index)))
    return out
