"""The majority vote of E answers: accuracy, exactly, and its limit, which no resampling passes (methods, section 6)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlogy

from hotmess.arrays import Floats, Ints
from hotmess.errors import BadInput

BLOCK = 200_000  # numbers in memory at once


def vote(p: Floats, size: int, *, unparsable: Floats | None = None, choices: Ints | None = None) -> Floats:
    """P(the majority of `size` independent answers is right); ties are broken at random.

    An unparsable answer casts no vote; where nobody votes an option is drawn at random. With exponential generating
    functions: given k votes for the target and a coin for each rival level with it,

        P = E! Σ_k a^k/k! ∫₀¹ [x^(E−k)] e^(ux) Π_c (Σ_{j<k} (w_c x)^j/j! + s (w_c x)^k/k!) ds,

    since ∫ s^t ds = 1/(t + 1) shares the win among t rivals level with the target; the integrand is a polynomial in s
    of degree K at most, so Gauss–Legendre integration is exact.

    Parameters
    ----------
    p
        (…, C) probability of every option, the target first; zero for options a question does not have.
    size
        E ≥ 1.
    unparsable
        (…) probability of an unparsable answer; default none.
    choices
        (…) number of options to draw from where nobody votes; default C.

    >>> vote(np.array([0.6, 0.4]), 3).round(3).item()                              # 0.6³ + 3 · 0.6² · 0.4
    0.648
    >>> vote(np.array([0.4, 0.3, 0.3]), 2).round(3).item()         # AA, or a tie with the target: 0.16 + ½ · 2 · 0.24
    0.4
    """
    if size < 1 or int(size) != size:
        raise BadInput(f"A vote needs a whole number of answers from 1, not {size}.")
    shape, options = p.shape[:-1], p.shape[-1]
    flat = p.reshape(-1, options)
    none = np.zeros(len(flat)) if unparsable is None else np.broadcast_to(unparsable, shape).reshape(-1)
    options_of = np.broadcast_to(options if choices is None else choices, shape).reshape(-1)
    out = np.empty(len(flat))
    step = max(1, BLOCK // (size + 1))
    for start in range(0, len(flat), step):
        rows = slice(start, start + step)
        out[rows] = _vote(flat[rows], none[rows], int(size)) + none[rows] ** size / options_of[rows]
    return np.clip(out, 0.0, 1.0).reshape(shape)


def _vote(p: Floats, none: Floats, size: int) -> Floats:
    # Poisson numbers of votes with mean E p, given that they sum to E: the same series, in numbers that never overflow.
    w = p[:, 1:]
    nodes, weights = np.polynomial.legendre.leggauss(w.shape[1] // 2 + 1)
    nodes, weights = (nodes + 1) / 2, weights / 2
    j = np.arange(size + 1)
    target, rivals, idle = (np.exp(_log_poisson(j, size * x[..., None])) for x in (p[:, 0], w, none))
    out = np.zeros(len(p))
    for k in range(1, size + 1):
        left = size - k
        top = min(k, left)
        total = np.zeros(len(p))
        for s, weight in zip(nodes, weights):
            poly = idle[:, : left + 1]
            for c in range(w.shape[1]):
                factor = rivals[:, c, : top + 1].copy()
                if top == k:
                    factor[:, k] *= s
                new = poly * factor[:, :1]
                for i in range(1, top + 1):
                    new[:, i:] += poly[:, : left + 1 - i] * factor[:, i : i + 1]
                poly = new
            total += weight * poly[:, left]
        out = out + target[:, k] * total / np.exp(_log_poisson(size, float(size)))
    return out


def _log_poisson(j: ArrayLike, mean: ArrayLike) -> Floats:
    out: Floats = xlogy(j, mean) - mean - gammaln(np.asarray(j) + 1)
    return out


def vote_limit(p: Floats) -> Floats:
    """P(right) of the majority vote as E grows: 1 where the target is the most probable option, else 0; ties share.

    What is left wrong is the error that no resampling removes.

    >>> vote_limit(np.array([[0.5, 0.3, 0.2], [0.3, 0.5, 0.2], [0.4, 0.4, 0.2]])).tolist()
    [1.0, 0.0, 0.5]
    """
    best = p.max(axis=-1, keepdims=True)
    level = p >= best
    return np.where(level[..., 0], 1.0 / level.sum(axis=-1), 0.0)
