"""Locks on files and folders, and two paths that change places in one step: what systems do each in its own way."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from hotmess.errors import BadInput

try:
    import fcntl
except ImportError:  # Windows: nothing is locked, and nothing that others left is removed
    fcntl = None  # type: ignore[assignment]

LOCKS = fcntl is not None
"""Whether this system has locks."""


def lock(handle: int, *, wait: bool = False) -> bool:
    """Lock what a handle is open on, against all others; False where another holds it and one does not wait."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN)  # file systems without locks: as if held
    return True


def share(handle: int) -> None:
    """Lock what a handle is open on, together with others who share it. Raises `OSError` where somebody holds it."""
    fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold what nobody else holds. Raises `OSError` where somebody does."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def alone(path: Path, otherwise: str) -> Iterator[None]:
    """Hold a file of this name, which is made and stays empty, while something is done that one process does alone.

    Systems without locks hold nothing.

    Raises:
        BadInput: with the sentence `otherwise`, where another process holds it; or where it cannot be made.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, alone(Path(folder, ".lock"), "It is busy."):
    ...     with alone(Path(folder, ".lock"), "It is busy."):
    ...         pass
    Traceback (most recent call last):
    hotmess.errors.BadInput: It is busy.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise BadInput(f"{str(path.parent)!r} cannot be written to: {error.strerror or error}.") from error
    try:
        if not lock(handle):
            raise BadInput(otherwise)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Two that move something into one folder do so one after the other."""
    handle = None
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY) if fcntl else None
    try:
        if handle is not None:
            lock(handle, wait=True)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def exchange(one: Path, other: Path) -> bool:
    """Two paths change places in one step (`renameat2` of Linux, `renamex_np` of macOS); False where that cannot be."""
    library = ctypes.CDLL(None, use_errno=True) if sys.platform in ("linux", "darwin") else None
    a, b = os.fsencode(one), os.fsencode(other)
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
        failed = library.renameat2(here, a, here, b, swap)  # type: ignore[union-attr]
    elif sys.platform == "darwin" and hasattr(library, "renamex_np"):
        failed = library.renamex_np(a, b, 2)  # RENAME_SWAP
    else:
        return False
    if failed and ctypes.get_errno() not in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))
    return not failed
