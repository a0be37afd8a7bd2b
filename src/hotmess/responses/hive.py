"""Folders that are named like columns: `model=owl-1b/budget=low/part-0.parquet`."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

_PAIR = re.compile(r"([A-Za-z_]\w*)=(.*)")


def partitions(file: Path, root: Path) -> dict[str, str]:
    """Columns and their values by the names of the folders between a root and a file, the root's own name included.

    >>> partitions(Path("data/model=m/budget=a%20b/x.parquet"), Path("data"))
    {'model': 'm', 'budget': 'a b'}
    """
    inner = file.parent.relative_to(root).parts if file.is_relative_to(root) else ()
    outer: list[str] = []
    for part in reversed(root.parts if root.is_dir() or file != root else ()):
        if not _PAIR.fullmatch(part):
            break
        outer.insert(0, part)
    out: dict[str, str] = {}
    for part in (*outer, *inner):
        found = _PAIR.fullmatch(part)
        if found and found[2] != "__HIVE_DEFAULT_PARTITION__":
            out[found[1]] = unquote(found[2])
    return out
