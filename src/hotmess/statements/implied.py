"""Effective questions as the fitted model implies them: virtual questions, drawn from the fit (methods, section 3).

Where few questions carry the errors a sample often holds none of the rare ones that matter, and its kurtosis says that
all is well (a median of 6.5 effective questions where 3.2 is true). The model has seen the whole distribution's shape:
questions with the designs of the real ones (which cells, how many responses and options), their accuracies from the
groups' Betas with the rank correlation between groups that the data show, their wrong answers from the groups'
Dirichlets, and unbiased terms of their counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from hotmess.answers.conjugate import LetterCells

if TYPE_CHECKING:
    from jaxtyping import Float, Int, Real


CELLS, MOST = 60_000, 20_000  # virtual cells, and virtual questions, at most
KINDS = 64  # equal options that stand for an unbounded number of them
_GRID = np.linspace(-6.0, 6.0, 481)


def virtual_questions(
    cells: LetterCells,
    group: Int[np.ndarray, " cells"],
    question: Int[np.ndarray, " cells"],
    parameters: dict[str, np.ndarray],
    *,
    seed: int,
) -> tuple[Int[np.ndarray, " v"], Int[np.ndarray, " v"], Float[np.ndarray, "v 3"]]:
    """Virtual cells: the real cell whose design each has, its virtual question, and (virtual cells, 3) unbiased terms.

    parameters: the fit at even weights, arrays (1, groups). Terms: error, bias² and variance (Brier).
    """
    rng = np.random.default_rng([seed, 929])
    n = cells.right + cells.wrong.sum(axis=1) + cells.unparsable
    keep = np.flatnonzero(n >= 2)
    order = keep[np.argsort(question[keep], kind="stable")]
    _, starts, size = np.unique(question[order], return_index=True, return_counts=True)
    many = int(np.clip(CELLS / max(size.mean(), 1), min(2000, MOST), MOST))
    pick = rng.integers(len(starts), size=many)
    length = size[pick]
    at = np.repeat(starts[pick] - (np.cumsum(length) - length), length) + np.arange(length.sum())
    cell, virtual = order[at], np.repeat(np.arange(many), length)
    g = group[cell]
    root = np.linalg.cholesky(rank_correlation(cells, group, question, parameters))
    normal = rng.standard_normal((many, len(root))) @ root.T
    accuracy = _accuracy(parameters, normal[virtual, g], g)
    return cell, virtual, unbiased_terms(*_counts(cells, cell, g, n[cell], accuracy, parameters, rng))


def rank_correlation(
    cells: LetterCells,
    group: Int[np.ndarray, " cells"],
    question: Int[np.ndarray, " cells"],
    parameters: dict[str, np.ndarray],
) -> Float[np.ndarray, "groups groups"]:
    """(groups, groups) correlation of the accuracies of groups over questions, by normal scores of their rates.

    Divided by the square roots of the rates' reliabilities n/(n + kappa); 0 between groups that share no 10 questions.
    """
    groups = parameters["logit_a"].shape[1]
    n = (cells.right + cells.wrong.sum(axis=1) + cells.unparsable).astype(float)
    z, known = (np.zeros((groups, int(question.max()) + 1)) for _ in range(2))
    reliability = np.empty(groups)
    for g in range(groups):
        rows = np.flatnonzero(group == g)
        rate = cells.right[rows] / np.maximum(n[rows], 1)
        _, place, times = np.unique(rate, return_inverse=True, return_counts=True)
        middle = (np.cumsum(times) - times / 2) / max(len(rows), 1)
        z[g, question[rows]] = special.ndtri(middle)[np.ravel(place)]
        known[g, question[rows]] = 1
        typical = n[rows].mean() if len(rows) else 1.0
        reliability[g] = typical / (typical + np.exp(parameters["log_kappa"][0, g]))
    both, cross = known @ known.T, z @ z.T
    square = (z**2) @ known.T
    with np.errstate(invalid="ignore", divide="ignore"):
        r = cross / np.sqrt(square * square.T * np.outer(reliability, reliability))
    r = np.where((both >= 10) & np.isfinite(r), np.clip(r, -0.95, 0.98), 0.0)
    np.fill_diagonal(r, 1.0)
    value, vector = np.linalg.eigh(r)
    r = (vector * np.maximum(value, 1e-3)) @ vector.T
    scale = np.sqrt(np.diag(r))
    out: np.ndarray = r / np.outer(scale, scale)
    return out


def _accuracy(parameters: dict[str, np.ndarray], normal: np.ndarray, group: np.ndarray) -> np.ndarray:
    out = np.empty(len(normal))
    level = special.ndtr(_GRID)
    for g in np.unique(group):
        mean, kappa = special.expit(parameters["logit_a"][0, g]), np.exp(parameters["log_kappa"][0, g])
        at = special.betaincinv(kappa * mean, kappa * (1 - mean), level)
        rows = group == g
        out[rows] = np.interp(normal[rows], _GRID, np.nan_to_num(at))
    return np.clip(out, 0.0, 1.0)


def _counts(
    cells: LetterCells,
    cell: np.ndarray,
    group: np.ndarray,
    n: np.ndarray,
    accuracy: np.ndarray,
    parameters: dict[str, np.ndarray],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    right = rng.binomial(n, accuracy)
    lost = np.zeros_like(right)
    if "logit_u" in parameters:
        share, psi = special.expit(parameters["logit_u"][0, group]), np.exp(parameters["log_psi"][0, group])
        has = share > 0
        lost[has] = rng.binomial(
            (n - right)[has], rng.beta(*(np.maximum(psi[has] * x, 1e-9) for x in (share[has], 1 - share[has])))
        )
    choices = cells.choices[cell].astype(float)
    kinds = np.minimum(choices - 1, KINDS).astype(int)
    gamma = rng.standard_gamma(
        np.exp(parameters["log_phi"][0, group])[:, None] / kinds[:, None], (len(cell), kinds.max())
    )
    gamma *= np.arange(kinds.max()) < kinds[:, None]
    total = gamma.sum(axis=1)
    empty = ~(total > 1e-290)  # a tiny phi: all on one option
    gamma[empty] = 0.0
    gamma[empty, rng.integers(0, kinds[empty])] = 1.0
    p = gamma / gamma.sum(axis=1, keepdims=True)
    wrong = rng.multinomial(n - right - lost, p / np.maximum(p.sum(axis=1, keepdims=True), 1.0))
    return right, wrong, lost, choices


def unbiased_terms(
    right: Real[np.ndarray, " cells"],
    wrong: Real[np.ndarray, "cells k"],
    unparsable: Real[np.ndarray, " cells"],
    choices: Real[np.ndarray, " cells"],
) -> Float[np.ndarray, "cells 3"]:
    """(cells, 3) unbiased Brier error, bias² and variance from counts of independent responses.

    Pairs of responses: |sum z|² - sum |z|² over n (n - 1), an unparsable response standing at 1/C of every option.

    >>> unbiased_terms(np.array([1]), np.array([[1]]), np.array([0]), np.array([2])).tolist()
    [[1.0, 0.0, 1.0]]
    """
    split = wrong.sum(axis=1)
    n = (right + split + unparsable).astype(float)
    each = unparsable / choices
    square = (
        right.astype(float) ** 2
        + (wrong.astype(float) ** 2).sum(axis=1)
        + 2 * each * (right + split)
        + each * unparsable
    )
    length = right + split + each
    variance = length / n - (square - length) / (n * (n - 1))
    error = (2 * split + unparsable * (1 - 1 / choices)) / n
    return np.column_stack([error, error - variance, variance])
