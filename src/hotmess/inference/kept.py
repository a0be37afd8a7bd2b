"""Where finished fits are kept: beside a report while it is made, and in the user's cache folder between commands.

Which fit is which, `hotmess.inference.resume` says. The cache folder is bounded: what was not used for longest goes.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from hotmess.files import PART, shared_folder
from hotmess.home import cache_folder

MOST = 500_000_000
"""Bytes that the cache folder holds after a command; `HOTMESS_FITS` changes it, and 0 keeps nothing."""

SHARE = 0.2
"""The largest share of that for one fit."""

SUFFIX = ".nc"
"""How the names of kept fits end."""

DAY = 86_400
"""Seconds after which a file that was not written to its end is taken for left over."""

BESIDE: ContextVar[Path | None] = ContextVar("folder of a job's finished fits", default=None)
BETWEEN: ContextVar[Path | None] = ContextVar("folder of fits kept between commands", default=None)


@contextlib.contextmanager
def keep(folder: Path) -> Iterator[None]:
    """Keep finished fits in `folder` inside the block, and use those it has; a block that ends well removes it."""
    token = BESIDE.set(folder)
    try:
        with shared_folder(folder):
            yield
    finally:
        BESIDE.reset(token)


@contextlib.contextmanager
def kept_fits() -> Iterator[None]:
    """Keep finished fits in the user's cache folder inside the block, and use those that earlier commands left."""
    base, most = cache_folder(), bound()
    if base is None or most == 0:
        yield
        return
    folder = base / "fits"
    token = BETWEEN.set(folder)
    try:
        yield
    finally:
        BETWEEN.reset(token)
        prune(folder, most)


def bound() -> int:
    """Bytes that may be kept: `HOTMESS_FITS` where it is a whole number, else `MOST`.

    >>> bound() >= 0
    True
    """
    said = os.environ.get("HOTMESS_FITS", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else MOST


def prune(folder: Path, most: int) -> int:
    """Remove what was used longest ago until no more than `most` bytes are left; how many files went.

    What another process removes or writes meanwhile is no failure. Files that no fit is kept in stay, and do not count.
    """
    found, now, gone = [], time.time(), 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.endswith((SUFFIX, PART)):
                continue
            with contextlib.suppress(OSError):
                stat = entry.stat(follow_symlinks=False)
                found.append((stat.st_mtime, stat.st_size, entry.path))
    left = sum(size for _, size, _ in found)
    for used, size, path in sorted(found):
        unfinished = path.endswith(PART)
        if (left > most and not unfinished) or (unfinished and used < now - DAY):
            with contextlib.suppress(OSError):
                os.unlink(path)
                gone += 1
            left -= size
    return gone
