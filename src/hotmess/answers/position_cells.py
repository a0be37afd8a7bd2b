"""Distinct positions of every cell, counted, with their distances to the target: what the model of positions sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.answers.conjugate import LetterCells
from hotmess.answers.prior import AnswerPrior
from hotmess.answers.resemblance import Alike, resemblance
from hotmess.errors import BadInput, NotTestable, OtherOutcome
from hotmess.responses.bases import Base
from hotmess.responses.outcomes import OUTCOMES

if TYPE_CHECKING:
    from hotmess.responses.cells import Cells

NAMED = 0.5  # of the base measure, on "only the new tests fail", where it is known which are new
NEAR = 1e-12


@dataclass(frozen=True)
class PositionCells(LetterCells):
    """Counts of positions, the target first; `wrong` are distinct positions elsewhere, `unparsable` is the origin.

    Attributes
    ----------
    kinds
        (cells, M) one over each position's share in the base measure; `inf` where it has no atom.
    shortfall, square
        (cells, M) f and e of every position.
    across
        (cells, M, M) inner products of d after its part along the line to the origin is taken off; None where
        different positions are orthogonal there.
    named
        (cells, M) mass of the base measure on positions known beforehand; the rest of it is `base`.
    base
        Of new positions, where nothing is known of the question.
    alike
        How new positions resemble those seen at the same question; None where they do not, as in free text.
    rest
        (cells,) whether there can be any position beside target and origin.
    smooth
        Whether every group is smoothed towards the origin, or only those in which it has been seen.
    origin
        (cells, 2) f and e of the origin.
    """

    kinds: np.ndarray
    shortfall: np.ndarray
    square: np.ndarray
    across: np.ndarray | None
    named: np.ndarray
    base: Base
    alike: Alike | None
    rest: np.ndarray
    smooth: bool
    origin: np.ndarray

    @property
    def options(self) -> np.ndarray:
        """(cells, M) one over each position's share in the base measure: as many equal options as it stands for."""
        return self.kinds

    @property
    def prior(self) -> AnswerPrior:
        """Of text as of letters; elsewhere the origin (no test passes, score 0) is no rare failure of reading."""
        return AnswerPrior(unparsable=(0.0, 1.5)) if self.smooth else AnswerPrior()

    def apart(self, index: np.ndarray) -> np.ndarray:
        """(cells,) whether the origin is told apart in the cell's group, and the cell has positions beside it."""
        return self.rest & (super().apart(index) | self.smooth)


def position_cells(cells: Cells, *, unparsable: str = "uniform") -> PositionCells:
    """Counts and distances of the distinct positions of every cell.

    Raises
    ------
    NotTestable
        For an outcome without a target (embeddings), or few-shot contexts that repeat, of outcomes other than text.
    """
    target = cells.points.target
    outcome = OUTCOMES[cells.outcome]
    never = outcome.own and cells.points.copies.max() == 1 and (cells.table["responses"] > 1).any()
    if outcome.model != "positions" or never:
        raise OtherOutcome(outcome.refusal, outcome.instead)
    line = np.linalg.norm(target, axis=1)
    if (line < 1e-12).any():
        raise BadInput(f"A target of outcome {cells.outcome} is the origin; move the origin, so that nothing scores 0.")
    place, n, z, mass = _with_named(cells)
    d = z - target[place]
    e = np.einsum("md,md->m", d, d)
    right = e < NEAR
    at_origin = ~right & (np.einsum("md,md->m", z, z) < NEAR)
    text = outcome.distinct
    as_wrong = at_origin if text and unparsable == "wrong" else np.zeros(len(n), bool)
    lost = at_origin & ~as_wrong
    y = target / line[:, None]
    f = np.where(as_wrong, 1.0, -np.einsum("md,md->m", d, y[place]))
    e = np.where(as_wrong, 2.0, e)  # an answer of its own, at a corner of its own
    other = np.flatnonzero(~right & ~lost)
    owner, size = place[other], len(target)
    slot = np.arange(len(owner)) - np.searchsorted(owner, owner)
    width = int(slot.max(initial=0)) + 1

    def table(values: np.ndarray) -> np.ndarray:
        out = np.zeros((size, width, *values.shape[1:]), values.dtype)
        out[owner, slot] = values[other]
        return out

    wrong, shortfall, square, named = table(n), table(f), table(e), table(mass)
    across = None
    if not text:
        spread = table(d + f[:, None] * y[place])
        across = np.einsum("cmd,cnd->cmn", spread, spread)
    base, options, rest = outcome.base(cells, wrong, shortfall, square)
    share = named + (1 - named.sum(axis=1, keepdims=True)) / options
    with np.errstate(divide="ignore"):
        options = np.where(share > 1e-200, 1 / share, np.inf)
    return PositionCells(
        right=np.bincount(place, n * right, size).astype(int),
        wrong=wrong,
        unparsable=np.bincount(place, n * lost, size).astype(int),
        choices=np.full(size, np.inf),
        kinds=options,
        shortfall=shortfall,
        square=square,
        across=across,
        named=named,
        base=base,
        alike=None if across is None else resemblance(wrong, shortfall, square, across, base),
        rest=rest,
        smooth=not text,
        origin=np.column_stack([line, line**2]),
    )


def _with_named(cells: Cells) -> tuple[np.ndarray, ...]:
    """`tally` with the positions known beforehand, where they were not seen too; and their mass in the base measure.

    The one position known beforehand is "only the new tests fail": `new_tests` says how many tests, at the front of the
    vector, are new (0 or empty: unknown).
    """
    place, n, z = tally(cells)
    mass = np.zeros(len(n))
    if "new_tests" not in cells.table:
        return place, n, z, mass
    goal = cells.points.target
    new = cells.table["new_tests"].fillna(0).to_numpy(int)
    known = np.flatnonzero((new > 0) & (new < (goal > 0).sum(axis=1)))
    pattern = goal * (np.arange(goal.shape[1]) >= new[:, None])
    mass[np.isin(place, known) & (np.abs(z - pattern[place]).max(axis=1) < 1e-9)] = NAMED
    more = np.setdiff1d(known, place[mass > 0])
    order = np.argsort(np.r_[place, more], kind="stable")
    return (
        np.r_[place, more][order],
        np.r_[n, np.zeros(len(more), int)][order],
        np.vstack([z, pattern[more]])[order],
        np.r_[mass, np.full(len(more), NAMED)][order],
    )


def tally(cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(cell, copies, position) of every distinct position of a cell, sorted by cell."""
    p = cells.points
    if (p.n == 1).all():
        return p.cell, p.copies, p.sum
    if not OUTCOMES[cells.outcome].distinct:
        raise NotTestable(
            f"The latent model of outcome {cells.outcome} takes the responses of a question as independent; these "
            "share few-shot contexts or other levels (column context, or what --source names).",
            "Take the unbiased estimator, which takes account of them (hotmess decompose --estimator unbiased).",
        )
    # One-hot positions: sums over a context are counts. Answers that cannot be read are at the origin.
    counts = np.zeros(p.target.shape)
    np.add.at(counts, p.cell, p.copies[:, None] * p.sum)
    total = np.bincount(p.cell, p.copies * p.n, len(p.target))
    every = np.column_stack([counts, total - counts.sum(1)]).round().astype(int)
    found = np.argwhere(every)
    cell, slot = found[:, 0], found[:, 1]
    width = p.target.shape[1]
    z = np.vstack([np.eye(width), np.zeros((1, width))])[slot]
    return cell, every[cell, slot], z
