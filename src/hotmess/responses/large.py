"""Large Parquet tables are counted where they lie, without being asked for, wherever counts are all that is needed.

The counts are those of `hotmess.responses.counted`, so cells and all that is made of them are the same. Where anything
would be read otherwise by the engine (names to be guessed, logs, sources, several outcomes), or it refuses a table,
the table is read whole: what is wrong with it is then said of its row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.limits import memory
from hotmess.looks import KEY
from hotmess.responses.naming import USUAL, usual
from hotmess.responses.outcomes import OUTCOMES
from hotmess.responses.table import CELL, COUNTS
from hotmess.responses.tally import CARRIED

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

ABOVE = 1_000_000
"""Responses from which on a table is counted where it lies."""

MOST_MEMORY = 2_000_000_000
"""Bytes that the engine holds at most; beyond, it spills to disk."""

LISTS = ("probs", "tests", "embedding", "point", "target_point")
"""Columns that hold lists."""

TAKEN = (
    *("columns", "constants", "models", "model", "where", "outcome", "metric", "length", "scale", "merge"),
    *("outside_unparsable", "allow_copies", "cluster", "weight"),
)
"""What an engine can be asked, among the arguments of `hotmess.read`."""


def count_if_large(paths: Sequence[Any], *, keep: Sequence[str], asked: Mapping[str, Any]) -> Responses | None:
    """The counts of large Parquet tables; None where these are to be read whole.

    Args:
        paths: files and folders.
        keep: columns by which groups are made.
        asked: arguments of `hotmess.read`.
    """
    if any(value for name, value in asked.items() if name not in TAKEN):
        return None
    names = _names(paths)
    if names is None or not _plain(names, asked):
        return None
    from hotmess.responses.read import read

    renamed = {**(asked.get("columns") or {})}
    own = {*CELL, "context", "sample", *CARRIED, *COUNTS, *OUTCOMES}
    further = [name for name in dict.fromkeys(keep) if (name in names or name in renamed) and name not in own]
    engine = f"duckdb://?memory_limit={min(memory(), MOST_MEMORY)}B"
    given = {name: asked[name] for name in TAKEN if asked.get(name)}
    try:
        return read(list(paths), engine=engine, keep=further, **given)
    except BadInput:
        return None  # what is wrong is said of its row


def _names(paths: Sequence[Any]) -> list[str] | None:
    """The columns of large Parquet files, the same in all; None for anything else."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, names = 0, None
    for path in paths:
        if not isinstance(path, (str, Path)) or "://" in str(path) or not Path(path).exists():
            return None
        root = Path(path)
        for file in [root] if root.is_file() else sorted(root.rglob("*")):
            if file.is_dir():
                continue
            if file.suffix != ".parquet" or "=" in str(file) or not file.is_file():
                return None
            try:
                about = pq.read_metadata(file)
            except (OSError, pa.ArrowException):
                return None
            found = about.schema.to_arrow_schema()
            if KEY in (about.metadata or {}) or (names is not None and found.names != names):
                return None
            if any(pa.types.is_nested(one.type) and one.name not in LISTS for one in found):
                return None  # several right answers, records of a log
            rows, names = rows + about.num_rows, found.names
    return names if rows >= ABOVE else None


def _plain(names: Sequence[str], asked: Mapping[str, Any]) -> bool:
    """Whether nothing is guessed: every column is ours or nobody's, samples are numbered, there is one outcome."""
    renamed = {**(asked.get("columns") or {})}
    if len(set(names)) < len(names) or not all(theirs in names for theirs in renamed.values()):
        return False
    given = {*renamed, *(asked.get("constants") or {}), *(("model",) if asked.get("model") else ())}
    there = [name for name in names if name not in renamed.values()]
    ours = {*there, *given}
    if not {"model", "question", "sample"} <= ours or set(COUNTS) & ours:
        return False
    if any(one not in ours and usual(there, one) for one in USUAL):
        return False
    outcomes = [one for one in OUTCOMES if one in ours]
    return len(outcomes) == 1 or (asked.get("outcome") in outcomes and "score" not in outcomes)
