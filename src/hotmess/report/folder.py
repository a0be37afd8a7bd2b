"""The folder of a report: it replaces only an earlier report, and nothing else with it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from hotmess import files
from hotmess.errors import BadInput

FORMAT = "hotmess report 1"
LONGEST = 240
"""Bytes of the longest name: what is unfinished stands beside it under a longer one."""


@contextlib.contextmanager
def whole_folder(out: Path, *, force: bool = False) -> Iterator[Path]:
    """A new folder beside `out`, which takes the place of `out` at the end; an exception leaves `out` as it was.

    Raises
    ------
    BadInput
        If `out` cannot be written, or holds something other than an earlier report.
    """
    check(out, force=force)
    with files.whole_folder(out) as fresh:
        yield fresh
        if force:
            _put_aside(out)
        check(out)


def _put_aside(out: Path) -> None:
    """A folder that is no report keeps all that it holds, under another name."""
    try:
        check(out)
    except BadInput:
        number = next(n for n in range(1, 10_000) if not os.path.lexists(f"{out}.before-{n}"))
        os.rename(out, f"{out}.before-{number}")


def check(out: Path, *, inputs: Iterable[str] = (), force: bool = False) -> None:
    """Refuse to replace anything but an empty folder or an earlier report with nothing of others in it.

    With `force` what is there is put aside, under a name ending in `.before-1`, unless an input lies in it.
    """
    if len(os.fsencode(out.name)) > LONGEST:
        raise BadInput(f"--out {str(out)!r} is too long a name for a folder.")
    with contextlib.suppress(OSError):
        files.tidy(Path(os.path.realpath(out)))
    source = next((one for one in inputs if same_or_inside(Path(one), str(out))), None)
    if source is not None:
        raise BadInput(
            f"The input {source!r} lies in --out {str(out)!r}, which the report replaces; choose another --out."
        )
    if not out.exists():
        return
    if force:
        return
    if not out.is_dir():
        raise BadInput(f"{str(out)!r} is a file, and a report is a folder: choose another --out.")
    have = {path.name for path in out.iterdir()}
    if not have:
        return
    try:
        earlier = json.loads((out / "results.json").read_text(encoding="utf-8"))
        ours = isinstance(earlier, dict) and earlier.get("format") == FORMAT
        listed = set(earlier["files"]) if ours else set()
    except (OSError, ValueError, KeyError, TypeError):
        ours, listed = False, set()
    if not ours:
        raise BadInput(f"The folder {str(out)!r} holds something other than a report of hotmess; choose another --out.")
    strange = sorted(have - listed)
    if strange:
        raise BadInput(
            f"The folder {str(out)!r} holds {strange[0]!r}, which no report wrote; move it, or choose another --out."
        )


def same_or_inside(path: Path, source: str) -> bool:
    """Whether a path is a source, or lies in one that is a folder.

    >>> same_or_inside(Path("a/b.parquet"), "a"), same_or_inside(Path("a.parquet"), "b.parquet")
    (False, False)
    """
    one = Path(source)
    try:
        if path.exists() and one.exists() and os.path.samefile(path, one):
            return True
        return one.is_dir() and path.exists() and path.resolve().is_relative_to(one.resolve())
    except (OSError, ValueError):
        return False
