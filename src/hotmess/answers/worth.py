"""What responses that share few-shot contexts are worth to their question's answers (methods, section 3).

Two answers of one context agree more often than two of different ones: with rho the share of a question's variance that
lies between contexts (`hotmess.answers.contexts`), the mean of answers in contexts of n_1, n_2, … responses, n in all,
has the variance of that of

    n / (1 + rho (sum n_k² / n - 1))

independent ones (Kish's design effect), and a question's counts are worth that many in the posterior of its answers.
rho is that of moments, group by group: (S - D)/(1 - D), S and D how often two responses agree in one context and in
different ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hotmess.answers.conjugate import LetterCells
from hotmess.answers.one_hot import one_hot_points

if TYPE_CHECKING:
    from jaxtyping import Float, Int

    from hotmess.responses.cells import Cells

L = TypeVar("L", bound=LetterCells)
MOST = 0.95  # the largest share that is believed


def repeated_contexts(cells: Cells) -> bool:
    """Whether letters or texts share few-shot contexts: some context has two responses."""
    return bool((cells.points.n > 1).any()) and one_hot_points(cells) is not None


def context_share(cells: Cells, group: Int[np.ndarray, " cells"]) -> Float[np.ndarray, " groups"]:
    """(groups,) share rho of the variance between contexts; 0 where no question of a group has two that repeat.

    >>> import pandas as pd
    >>> from hotmess.responses.cells import reduce
    >>> from hotmess.responses.validate import validate
    >>> rows = [("q", k, a) for k, answers in (("x", "AA"), ("y", "BB")) for a in answers]
    >>> table = pd.DataFrame(rows, columns=["question", "context", "answer"]).assign(model="m", target="A", n_choices=2)
    >>> context_share(reduce(validate(table)), np.zeros(1, int)).tolist()       # answers hang on the context alone
    [0.95]
    """
    groups = int(group.max()) + 1
    p = one_hot_points(cells)
    if p is None or not repeated_contexts(cells):
        return np.zeros(groups)
    c = p.sum
    of = group[p.cell]
    total, size = np.zeros((len(group), c.shape[1])), c.sum(axis=1)
    np.add.at(total, p.cell, p.copies[:, None] * c)

    def add(values: np.ndarray) -> np.ndarray:
        return np.bincount(of, p.copies * values, groups)

    squares, sizes = add((c**2).sum(axis=1)), add(size**2)
    same, pairs = squares - add(size), sizes - add(size)
    apart = np.bincount(group, (total**2).sum(axis=1), groups) - squares
    all_apart = np.bincount(group, total.sum(axis=1) ** 2, groups) - sizes
    with np.errstate(invalid="ignore", divide="ignore"):
        s, d = same / pairs, apart / all_apart
        rho = (s - d) / (1 - d)
    out: np.ndarray = np.clip(np.nan_to_num(rho, nan=0.0, posinf=0.0, neginf=0.0), 0.0, MOST)
    return out


def worth(letters: L, cells: Cells, group: Int[np.ndarray, " cells"]) -> L:
    """The counts as they would be of as many independent responses as they are worth; themselves without contexts."""
    if not repeated_contexts(cells):
        return letters
    p, size = cells.points, len(group)
    n, squares = (np.bincount(p.cell, p.copies * p.n**k, size) for k in (1, 2))
    share = 1 / (1 + context_share(cells, group)[group] * (squares / np.maximum(n, 1) - 1))
    return replace(
        letters,
        right=letters.right * share,
        wrong=letters.wrong * share[:, None],
        unparsable=letters.unparsable * share,
    )
