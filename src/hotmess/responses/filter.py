"""SQL conditions on tables, with DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput
from hotmess.responses.condition import checked, connect, first_line, refusal

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def arrow(frame: pd.DataFrame | Mapping[str, Any]) -> pa.Table:
    """Columns as an Arrow table; columns of mixed types become text."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name in map(str, frame):
        columns[name] = arrow_column(frame[name])
    return pa.table(columns)


def arrow_column(values: Any) -> pa.Array | pa.ChunkedArray:
    """A column as an Arrow array; mixed types become text."""
    import pyarrow as pa

    try:
        column = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        column = pa.array([None if v is None or v != v else str(v) for v in values], type=pa.string())
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column


def rows_where(frame: pd.DataFrame, sql: str) -> np.ndarray:
    """Positions of the rows for which an SQL condition holds, in order.

    Raises:
        BadInput: DuckDB's own first line where it refuses the condition; where no row is left.
    """
    import duckdb
    import pyarrow as pa

    sql = checked(sql, map(str, frame.columns))
    table = arrow(frame)
    if "__row" in table.column_names:
        table = table.drop_columns(["__row"])
    table = table.append_column("__row", pa.array(np.arange(len(frame))))
    connection = connect()
    try:
        connection.register("responses", table)
        found = connection.execute(f"SELECT __row FROM responses WHERE (\n{sql}\n) ORDER BY __row").fetchnumpy()
    except duckdb.Error as error:
        raise refusal(sql, first_line(error), frame.columns) from None
    except RuntimeError as error:
        if "interrupted" in str(error):  # what DuckDB makes of an interruption
            raise KeyboardInterrupt from None
        raise
    finally:
        connection.close()
    rows = np.asarray(found["__row"], dtype=np.int64)
    if not len(rows):
        raise BadInput(f"No row is left by the condition {sql!r}.")
    return rows
