"""From question-level draws to statements about a set of questions.

Two populations, two estimands (methods, section 2): *these* questions weigh all alike; *questions like these* get
Dirichlet(1, …, 1) weights, one set per draw, the same for every model, size, budget and half, which pairs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotmess.decompose.grouping import question_index, question_units, unit_count
from hotmess.errors import BadInput
from hotmess.responses.outcomes import refuse_outcomes

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from jaxtyping import Bool, Float


POPULATIONS = ("like-these", "these")
BLOCK, MOST = 2_000_000, 20_000_000
"""Numbers of a block of weights, and the most of one where questions are many."""


@dataclass(frozen=True)
class SetDraws:
    """Draws for sets of questions: error, bias2, variance of shape (chain, draw, sets), means over questions.

    `ratio`, `effective`, `few`: incoherence settled by itself, and (sets,) its effective questions and whether they are
    too few to decide anything, where they are known.
    """

    table: pd.DataFrame
    error: Float[np.ndarray, "chain draw *sets"]
    bias2: Float[np.ndarray, "chain draw *sets"]
    variance: Float[np.ndarray, "chain draw *sets"]
    population: str
    metric: str
    ratio: Float[np.ndarray, "chain draw *sets"] | None = None
    effective: Float[np.ndarray, "*sets"] | None = None
    few: Bool[np.ndarray, "*sets"] | None = None

    @property
    def incoherence(self) -> np.ndarray:
        """sum variance / sum error; nan where no error was drawn, and for the 0/1 loss, whose terms do not add."""
        if self.ratio is not None:
            return self.ratio
        if self.metric == "zero-one":
            return np.full_like(self.error, np.nan)
        out: np.ndarray = np.divide(
            self.variance, self.error, out=np.full_like(self.error, np.nan), where=self.error > 0
        )
        return out

    @property
    def dataset(self) -> xr.Dataset:
        """The draws by label: dimensions chain, draw, and one for each column that names the sets.

        Sets that are not there are nan. With them `.sel(model="owl-1b")`, `.quantile` and arithmetic between models
        are xarray's.
        """
        import pandas as pd
        import xarray as xr

        by = [str(c) for c in self.table.columns if c not in ("questions", "responses")]
        terms = ("error", "bias2", "variance", "incoherence")
        out = xr.Dataset({name: (("chain", "draw", "set"), getattr(self, name)) for name in terms})
        out = out.assign_attrs(population=self.population, metric=self.metric)
        if not by:
            return out.squeeze("set", drop=True)
        if len(by) == 1:
            return out.rename(set=by[0]).assign_coords({by[0]: self.table[by[0]].astype(object).to_numpy()})
        names = pd.MultiIndex.from_frame(self.table[by].astype(object))
        return out.assign_coords(xr.Coordinates.from_pandas_multiindex(names, "set")).unstack("set")


def question_weights(
    questions: int,
    draws: int,
    *,
    population: str,
    seed: int,
    cluster: np.ndarray | None = None,
    own: np.ndarray | None = None,
) -> Float[np.ndarray, "draws questions"]:
    """(draws, questions) weights with mean 1: all 1 for `these`, Dirichlet(1, …, 1) for `like-these`.

    cluster: (questions,) cluster of each question, from 0: clusters are drawn then, and their questions weigh alike.
    own: (questions,) positive weights of the questions themselves, which multiply.

    >>> question_weights(3, 1, population="these", seed=0).tolist()
    [[1.0, 1.0, 1.0]]

    Raises
    ------
    BadInput
        For an unknown population, and an own weight that is not positive and finite.
    """
    if population not in POPULATIONS:
        raise BadInput(f"The population is {population!r}; it can be {' or '.join(POPULATIONS)}.")
    from hotmess.decompose.intervals import on_questions, question_shares

    if population == "these":
        return on_questions(np.ones((draws, questions)), None, own)
    units = unit_count(questions, cluster)
    return on_questions(question_shares(units, draws, seed) * units, cluster, own)


def weight_blocks(
    questions: int,
    draws: int,
    *,
    population: str,
    seed: int,
    numbers: int | None = None,
    cluster: np.ndarray | None = None,
    own: np.ndarray | None = None,
) -> Iterator[tuple[slice, np.ndarray]]:
    """`question_weights` in blocks of draws of at most so many numbers; one row for all draws of `these`.

    By default blocks are small enough to be near at hand, and of as many draws as products take to be quick.

    >>> whole = question_weights(3, 5, population="like-these", seed=1)
    >>> [block.start for block, w in weight_blocks(3, 5, population="like-these", seed=1, numbers=6)]
    [0, 2, 4]
    >>> all((w == whole[b]).all() for b, w in weight_blocks(3, 5, population="like-these", seed=1, numbers=6))
    True
    """
    if population != "like-these":
        yield slice(0, draws), question_weights(questions, 1, population=population, seed=seed, own=own)
        return
    from hotmess.decompose.intervals import on_questions, question_shares

    units = unit_count(questions, cluster)
    most = numbers or max(BLOCK, min(64 * questions, MOST))
    rng, step = np.random.default_rng(seed), max(1, most // questions)
    for start in range(0, draws, step):
        w = question_shares(units, min(step, draws - start), rng)
        w *= units
        yield slice(start, start + len(w)), on_questions(w, cluster, own)


def aggregate(
    values: Sequence[np.ndarray],
    cells: pd.DataFrame | QuestionSets,
    by: Sequence[str],
    *,
    population: str,
    seed: int,
    chains: int,
    transform: Callable[..., Sequence[np.ndarray]] | None = None,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Weighted means over the questions of each set of cells that agree in the `by` columns.

    cells: their table, or the sets themselves. values: arrays (draws, cells); `transform` makes of them, set by set,
    the arrays to be averaged, which then are never held for all cells at once. Returns the table of sets, with counts
    of questions and responses, and an array (number of averages, chain, draw, sets).
    """
    found = cells if isinstance(cells, QuestionSets) else question_sets(cells, by)
    weights = question_weights(
        found.size, len(values[0]), population=population, seed=seed, cluster=found.cluster, own=found.own
    )
    draws = len(values[0])
    out: list[list[np.ndarray]] = []
    for rows in found.rows:
        w = weights[:, found.question[rows]]
        total = w.sum(axis=1)
        mine = [value[:, rows] for value in values]
        if transform is not None:
            mine = list(transform(*mine))
        out.append([np.einsum("dc,dc->d", w, value, dtype=float) / total for value in mine])
    means = np.moveaxis(np.array(out), 0, -1).reshape(-1, chains, draws // chains, len(found.rows))
    return found.table, means


@dataclass(frozen=True)
class QuestionSets:
    """Sets of cells that agree in some columns.

    Attributes
    ----------
    table
        One row per set: the columns, `questions` and `responses`.
    rows
        The cells of each set.
    question, size
        (cells,) index of each cell's question, and the number of questions.
    cluster, own
        (questions,) cluster and own weight of each question; None where none were named.
    """

    table: pd.DataFrame
    rows: list[np.ndarray]
    question: np.ndarray
    size: int
    cluster: np.ndarray | None = None
    own: np.ndarray | None = None

    @property
    def units(self) -> np.ndarray:
        """(sets,) how many questions, or clusters of them, each set has."""
        unit = self.question if self.cluster is None else self.cluster[self.question]
        return np.array([len(np.unique(unit[rows])) for rows in self.rows])

    def weights(self, draws: int, *, population: str, seed: int) -> Iterator[tuple[slice, np.ndarray]]:
        """`weight_blocks` of these questions."""
        return weight_blocks(self.size, draws, population=population, seed=seed, cluster=self.cluster, own=self.own)


def question_sets(cells: pd.DataFrame, by: Sequence[str]) -> QuestionSets:
    """The sets of cells that agree in the `by` columns, sorted; all cells where there are no columns."""
    import pandas as pd

    q = question_index(cells)
    by = list(by)
    refuse_outcomes(by)
    if by:
        index = cells.groupby(by, sort=True, observed=True, dropna=False).ngroup().to_numpy()
        first = np.unique(index, return_index=True)[1]
        table = cells.iloc[first][by].reset_index(drop=True)
    else:
        index, table = np.zeros(len(cells), int), pd.DataFrame(index=[0])
    order = np.argsort(index, kind="stable")
    rows = np.split(order, np.searchsorted(index[order], np.arange(1, len(table))))
    counts = cells["responses"].to_numpy()
    table = table.assign(questions=[len(np.unique(q[r])) for r in rows], responses=[int(counts[r].sum()) for r in rows])
    return QuestionSets(table, rows, q, int(q.max()) + 1, *question_units(cells, q))


def set_weights(found: QuestionSets, draws: int, *, population: str, seed: int) -> Float[np.ndarray, "draws sets"]:
    """(draws, sets) weight of each set of questions: the sum over its cells of their questions' weights."""
    out = np.empty((draws, len(found.rows)))
    for block, w in found.weights(draws, population=population, seed=seed):
        out[block] = np.stack([w[:, found.question[rows]].sum(axis=1) for rows in found.rows], axis=-1)
    return out


def refuse_unknown(cells: pd.DataFrame, by: Sequence[str]) -> None:
    """Refuse columns that the cells do not have."""
    for name in by:
        if name not in cells:
            raise BadInput(f"There is no column {name!r}; the cells have {', '.join(map(str, cells.columns))}.")


def pair_moments(error: Float[np.ndarray, " *draws"], variance: Float[np.ndarray, " *draws"]) -> tuple[np.ndarray, ...]:
    """a, a² and Σ w² over wrong options of one-hot answers, from Brier error 2 (1 - a) and variance 1 - Σ p².

    >>> [float(x) for x in pair_moments(np.array(0.5), np.array(0.375))]
    [0.75, 0.5625, 0.0625]
    """
    a = 1 - error / 2
    return a, a**2, np.maximum((1 - variance) - a**2, 0)
