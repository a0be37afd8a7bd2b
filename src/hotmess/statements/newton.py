"""The group parameters at weights on questions: the weighted collapsed likelihood, maximised (methods, section 3).

In every group and every draw of weights w

    maximise  sum_i w_i log p(n_i | a, kappa, phi) + log prior(logit a, log kappa, log phi)

with the likelihood by weighted tail counts, and the prior's location drawn from the prior itself (Newton and Raftery
1994; Lyddon, Walker and Holmes 2018): where the data say nothing the maxima scatter as the prior does. (a, kappa) and
phi factorise, so that Newton's steps have two dimensions and one; all draws of a group are taken together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from hotmess.answers.prior import AnswerPrior
from hotmess.statements.sums import Features

if TYPE_CHECKING:
    from jaxtyping import Float, Real


STEPS, ENOUGH = 60, 1e-6  # a step that small leaves an error of its square


def weighted_fit(
    found: Features,
    weights: Iterable[tuple[slice, np.ndarray]],
    draws: int,
    groups: int,
    prior: AnswerPrior,
    *,
    apart: np.ndarray,
    seed: int | None,
    start: dict[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Maxima of every draw: (draws, groups) arrays `logit_a`, `log_kappa`, `log_phi`, and `logit_u`, `log_psi`.

    Parameters
    ----------
    weights
        Blocks of draws and of (draws of the block, questions) weights.
    apart
        Groups in which unparsable responses are a category of their own; elsewhere logit_u is -inf.
    seed
        Of the prior's random location; None: its own location, as for the fit at even weights.
    start
        (1, groups) arrays of where to start, as the fit at even weights; None: at the prior's location.
    """
    parts = [found(w) for _, w in weights]
    v, _, options = (np.concatenate([p[i] for p in parts]) for i in range(3))
    centres = [*prior.location, prior.unparsable[0], 0.0]
    scales = [*prior.scale, prior.unparsable[1], 1.5]
    centre = [np.full((draws, groups), m) for m in centres]
    if seed is not None:
        noise = np.random.default_rng([seed, 911]).standard_normal((5, draws, groups))
        centre = [c + s * z for c, s, z in zip(centre, scales, noise)]
    out = {name: np.empty((draws, groups)) for name in ("logit_a", "log_kappa", "log_phi")}
    if len(apart):
        out["logit_u"], out["log_psi"] = np.full((draws, groups), -np.inf), np.zeros((draws, groups))
    patterns = found.patterns

    def begin(g: int, *names: str) -> np.ndarray:
        centred = dict(zip(("logit_a", "log_kappa", "log_phi", "logit_u", "log_psi"), centres))
        return np.array([centred[name] if start is None else start[name][0, g] for name in names])

    for g in range(groups):
        own = np.flatnonzero(patterns.group == g)
        c, u, r = patterns.split[own], patterns.unparsable[own], patterns.right[own]
        right, wrong, total, split = (tails(v[:, own], x) for x in (r, c + u, r + c + u, c))
        out["logit_a"][:, g], out["log_kappa"][:, g] = beta_maxima(
            right, wrong, total, [x[:, g] for x in centre[:2]], scales[:2], begin(g, "logit_a", "log_kappa")
        )
        out["log_phi"][:, g] = wrong_maxima(found, options, g, split, centre[2][:, g], scales[2], begin(g, "log_phi"))
        if g in apart:
            own = np.flatnonzero((patterns.group == g) & patterns.apart)
            c, u = patterns.split[own], patterns.unparsable[own]
            out["logit_u"][:, g], out["log_psi"][:, g] = beta_maxima(
                tails(v[:, own], u),
                tails(v[:, own], c),
                tails(v[:, own], c + u),
                [x[:, g] for x in centre[3:]],
                scales[3:],
                begin(g, "logit_u", "log_psi"),
            )
    return out


def tails(v: Float[np.ndarray, "draws patterns"], x: Real[np.ndarray, " patterns"]) -> Float[np.ndarray, "draws j"]:
    """(draws, J) weighted tail counts T_j = sum of v where x > j, of counts x with weights v (draws, patterns).

    >>> tails(np.array([[1.0, 2.0]]), np.array([1, 3])).tolist()
    [[3.0, 2.0, 2.0]]
    """
    return v @ (x[:, None] > np.arange(max(int(x.max(initial=0)), 1)))


def beta_maxima(
    right: np.ndarray,
    wrong: np.ndarray,
    total: np.ndarray,
    centre: list[np.ndarray],
    scale: list[float],
    start: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Maxima (draws,) of the beta-binomial likelihood in (logit a, log kappa), by its weighted tail counts.

    With alpha = kappa a, beta = kappa (1 - a): sum_j R_j log(alpha + j) + W_j log(beta + j) - N_j log(kappa + j).
    """
    j = [np.arange(t.shape[1], dtype=float) for t in (right, wrong, total)]

    def value(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        a = expit(x[:, 0])
        kappa = np.exp(x[:, 1])
        sizes = kappa * a, kappa / (1 + np.exp(x[:, 0])), kappa
        logs = [np.log(np.maximum(s[:, None] + k, 1e-300)) for s, k in zip(sizes, j)]
        out = _dot(right[rows], logs[0]) + _dot(wrong[rows], logs[1]) - _dot(total[rows], logs[2])
        result: np.ndarray = out - sum(0.5 * ((x[:, i] - centre[i][rows]) / scale[i]) ** 2 for i in range(2))
        return result

    def slopes(x: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        a, b = expit(x[:, 0]), expit(-x[:, 0])
        kappa = np.exp(x[:, 1])
        alpha, beta = kappa * a, kappa * b
        inverse = [1 / np.maximum(s[:, None] + k, 1e-300) for s, k in zip((alpha, beta, kappa), j)]
        r, w, n = (_dot(t[rows], i) for t, i in zip((right, wrong, total), inverse))
        r2, w2, n2 = (-_dot(t[rows], i * i) for t, i in zip((right, wrong, total), inverse))
        move = kappa * a * b  # d alpha / d logit a = - d beta / d logit a
        gradient = np.stack([move * (r - w), alpha * r + beta * w - kappa * n], axis=1)
        hessian = np.empty((len(x), 2, 2))
        hessian[:, 0, 0] = move * (b - a) * (r - w) + move**2 * (r2 + w2)
        hessian[:, 0, 1] = hessian[:, 1, 0] = move * (r - w + alpha * r2 - beta * w2)
        hessian[:, 1, 1] = gradient[:, 1] + alpha**2 * r2 + beta**2 * w2 - kappa**2 * n2
        for i in range(2):
            gradient[:, i] -= (x[:, i] - centre[i][rows]) / scale[i] ** 2
            hessian[:, i, i] -= 1 / scale[i] ** 2
        return gradient, hessian

    found = maximise(value, slopes, np.tile(start, (len(right), 1)))
    return found[:, 0], found[:, 1]


def wrong_maxima(
    found: Features,
    options: np.ndarray,
    group: int,
    split: np.ndarray,
    centre: np.ndarray,
    scale: float,
    start: np.ndarray,
) -> np.ndarray:
    """Maxima (draws,) of the Dirichlet-multinomial (or Ewens) likelihood of wrong answers in log phi."""
    o = found.options
    assert o is not None
    own = np.flatnonzero(o.group[o.block] == group) if len(o.block) else np.empty(0, int)
    kinds, steps = o.kinds[o.block[own]], o.steps[own]
    finite = np.isfinite(kinds)
    new = ~finite & (steps == 0)  # the summed number of distinct answers: D log phi
    counts, distinct = options[:, own[finite]], options[:, own[new]].sum(axis=1)
    k, steps = kinds[finite], steps[finite]
    j = np.arange(split.shape[1], dtype=float)

    def value(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        phi = np.exp(x)
        out = (
            _dot(counts[rows], np.log(phi / k + steps)) + distinct[rows] * x[:, 0] - _dot(split[rows], np.log(phi + j))
        )
        result: np.ndarray = out - 0.5 * ((x[:, 0] - centre[rows]) / scale) ** 2
        return result

    def slopes(x: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        phi = np.exp(x)
        up, down = phi / k / (phi / k + steps), phi / (phi + j)
        gradient = _dot(counts[rows], up) + distinct[rows] - _dot(split[rows], down)
        hessian = _dot(counts[rows], up * (1 - up)) - _dot(split[rows], down * (1 - down))
        return (
            (gradient - (x[:, 0] - centre[rows]) / scale**2)[:, None],
            (hessian - 1 / scale**2)[:, None, None],
        )

    return maximise(value, slopes, np.tile(start, (len(split), 1)))[:, 0]


def maximise(
    value: Callable[[np.ndarray, np.ndarray], np.ndarray],
    slopes: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    start: np.ndarray,
) -> np.ndarray:
    """Newton's steps, damped where the Hessian is not negative definite or a step does not go up: (draws, k) maxima.

    value(x, rows) and slopes(x, rows) are of the draws `rows` only; draws that have arrived are left alone.

    >>> found = maximise(lambda x, r: -(x[:, 0] - 3) ** 2, lambda x, r: (6 - 2 * x, np.full((len(x), 1, 1), -2.0)),
    ...                  np.zeros((2, 1)))
    >>> found.ravel().round(6).tolist()
    [3.0, 3.0]
    """
    x = start.copy()
    rows = np.arange(len(x))
    now = value(x, rows)
    for _ in range(STEPS):
        gradient, hessian = slopes(x[rows], rows)
        step = _ascent(gradient, hessian)
        size = np.abs(step).max(axis=1)
        step *= np.minimum(1, 2 / np.maximum(size, 1e-300))[:, None]
        share = np.ones(len(rows))
        new = value(x[rows] + step, rows)
        for _ in range(30):
            worse = ~(new >= now[rows] - 1e-10 * np.abs(now[rows]))
            if not worse.any():
                break
            share[worse] /= 2
            new[worse] = value(x[rows[worse]] + share[worse, None] * step[worse], rows[worse])
        x[rows] += share[:, None] * step
        now[rows] = new
        rows = rows[size > ENOUGH]
        if not len(rows):
            return x
    return x


def _ascent(
    gradient: Float[np.ndarray, "draws k"], hessian: Float[np.ndarray, "draws k k"]
) -> Float[np.ndarray, "draws k"]:
    """Newton's step where it goes up, else one of the Hessian with its eigenvalues made negative."""
    if gradient.shape[1] == 1:
        out: np.ndarray = gradient / np.maximum(np.abs(hessian[:, 0]), 1e-8)
        return out
    a, b, d = hessian[:, 0, 0], hessian[:, 0, 1], hessian[:, 1, 1]
    middle, radius = (a + d) / 2, np.hypot((a - d) / 2, b)
    lift = np.maximum(middle + radius + 1e-6, 0) * 1.5  # the larger eigenvalue must be below 0
    a, d = a - lift, d - lift
    determinant = a * d - b * b
    x, y = gradient.T
    out = -np.stack([d * x - b * y, a * y - b * x], axis=1) / determinant[:, None]
    return out


def _dot(counts: Float[np.ndarray, "draws j"], values: Float[np.ndarray, "draws j"]) -> Float[np.ndarray, " draws"]:
    out: np.ndarray = np.einsum("dj,dj->d", counts, values)
    return out
