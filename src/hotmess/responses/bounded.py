"""Parquet that is read no further than memory allows, whatever its pages and dictionaries unpack to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotmess.limits import Budget, memory, require

if TYPE_CHECKING:
    import pyarrow as pa


def read_parquet(source: Any, what: str) -> pa.Table:
    """A Parquet file (its name, or bytes) as a table, if memory allows for its values; `what` is said of it if not.

    A value that a file stores once may stand in a million rows, and pages may be packed a thousandfold. So what there
    is to unpack is taken from the file's own account before anything is, texts are read as the file stores them, and
    how long they are together is known before they are written out.

    Raises:
        BadInput: where they take too much.
        OSError, ValueError, pyarrow.ArrowException: for a file that is not sound.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(source, memory_map=False) as file:
        account, schema = file.metadata, file.schema_arrow
        unpacked = values = 0
        for group in range(account.num_row_groups):
            columns = [account.row_group(group).column(i) for i in range(account.num_columns)]
            unpacked += sum(column.total_uncompressed_size for column in columns)
            values += sum(column.num_values for column in columns)
        require(max(unpacked, 8 * values), what)
        texts = [field.name for field in schema if _is_text(field.type)]
        nested = [field.name for field in schema if not _is_text(field.type) and _holds_text(field.type)]
        if nested:
            _require_nested(file, nested, unpacked, what)
    with pq.ParquetFile(source, memory_map=False, read_dictionary=texts) as file:
        table = file.read()
    budget = Budget(what)
    for name in texts:
        for chunk in table[name].chunks:
            if pa.types.is_dictionary(chunk.type):
                sizes = pc.fill_null(pc.binary_length(chunk.dictionary), 0).cast(pa.int64())
                budget.spend(pc.sum(sizes.take(chunk.indices)).as_py() or 0)
            else:
                budget.spend(chunk.nbytes)
    return table.cast(schema)


def _require_nested(file: Any, names: list[str], unpacked: int, what: str) -> None:
    """Texts inside lists and structs, measured a few rows at a time."""
    budget = Budget(what)
    rows = int(min(max(memory() // (4 * max(unpacked, 1)), 1), 65_536))
    for batch in file.iter_batches(batch_size=rows, columns=names):
        budget.spend(batch.nbytes)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    out: bool = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind)
    return out


def _holds_text(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return False
    inner = [kind.field(i).type for i in range(kind.num_fields)]
    return any(_is_text(one) or _holds_text(one) for one in inner)
