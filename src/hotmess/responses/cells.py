"""Reduction of responses to cells: counts and sufficient statistics, by one pass of SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotmess.decompose.points import Points, cluster
from hotmess.errors import BadInput
from hotmess.responses.filter import arrow, connect
from hotmess.responses.positions import Space, positions
from hotmess.responses.table import CELL, Responses
from hotmess.responses.tally import CARRIED, tally, tally_sql
from hotmess.responses.values import suggest

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Cells:
    """One row per cell, sorted by its names, with the sufficient statistics of the outcome.

    Attributes:
        table: columns benchmark, model, question, condition, budget, any further columns of the split, family,
            model_size_b, category, n_choices, target, responses, right, unparsable, at_limit (responses cut off at a
            token limit), log2_length (mean of log₂ length, NaN where none).
        points: sufficient statistics of the positions, see `hotmess.decompose.points.Points`.
        counts: letters only: int64 (cells, Kmax + 1), counts of options 0 to Kmax − 1, unparsable last; else None.
        clusters: letters only: int64 (m, Kmax + 1), the same counts for one copy of each row of `points`; else None.
        outcome: the outcome's column.
    """

    table: pd.DataFrame
    points: Points
    counts: np.ndarray | None
    clusters: np.ndarray | None
    outcome: str

    def __len__(self) -> int:
        return len(self.table)


def reduce(responses: Responses, *, split: Sequence[str] = (), space: Space | None = None) -> Cells:
    """Reduce responses to cells.

    Args:
        responses: validated responses.
        split: further columns that divide cells (difficulty, half, …); rows where one is null belong to no cell.
        space: the space of positions; default the squared family's, unparsable answers uniform.

    Raises:
        BadInput: for a split column that is not there, or when no row is left.
    """
    table = responses.table
    for name in split:
        if name not in table.columns:
            raise BadInput(f"There is no column {name!r} to split by{suggest(name, table.columns)}.")
    cell = [*CELL, *(name for name in split if name not in CELL)]
    value, frame = _values(responses)
    carried = [name for name in CARRIED if name in table.columns and name not in cell]
    if responses.outcome == "text":
        carried = [name for name in carried if name not in ("target", "n_choices")]
    context = bool(table["context"].notna().any())
    has_reason = "finish_reason" in table.columns
    names: dict[str, pa.Array] = {}
    for name in [*cell, *(["context"] if context else [])]:
        frame[name], names[name] = _numbered(table[name])
    for name in carried:
        frame[name] = table[name]
    if responses.length is not None:
        frame[responses.length] = table[responses.length]
    if has_reason:
        frame["finish_reason"] = table["finish_reason"]
    sql = tally_sql(
        "responses",
        value=value,
        cell=cell,
        context=context,
        length=responses.length,
        carried=carried,
        finish_reason=has_reason,
    )
    connection = connect()
    try:
        connection.register("responses", arrow(frame))
        rows = tally(connection, sql)
    finally:
        connection.close()
    if not rows.num_rows:
        raise BadInput(f"No response has a value in {', '.join(split)}.")
    return _cells(rows, names, responses, cell, context, space or Space())


def _numbered(series: pd.Series) -> tuple[pa.Array, pa.Array]:
    """Whole numbers in place of names, in the names' order (categories in theirs), and the names: SQL is quicker so."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = pa.array(series, from_pandas=True)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_dictionary(values.type):
        return values.indices, values.dictionary
    coded = values.dictionary_encode()
    order = pc.array_sort_indices(coded.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return pc.take(pa.array(rank), coded.indices), coded.dictionary.take(pa.array(order))


def _values(responses: Responses) -> tuple[str, dict[str, object]]:
    """The column that SQL counts: scalars as they are, vectors by the number of their row."""
    table, outcome = responses.table, responses.outcome
    if outcome in ("answer", "score"):
        return outcome, {outcome: table[outcome]}
    if outcome == "text":
        names = [table["benchmark"], table["question"], table["text"].astype(object)]
        code = pd.DataFrame({"b": names[0], "q": names[1], "t": names[2]}).groupby(["b", "q", "t"], sort=True).ngroup()
        return "value", {"value": np.where(table["text"].isna(), -1, code.to_numpy(dtype=float, na_value=-1))}
    if outcome == "tests":
        code = pd.factorize(np.array([np.asarray(v).tobytes() for v in table["tests"]], dtype=object))[0]
        first = pd.Series(np.arange(len(code))).groupby(code).transform("first").to_numpy()
        return "value", {"value": first}
    return "value", {"value": np.arange(len(table))}


def _cells(
    rows: pa.Table, names: dict[str, pa.Array], responses: Responses, cell: list[str], context: bool, space: Space
) -> Cells:
    """From counted values to cells."""
    import pyarrow as pa

    change = _changes(rows, cell)
    owner = np.cumsum(change) - 1
    first = np.flatnonzero(change)
    keep = [name for name in [*cell, *CARRIED] if name in rows.column_names]
    table = rows.select(keep).take(first).to_pandas()
    for name in cell:
        code = table[name].to_numpy(dtype=np.int64)
        if isinstance(responses.table[name].dtype, pd.CategoricalDtype):
            table[name] = pd.Categorical.from_codes(code, dtype=responses.table[name].dtype)
        else:
            table[name] = names[name].take(pa.array(code)).to_pandas()
    copies = rows["copies"].to_numpy().astype(np.int64)
    inside = None
    if context:
        inside = np.cumsum(change | _changes(rows, ["context"])) - 1
    placed = positions(rows["value"], owner, table, responses, space)
    if placed.target_code is not None:
        table["target"] = placed.target_code
    add = lambda values: np.add.reduceat(values, first)  # noqa: E731
    table["responses"] = add(copies)
    table["right"] = add(copies * placed.right)
    table["unparsable"] = add(copies * placed.unparsable)
    table["at_limit"] = add(rows["at_limit"].to_numpy().astype(np.int64))
    count = add(rows["lengths"].to_numpy().astype(np.int64))
    total = add(rows["log2_length"].to_numpy().astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        table["log2_length"] = np.where(count > 0, total / count, np.nan)
    for name, fill in (("family", ""), ("model_size_b", np.nan), ("category", ""), ("n_choices", 0), ("target", -1)):
        if name not in table.columns:
            table[name] = fill
    order = [*cell, *(n for n in CARRIED if n not in cell)]
    table = table[[*order, "responses", "right", "unparsable", "at_limit", "log2_length"]]
    groups = cluster(owner, copies, inside, cells=len(table))
    squares = np.einsum("md,md->m", placed.z, placed.z)
    points = Points(groups.cell, groups.copies, groups.n, groups.sum(placed.z), groups.sum(squares), placed.target)
    counts = clusters = None
    if responses.outcome == "answer":
        hot = np.eye(int(table["n_choices"].max()) + 1, dtype=np.int64)[rows["value"].to_numpy().astype(np.int64)]
        counts = np.add.reduceat(copies[:, None] * hot, first, axis=0)
        clusters = groups.sum(hot)
    return Cells(table, points, counts, clusters, responses.outcome)


def _changes(rows: pa.Table, names: Sequence[str]) -> np.ndarray:
    """Where a row's values differ from the row before."""
    out = np.zeros(rows.num_rows, dtype=bool)
    out[0] = True
    for name in names:
        column = np.nan_to_num(rows[name].to_numpy().astype(np.float64), nan=-1.0)
        out[1:] |= column[1:] != column[:-1]
    return out
