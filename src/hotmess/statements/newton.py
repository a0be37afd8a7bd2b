"""The group parameters at weights on questions: the weighted collapsed likelihood, maximised (methods, section 3).

In every group and every draw of weights w

    maximise  sum_i w_i log p(n_i | a, kappa, phi) + log prior(logit a, log kappa, log phi)

with the likelihood by weighted tail counts, and the prior's location drawn from the prior itself (Newton and Raftery
1994; Lyddon, Walker and Holmes 2018): where the data say nothing the maxima scatter as the prior does. (a, kappa) and
phi factorise, so that Newton's steps have two dimensions and one; all draws of many groups are taken together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.prior import PARAMETERS, UNPARSABLE, UNPARSABLE_SPREAD, AnswerPrior
from hotmess.statements.ascent import Surfaces, maximise
from hotmess.statements.sums import Counted, Features, Patterns
from hotmess.statements.surfaces import BetaSurfaces, WrongSurfaces

if TYPE_CHECKING:
    from jaxtyping import Float, Int, Real


NUMBERS = 100_000  # of one array, about: what a processor's caches hold
NAMES = (*PARAMETERS, *UNPARSABLE)


def weighted_fit(
    found: Features,
    counted: Iterable[tuple[slice, Counted]],
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
    counted
        Blocks of draws, and the columns `found` at their weights (`hotmess.statements.sums.counted`).
    apart
        Groups in which unparsable responses are a category of their own; elsewhere logit_u is -inf.
    seed
        Of the prior's random location; None: its own location, as for the fit at even weights.
    start
        (1, groups) arrays of where to start, as the fit at even weights; None: at the prior's location.
    """
    parts = [columns for _, columns in counted]
    v, options = (np.concatenate([p[i].T for p in parts], axis=1) for i in (0, 2))
    centres = dict(zip(NAMES, [*prior.location, prior.unparsable[0], 0.0]))
    scales = dict(zip(NAMES, [*prior.scale, prior.unparsable[1], UNPARSABLE_SPREAD]))
    names = NAMES if len(apart) else PARAMETERS
    noise = np.zeros((len(names), draws, groups))
    if seed is not None:
        noise = np.random.default_rng([seed, 911]).standard_normal(noise.shape)
    centre = {name: centres[name] + scales[name] * z for name, z in zip(names, noise)}
    at = start if start is not None else {name: np.full((1, groups), centres[name]) for name in NAMES}
    out = {name: np.empty((draws, groups)) for name in PARAMETERS}
    if len(apart):
        out["logit_u"], out["log_psi"] = np.full((draws, groups), -np.inf), np.zeros((draws, groups))
    patterns = found.patterns

    def prior_of(take: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """(k, rows) locations and (k,) scales of parameters of some groups: their draws one after another."""
        return np.stack([centre[name].T[take].ravel() for name in names]), np.array([scales[name] for name in names])

    def keep(take: np.ndarray, names: Sequence[str], surfaces: Surfaces) -> None:
        begin = np.stack([np.repeat(at[name][0, take], draws) for name in names])
        for name, x in zip(names, maximise(surfaces, begin)):
            out[name][:, take] = x.reshape(len(take), draws).T

    for take in _blocks(np.arange(groups), draws, patterns):
        own = [np.flatnonzero(patterns.group == g) for g in take]
        c, u, r = patterns.split, patterns.unparsable, patterns.right
        right, wrong, total, split = (_stacked(v, own, x) for x in (r, c + u, r + c + u, c))
        keep(take, PARAMETERS[:2], BetaSurfaces(right, wrong, total, *prior_of(take, PARAMETERS[:2])))
        counts, distinct, kinds, steps = _option_counts(found, options, take)
        of = np.repeat(np.arange(len(take)), draws)
        keep(
            take,
            PARAMETERS[2:],
            WrongSurfaces(counts, kinds, steps, of, distinct, split, *prior_of(take, PARAMETERS[2:])),
        )
    for take in _blocks(np.asarray(apart, int), draws, patterns):
        own = [np.flatnonzero((patterns.group == g) & patterns.apart) for g in take]
        c, u = patterns.split, patterns.unparsable
        nothing, wrong, both = (_stacked(v, own, x) for x in (u, c, c + u))
        keep(take, UNPARSABLE, BetaSurfaces(nothing, wrong, both, *prior_of(take, UNPARSABLE)))
    return out


def _blocks(groups: np.ndarray, draws: int, patterns: Patterns) -> list[np.ndarray]:
    """Groups in blocks whose draws are taken in one: as many as keep every array small enough for the caches."""
    steps = int((patterns.right + patterns.split + patterns.unparsable).max(initial=1))
    each = max(1, NUMBERS // (draws * max(steps, 1)))
    return [groups[i : i + each] for i in range(0, len(groups), each)]


def _stacked(v: np.ndarray, own: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """(J, groups · draws) tail counts of the groups' own patterns, one group after another, zeros where one ends."""
    rows, of = np.concatenate(own), np.repeat(np.arange(len(own)), [len(rows) for rows in own])
    return tails(v[rows], x[rows], of, len(own)).reshape(-1, len(own) * v.shape[1])


def tails(
    v: Float[np.ndarray, "patterns draws"],
    x: Real[np.ndarray, " patterns"],
    of: Int[np.ndarray, " patterns"],
    groups: int,
) -> Float[np.ndarray, "j groups draws"]:
    """(J, groups, draws) weighted tail counts T_j = sum of v where x > j, of counts x with weights v, J at least 1.

    >>> tails(np.array([[1.0], [2.0]]), np.array([1, 3]), np.zeros(2, int), 1).ravel().tolist()
    [3.0, 2.0, 2.0]
    """
    from scipy import sparse

    steps = max(int(x.max(initial=0)), 1)
    place = (np.asarray(x, np.int64) * groups + of, np.arange(len(x)))
    equal = sparse.csr_matrix((np.ones(len(x)), place), shape=((steps + 1) * groups, len(x))) @ v  # where x is j
    out: np.ndarray = equal.reshape(steps + 1, groups, -1)
    for j in range(steps - 1, 0, -1):
        out[j] += out[j + 1]
    return out[1:]


def _option_counts(
    found: Features, options: np.ndarray, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Tail counts of wrong options (K, rows), summed numbers of distinct open-ended answers (rows,), and the number of
    options and step of each column (K, groups); zeros where a group has fewer columns.

    options: (columns, draws); rows are the draws of each of the groups in turn.
    """
    o = found.options
    assert o is not None
    draws = options.shape[1]
    owner = o.group[o.block] if len(o.block) else np.empty(0, int)
    kinds = o.kinds[o.block] if len(o.block) else np.empty(0)
    own = [np.flatnonzero((owner == g) & np.isfinite(kinds)) for g in groups]
    most = max(len(columns) for columns in own)
    counts, distinct = np.zeros((most, len(groups), draws)), np.zeros((len(groups), draws))
    k, steps = np.ones((most, len(groups))), np.ones((most, len(groups)))
    for i, (g, columns) in enumerate(zip(groups, own)):
        counts[: len(columns), i] = options[columns]
        k[: len(columns), i], steps[: len(columns), i] = kinds[columns], o.steps[columns]
        new = (owner == g) & ~np.isfinite(kinds) & (o.steps == 0)  # D log phi
        distinct[i] = options[new].sum(axis=0)
    return counts.reshape(most, distinct.size), distinct.ravel(), k, steps
