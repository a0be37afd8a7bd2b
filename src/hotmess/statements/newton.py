"""The group parameters at weights on questions: the weighted collapsed likelihood, maximised (methods, section 3).

In every group and every draw of weights w

    maximise  sum_i w_i log p(n_i | a, kappa, phi) + log prior(logit a, log kappa, log phi)

with the likelihood by weighted tail counts, and the prior's location drawn from the prior itself (Newton and Raftery
1994; Lyddon, Walker and Holmes 2018): where the data say nothing the maxima scatter as the prior does. (a, kappa) and
phi factorise, so that Newton's steps have two dimensions and one; all draws of many groups are taken together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from hotmess.answers.prior import PARAMETERS, UNPARSABLE, UNPARSABLE_SPREAD, AnswerPrior
from hotmess.statements.sums import Features, Patterns

if TYPE_CHECKING:
    from jaxtyping import Float, Real


STEPS, ENOUGH = 60, 1e-6  # a step that small leaves an error of its square
NUMBERS = 250_000  # of one array, about: what a processor's caches hold
NAMES = (*PARAMETERS, *UNPARSABLE)


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
    centres = dict(zip(NAMES, [*prior.location, prior.unparsable[0], 0.0]))
    scales = dict(zip(NAMES, [*prior.scale, prior.unparsable[1], UNPARSABLE_SPREAD]))
    noise = np.zeros((5, draws, groups))
    if seed is not None:
        noise = np.random.default_rng([seed, 911]).standard_normal(noise.shape)
    centre = {name: centres[name] + scales[name] * z for name, z in zip(NAMES, noise)}
    out = {name: np.empty((draws, groups)) for name in PARAMETERS}
    if len(apart):
        out["logit_u"], out["log_psi"] = np.full((draws, groups), -np.inf), np.zeros((draws, groups))
    patterns = found.patterns

    def gather(take: np.ndarray, *names: str) -> tuple[list[np.ndarray], list[float], np.ndarray]:
        """(rows,) centres, scales, and (rows, k) starts of parameters of some groups: their draws one below another."""
        at = start if start is not None else {name: np.full((1, groups), centres[name]) for name in names}
        begin = np.stack([np.repeat(at[name][0, take], draws) for name in names], axis=1)
        return [centre[name].T[take].ravel() for name in names], [scales[name] for name in names], begin

    for take in _blocks(np.arange(groups), draws, patterns):
        own = [np.flatnonzero(patterns.group == g) for g in take]
        c, u, r = patterns.split, patterns.unparsable, patterns.right
        right, wrong, total, split = (_stacked(v, own, x) for x in (r, c + u, r + c + u, c))
        a, kappa = beta_maxima(right, wrong, total, *gather(take, "logit_a", "log_kappa"))
        phi = wrong_maxima(found, options, take, split, *gather(take, "log_phi"))
        for name, x in zip(PARAMETERS, (a, kappa, phi)):
            out[name][:, take] = x.reshape(len(take), draws).T
    for take in _blocks(np.asarray(apart, int), draws, patterns):
        own = [np.flatnonzero((patterns.group == g) & patterns.apart) for g in take]
        c, u = patterns.split, patterns.unparsable
        nothing, wrong, both = (_stacked(v, own, x) for x in (u, c, c + u))
        maxima = beta_maxima(nothing, wrong, both, *gather(take, *UNPARSABLE))
        for name, x in zip(UNPARSABLE, maxima):
            out[name][:, take] = x.reshape(len(take), draws).T
    return out


def _blocks(groups: np.ndarray, draws: int, patterns: Patterns) -> list[np.ndarray]:
    """Groups in blocks whose draws are taken in one: as many as keep every array small enough for the caches."""
    steps = int((patterns.right + patterns.split + patterns.unparsable).max(initial=1))
    each = max(1, NUMBERS // (draws * max(steps, 1)))
    return [groups[i : i + each] for i in range(0, len(groups), each)]


def _stacked(v: np.ndarray, own: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """(groups · draws, J) tail counts of the groups' own patterns, one group below another, zeros where one ends."""
    steps = max(max(int(x[rows].max(initial=0)) for rows in own), 1)
    out = np.zeros((len(own), len(v), steps))
    for i, rows in enumerate(own):
        found = tails(v[:, rows], x[rows])
        out[i, :, : found.shape[1]] = found
    return out.reshape(-1, steps)


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

    found = maximise(value, slopes, start)
    return found[:, 0], found[:, 1]


def wrong_maxima(
    found: Features,
    options: np.ndarray,
    groups: np.ndarray,
    split: np.ndarray,
    centre: list[np.ndarray],
    scale: list[float],
    start: np.ndarray,
) -> np.ndarray:
    """Maxima (rows,) of the Dirichlet-multinomial (or Ewens) likelihood of wrong answers in log phi.

    Rows are the draws of each of the groups in turn; split: (rows, J) tail counts.
    """
    counts, distinct, k, steps = _option_counts(found, options, groups)
    of = np.repeat(np.arange(len(groups)), len(options))
    j = np.arange(split.shape[1], dtype=float)
    middle, width = centre[0], scale[0]

    def value(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
        phi = np.exp(x)
        out = (
            _dot(counts[rows], np.log(phi / k[of[rows]] + steps[of[rows]]))
            + distinct[rows] * x[:, 0]
            - _dot(split[rows], np.log(phi + j))
        )
        result: np.ndarray = out - 0.5 * ((x[:, 0] - middle[rows]) / width) ** 2
        return result

    def slopes(x: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        phi = np.exp(x)
        own = phi / k[of[rows]]
        up, down = own / (own + steps[of[rows]]), phi / (phi + j)
        gradient = _dot(counts[rows], up) + distinct[rows] - _dot(split[rows], down)
        hessian = _dot(counts[rows], up * (1 - up)) - _dot(split[rows], down * (1 - down))
        return (
            (gradient - (x[:, 0] - middle[rows]) / width**2)[:, None],
            (hessian - 1 / width**2)[:, None, None],
        )

    return maximise(value, slopes, start)[:, 0]


def _option_counts(
    found: Features, options: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Tail counts of wrong options (rows, K), summed numbers of distinct open-ended answers (rows,), and the number of
    options and step of each column (groups, K); zeros where a group has fewer columns."""
    o = found.options
    assert o is not None
    draws = len(options)
    owner = o.group[o.block] if len(o.block) else np.empty(0, int)
    kinds = o.kinds[o.block] if len(o.block) else np.empty(0)
    own = [np.flatnonzero((owner == g) & np.isfinite(kinds)) for g in groups]
    most = max(len(columns) for columns in own)
    counts, distinct = np.zeros((len(groups), draws, most)), np.zeros((len(groups), draws))
    k, steps = np.ones((len(groups), most)), np.ones((len(groups), most))
    for i, (g, columns) in enumerate(zip(groups, own)):
        counts[i, :, : len(columns)] = options[:, columns]
        k[i, : len(columns)], steps[i, : len(columns)] = kinds[columns], o.steps[columns]
        new = (owner == g) & ~np.isfinite(kinds) & (o.steps == 0)  # D log phi
        distinct[i] = options[:, new].sum(axis=1)
    return counts.reshape(len(groups) * draws, most), distinct.ravel(), k, steps


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
