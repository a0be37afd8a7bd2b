"""A table of responses as a file of this package: written whole, and known again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hotmess.files import whole_file
from hotmess.looks import KEY

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.looks.record import Looks

MARK = b"hotmess.responses"
"""The key in a Parquet file's metadata that says that this package has written it."""


def write(table: pd.DataFrame, path: Path, *, looks: Looks | None = None) -> None:
    """Write a table as Parquet, whole or not at all, with the record of looks that belongs to it.

    Raises:
        BadInput: where the file cannot be written.
    """
    import pyarrow.parquet as pq

    from hotmess.responses.filter import arrow

    content = arrow(table)
    kept = {} if looks is None else {KEY: looks.model_dump_json().encode()}
    content = content.replace_schema_metadata({**(content.schema.metadata or {}), MARK: b"1", **kept})
    with whole_file(path) as file:
        pq.write_table(content, file, compression="zstd")


def table_is_ours(path: Path) -> bool:
    """Whether a file is a table of responses that this package has written."""
    import pyarrow.parquet as pq

    try:
        return MARK in (pq.read_schema(path).metadata or {})
    except Exception:  # whatever it is, it is not ours
        return False
