"""Longer against shorter halves, or any two arms that take their places: unbiased terms, scatter over questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.grouping import unit_index
from hotmess.estimates.control import PERMUTATIONS
from hotmess.estimates.dealing import hypergeometric
from hotmess.estimates.estimate import Estimate, ratio_influence, with_scatter

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.cells import Cells


def letter_terms(
    counts: np.ndarray, choices: np.ndarray, target: np.ndarray, *, unparsable: str = "uniform"
) -> tuple[np.ndarray, np.ndarray]:
    """Unbiased Brier variance and error of cells of independent letters.

    counts: (cells, K + 1), the last column unparsable; returns variance and error, nan below two responses.

    >>> v, e = letter_terms(np.array([[10, 12, 8, 0, 0]]), np.array([4]), np.array([3]))
    >>> round(float(v[0]) * 29 / 30, 3), float(e[0])
    (0.658, 2.0)
    """
    by_option = np.asarray(counts.T, float, order="C")  # cells last: sums over options are quick
    n = by_option.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = by_option / n
        a = p[target, np.arange(len(n))]
        u = p[-1] if unparsable == "uniform" else np.zeros(len(n))
        squares = (p[:-1] ** 2).sum(axis=0) + (2 * u * (1 - u) + u**2) / choices
        if unparsable != "uniform":
            squares = (p**2).sum(axis=0)
        off = u * (1 - 1 / choices)
        variance = (1 - off - squares) * n / (n - 1)
        return np.where(n > 1, variance, np.nan), 2 * (1 - a - u) + off


def half_estimate(
    counts: np.ndarray,
    table: pd.DataFrame,
    *,
    unparsable: str = "uniform",
    terms: Terms | None = None,
    model_index: np.ndarray,
    question: np.ndarray,
) -> Estimate:
    """Mean over models of the change of incoherence; scatter over questions, shared by the models.

    Rows alternate: shorter, longer half of one cell. `terms` makes unbiased variance and error of counts; default:
    those of letters. `question` is the index of whom weights are drawn for, a question or a cluster of them.
    """
    own = unit_index(table)[1]
    variance, error = (own * x for x in (terms or _of_letters(table, unparsable))(counts))
    models = int(model_index.max()) + 1
    influence = np.zeros(int(question.max()) + 1)
    change = 0.0
    for m in range(models):
        for start, sign in ((0, -1.0), (1, 1.0)):
            rows = np.flatnonzero(model_index == m)[start::2]
            ratio, psi = ratio_influence(variance[rows], error[rows])
            change += sign * ratio / models
            np.add.at(influence, question[rows], sign * psi / models)
    return with_scatter(change, influence)


Terms = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def _of_letters(table: pd.DataFrame, unparsable: str) -> Terms:
    choices, target = table["n_choices"].to_numpy(), table["target"].to_numpy(int)
    return lambda counts: letter_terms(counts, choices, target, unparsable=unparsable)


def half_counts(cells: Cells, *, unparsable: str = "uniform") -> tuple[np.ndarray, Terms]:
    """Counts of halved cells over answers, or over positions, alike in both halves of a cell; and their terms."""
    if cells.counts is not None:
        return cells.counts, _of_letters(cells.table, unparsable)
    from hotmess.answers.position_cells import tally

    place, copies, z = tally(cells)
    pair = place // 2
    code = np.unique(np.round(z, 12), axis=0, return_inverse=True)[1].ravel()
    kinds, column = np.unique(np.stack([pair, code], axis=1), axis=0, return_inverse=True)
    column = column.ravel() - np.searchsorted(kinds[:, 0], kinds[:, 0])[column.ravel()]
    width = int(column.max()) + 1
    counts = np.zeros((len(cells), width), np.int64)
    counts[place, column] = copies
    d = z - cells.points.target[place]
    if cells.outcome == "text" and unparsable == "wrong":
        d = np.column_stack([d, 1.0 - z.sum(axis=1)])
    away = np.zeros((len(cells), width, d.shape[1]))
    away[2 * pair, column] = away[2 * pair + 1, column] = d
    across = np.einsum("cmd,cnd->cmn", away, away)
    square = np.einsum("cmm->cm", across)

    def terms(new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n = new.sum(axis=1).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            error = (new * square).sum(axis=1) / n
            bias2 = np.einsum("cm,cmn,cn->c", new, across, new, optimize=True) / n**2
            return np.where(n > 1, (error - bias2) * n / (n - 1), np.nan), error

    return counts, terms


def halves_estimate(cells: Cells, *, unparsable: str = "uniform") -> Estimate:
    """`half_estimate` of halved cells of any outcome."""
    counts, terms = half_counts(cells, unparsable=unparsable)
    model, question = half_index(cells.table)
    return half_estimate(counts, cells.table, terms=terms, model_index=model, question=question)


def permuted_halves(cells: Cells, seed: int, *, permutations: int = PERMUTATIONS) -> Iterator[np.ndarray]:
    """Counts of letters with lengths permuted within every (model, question, budget): halves keep their sizes."""
    assert cells.counts is not None
    return permuted_counts(cells.counts, seed, permutations=permutations)


def permuted_counts(counts: np.ndarray, seed: int, *, permutations: int = PERMUTATIONS) -> Iterator[np.ndarray]:
    """Counts of halves, rows alternating, with responses dealt anew between the halves of each cell."""
    counts = np.asfortranarray(counts)  # options one after another, as they are dealt
    shorter, longer = counts[0::2], counts[1::2]
    total, size = longer + shorter, longer.sum(1)
    seen = np.flatnonzero(total.any(axis=0))
    for p in range(permutations):
        rng = np.random.default_rng([seed, p, 17])
        out = np.zeros_like(counts)
        left, need = total.sum(1), size.copy()
        for k in seen[:-1]:  # multivariate hypergeometric, option by option; the last takes what is left
            left = left - total[:, k]
            take = hypergeometric(rng, total[:, k], left, need)
            out[1::2, k] = take
            need = need - take
        out[1::2, seen[-1:]] = need[:, None]
        out[0::2] = total - out[1::2]
        yield out


def half_index(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(model index, index of question or cluster) of halved cells; rows must alternate shorter, longer."""
    half = table["half"].astype(str).to_numpy()
    assert (half[0::2] == "shorter").all() and (half[1::2] == "longer").all()
    codes = np.unique(table["model"].astype(str).to_numpy(), return_inverse=True)[1]
    return codes, unit_index(table)[0]
