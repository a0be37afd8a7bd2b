"""A cache of read logs: one Parquet file for each log, forgotten when the log, the options or the reader change."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.responses.formats.registry import Reader, ReadOptions
from hotmess.responses.formats.tokens import tokenizer_file

if TYPE_CHECKING:
    import pandas as pd

LAYOUT = 1
"""Version of the layout of cached files."""

MAX_AGE_DAYS = 60
"""Cached files that were not used for so long are removed."""


def folder() -> Path:
    """`hotmess` in the user's cache folder: `XDG_CACHE_HOME`, else the platform's own."""
    home = os.environ.get("XDG_CACHE_HOME")
    if home and Path(home).is_absolute():
        base = Path(home)
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path.home() / ".cache"
    return base / "hotmess" / "logs"


def key(reader: Reader, path: Path, inputs: Sequence[Path], options: ReadOptions) -> str | None:
    """A name for what a reader makes of a log: from path, size and time of each file, options, reader and version.

    None where a file cannot be looked at, or the reader is defined interactively and its version means nothing.
    """
    if reader.read.__module__ == "__main__":
        return None
    try:
        files = [*inputs, tokenizer_file(options.tokenizer)] if options.tokenizer else inputs
        stats = [(str(file.resolve()), (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files]
    except (OSError, BadInput):
        return None
    name = [LAYOUT, reader.name, reader.read.__module__, reader.version, str(path.resolve()), stats, asdict(options)]
    return hashlib.blake2b(json.dumps(name).encode("utf-8", "surrogateescape"), digest_size=20).hexdigest()


def load(name: str | None) -> pd.DataFrame | None:
    """The table cached under a name, with its `attrs`; None where there is none, or none that can be read."""
    if name is None:
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = folder() / f"{name}.parquet"
    try:
        # memory_map off: on some systems a mapped file cannot be replaced.
        table = pq.read_table(file, memory_map=False)
        attrs = json.loads((table.schema.metadata or {}).get(b"hotmess", b"{}"))
        os.utime(file)
    except (OSError, pa.ArrowException, ValueError):
        return None
    frame = table.to_pandas()
    frame.attrs = attrs
    return frame


def save(name: str | None, frame: pd.DataFrame) -> None:
    """Cache a table, written beside and moved into place. The cache never fails a read: what cannot be kept is not."""
    if name is None:
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    scratch: Path | None = None
    try:
        target = folder() / f"{name}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pandas(_plain(frame), preserve_index=False)
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"hotmess": _attrs(frame.attrs)})
        handle, scratch_name = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
        scratch = Path(scratch_name)
        os.close(handle)
        pq.write_table(table, scratch, compression="zstd")
        scratch.replace(target)
    except (OSError, pa.ArrowException, ValueError, TypeError):
        if scratch is not None:
            scratch.unlink(missing_ok=True)


def prune(*, now: float | None = None) -> int:
    """Remove cached files that were not used for `MAX_AGE_DAYS`; how many."""
    limit = (time.time() if now is None else now) - MAX_AGE_DAYS * 86_400
    removed = 0
    try:
        for file in folder().iterdir():
            if file.suffix in (".parquet", ".tmp") and file.stat().st_mtime < limit:
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
