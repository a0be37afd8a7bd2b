"""Everything the weighted posterior needs of the data is linear in the weights: one matrix product for all draws.

For weights w on questions and the cells i of one group (methods, section 3)

    T_j(w) = sum over cells with x_i > j of w_i            (tail counts of right, wrong, total, split, options)
    V_p(w) = sum over cells with counts p of w_i,          V2_p(w) = sum of w_i times the sum of squares of c_i

with p a pattern (group, right, on wrong options, unparsable, number of options). Expected Brier terms depend on the
split among wrong options by the sum of squares c_i1² + … only, and linearly, so that there are about as many patterns
as responses per cell, however many the questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

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
        How often cells enter columns: options of the cell with more than j responses.
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


@dataclass(frozen=True)
class Features:
    """Columns linear in question weights: pattern sums V, sums with squares V2, tail counts of options.

    Attributes
    ----------
    matrix
        (questions, columns) sparse.
    patterns, options
        What the columns are; `options` is None where only terms are wanted.
    """

    matrix: Any
    patterns: Patterns
    options: Options | None

    def __call__(
        self, w: Float[np.ndarray, "draws questions"]
    ) -> tuple[
        Float[np.ndarray, "draws patterns"], Float[np.ndarray, "draws patterns"], Float[np.ndarray, "draws columns"]
    ]:
        """V and V2 (draws, patterns), and tail counts of options (draws, columns), at weights (draws, questions)."""
        whole = np.asarray((self._transposed @ np.ascontiguousarray(w.T)).T)
        size = self.patterns.size
        return whole[:, :size], whole[:, size : 2 * size], whole[:, 2 * size :]

    @cached_property
    def _transposed(self) -> Any:
        return self.matrix.T.tocsr()


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

    patterns = find_patterns(cells, group, piece, apart)
    size, cell = patterns.size, np.arange(len(group))
    squares = (cells.wrong.astype(float) ** 2).sum(axis=1)
    rows, columns, values = [question, question], [patterns.of, size + patterns.of], [np.ones(len(cell)), squares]
    width, found = 2 * size, None
    if options:
        found = find_options(cells, group)
        rows.append(question[found.cell])
        columns.append(width + found.column)
        values.append(found.count)
        width += len(found.block)
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return Features(sparse.csr_matrix(entries, shape=(questions or int(question.max()) + 1, width)), patterns, found)
