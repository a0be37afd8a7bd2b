"""Reduction of responses to cells: counts and sufficient statistics, by one pass of SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotmess.decompose.points import Points, from_tally
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
    for name in dict.fromkeys([*cell, *carried, *(["context"] if context else [])]):
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
        connection.register("responses", arrow(pd.DataFrame(frame, copy=False)))
        rows = tally(connection, sql)
    finally:
        connection.close()
    if not rows.num_rows:
        raise BadInput(f"No response has a value in {', '.join(split)}.")
    return _cells(rows, responses, cell, context, space or Space())


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


def _cells(rows: pa.Table, responses: Responses, cell: list[str], context: bool, space: Space) -> Cells:
    """From counted values to cells."""
    change = _changes(rows, cell)
    owner = np.cumsum(change) - 1
    first = np.flatnonzero(change)
    keep = [name for name in [*cell, *CARRIED] if name in rows.column_names]
    table = rows.select(keep).take(first).to_pandas()
    copies = rows["copies"].to_numpy().astype(np.int64)
    inside = None
    if context:
        inside = np.cumsum(change | _changes(rows, ["context"])) - 1
    placed = positions(rows["value"], owner, table, responses, space)
    if "target" in table.columns and placed.target_code is not None:
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
    points = from_tally(placed.z, placed.target, cell=owner, copies=copies, context=inside)
    counts = clusters = None
    if responses.outcome == "answer":
        kinds = int(table["n_choices"].max())
        code = rows["value"].to_numpy().astype(np.int64)
        hot = np.eye(kinds + 1, dtype=np.int64)[code]
        counts = np.add.reduceat(copies[:, None] * hot, first, axis=0)
        linear = from_tally(
            hot.astype(float), np.zeros((len(table), kinds + 1)), cell=owner, copies=copies, context=inside
        )
        clusters = linear.sum.astype(np.int64)
    return Cells(table, points, counts, clusters, responses.outcome)


def _changes(rows: pa.Table, names: Sequence[str]) -> np.ndarray:
    """Where a row's values differ from the row before."""
    import pyarrow.compute as pc

    out = np.zeros(rows.num_rows, dtype=bool)
    out[0] = True
    for name in names:
        column = rows[name].combine_chunks()
        code = pc.rank(column, sort_keys="ascending", tiebreaker="dense").to_numpy()
        out[1:] |= code[1:] != code[:-1]
    return out
