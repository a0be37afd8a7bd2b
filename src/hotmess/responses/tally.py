"""One pass of SQL: equal responses of a cell, counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

from hotmess.responses.table import CELL

FEW = 50_000  # rows that are counted without an engine
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


def few_whole(responses: pa.Table, cell: Sequence[str]) -> bool:
    """Whether there are few rows, whose values and cells are whole numbers: `tally_few` can count them."""
    import pyarrow as pa

    whole = all(pa.types.is_integer(responses[name].type) for name in ("value", *cell))
    return whole and len(responses) <= FEW and not responses["value"].null_count


def tally_few(responses: pa.Table, cell: Sequence[str]) -> pa.Table:
    """What the query counts, without an engine, which takes longer to start than to count few rows.

    >>> import pyarrow as pa
    >>> rows = pa.table({"c0": [1, 1, 0], "value": [2, 2, 0], "length": [8.0, 4.0, None], "row": [0, 1, 2]})
    >>> tally_few(rows, ["c0"]).to_pylist()[1] == dict(
    ...     c0=1, value=2, row=0, copies=2, log2_length=5.0, lengths=2, at_limit=0)
    True
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in cell:
        responses = responses.filter(pc.is_valid(responses[name])) if responses[name].null_count else responses
    names, size = responses.column_names, len(responses)
    keys = [*cell, *(["context"] if "context" in names else []), "value"]
    columns = {name: responses[name] for name in (*keys, "row")}
    if "context" in names:
        columns["context"] = pc.fill_null(columns["context"], -1)
    log2 = np.full(size, np.nan)
    if "length" in names:
        length = responses["length"].to_numpy().astype(float)
        log2 = np.log2(length, out=log2, where=length > 0)
    columns["log2_length"] = pa.array(log2, from_pandas=True)
    cut = pc.equal(responses["finish_reason"], "length") if "finish_reason" in names else pa.nulls(size, pa.bool_())
    columns["at_limit"] = cut
    sums = [("row", "min"), ("row", "count"), ("log2_length", "sum"), ("log2_length", "count"), ("at_limit", "sum")]
    found = pa.table(columns).group_by(keys, use_threads=False).aggregate(sums)
    made = {name: found[name] for name in keys} | {"row": found["row_min"], "copies": found["row_count"]}
    made["log2_length"] = pc.fill_null(found["log2_length_sum"], 0.0)
    made["lengths"] = found["log2_length_count"]
    made["at_limit"] = pc.fill_null(found["at_limit_sum"], 0)
    return pa.table(made).sort_by([(name, "ascending") for name in keys])


def tally(connection: DuckDBPyConnection, sql: str) -> pa.Table:
    """Run a tally query; the result as an Arrow table."""
    return connection.sql(sql).to_arrow_table()


def quoted(name: str) -> str:
    """An identifier in SQL.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'
