"""Reduction of responses to cells: counts and sufficient statistics, by one pass of SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.decompose.points import Points, cluster, summed
from hotmess.errors import BadInput, NotTestable, OtherOutcome, listed
from hotmess.looks.chosen import asked_by_answers
from hotmess.responses.coded import release, usual
from hotmess.responses.condition import connect
from hotmess.responses.filter import arrow, arrow_column
from hotmess.responses.outcomes import OUTCOMES, refuse_outcomes
from hotmess.responses.placing import Space
from hotmess.responses.table import CELL, COUNTS, Responses
from hotmess.responses.tally import CARRIED, few_whole, tally, tally_few, tally_sql
from hotmess.responses.tally_counts import changes, narrowed, one_hot, tally_counts
from hotmess.responses.units import FACTS
from hotmess.responses.values import suggest
from hotmess.words import Short, counted

if TYPE_CHECKING:
    import pyarrow as pa

MANY = 20  # values of a number from which it is a measurement, not a setting


@dataclass(frozen=True, repr=False)
class Cells(Short):
    """One row per cell, sorted by its names, with the sufficient statistics of the outcome.

    Attributes:
        table: columns benchmark, model, question, condition, budget, any further columns of the split, family,
            model_size_b, category, n_choices, target, responses, right, unparsable, at_limit (responses cut off at a
            token limit), log2_length (mean of log₂ length, NaN where none); question_cluster and question_weight
            where they were asked for.
        points: sufficient statistics of the positions, see `hotmess.decompose.points.Points`.
        counts: letters only: int64 (cells, Kmax + 1), counts of options 0 to Kmax − 1, unparsable last; else None.
        clusters: letters only: int (m, Kmax + 1), the same counts for one copy of each row of `points`; else None.
        outcome: the outcome's column.
        chosen: whether questions were asked more often for what they had been answered (`hotmess.looks.chosen`).
        contexts: int64 (m,) number of the context of each row of `points`, the same for all cells; None where there
            are none.
    """

    table: pd.DataFrame
    points: Points
    counts: np.ndarray | None
    clusters: np.ndarray | None
    outcome: str
    chosen: bool = False
    contexts: np.ndarray | None = None

    def said(self) -> str:
        """One line for a print."""
        responses = counted(int(self.table["responses"].sum()), "response")
        return f"{counted(len(self), 'cell')}, {responses}, outcome {self.outcome}"

    def __len__(self) -> int:
        return len(self.table)


ONE_RESPONSE = (
    "Every question has one response only{}: variance cannot be told from bias; draw at least two responses per "
    "question."
)
BUT_BUDGETS = (
    " What one response at each budget can say, accuracy and agreement between budgets, is said by hotmess test (claim "
    "accuracy-rises-with-budget)."
)


def need_repeats(cells: Cells) -> None:
    """Refuse cells in which nothing can be decomposed: one response of each."""
    if int(cells.table["responses"].max()) < 2:
        budgets = cells.table["budget"].nunique() > 1
        at = " at each budget" if budgets else ""
        why = ONE_RESPONSE.format(at) + BUT_BUDGETS * budgets
        raise NotTestable(why, f"Draw at least two responses of each question{at}.")


def take_cells(cells: Cells, keep: np.ndarray) -> Cells:
    """Some cells only, in the order given by `keep`."""
    new = np.full(len(cells.table), -1)
    new[keep] = np.arange(len(keep))
    p = cells.points
    rows = np.flatnonzero(new[p.cell] >= 0)
    rows = rows[np.argsort(new[p.cell[rows]], kind="stable")]
    return Cells(
        cells.table.iloc[keep].reset_index(drop=True),
        p.take(rows, new[p.cell[rows]], p.target[keep]),
        None if cells.counts is None else cells.counts[keep],
        None if cells.clusters is None else cells.clusters[rows],
        cells.outcome,
        cells.chosen,
        None if cells.contexts is None else cells.contexts[rows],
    )


@listed("split")
def reduce(
    responses: Responses, *, split: Sequence[str] = (), space: Space | None = None, alone: bool = False
) -> Cells:
    """Reduce responses to cells.

    Args:
        responses: validated responses.
        split: further columns that divide cells (difficulty, half, …); rows where one is null belong to no cell.
        space: the space of positions; default the squared family's, unparsable answers uniform.
        alone: whether a number may leave most responses alone in their cells.

    Raises:
        BadInput: for a split column that is not there, an outcome, or a number that leaves most responses alone in
            their cells; or when no row is left.
    """
    Responses.need(responses)
    table = responses.table
    refuse_outcomes(split)
    for name in split:
        if name not in table.columns:
            raise BadInput(f"There is no column {name!r} to split by{suggest(name, table.columns)}.")
    cell = [*CELL, *(name for name in split if name not in CELL)]
    frame: dict[str, Any] = {"value": OUTCOMES[responses.outcome].values(responses)}
    # Whole numbers in place of names, and only for what varies: the same cells, in a fraction of the time.
    coded = [codes for codes in (_numbered(table[name]) for name in cell) if codes is not None]
    frame |= {f"c{number}": codes for number, codes in enumerate(coded)}
    context = None if table["context"].isna().all() else _numbered(table["context"])
    if context is not None:
        frame["context"] = context
    if responses.counted:
        frame |= {name: table[name] for name in COUNTS}
    else:
        if responses.length is not None:
            frame["length"] = table[responses.length]
        if "finish_reason" in table.columns:
            frame["finish_reason"] = table["finish_reason"]
    del coded, context
    names = [f"c{number}" for number in range(len(frame)) if f"c{number}" in frame]
    rows = tally_counts(frame, names) if responses.counted else None
    if rows is None:
        found = arrow(frame | {"row": np.arange(len(table))})
        small = not responses.counted and few_whole(found, names)
        made = tally_few(found, names) if small else _tally_by_sql(found, names, responses.counted)
        rows = {name: made[name].to_numpy() for name in made.column_names}
    del frame
    if not len(rows["row"]):
        raise BadInput(f"No response has a value in {', '.join(split)}.")
    cells = _cells(rows, responses, cell, names, space or Space())
    if not alone:
        _refuse_alone(cells.table, [c for c in split if c not in CELL])
    return cells


def _tally_by_sql(found: pa.Table, names: Sequence[str], counted: bool) -> pa.Table:
    """The same by DuckDB, which keeps to the memory that is allowed, whatever the values are."""
    sql = tally_sql(
        "responses",
        value="value",
        cell=names,
        context="context" in found.column_names,
        length="length" if "length" in found.column_names else None,
        carried={"row": "min"},
        finish_reason="finish_reason" in found.column_names,
        counted=counted,
    )
    connection = connect()
    try:
        connection.register("responses", found)
        return tally(connection, sql)
    finally:
        connection.close()


def _refuse_alone(table: pd.DataFrame, split: Sequence[str]) -> None:
    """Refuse a number of many values that leaves most responses alone in their cells, as a length does."""
    many = [c for c in split if pd.api.types.is_numeric_dtype(table[c]) and table[c].nunique() > MANY]
    if not many:
        return
    alone = int((table.duplicated(list(CELL), keep=False) & (table["responses"] == 1)).sum())
    if alone > len(table) / 2:
        raise BadInput(
            f"Groups by {many[0]}, a number of {table[many[0]].nunique():,} values, leave {alone:,} of {len(table):,} "
            "cells with one response, in which nothing scatters: group by ranges of it, in a column of your own "
            "(pandas.cut makes one), or questions by their length (--by difficulty)."
        )


def _numbered(series: pd.Series) -> pa.Array | None:
    """Whole numbers in place of names, in the names' order (categories in theirs); None for a column of one value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = arrow_column(series)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_dictionary(values.type):
        return None if len(values.dictionary) == 1 and not values.null_count else values.indices
    if pa.types.is_nested(values.type):
        values = pa.array([None if v is None else str(v) for v in values.to_pylist()], type=pa.string())
    coded = values.dictionary_encode()
    if len(coded.dictionary) == 1 and not coded.null_count:
        return None
    order = pc.array_sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return pc.take(pa.array(rank), coded.indices)


def _cells(
    rows: dict[str, np.ndarray], responses: Responses, cell: list[str], varying: list[str], space: Space
) -> Cells:
    """From counted values to cells; `rows` is emptied, each column as soon as it is used."""
    change = changes(rows, varying)
    edge = np.append(np.flatnonzero(change), len(change))  # between cells
    inside = context = None
    if "context" in rows:
        inside = np.cumsum(change | changes(rows, ["context"])) - 1
        context = np.nan_to_num(rows["context"].astype(np.float64), nan=-1.0).astype(np.int64)
    for name in varying:
        del rows[name]

    def add(values: np.ndarray) -> np.ndarray:
        """Sums over the rows of each cell."""
        kind = np.float64 if values.dtype.kind == "f" else np.int64
        return summed(edge, lambda some: values[some].astype(kind, copy=False))

    def times(values: np.ndarray) -> np.ndarray:
        """The same, each row as often as it has copies."""
        return summed(edge, lambda some: copies[some] * values[some])

    copies = narrowed(rows.pop("copies"))
    sums = {"responses": add(copies), "at_limit": add(rows.pop("at_limit"))}
    with np.errstate(invalid="ignore"):  # where no response has a length, both are 0
        sums["log2_length"] = add(rows.pop("log2_length")) / add(rows.pop("lengths"))
    at = rows.pop("row")[edge[:-1]]
    table = _facts(responses, at, cell)
    outcome, value = OUTCOMES[responses.outcome], rows.pop("value")
    owner: np.ndarray = np.cumsum(change, dtype=np.int32)
    owner -= 1
    del change
    placed = outcome.place(value, owner, table, responses, space)
    sums |= {"right": times(placed.right), "unparsable": times(placed.unparsable)}
    order = [*cell, *(name for name in CARRIED if name not in cell)]
    more = [name for name in (*FACTS, *outcome.carried) if name in responses.table.columns and name not in order]
    for name in ("responses", "right", "unparsable", "at_limit", "log2_length"):
        table[name] = sums.pop(name)
    for name in more:
        table[name] = responses.table[name].to_numpy()[at]
    places, kind, target = placed.places, placed.kind, placed.target
    del placed, at
    groups = cluster(owner, copies, inside, cells=len(table))
    del owner
    if responses.counted:
        release()
    counts = clusters = None
    if outcome.model == "letters":
        width = int(table["n_choices"].max()) + 1
        clusters = one_hot(value, width, np.int8 if inside is None else np.int64)
        del value
        counts = np.empty((len(table), width), dtype=np.int64)
        for option in range(width):
            counts[:, option] = times(clusters[:, option])
        clusters = groups.sum(clusters)
    norms = np.einsum("md,md->m", places, places)
    if groups.rows is not None:  # of contexts, sums of places
        places, norms = (groups.sum(x if kind is None else x[kind]) for x in (places, norms))
        kind = None
    points = Points(groups.cell, groups.copies, groups.n, places, norms, target, kind)
    chosen = not responses.counted and asked_by_answers(responses.table, responses.looks)
    contexts = None if context is None or groups.rows is None else context[groups.rows[groups.starts]]
    return Cells(table, points, counts, clusters, responses.outcome, chosen, contexts)


def _facts(responses: Responses, at: np.ndarray, cell: list[str]) -> pd.DataFrame:
    """Names of the cells of these rows, and what is constant in a cell, whether there is any or not."""
    names = [*cell, *(name for name in CARRIED if name in responses.table.columns and name not in cell)]
    table = responses.table[names].iloc[at].reset_index(drop=True)
    for name in (*CELL, *CARRIED) if responses.counted else ():
        if name in table.columns:
            table[name] = usual(table[name])
    for name, fill in (("family", ""), ("model_size_b", np.nan), ("category", ""), ("n_choices", 0), ("target", -1)):
        if name not in table.columns:
            table[name] = fill
    return table[[*cell, *(name for name in CARRIED if name not in cell)]]


def need_letters(cells: Cells, what: str) -> None:
    """
    Raises
    ------
    NotTestable
        For other outcomes than letters: `what`, such as "These checks are of", letter answers.
    """
    if cells.counts is None:
        raise OtherOutcome(f"{what} letter answers; the outcome here is another.")
