"""Means over many questions without drawing every question: closed moments, and the central limit theorem.

Given the group parameters, the answer distributions p_i are independent with moments in closed form (methods, section
3). A weighted mean over many cells of terms that are polynomials in p_i is then normal with

    mean sum w_i E t(p_i) / sum w_i,      covariance sum w_i² Cov t(p_i) / (sum w_i)²

and cells with equal counts have equal moments, so that each pattern of counts costs once. The rest of the third order
is the skewness of one cell over sqrt(cells): at `ENOUGH` cells a 5% quantile moves by some hundredths of a standard
deviation, less than the Monte Carlo error of 1,000 draws. Smaller sets draw every question.

With b = 1 - accuracy ~ Beta, l = the share of b that is unparsable ~ Beta, h = sum of squares of Dirichlet shares:

    error = b (2 - (1 + 1/C) l),      bias² = b² (1 - l²/C + (1 - l)² h)            (Brier, unparsable uniform)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hotmess.answers.conjugate import LetterCells

ENOUGH = 300  # cells of a set from which on its means are drawn from their normal limit
_BLOCK = 400_000  # draws × patterns at a time


@dataclass(frozen=True)
class Patterns:
    """Cells by their distinct counts: `of` (cells,) is the row of each cell's pattern in the other arrays."""

    of: np.ndarray
    group: np.ndarray
    cells: LetterCells

    def take(self, rows: np.ndarray) -> Patterns:
        """Some patterns only; `of` is then empty."""
        c = self.cells
        some = LetterCells(c.right[rows], c.wrong[rows], c.unparsable[rows], c.choices[rows])
        return Patterns(np.empty(0, int), self.group[rows], some)


def find_patterns(cells: LetterCells, group: np.ndarray) -> Patterns:
    """The distinct combinations of group, counts (of wrong options in any order) and number of options.

    >>> wrong = np.array([[2, 1], [1, 2], [0, 3]])
    >>> found = find_patterns(LetterCells(np.ones(3, int), wrong, np.zeros(3, int), np.full(3, 3)), np.zeros(3, int))
    >>> found.of.tolist(), found.cells.wrong.tolist()
    ([1, 1, 0], [[3, 0], [2, 1]])
    """
    ordered = -np.sort(-cells.wrong, axis=1)
    rows = np.column_stack([group, cells.right, cells.unparsable, cells.choices, -ordered]).astype(np.int64)
    least = rows.min(axis=0)
    size = rows.max(axis=0) - least + 1
    if np.prod(size.astype(float)) < 2**62:  # one number for each row: much quicker to sort than rows
        code = np.zeros(len(rows), np.int64)
        for at in np.flatnonzero(size > 1):  # not np.ravel_multi_index, which takes 64 columns at most
            code = code * size[at] + rows[:, at] - least[at]
        _, first, of = np.unique(code, return_index=True, return_inverse=True)
    else:
        _, first, of = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    some = LetterCells(cells.right[first], ordered[first], cells.unparsable[first], cells.choices[first])
    return Patterns(np.ravel(of), group[first], some)


def set_draws(
    patterns: Patterns,
    sets: Sequence[np.ndarray],
    question: np.ndarray,
    weights: Iterable[tuple[slice, np.ndarray]],
    parameters: dict[str, np.ndarray],
    *,
    powers: bool,
    seed: int,
) -> np.ndarray:
    """Draws of weighted means over sets of cells: (draws, sets, 2) error and bias²; or, with `powers`, (…, 3).

    sets: rows of cells of each set; question: (cells,) index of each cell's question; weights: blocks of draws, and
    (draws of the block, questions), or (1, questions) where weights are the same in every draw.
    `powers`: b, b² and b² h instead, of which all Brier terms without unparsable responses are sums; unparsable
    responses must have been made wrong options.
    """
    draws = len(parameters["logit_a"])
    size = 3 if powers else 2
    noise = np.random.default_rng([seed, 733]).standard_normal((draws, len(sets), size))
    out = np.empty((draws, len(sets), size))
    grouped = []
    for rows in sets:
        used, place = np.unique(patterns.of[rows], return_inverse=True)
        order = np.argsort(place, kind="stable")
        starts = np.searchsorted(place[order], np.arange(len(used)))
        grouped.append((patterns.take(used), question[rows[order]], starts))
    for block, w in weights:
        for s, (mine, of, starts) in enumerate(grouped):
            for take in _blocks(block, len(starts)):
                v = (w if len(w) == 1 else w[take.start - block.start : take.stop - block.start])[:, of]
                total = v.sum(axis=1)[:, None]
                first = np.add.reduceat(v, starts, axis=1) / total
                np.square(v, out=v)
                second = np.add.reduceat(v, starts, axis=1) / total**2
                mean, covariance = pattern_moments(mine, {k: x[take] for k, x in parameters.items()}, powers=powers)
                centre = np.stack([(first * m).sum(axis=1) for m in mean], axis=-1)
                spread = {ij: (second * c).sum(axis=1) for ij, c in covariance.items()}
                out[take, s] = centre + _coloured(spread, noise[take, s])
    return out


def _blocks(of: slice, width: int) -> Iterator[slice]:
    step = max(1, _BLOCK // max(width, 1))
    return (slice(i, min(i + step, of.stop)) for i in range(of.start, of.stop, step))


def _coloured(c: dict[tuple[int, int], np.ndarray], z: np.ndarray) -> np.ndarray:
    """Normal draws with covariance c (lower triangle) from standard ones z; directions without variance stay 0."""
    size = z.shape[-1]
    root: dict[tuple[int, int], np.ndarray] = {}
    out = np.zeros_like(z)
    for i in range(size):
        for j in range(i + 1):
            rest = c[i, j] - sum((root[i, k] * root[j, k] for k in range(j)), np.zeros(len(z)))
            if i == j:
                root[i, j] = np.sqrt(np.where(rest > 1e-12 * c[i, i], rest, 0.0))
            else:
                root[i, j] = np.divide(rest, root[j, j], out=np.zeros(len(z)), where=root[j, j] > 0)
            out[:, i] += root[i, j] * z[:, j]
    return out


def pattern_moments(
    patterns: Patterns, parameters: dict[str, np.ndarray], *, powers: bool
) -> tuple[list[np.ndarray], dict[tuple[int, int], np.ndarray]]:
    """Posterior means of each term and their covariances (lower triangle), all (draws, patterns).

    Terms: error and bias²; with `powers`: b, b², b² h.
    """
    cells, g = patterns.cells, patterns.group
    mean = 1 / (1 + np.exp(-parameters["logit_a"][:, g]))
    kappa, phi = np.exp(parameters["log_kappa"][:, g]), np.exp(parameters["log_phi"][:, g])
    split = cells.wrong.sum(axis=1)
    b = _beta_moments(kappa * (1 - mean) + split + cells.unparsable, kappa * mean + cells.right)
    h1, h2 = _concentration(phi, cells)
    if powers:
        means = [b[1], b[2], b[2] * h1]
        v22 = b[4] - b[2] ** 2
        v12 = b[3] - b[1] * b[2]
        return means, {
            (0, 0): b[2] - b[1] ** 2,
            (1, 0): v12,
            (1, 1): v22,
            (2, 0): v12 * h1,
            (2, 1): v22 * h1,
            (2, 2): b[4] * h2 - means[2] ** 2,
        }
    k: Sequence[np.ndarray | float] = (1.0, 0.0, 0.0, 0.0, 0.0)
    if "logit_u" in parameters:
        share = 1 / (1 + np.exp(-parameters["logit_u"][:, g]))  # 0 in groups without unparsable responses
        psi = np.exp(parameters["log_psi"][:, g])
        k = _beta_moments(psi * share + cells.unparsable, psi * (1 - share) + split)
    c = 1 / cells.choices
    d = 1 + c
    kept = 1 - 2 * k[1] + k[2]  # E (1 - l)²
    e1, e2 = 2 - d * k[1], 4 - 4 * d * k[1] + d**2 * k[2]
    g1 = 1 - k[2] * c + kept * h1
    g2 = (
        1
        - 2 * k[2] * c
        + k[4] * c**2
        + 2 * (kept - (k[2] - 2 * k[3] + k[4]) * c) * h1
        + (1 - 4 * k[1] + 6 * k[2] - 4 * k[3] + k[4]) * h2
    )
    eg = 2 * g1 - d * (k[1] - k[3] * c + (k[1] - 2 * k[2] + k[3]) * h1)
    means = [b[1] * e1, b[2] * g1]
    return means, {
        (0, 0): b[2] * e2 - means[0] ** 2,
        (1, 0): b[3] * eg - means[0] * means[1],
        (1, 1): b[4] * g2 - means[1] ** 2,
    }


def _beta_moments(alpha: np.ndarray, beta: np.ndarray) -> list[np.ndarray]:
    """E x^k of x ~ Beta(alpha, beta), k = 0 to 4."""
    out = [np.ones_like(alpha)]
    for j in range(4):
        out.append(out[-1] * (alpha + j) / (alpha + beta + j))
    return out


def _concentration(phi: np.ndarray, cells: LetterCells) -> tuple[np.ndarray, np.ndarray]:
    """E h and E h² of h = sum v_k², v ~ Dirichlet(phi/K + c_1, …, phi/K + c_K), in each pattern."""
    base = phi / (cells.choices - 1)
    pairs, squares, fours = (np.zeros_like(base) for _ in range(3))
    for k in range(cells.wrong.shape[1]):
        real = k < cells.choices - 1
        shape = np.where(real, base + cells.wrong[:, k], 0.0)
        two = shape * (shape + 1)
        pairs += two
        squares += two**2
        fours += two * (shape + 2) * (shape + 3)
    total = phi + cells.wrong.sum(axis=1)
    two = total * (total + 1)
    return pairs / two, (fours + pairs**2 - squares) / (two * (total + 2) * (total + 3))
