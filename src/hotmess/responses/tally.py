"""One pass of SQL: equal responses of a cell, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

from hotmess.responses.table import CELL

CARRIED = ("family", "model_size_b", "category", "n_choices", "target")
"""Columns that are constant in a cell and go with it."""


def tally_sql(
    relation: str,
    *,
    value: str,
    cell: Sequence[str] = CELL,
    context: bool = False,
    length: str | None = None,
    carried: Mapping[str, str] | None = None,
    finish_reason: bool = False,
    counted: bool = False,
) -> str:
    """The query that counts equal values within each cell (and context): anything DuckDB can name is a relation.

    Columns of the result: the cell's, `context` if asked for, `value`, `copies`, `log2_length` (sum of log₂ length),
    `lengths` (how many have one), `at_limit` (cut off at a token limit), and `carried` ones (column → aggregate);
    sorted by cell. With `counted` a row stands for several responses, see `COUNTS`. Rows where a cell's column that is
    not one of the five of `CELL` is null belong to no cell.

    >>> print(tally_sql("t", value="answer", cell=["model"]))
    SELECT "model", "answer" AS value, count(*) AS copies, 0.0 AS log2_length, 0 AS lengths, 0 AS at_limit
    FROM t
    GROUP BY "model", "answer"
    ORDER BY "model", "answer" NULLS FIRST
    """
    names = [quoted(name) for name in cell]
    keys = [*names, *(["context"] if context else [])]
    has = f"{quoted(length)} > 0" if length else ""
    total = f"coalesce(sum(log2({quoted(length)})) FILTER ({has}), 0.0)" if length else "0.0"
    count = f"count(*) FILTER ({has})" if length else "0"
    limit = "count(*) FILTER (finish_reason = 'length')" if finish_reason else "0"
    copies = "count(*)"
    if counted:
        copies, count, limit = (f"CAST(sum({name}) AS BIGINT)" for name in ("copies", "with_length", "at_limit"))
        total = "sum(sum_log2_length)"
    columns = [
        *keys,
        f"{quoted(value)} AS value",
        f"{copies} AS copies",
        f"{total} AS log2_length",
        f"{count} AS lengths",
        f"{limit} AS at_limit",
        *(f"{how}({quoted(name)}) AS {quoted(name)}" for name, how in (carried or {}).items()),
    ]
    extra = [quoted(name) for name in cell if name not in CELL]
    where = "WHERE " + " AND ".join(f"{name} IS NOT NULL" for name in extra) + "\n" if extra else ""
    order = [*names, *(["context NULLS FIRST"] if context else []), f"{quoted(value)} NULLS FIRST"]
    return (
        f"SELECT {', '.join(columns)}\nFROM {relation}\n{where}"
        f"GROUP BY {', '.join([*keys, quoted(value)])}\nORDER BY {', '.join(order)}"
    )


def tally(connection: DuckDBPyConnection, sql: str) -> pa.Table:
    """Run a tally query; the result as an Arrow table."""
    return connection.sql(sql).to_arrow_table()


def quoted(name: str) -> str:
    """An identifier in SQL.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'
