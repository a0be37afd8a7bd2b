"""A folder that is written whole or not at all, and replaces only an earlier one of its kind."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hotmess.errors import BadInput

FORMAT = "hotmess report 1"


@contextlib.contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, which takes the place of `out` at the end; an exception leaves `out` as it was.

    Raises
    ------
    BadInput
        If `out` cannot be written, or holds something other than an earlier report.
    """
    out = Path(os.path.abspath(out))
    if out.is_symlink():
        out = out.resolve()
    check(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part"))
    except OSError as error:
        raise BadInput(f"The folder {str(out)!r} cannot be written: {error.strerror or error}.") from error
    try:
        yield fresh
        fresh.chmod(0o755)
        check(out)
        _replace(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _replace(fresh: Path, out: Path) -> None:
    if not out.exists():
        os.replace(fresh, out)
        return
    old = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".old"))
    os.replace(out, old)  # onto an empty folder, which takes no time in which neither is there
    try:
        os.replace(fresh, out)
    except BaseException:
        os.replace(old, out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def check(out: Path) -> None:
    """Refuse to replace anything but an empty folder or an earlier report with nothing of others in it."""
    if not out.exists():
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
