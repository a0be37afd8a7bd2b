"""Where this package keeps what can be made again."""

from __future__ import annotations

import os
import sys
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


def bear_no_home() -> None:
    """Where there is no home, say that it is nowhere: libraries that look for one when imported then find nothing."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = os.devnull
