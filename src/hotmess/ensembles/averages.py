"""The average of E answers: its bias and variance in closed form (methods, section 6)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, xlog1py, xlogy

from hotmess.answers.conjugate import DELTA
from hotmess.arrays import Floats, Ints
from hotmess.errors import BadInput


def average(
    bias2: ArrayLike,
    variance: ArrayLike,
    size: float,
    *,
    context_variance: ArrayLike | None = None,
    contexts: float | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Error, bias² and variance of the average of E = `size` answers under the squared family (Brier, scores, …).

    With the answers spread evenly over c few-shot contexts drawn for the ensemble,

        bias²_E = bias²,      variance_E = context variance / c + sampling variance / E.

    Each answer in a context of its own (c = E, the default): variance / E exactly (Hägele et al. 2026, section on
    ensembling). All in one context (c = 1): only the sampling part is divided.

    Parameters
    ----------
    bias2, variance
        Of single answers, any shape.
    size
        E ≥ 1; infinity gives the limit.
    context_variance
        The part of the variance between contexts; needed where c < E.
    contexts
        c, from 1 to E; default E.

    Raises
    ------
    BadInput
        For sizes below 1, or c < E without the context part.

    >>> [round(float(x), 3) for x in average(0.5, 0.4, 8)], float(average(0.5, 0.4, np.inf)[0])
    ([0.55, 0.5, 0.05], 0.5)
    >>> round(float(average(0.5, 0.4, 4, context_variance=0.1, contexts=1)[2]), 3)
    0.175
    """
    c = size if contexts is None else contexts
    if not size >= 1 or not 1 <= c <= size:
        raise BadInput(f"An ensemble has at least one answer and 1 to E contexts, not E = {size} in {c} contexts.")
    bias, spread = np.asarray(bias2, float), np.asarray(variance, float)
    if c == size:
        between, inside = spread / size, np.zeros_like(spread)
    elif context_variance is None:
        raise BadInput("Answers that share a context need the context part of the variance; give context_variance.")
    else:
        between = np.asarray(context_variance, float) / c
        inside = (spread - np.asarray(context_variance, float)) / size
    return bias + between + inside, bias, between + inside


def average_kl(
    a: Floats, w: Floats, u: Floats, choices: Ints, size: int, *, delta: float = DELTA
) -> tuple[Floats, Floats, Floats]:
    """KL error, bias and variance of the average of `size` letter answers, each in a context of its own.

    The average is (counts + unparsable / C) / E, smoothed as f ← (f + δ)/(1 + Cδ). The terms need E log f[c] only, and
    the count of option c is binomial on its own (with unparsable answers: trinomial), so they are exact sums of E + 1
    (of E²/2) terms and no simulation is needed.

    Parameters
    ----------
    a, w, u
        (cells,) accuracy, (cells, K) probability of each wrong option (zero beyond the options a cell has), (cells,)
        probability of an unparsable answer; they sum to 1.
    choices
        (cells,) number of options C.

    >>> one = average_kl(np.array([0.6]), np.array([[0.4]]), np.zeros(1), np.array([2]), 1)
    >>> many = average_kl(np.array([0.6]), np.array([[0.4]]), np.zeros(1), np.array([2]), 64)
    >>> bool(many[2] < one[2] / 64), bool(abs(many[1] - one[1]) > 0.1)             # δ moves the bias
    (True, True)
    """
    smooth = np.log1p(choices * delta)[:, None]
    p = np.column_stack([a, w])
    mean = np.zeros_like(p)
    none = np.arange(size + 1) if u.any() else np.zeros(1, int)
    for v in none.tolist():  # unparsable answers among the E
        k = np.arange(size - v + 1)
        log_v = _log_binomial(np.full(1, v), size, u[:, None])  # (cells, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = np.where(u[:, None] < 1, p / (1 - u[:, None]), 0.0)
        log_k = _log_binomial(k, size - v, np.clip(rest, 0, 1)[..., None])  # (cells, options, k)
        f = (k[None, :] + v / choices[:, None]) / size
        value = np.log(f + delta)[:, None, :] - smooth[..., None]
        mean += np.exp(log_v) * (np.exp(log_k) * value).sum(-1)
    real = np.arange(p.shape[1]) < choices[:, None]
    log_z = np.logaddexp.reduce(np.where(real, mean, -np.inf), axis=1)
    return -mean[:, 0], -mean[:, 0] + log_z, -log_z


def _log_binomial(k: Ints, n: int, p: Floats) -> Floats:
    out: Floats = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + xlogy(k, p) + xlog1py(n - k, -p)
    return out
