"""Where this package keeps what can be made again."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def cache_folder() -> Path | None:
    """`hotmess` in the user's cache folder: `XDG_CACHE_HOME`, else the platform's own; None where there is no home.

    With HOTMESS_NO_CACHE set there is none either.
    """
    if os.environ.get("HOTMESS_NO_CACHE"):
        return None
    given = os.environ.get("XDG_CACHE_HOME")
    if given and Path(given).is_absolute():
        return Path(given) / "hotmess"
    try:
        home = Path.home()
    except RuntimeError:  # no HOME, and a user without an entry
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "hotmess"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "hotmess"
    return home / ".cache" / "hotmess"


@contextlib.contextmanager
def without_cache(wanted: bool = True) -> Iterator[None]:
    """No cache folder inside the block, in this process and in those that it starts; one as before if not `wanted`."""
    before = os.environ.get("HOTMESS_NO_CACHE")
    if wanted:
        os.environ["HOTMESS_NO_CACHE"] = "1"
    try:
        yield
    finally:
        if wanted and before is None:
            os.environ.pop("HOTMESS_NO_CACHE", None)
        elif wanted and before is not None:
            os.environ["HOTMESS_NO_CACHE"] = before


def bear_no_home() -> None:
    """Where there is no home, say that it is nowhere: libraries that look for one when imported then find nothing."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = os.devnull
