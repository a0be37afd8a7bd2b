"""What is refused of counts: odd lengths, and responses that stand twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput
from hotmess.responses.condition import connect
from hotmess.responses.table import CELL
from hotmess.responses.tally import quoted
from hotmess.responses.validate import LONGEST

if TYPE_CHECKING:
    import pyarrow as pa


def refuse_odd_lengths(counted: pa.Table, length: str) -> None:
    odd = np.flatnonzero(counted["odd_lengths"].to_numpy())
    if len(odd):
        (row,) = counted.slice(int(odd[0]), 1).to_pylist()
        raise BadInput(
            f"Column {length} holds a length below 0 or above {LONGEST:g} in a response of model {row['model']!r} to "
            f"question {str(row['question'])!r}."
        )


def refuse_duplicates(counted: pa.Table) -> None:
    """In each cell and context there must be as many sample numbers as responses."""
    import pyarrow as pa

    words = [name for name in counted.column_names if name.startswith("seen_")]
    keys = [name for name in (*CELL, "context") if name in counted.column_names]
    bits = " + ".join(f"CAST(bit_count(bit_or({word})) AS BIGINT)" for word in words)
    listed = ", ".join(map(quoted, keys))
    connection = connect()
    try:
        columns = {name: _codes(counted[name]) for name in [*keys, "copies", *words]}
        columns["row_"] = pa.array(
            np.arange(counted.num_rows, dtype=np.int32 if counted.num_rows < 2**31 else np.int64)
        )
        connection.register("counts", pa.table(columns))
        again = connection.sql(
            f"SELECT min(row_) FROM counts GROUP BY {listed} HAVING sum(copies) > {bits} LIMIT 1"
        ).fetchall()
    finally:
        connection.close()
    if again:
        refuse_duplicate(counted.select(keys).slice(again[0][0], 1).to_pylist()[0])


def _codes(column: pa.ChunkedArray) -> Any:
    """The numbers of coded texts, which are faster to compare and take less memory; other columns as they are."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column
    return pa.chunked_array([chunk.indices for chunk in column.chunks])


def refuse_duplicate(row: Mapping[str, Any]) -> None:
    sample = f", sample {str(row['sample'])!r}" if "sample" in row else ""
    raise BadInput(
        f"Rows are duplicates: two responses of model {str(row['model'])!r} to question {str(row['question'])!r} have "
        f"one sample number{sample}; give repeated samples different numbers in column sample, and different settings "
        "different names in condition or budget."
    )
