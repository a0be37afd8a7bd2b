"""Other distributions in the Beta's place: a logit-normal, and a mixture of settled and open questions.

Accuracies a_i of a group's questions have density p(a | theta); the likelihood of theta is exact,

    prod over cells of  ∫ a^x (1 - a)^(n - x) p(a | theta) da,

by quadrature on the logit scale, each distinct (x, n) once, on a grid of theta. Wrong answers are modelled apart (their
likelihood factorises), so only accuracies change. Reported are the log evidence of each family and what incoherence
becomes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaln, expit, logsumexp

from hotmess.errors import BadInput, listed
from hotmess.responses.cells import need_letters

if TYPE_CHECKING:
    import pandas as pd
    from jaxtyping import Float, Int

    from hotmess.answers.posterior import Fit

FAMILIES = ("beta", "logit-normal", "mixture")
NODES, SETTLED = 401, 0.05
"""Points of the quadrature over logit accuracy in (-15, 15); the mixture's settled part is a Beta of this kappa."""
TOGETHER = 1000
"""Patterns (right, total) whose matrices are held at once."""


def _nodes() -> np.ndarray:
    return np.linspace(-15.0, 15.0, NODES)


def _log_beta(u: np.ndarray, a: np.ndarray, kappa: np.ndarray) -> np.ndarray:
    """(points, nodes) log weights of logit accuracy u where accuracy is Beta(kappa a, kappa (1 - a)).

    What lies beyond the nodes, much where kappa is small, counts at the nodes of the ends.
    """
    first, second = (kappa * a)[:, None], (kappa * (1 - a))[:, None]
    log_p: np.ndarray = (
        -first * np.logaddexp(0, -u) - second * np.logaddexp(0, u) - betaln(first, second) + np.log(u[1] - u[0])
    )
    edge = expit(u[0] - (u[1] - u[0]) / 2)
    for end, (x, y) in ((0, (first, second)), (-1, (second, first))):
        log_p[:, end] = np.logaddexp(log_p[:, end], np.log(betainc(x, y, edge)[:, 0] + 1e-300))
    return log_p


@dataclass(frozen=True)
class _Quadrature:
    """Weights of the nodes at every point of theta, which know no data.

    Attributes
    ----------
    weight
        (parts, nodes), floored where they would vanish.
    mixed
        Of a mixture: (points,) its settled and its open part, and the share of the settled one; None: parts are points.
    log_prior
        (points,) log prior weights of theta, summing to 1.
    """

    weight: np.ndarray
    log_prior: np.ndarray
    mixed: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def __call__(self, values: Float[np.ndarray, "nodes patterns"]) -> Float[np.ndarray, "points patterns"]:
        """Integrals of functions given at the nodes."""
        parts: np.ndarray = self.weight @ values
        if self.mixed is None:
            return parts
        settled, other, share = self.mixed
        out: np.ndarray = share[:, None] * parts[settled] + (1 - share)[:, None] * parts[other]
        return out


@cache
def _quadrature(family: str) -> _Quadrature:
    """Of a family, made once.

    Beta: logit a and log kappa Normal(0, 1.5), as in the model of answers. Logit-normal: location Normal(0, 1.5), log
    scale Normal(0.5, 0.7). Mixture: with probability w ~ uniform a question is settled, a Beta of kappa 0.05, else a
    Beta of its own kappa, both with mean a.
    """
    u, mixed = _nodes(), None
    if family == "beta":
        x, y = (v.ravel() for v in np.meshgrid(np.linspace(-6, 6, 61), np.linspace(-5, 5, 51), indexing="ij"))
        log_p, log_prior = _log_beta(u, expit(x), np.exp(y)), _normal(x, 0, 1.5) + _normal(y, 0, 1.5)
    elif family == "logit-normal":
        x, y = (v.ravel() for v in np.meshgrid(np.linspace(-7, 7, 71), np.linspace(-1.6, 2.6, 43), indexing="ij"))
        log_p = -0.5 * ((u - x[:, None]) / np.exp(y)[:, None]) ** 2
        log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))  # on the nodes: narrow ones fall between them
        log_prior = _normal(x, 0, 1.5) + _normal(y, 0.5, 0.7)
    elif family == "mixture":
        a, kappa, w = np.linspace(-5, 5, 31), np.linspace(-3, 4.5, 16), np.linspace(0.025, 0.975, 20)
        x, y = (v.ravel() for v in np.meshgrid(a, kappa, indexing="ij"))
        log_p = _log_beta(u, expit(np.append(a, x)), np.append(np.full(len(a), SETTLED), np.exp(y)))
        i, j, k = (v.ravel() for v in np.indices((len(a), len(kappa), len(w))))
        mixed = i, len(a) + i * len(kappa) + j, w[k]
        log_prior = _normal(a[i], 0, 1.5) + _normal(kappa[j], 0, 1.5)
    else:
        raise BadInput(f"There is no family {family!r}; there are {', '.join(FAMILIES)}.")
    return _Quadrature(np.exp(np.maximum(log_p, -700)), log_prior - logsumexp(log_prior), mixed)


def _normal(x: np.ndarray, location: float, scale: float) -> np.ndarray:
    return -0.5 * ((x - location) / scale) ** 2


def pattern_moments(
    pairs: Int[np.ndarray, "patterns 2"], family: str
) -> tuple[Float[np.ndarray, "points patterns"], Float[np.ndarray, "2 points patterns"]]:
    """Of a question with each (right, total): log likelihood at the points of theta, and means of a and a² there."""
    u = _nodes()
    integrate = _quadrature(family)
    x, n = pairs.T
    like = -x[:, None] * np.logaddexp(0, -u) - (n - x)[:, None] * np.logaddexp(0, u)  # (patterns, nodes)
    top = like.max(axis=1, keepdims=True)
    scaled = np.exp(like - top)
    integral = integrate(scaled.T)
    a = expit(u)
    with np.errstate(divide="ignore", invalid="ignore"):  # where nothing is left the posterior weighs nothing
        means = np.stack([integrate((scaled * power).T) for power in (a, a**2)]) / integral
        return np.log(integral) + top.T, means


def group_posteriors(
    right: Int[np.ndarray, " cells"], total: Int[np.ndarray, " cells"], group: Int[np.ndarray, " cells"], family: str
) -> tuple[Float[np.ndarray, " groups"], Float[np.ndarray, " cells"], Float[np.ndarray, " cells"]]:
    """Log evidence of a family for groups of cells, numbered from 0, and posterior means of a_i and a_i².

    Patterns (right, total) that groups share are integrated once.

    Examples
    --------
    Half of the questions are always right and half never: any mean is as good, and settled questions fit.

    >>> x, n, one = np.array([10, 0] * 20), np.full(40, 10), np.zeros(40, int)
    >>> evidence = {f: group_posteriors(x, n, one, f)[0][0] for f in FAMILIES}
    >>> bool(evidence["beta"] > evidence["logit-normal"])
    True
    """
    log_prior = _quadrature(family).log_prior
    pairs, pattern = np.unique(np.column_stack([right, total]), axis=0, return_inverse=True)
    pattern, groups = pattern.ravel(), int(group.max()) + 1
    evidence, means = np.zeros(groups), np.zeros((2, len(right)))
    of = [np.flatnonzero(group == g) for g in range(groups)]
    for block in _blocks([pattern[cells] for cells in of]):
        shown = np.unique(np.concatenate([pattern[of[g]] for g in block]))
        log_like, moments = pattern_moments(pairs[shown], family)
        for g in block:
            mine, inverse, copies = np.unique(pattern[of[g]], return_inverse=True, return_counts=True)
            at = np.searchsorted(shown, mine)
            log_post = log_like[:, at] @ copies + log_prior
            evidence[g] = logsumexp(log_post)
            post = np.exp(log_post - evidence[g])
            keep = np.flatnonzero(post > 1e-10 * post.max())
            means[:, of[g]] = (post[keep] @ moments[:, keep[:, None], at])[:, inverse.ravel()]
    return evidence, *means


def _blocks(patterns: Sequence[np.ndarray]) -> list[list[int]]:
    """Groups in a row whose patterns are integrated together, at most `TOGETHER` of them where a group has fewer.

    >>> _blocks([np.arange(900), np.arange(100, 1000), np.arange(2000), np.arange(3)])
    [[0, 1], [2], [3]]
    """
    out: list[list[int]] = []
    seen: set[int] = set()
    for g, mine in enumerate(patterns):
        seen |= set(mine.tolist())
        if not out or len(seen) > TOGETHER:
            out.append([])
            seen = set(mine.tolist())
        out[-1].append(g)
    return out


@listed("by", "families")
def alternatives(fit: Fit, by: Sequence[str] = ("model",), *, families: Sequence[str] = FAMILIES) -> pd.DataFrame:
    """Incoherence of each set of cells (these questions) with each family in the Beta's place.

    One row per set and family: log_evidence (summed over the set's groups), incoherence, sd (posterior sd of the set's
    incoherence under the fit), moved (its distance from the Beta's, in such sd).

    Raises
    ------
    NotTestable
        For fits of other outcomes than letters.
    """
    import pandas as pd

    need_letters(fit.cells, "Other distributions of accuracy are for")
    fit = fit.unparsable_as_wrong
    letters, index = fit.letters, fit.groups.index
    total = letters.right + letters.wrong.sum(1)
    terms = fit.terms("brier")
    a = 1 - terms.error.astype(float) / 2
    # bias² = (1 - a)² (1 + h), a and h independent given the counts: h from the draws, (1 - a)² from the family
    one_plus_h = terms.bias2.mean(0) / np.maximum(((1 - a) ** 2).mean(0), 1e-12)
    sets = fit.draws(by, population="these")
    names = list(by)
    of = fit.cells.table.groupby(names, sort=True, observed=True, dropna=False).ngroup().to_numpy()
    rows = []
    values: dict[str, np.ndarray] = {}
    evidence: dict[str, np.ndarray] = {}
    for family in families:
        found, first, second = group_posteriors(letters.right, total, index, family)
        evidence[family] = np.zeros(len(sets.table))
        for g in np.unique(index):
            evidence[family][np.unique(of[index == g])] += found[g]
        error, bias2 = 2 * (1 - first), (1 - 2 * first + second) * one_plus_h
        sums = [np.bincount(of, v, len(sets.table)) for v in (error, bias2)]
        with np.errstate(invalid="ignore", divide="ignore"):
            values[family] = 1 - sums[1] / sums[0]
    sd = sets.incoherence.reshape(-1, len(sets.table)).std(0)
    for i in range(len(sets.table)):
        for family in families:
            moved = abs(values[family][i] - values[families[0]][i]) / max(sd[i], 1e-12)
            keys = sets.table.iloc[i][names].to_dict()
            numbers = (evidence[family][i], values[family][i], sd[i], moved)
            rows.append({**keys, "family": family} | dict(zip(("log_evidence", "incoherence", "sd", "moved"), numbers)))
    return pd.DataFrame(rows)
