"""Disjoint ensembles of real responses, with unbiased variance over them (methods, section 6).

An ensemble is E responses to one question that follow each other in the order of `sample`; where there are few-shot
contexts, one response from each of E contexts that follow each other. Ensembles share no response and no context. They
are never shuffled: over random orders the unbiased variance of ensembles is the variance of single responses divided by
E by algebra, whatever the responses, and could not fail. In the order of drawing it fails where responses drawn near
each other are alike (shared seeds, caches). Where they have a trend, as where they were sorted, `in_order` says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hotmess.arrays import Bools, Floats, Ints
from hotmess.errors import NotTestable
from hotmess.responses.table import CELL

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses

MIN_BLOCKS = 3  # disjoint ensembles of the largest size per question: the jackknife leaves one out, a pair remains


@dataclass(frozen=True)
class RealEnsembles:
    """Terms of the averages of real responses.

    Attributes
    ----------
    table
        The cells that have enough responses: names, `units` (responses, or contexts), `responses`, `contexts`.
    sizes
        E = 1, 2, 4, … up to the largest with three disjoint ensembles.
    variance, error
        (cells, sizes) unbiased variance over disjoint ensembles, and their mean error; bias² is the difference.
    covariance
        (cells, sizes, sizes) jackknife covariance of the variances, leaving out a block of the largest size at a time.
    stacks
        Positions in order: (cells of this shape, their positions (n, units, repeats, D), their targets (n, D)).
    notes
        What is left out.
    """

    table: pd.DataFrame
    sizes: tuple[int, ...]
    variance: Floats
    error: Floats
    covariance: Floats
    notes: tuple[str, ...]
    stacks: tuple[tuple[Ints, Floats, Floats], ...] = field(repr=False, default=())

    @property
    def by_context(self) -> Bools:
        """(cells,) whether the units are contexts."""
        out: Bools = (self.table["contexts"] > 1).to_numpy()
        return out

    def copied(self, rng: np.random.Generator) -> Floats:
        """(cells, sizes) variances where every ensemble is E copies of one of its answers: nothing is divided."""
        out = np.empty_like(self.variance)
        for rows, z, _ in self.stacks:
            for i, size in enumerate(self.sizes):
                blocks = _blocks(z, size)
                pick = rng.integers(size, size=(*blocks.shape[:2], 1, 1, 1))
                out[rows, i] = _variance(np.take_along_axis(blocks, pick, axis=2)[:, :, 0])
        return out


def real_ensembles(responses: Responses) -> RealEnsembles:
    """Disjoint ensembles of each cell's responses, in the order in which they were drawn.

    Raises
    ------
    NotTestable
        If fewer than six responses (or contexts) per question: there are no three ensembles of two.

    >>> import pandas as pd
    >>> from hotmess.responses.validate import validate
    >>> rows = {"model": "m", "question": "q", "answer": [0, 1] * 6, "target": 0, "n_choices": 2}
    >>> made = real_ensembles(validate(pd.DataFrame(rows)))
    >>> made.sizes, made.variance.round(3).tolist()                # answers that alternate: averages do not vary at all
    ((1, 2, 4), [[0.545, 0.0, 0.0]])
    """
    import pandas as pd

    from hotmess.responses.outcomes import OUTCOMES
    from hotmess.responses.placing import Space

    table = responses.table.reset_index(drop=True)
    grouped = table.groupby(list(CELL), observed=True, sort=True)
    owner = grouped.ngroup().to_numpy()
    cells = table.iloc[np.unique(owner, return_index=True)[1]].reset_index(drop=True)
    outcome = OUTCOMES[responses.outcome]
    placed = outcome.place(np.asarray(outcome.values(responses)), owner, cells, responses, Space())
    places = placed.z
    order = np.lexsort((_order(table["sample"]), _order(table["context"]), owner))
    starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    contexts = pd.factorize(table["context"])[0]
    chosen = [_units(contexts[rows], rows) for rows in np.split(order, starts[1:])]
    units = np.array([len(c) for c in chosen])
    largest = 2 ** int(np.log2(max(np.median(units) / MIN_BLOCKS, 1)))
    keep = np.flatnonzero(units >= MIN_BLOCKS * largest)
    if largest < 2:
        raise NotTestable(
            "Real ensembles need at least six responses per question (or six few-shot contexts, where responses share "
            "them): three disjoint ensembles of two."
        )
    sizes = tuple(2**i for i in range(int(np.log2(largest)) + 1))
    shapes = [(len(chosen[c]) // largest * largest, chosen[c].shape[1]) for c in keep]
    variance, error = np.empty((2, len(keep), len(sizes)))
    covariance = np.empty((len(keep), len(sizes), len(sizes)))
    stacks = []
    for shape in sorted(set(shapes)):
        rows = np.array([i for i, other in enumerate(shapes) if other == shape])
        z = places[np.stack([chosen[keep[i]][: shape[0]] for i in rows])]
        target = placed.target[keep[rows]]
        for i, size in enumerate(sizes):
            mean = _blocks(z, size).mean(2)
            variance[rows, i] = _variance(mean)
            error[rows, i] = ((mean - target[:, None, None]) ** 2).sum(-1).mean((1, 2))
        covariance[rows] = _jackknife(z, sizes)
        stacks.append((rows, z, target))
    names = [*CELL, *(c for c in ("family", "model_size_b", "difficulty") if c in cells)]
    kept = cells.iloc[keep][names].assign(
        units=units[keep],
        responses=np.bincount(owner)[keep],
        contexts=table["context"].groupby(owner).nunique().to_numpy()[keep],
    )
    notes = []
    if len(keep) < len(units):
        notes.append(
            f"{len(units) - len(keep):,} of {len(units):,} questions of a model have fewer than three disjoint "
            f"ensembles of {largest} and are left out."
        )
    return RealEnsembles(kept.reset_index(drop=True), sizes, variance, error, covariance, tuple(notes), tuple(stacks))


def _order(column: pd.Series) -> Ints:
    """Ranks of labels, numbers in them read as numbers."""
    from hotmess.decompose.grouping import natural

    names = ["" if value is None or value != value else str(value) for value in column.astype(object)]
    rank = {v: i for i, v in enumerate(sorted(set(names), key=natural))}
    return np.array([rank[name] for name in names], dtype=np.int64)


def _units(context: Ints, rows: Ints) -> Ints:
    """(units, repeats) rows of one cell: each context with its first repeats, or each response alone."""
    _, first, size = np.unique(context, return_index=True, return_counts=True)
    if len(size) < 2 or size.max() < 2:
        return rows[:, None]
    in_order = np.argsort(first)
    return np.stack([rows[first[k] : first[k] + size.min()] for k in in_order])


def _blocks(z: Floats, size: int) -> Floats:
    """(n, units, repeats, D) as (n, ensembles, members, repeats, D)."""
    n, units, repeats, width = z.shape
    return z.reshape(n, units // size, size, repeats, width)


def _variance(mean: Floats) -> Floats:
    """Unbiased variance over ensembles (n, ensembles, repeats, D), averaged over repeats."""
    out: Floats = mean.var(axis=1, ddof=1).sum(-1).mean(1)
    return out


def _jackknife(z: Floats, sizes: tuple[int, ...]) -> Floats:
    blocks = z.shape[1] // sizes[-1]
    theta = np.empty((blocks, len(z), len(sizes)))
    for i, size in enumerate(sizes):
        mean = _blocks(z, size).mean(2)
        per = mean.shape[1] // blocks
        whole = mean.reshape(len(z), blocks, per, *mean.shape[2:])
        sums, squares = whole.sum(2), (whole**2).sum((2, 4))
        n = mean.shape[1] - per
        rest, length = sums.sum(1, keepdims=True) - sums, squares.sum(1, keepdims=True) - squares
        theta[:, :, i] = ((length - (rest**2).sum(-1) / n) / (n - 1)).mean(-1).T
    away = theta - theta.mean(0)
    out: Floats = (blocks - 1) / blocks * np.einsum("bns,bnt->nst", away, away)
    return out
