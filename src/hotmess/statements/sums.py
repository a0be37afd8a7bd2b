"""Everything the weighted posterior needs of the data is linear in the weights: one matrix product for all draws.

For weights w on questions and the cells i of one group (methods, section 3)

    T_j(w) = sum over cells with x_i > j of w_i            (tail counts of right, wrong, total, split, options)
    V_p(w) = sum over cells with counts p of w_i,          V2_p(w) = sum of w_i times the sum of squares of c_i

with p a pattern (group, right, on wrong options, unparsable, number of options). Expected Brier terms depend on the
split among wrong options by the sum of squares c_i1² + … only, and linearly, so that there are about as many patterns
as responses per cell, however many the questions.

Cells of one kind, which have the same counts in whatever order of equal options, enter every column alike: weights are
added up by kind first, and columns are made of kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hotmess.answers.conjugate import LetterCells

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int, Real


@dataclass(frozen=True)
class Patterns:
    """Distinct combinations of (piece, right, split, unparsable, choices) of cells.

    Attributes
    ----------
    of
        (cells,) pattern of each cell.
    piece, group, right, split, unparsable
        (patterns,) integers; a piece lies in one group.
    choices
        (patterns,) number of options C, `inf` where answers are open-ended.
    apart
        (patterns,) whether unparsable responses are told apart from wrong options there.
    """

    of: Int[np.ndarray, " cells"]
    piece: Int[np.ndarray, " patterns"]
    group: Int[np.ndarray, " patterns"]
    right: Real[np.ndarray, " patterns"]
    split: Real[np.ndarray, " patterns"]
    unparsable: Real[np.ndarray, " patterns"]
    choices: Real[np.ndarray, " patterns"]
    apart: Bool[np.ndarray, " patterns"]

    @property
    def size(self) -> int:
        return len(self.group)


def find_patterns(
    cells: LetterCells, group: np.ndarray, piece: np.ndarray | None = None, apart: np.ndarray | None = None
) -> Patterns:
    """The distinct patterns of cells; `piece` (cells,) tells apart cells of one group that go to different sets.

    apart: (cells,) whether unparsable responses are told apart (default: everywhere).

    >>> cells = LetterCells(np.array([2, 2, 1]), np.array([[1, 0], [0, 1], [2, 0]]), np.zeros(3, int), np.full(3, 3))
    >>> find_patterns(cells, np.zeros(3, int)).of.tolist()
    [1, 1, 0]
    """
    piece = group if piece is None else piece
    kinds, kind = np.unique(np.asarray(cells.choices, float), return_inverse=True)
    apart = np.ones(len(group), bool) if apart is None else apart
    columns = (piece, cells.right, cells.wrong.sum(axis=1), cells.unparsable, kind, apart)
    shape = tuple(int(c.max(initial=0)) + 1 for c in columns)
    code = np.ravel_multi_index(tuple(np.asarray(c, np.int64) for c in columns), shape)
    _, first, of = np.unique(code, return_index=True, return_inverse=True)
    p, right, split, unparsable, kind, apart = (np.asarray(c)[first] for c in columns)
    return Patterns(np.ravel(of), p, group[first], right, split, unparsable, kinds[kind], apart)


@dataclass(frozen=True)
class Options:
    """Tail counts of wrong options: a column for every (block, j), a block being a group's options of equal share.

    Attributes
    ----------
    block, steps
        (columns,) block and j of each column.
    group, kinds
        (blocks,) group, and one over the share of each option (`inf` in the Ewens limit).
    cell, column, count
        How often cells (or kinds of them) enter columns: their options with more than j responses.
    """

    block: np.ndarray
    steps: np.ndarray
    group: np.ndarray
    kinds: np.ndarray
    cell: np.ndarray
    column: np.ndarray
    count: np.ndarray


def find_options(cells: LetterCells, group: np.ndarray) -> Options:
    """Columns of tail counts of every wrong option of every cell (none where nothing is wrong)."""
    options = np.asarray(cells.options, float)
    cell, slot = np.nonzero(cells.wrong > 0)
    share = options[cell] if options.ndim == 1 else options[cell, slot]
    kinds, kind = np.unique(share, return_inverse=True)
    pairs, block = np.unique(group[cell] * max(len(kinds), 1) + np.ravel(kind), return_inverse=True)
    count = cells.wrong[cell, slot].astype(int)
    depth = int(count.max(initial=1))
    # one entry for each (cell, option, j < count)
    j = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    key = np.repeat(cell.astype(np.int64), count) * (len(pairs) * depth) + np.repeat(np.ravel(block), count) * depth + j
    key, times = np.unique(key, return_counts=True)
    cell, place = np.divmod(key, max(len(pairs) * depth, 1))
    used, column = np.unique(place, return_inverse=True)
    return Options(
        block=used // depth,
        steps=(used % depth).astype(float),
        group=pairs // max(len(kinds), 1),
        kinds=kinds[pairs % max(len(kinds), 1)] if len(pairs) else np.empty(0),
        cell=cell,
        column=np.ravel(column),
        count=times.astype(float),
    )


SIDE_BY_SIDE = 6  # columns up to which neighbours are compared
AT_HAND = 40  # draws of weights that a processor keeps near while it adds them up in the order of kinds
FEW = 0.5
"""Kinds per cell up to which sums by kind are made first; with more, columns are made of cells at once."""


def find_kinds(*columns: np.ndarray) -> tuple[Int[np.ndarray, " kinds"], Int[np.ndarray, " cells"]]:
    """A cell of each distinct combination of whole numbers, and (cells,) which combination each has.

    >>> first, of = find_kinds(np.array([2, 1, 2]), np.array([0, 5, 0]))
    >>> of.tolist(), of[first].tolist()
    ([1, 0, 1], [0, 1])
    """
    code, size = np.zeros(len(columns[0]), np.int64), 1
    most = max(4 * len(code), 1 << 16)
    for column in columns:
        own = np.asarray(column, np.int64)
        own = own - own.min(initial=0)
        width = int(own.max(initial=0)) + 1
        if size * width > most:
            (code, size), (own, width) = _numbered(code, size, most), _numbered(own, width, most)
        code, size = code * width + own, size * width
    of, size = _numbered(code, size, most)
    first = np.empty(size, np.int64)
    first[of] = np.arange(len(of))
    return first, of


def _numbered(code: np.ndarray, size: int, most: int) -> tuple[np.ndarray, int]:
    """Codes below `size` as numbers from 0 without gaps, in their order, and how many there are."""
    if size > most:
        values, of = np.unique(code, return_inverse=True)
        return np.ravel(of), len(values)
    seen = np.zeros(size, bool)
    seen[code] = True
    return (np.cumsum(seen) - 1)[code], int(seen.sum())


class Counted(NamedTuple):
    """Columns at weights: V and V2 (draws, patterns), and tail counts of options (draws, columns)."""

    v: Float[np.ndarray, "draws patterns"]
    v2: Float[np.ndarray, "draws patterns"]
    options: Float[np.ndarray, "draws columns"]


@dataclass(frozen=True)
class Features:
    """Columns linear in question weights: pattern sums V, sums with squares V2, tail counts of options.

    Attributes
    ----------
    members
        (kinds, questions) sparse: how many cells of each kind a question has; None where columns are made of cells.
    columns
        (columns, kinds or questions) sparse.
    patterns, options
        What the columns are; `options` is None where only terms are wanted.
    """

    members: Any
    columns: Any
    patterns: Patterns
    options: Options | None

    def __call__(self, w: Float[np.ndarray, "draws questions"]) -> Counted:
        """V and V2 (draws, patterns), and tail counts of options (draws, columns), at weights (draws, questions)."""
        parts = []
        for start in range(0, len(w), AT_HAND):
            weights = np.ascontiguousarray(w[start : start + AT_HAND].T)
            parts.append(self.columns @ (weights if self.members is None else self.members @ weights))
        whole, size = np.concatenate(parts, axis=1).T, self.patterns.size
        return Counted(whole[:, :size], whole[:, size : 2 * size], whole[:, 2 * size :])


def counted(found: Features, weights: Iterable[tuple[slice, np.ndarray]]) -> Iterator[tuple[slice, Counted]]:
    """The columns at blocks of weights, with the draws of each block."""
    return ((block, found(w)) for block, w in weights)


def features(
    cells: LetterCells,
    group: np.ndarray,
    question: np.ndarray,
    *,
    piece: np.ndarray | None = None,
    options: bool = True,
    questions: int | None = None,
    apart: np.ndarray | None = None,
) -> Features:
    """Columns for cells of which question[i] is the question, of so many questions (default: up to the last)."""
    from scipy import sparse

    piece = group if piece is None else piece
    apart = np.ones(len(group), bool) if apart is None else apart
    first, kind = _kinds(cells, piece, apart)
    some = LetterCells(cells.right[first], cells.wrong[first], cells.unparsable[first], cells.choices[first])
    patterns = find_patterns(some, group[first], piece[first], apart[first])
    size, one = patterns.size, np.arange(len(first))
    squares = (some.wrong.astype(float) ** 2).sum(axis=1)
    rows, at, values = [patterns.of, size + patterns.of], [one, one], [np.ones(len(one)), squares]
    width, found = 2 * size, None
    if options:
        found = find_options(some if cells.options.ndim == 1 else cells, group[first])
        rows.append(width + found.column)
        at.append(found.cell)
        values.append(found.count)
        width += len(found.block)
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(at)))
    columns = sparse.csr_matrix(entries, shape=(width, len(first)))
    shape = len(first), questions or int(question.max()) + 1
    members = sparse.csr_matrix((np.ones(len(kind)), (kind, question)), shape=shape)
    patterns = replace(patterns, of=patterns.of[kind])
    if len(first) > FEW * len(kind):
        return Features(None, (columns @ members).tocsr(), patterns, found)
    return Features(members, columns, patterns, found)


def _kinds(cells: LetterCells, piece: np.ndarray, apart: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells alike in piece and counts; each its own kind where options have shares of their own."""
    if cells.options.ndim > 1:
        every = np.arange(len(piece))
        return every, every
    choices = np.unique(np.asarray(cells.choices, float), return_inverse=True)[1]
    return find_kinds(piece, apart, np.ravel(choices), cells.unparsable, cells.right, *in_order(cells.wrong))


def in_order(wrong: Real[np.ndarray, "cells k"]) -> list[np.ndarray]:
    """The K columns of each row's numbers in order; few columns by comparing neighbours K times, all rows at once.

    >>> [x.tolist() for x in in_order(np.array([[3, 1, 2], [0, 5, 0]]))]
    [[1, 0], [2, 0], [3, 5]]
    """
    columns = list(np.ascontiguousarray(wrong.T))
    if len(columns) > SIDE_BY_SIDE:
        return list(np.sort(wrong, axis=1).T)
    for turn in range(len(columns)):
        for i in range(turn % 2, len(columns) - 1, 2):
            low, high = np.minimum(columns[i], columns[i + 1]), np.maximum(columns[i], columns[i + 1])
            columns[i], columns[i + 1] = low, high
    return columns
