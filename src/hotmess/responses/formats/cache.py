"""A cache of read logs: one Parquet file for each log, forgotten when the log, the options or the reader change."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.files import whole_file
from hotmess.home import cache_folder
from hotmess.responses.formats.registry import Reader, ReadOptions
from hotmess.responses.formats.tokens import tokenizer_file

if TYPE_CHECKING:
    import pandas as pd

LAYOUT = 2
"""Version of the layout of cached files."""

END_BYTES = 1 << 16
"""So many bytes of a file's beginning and end are part of its mark."""

MAX_AGE_DAYS = 60
"""Cached files that were not used for so long are removed."""


def folder() -> Path | None:
    """`logs` in this package's cache folder; None where there is no home: nothing is kept then."""
    base = cache_folder()
    return None if base is None else base / "logs"


def key(reader: Reader, path: Path, inputs: Sequence[Path], options: ReadOptions) -> str | None:
    """A name for what a reader makes of a log: from each file's mark (`mark`), options, reader and version.

    None where a file cannot be looked at, or the reader is defined interactively and its version means nothing.
    """
    if reader.read.__module__ == "__main__":
        return None
    try:
        files = [*inputs, tokenizer_file(options.tokenizer)] if options.tokenizer else inputs
        stats = [mark(file) for file in files]
    except (OSError, BadInput):
        return None
    name = [LAYOUT, reader.name, reader.read.__module__, reader.version, str(path.resolve()), stats, asdict(options)]
    return hashlib.blake2b(json.dumps(name).encode("utf-8", "surrogateescape"), digest_size=20).hexdigest()


def mark(file: Path) -> list[Any]:
    """What tells a file's content: path, inode, size, times of its last write and change, digest of both its ends.

    The time of change (ctime) cannot be set back as that of the last write can; the ends are compared because the clock
    of some file systems is coarse.

    Raises:
        OSError: the file cannot be read.
    """
    stat, digest = file.stat(), hashlib.blake2b(digest_size=16)
    with file.open("rb") as stream:
        digest.update(stream.read(END_BYTES))
        stream.seek(max(0, stat.st_size - END_BYTES))
        digest.update(stream.read(END_BYTES))
    times = [stat.st_mtime_ns, stat.st_ctime_ns]
    return [str(file.resolve()), stat.st_ino, stat.st_size, *times, digest.hexdigest()]


def load(name: str | None) -> pd.DataFrame | None:
    """The table cached under a name, with its `attrs`; None where there is none, or none that can be read."""
    where = folder()
    if name is None or where is None:
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = where / f"{name}.parquet"
    try:
        # memory_map off: on some systems a mapped file cannot be replaced.
        table = pq.read_table(file, memory_map=False, page_checksum_verification=True)
        attrs = json.loads((table.schema.metadata or {}).get(b"hotmess", b"{}"))
        os.utime(file)
    except (OSError, pa.ArrowException, ValueError):
        return None
    frame: pd.DataFrame = table.to_pandas()
    frame.attrs = attrs
    return frame


def save(name: str | None, frame: pd.DataFrame) -> None:
    """Cache a table, written beside and moved into place. The cache never fails a read: what cannot be kept is not."""
    if name is None:
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    where = folder()
    if where is None:
        return
    try:
        where.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pandas(_plain(frame), preserve_index=False)
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"hotmess": _attrs(frame.attrs)})
        with whole_file(where / f"{name}.parquet", durable=False) as file:
            pq.write_table(table, file, compression="zstd", write_page_checksum=True)
    except (OSError, BadInput, pa.ArrowException, ValueError, TypeError):
        pass


def prune(*, now: float | None = None) -> int:
    """Remove cached files that were not used for `MAX_AGE_DAYS`; how many."""
    limit = (time.time() if now is None else now) - MAX_AGE_DAYS * 86_400
    removed, where = 0, folder()
    if where is None:
        return 0
    try:
        for file in where.iterdir():
            if file.suffix in (".parquet", ".tmp", ".part") and file.stat().st_mtime < limit:
                file.unlink(missing_ok=True)
                removed += 1
    except OSError:
        pass
    return removed


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    plain = frame.copy(deep=False)
    plain.attrs = {}
    return plain


def _attrs(attrs: Any) -> bytes:
    return json.dumps(attrs).encode()
