"""The level between question and response: few-shot contexts move a question's answers (methods, section 3).

    p_i ~ nested Dirichlet,      counts of context c of question i ~ DirichletMultinomial(n_ic, s p_i)

The concentration s is reported as rho = 1/(s + 1): the share of a question's variance that lies between contexts,
exactly, since the covariance of two answers of one context is rho times the variance of one answer. rho = 0 (s
infinite) says that contexts do not matter; its evidence against rho ~ Beta(1, 4) is exact up to the importance sampling
of p_i. The group parameters (a, kappa, phi) are held at given values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln, gammaln, logsumexp

from hotmess.answers.conjugate import TermDraws, brier_terms
from hotmess.arrays import Bools, Floats, Ints
from hotmess.errors import BadInput, NotTestable

if TYPE_CHECKING:
    from hotmess.responses.cells import Cells

PRIOR = (1.0, 4.0)  # Beta prior of rho where contexts matter
GRID = 0.98 * (np.arange(61) / 60) ** 2


@dataclass(frozen=True)
class ContextPosterior:
    """Posterior of the contexts' share of the variance, per group.

    Attributes
    ----------
    rho
        (draws, groups) share of the variance between contexts, given that contexts matter.
    log_bayes_factor
        (groups,) log evidence for contexts that matter over contexts that do not.
    log_likelihood
        (groups, grid) log marginal likelihood over `GRID`, whose first point is rho = 0.
    terms
        draws of Brier error, bias² and variance of every cell.
    context_variance
        (draws, cells) the part of the variance between contexts; the rest is sampling.
    effective
        (cells,) effective importance draws behind each cell at the posterior mean of rho.
    """

    rho: Floats
    log_bayes_factor: Floats
    log_likelihood: Floats
    terms: TermDraws
    context_variance: Floats
    effective: Floats

    @property
    def concentration(self) -> Floats:
        """(draws, groups) s = 1/rho - 1."""
        return 1 / self.rho - 1


def context_counts(cells: Cells) -> tuple[Ints, Ints, Bools]:
    """Counts by context of letter cells, (contexts, D) with the target first; their cell; (cells, D) real options.

    Unparsable responses count as one more wrong option. Identical contexts are stored once per copy.

    Raises
    ------
    NotTestable
        If no cell has two contexts, one of them with two responses.
    """
    if cells.clusters is None or not (cells.points.n > 1).any():
        raise NotTestable(
            "No question has two few-shot contexts with repeated responses, so contexts cannot be told from sampling."
        )
    p = cells.points
    copies = p.copies.astype(int)
    counts = np.repeat(np.asarray(cells.clusters, dtype=np.int64), copies, axis=0)
    cell = np.repeat(np.asarray(p.cell), copies)
    target = cells.table["target"].to_numpy(int)
    width = counts.shape[1]
    order = np.argsort(np.arange(width)[None] != target[:, None], axis=1, kind="stable")
    choices = cells.table["n_choices"].to_numpy(int)
    real = np.arange(width) < choices[:, None]
    real[:, -1] |= np.bincount(cell, weights=counts[:, -1], minlength=len(target)) > 0
    return np.take_along_axis(counts, order[cell], axis=1), cell, np.take_along_axis(real, order, axis=1)


def context_posterior(
    counts: Ints,
    cell: Ints,
    real: Bools,
    *,
    a: Floats,
    kappa: Floats,
    phi: Floats,
    group: Ints | None = None,
    draws: int = 1000,
    points: int = 256,
    seed: int = 0,
) -> ContextPosterior:
    """Posterior of rho on a grid, every p_i integrated by importance sampling from its tempered conjugate posterior.

    Parameters
    ----------
    counts
        (contexts, D) answers by context, the target first.
    cell
        (contexts,) cell of each context.
    real
        (cells, D) options each cell has.
    a, kappa, phi
        (cells,) parameters of the nested Dirichlet.
    group
        (cells,) cells that share rho; default all.

    Raises
    ------
    BadInput
        If a cell has fewer than two options.

    Examples
    --------
    Two questions whose contexts each settle on one answer: contexts matter.

    >>> counts = np.array([[3, 0], [0, 3], [3, 0], [0, 3]] * 2)
    >>> half = {"a": np.full(2, 0.5), "kappa": np.full(2, 2.0), "phi": np.ones(2)}
    >>> out = context_posterior(counts, np.repeat([0, 1], 4), np.ones((2, 2), bool), **half)
    >>> bool(out.log_bayes_factor[0] > 3), bool(np.median(out.rho) > 0.3)
    (True, True)
    """
    cells = len(real)
    group = np.zeros(cells, int) if group is None else group
    groups = int(group.max()) + 1
    rng = np.random.default_rng([seed, 23])
    log_p, weights = share_weights(counts, cell, real, a=a, kappa=kappa, phi=phi, points=points, rng=rng)
    by_cell = logsumexp(weights, axis=2) - np.log(points)
    log_l = np.stack([by_cell[:, group == g].sum(1) for g in range(groups)])
    cuts, log_prior = grid_prior()
    posterior = log_l + log_prior
    evidence = logsumexp(posterior, axis=1)
    probability = np.exp(posterior - evidence[:, None])
    index = np.stack([rng.choice(len(GRID), draws, p=probability[g]) for g in range(groups)], axis=1)
    low, high = cuts[index], cuts[index + 1]
    rho = low + (high - low) * rng.random(index.shape)
    terms, context = _terms(np.exp(log_p), weights, index[:, group], rho[:, group], real, rng)
    mean = np.argmin(np.abs(GRID[:, None] - (probability @ GRID)[None]), axis=0)[group]
    at = weights[mean, np.arange(cells)]
    normal = np.exp(at - logsumexp(at, axis=1, keepdims=True))
    return ContextPosterior(rho, evidence - log_l[:, 0], log_l, terms, context, 1 / (normal**2).sum(1))


def grid_prior() -> tuple[Floats, Floats]:
    """Ends (grid + 1,) of the cell around each point of `GRID`, and the logarithm of the prior in each (grid,)."""
    from scipy.stats import beta

    cuts = np.r_[0, (GRID[1:] + GRID[:-1]) / 2, 1]
    return cuts, np.log(np.diff(beta.cdf(cuts, *PRIOR)))


def share_weights(
    counts: Ints,
    cell: Ints,
    real: Bools,
    *,
    a: Floats,
    kappa: Floats,
    phi: Floats,
    points: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Points log p (cells, points, D) and, over `GRID`, log weights (grid, cells, points) of each under the counts.

    The mean of the weights over points is the marginal likelihood of a cell at given parameters. Logarithms have no
    floor, as p may be nearer to 0 or 1 than numbers can be; they are −∞ where a cell has no such option.
    """
    cells, width = real.shape
    if np.any(real.sum(1) < 2):
        raise BadInput("Some questions have fewer than two options: nothing can be wrong there; leave them out.")
    total = np.zeros((cells, width))
    np.add.at(total, cell, counts)
    depth = int(counts.sum(1).max())
    tails = _tails(counts, cell, cells, depth)
    of_cell = _tails(counts.sum(1)[:, None], cell, cells, depth)[:, 0]
    temper = 1 / (1 + (depth - 1) * _moment_share(counts, cell, total))
    log_p, log_q = _proposals(total, temper, real, a, kappa, phi, points, rng)
    p = np.exp(log_p)
    weights = np.empty((len(GRID), cells, points))
    j = np.arange(depth)
    for i, rho in enumerate(GRID):
        kernel = np.log(np.maximum(p[..., None] * (1 - rho) + j * rho, 1e-300))  # (cells, points, D, depth)
        weights[i] = np.einsum("cdj,cpdj->cp", tails, kernel) - (of_cell @ np.log((1 - rho) + j * rho))[:, None]
    return log_p, weights - log_q


def _tails(counts: Ints, cell: Ints, cells: int, depth: int) -> Floats:
    """(cells, D, depth) number of contexts of a cell with more than j answers of an option."""
    out = np.zeros((cells, counts.shape[1], depth))
    for j in range(depth):
        np.add.at(out[:, :, j], cell, counts > j)
    return out


def _moment_share(counts: Ints, cell: Ints, total: Floats) -> float:
    """Rough share of the variance between contexts, from pairs of responses; only to aim the proposals."""
    n = counts.sum(1)
    same = (counts * (counts - 1)).sum() / max(1, (n * (n - 1)).sum())
    within = np.bincount(cell, weights=(counts**2).sum(1), minlength=len(total))
    across = ((total**2).sum(1) - within).sum()
    pairs = (total.sum(1) ** 2 - np.bincount(cell, weights=n**2, minlength=len(total))).sum()
    apart = across / max(1, pairs)
    return float(np.clip((same - apart) / max(1 - apart, 1e-9), 0.02, 0.9))


def _proposals(
    total: Floats,
    temper: float,
    real: Bools,
    a: Floats,
    kappa: Floats,
    phi: Floats,
    points: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """log p (cells, points, D) from prior × Π p^(temper · total), and log of proposal over prior density at each."""
    right, wrong = temper * total[:, 0], temper * total[:, 1:]
    options = real[:, 1:].sum(1)
    up, down = kappa * a, kappa * (1 - a)
    first = _log_shares(np.stack([up + right, down + wrong.sum(1)], axis=1), points, rng)
    each = np.where(real[:, 1:], (phi / options)[:, None], 0.0)
    rest = first[..., 1:] + _log_shares(each + wrong, points, rng)
    log_p = np.concatenate([first[..., :1], rest], axis=-1)
    constant = betaln(up + right, down + wrong.sum(1)) - betaln(up, down)
    safe = np.where(real[:, 1:], each, 1.0)
    constant += np.where(real[:, 1:], gammaln(safe + wrong) - gammaln(safe), 0.0).sum(1)
    constant -= gammaln(phi + wrong.sum(1)) - gammaln(phi)
    return log_p, np.einsum("cd,cpd->cp", temper * total, np.where(real[:, None], log_p, 0.0)) - constant[:, None]


def _log_shares(shape: Floats, points: int, rng: np.random.Generator) -> Floats:
    """(cells, points, D) logarithms of Dirichlet draws; −∞ where the shape (cells, D) is 0.

    A gamma variable of shape s is one of shape s + 1 times U^(1/s), whose logarithm is −E/s with an exponential E.
    """
    size = (len(shape), points, shape.shape[1])
    boost = rng.standard_exponential(size) / np.where(shape > 0, shape, 1.0)[:, None]
    draws = np.log(rng.standard_gamma(shape[:, None] + 1, size)) - boost
    draws = np.where(shape[:, None] > 0, draws, -np.inf)
    return np.asarray(draws - logsumexp(draws, axis=-1, keepdims=True))


def _terms(
    p: Floats, weights: Floats, index: Ints, rho: Floats, real: Bools, rng: np.random.Generator
) -> tuple[TermDraws, Floats]:
    draws, cells = index.shape
    out = np.empty((4, draws, cells), np.float32)
    cumulative: dict[int, Floats] = {}
    rows = np.arange(cells)
    for i in np.unique(index):
        w = np.exp(weights[i] - weights[i].max(1, keepdims=True))
        cumulative[int(i)] = np.cumsum(w, axis=1) / w.sum(1, keepdims=True)
    choices = real.sum(1).astype(float)
    for s in range(draws):
        u = rng.random((cells,))
        pick = np.empty(cells, int)
        for i in np.unique(index[s]):
            at = np.flatnonzero(index[s] == i)
            pick[at] = (cumulative[int(i)][at] < u[at][:, None]).sum(1)
        q = p[rows, np.minimum(pick, p.shape[1] - 1)]
        out[:3, s] = brier_terms(q[:, 0], q[:, 1:], np.zeros(cells), choices)
        out[3, s] = rho[s] * out[2, s]
    return TermDraws(out[0], out[1], out[2]), out[3]
