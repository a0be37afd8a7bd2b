"""JAX with what it compiles kept on disk, so that the next process reads in milliseconds what this one compiled."""

from __future__ import annotations

import contextlib
import importlib
import os
from pathlib import Path
from typing import Any

from hotmess.home import cache_folder

MOST = 8_000
"""Compiled programs that are kept, some 70 kB each; beyond, the older half goes."""


def cached_jax() -> Any:
    """JAX with its persistent compilation cache on, in the user's cache folder unless the user has set one.

    A fit compiles some two hundred programs, most of them small: all are kept, however quickly they were compiled.
    """
    jax: Any = importlib.import_module("jax")
    base = cache_folder()
    if jax.config.jax_compilation_cache_dir is None and base is not None:
        with contextlib.suppress(OSError):
            folder = base / "jax"
            folder.mkdir(parents=True, exist_ok=True)
            prune(folder)
            jax.config.update("jax_compilation_cache_dir", str(folder))
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    return jax


def prune(folder: Path, most: int = MOST) -> int:
    """Remove empty files, which a process killed while writing leaves, and, of more than `most`, the older half.

    Returns how many were removed. What another process removes or writes meanwhile is no failure.
    """
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                stat = entry.stat()
                found.append((stat.st_size > 0, stat.st_mtime_ns, entry.path))
    found.sort()
    whole = sum(full for full, _, _ in found)
    gone = found[: len(found) - whole + (whole - most // 2 if whole > most else 0)]
    for _, _, path in gone:
        with contextlib.suppress(OSError):
            os.unlink(path)
    return len(gone)
