"""Files and folders that are there whole or not at all, whatever ends the process or the machine.

What is written is written beside its place, under a name that ends in `.part`, brought to the disk, and moved into its
place by one rename, which is brought to the disk too. Who writes holds a lock on what is unfinished; what nobody holds
was left by a process that is gone, and the next that writes to the same place removes it. A folder changes places with
the earlier one in one step where the system can (`renameat2`), else in two, of which the next run finishes the second.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from hotmess.errors import BadInput
from hotmess.locks import LOCKS, exchange, held, lock, one_at_a_time, share

PART, OLD = ".part", ".old"
_unfinished: set[Path] = set()


@contextlib.contextmanager
def whole_file(path: str | Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of `path` at the end; an exception leaves `path` as it was.

    A link stays one: what it points to is replaced. The permissions are those of the earlier file. What is not
    `durable` can be made again, and shows by itself whether it is whole: it is not waited for until it is on the disk.

    Raises:
        BadInput: where it cannot be written, and where `path` is there and is no regular file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder, "a.txt")) as file:
    ...         _ = file.write(b"all of it")
    ...     [(p.name, p.read_text()) for p in Path(folder).iterdir()]
    [('a.txt', 'all of it')]
    """
    asked = str(path)
    if not asked or "\0" in asked:
        raise BadInput(f"{asked!r} is no name of a file.")
    path = Path(os.path.realpath(asked))
    mode = _mode(path, asked)
    with _said(asked):
        if durable:
            tidy(path)
        beside, handle = _locked_file(path)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                if mode is not None:
                    os.chmod(beside, mode)
                if durable:
                    os.fsync(file.fileno())
                os.replace(beside, path)
                _unfinished.discard(beside)
                if durable:
                    sync(path.parent)
        finally:
            if beside in _unfinished:
                with contextlib.suppress(OSError):
                    beside.unlink(missing_ok=True)
                _unfinished.discard(beside)


def write_bytes(path: str | Path, content: bytes | bytearray | memoryview) -> None:
    """Write a file, whole or not at all."""
    with whole_file(path) as file:
        file.write(content)


def write_text(path: str | Path, text: str) -> None:
    """Write text in UTF-8, whole or not at all; lone surrogates become question marks."""
    write_bytes(path, text.encode("utf-8", "replace"))


@contextlib.contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, which takes the place of `out` at the end; an exception leaves `out` as it was.

    What is written into it is brought to the disk before it changes places. The earlier folder is removed afterwards.

    Raises:
        BadInput: where it cannot be written.
    """
    asked, out = str(out), Path(os.path.realpath(out))
    with _said(asked):
        out.parent.mkdir(parents=True, exist_ok=True)
        tidy(out)
        fresh, handle = _locked_folder(out)
    try:
        yield fresh
        with _said(asked):
            os.chmod(fresh, 0o777 & ~_umask())
            _sync_tree(fresh)
            _change_places(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        _unfinished.discard(fresh)
        os.close(handle)


def tidy(path: Path) -> None:
    """Remove what processes that are gone have left beside `path`; put back a folder that one was about to replace."""
    if not LOCKS:
        return
    for left in _left(path, OLD):
        with contextlib.suppress(OSError), held(left):
            if os.path.lexists(path):
                shutil.rmtree(left, ignore_errors=True)
            else:
                os.rename(left, path)
    for left in _left(path, PART):
        with contextlib.suppress(OSError), held(left):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


@contextlib.contextmanager
def shared_folder(folder: Path) -> Iterator[None]:
    """A folder that several processes may use at once; the last that ends well removes it.

    After an exception it stays, unless it is empty. Where it cannot be made there is none, without a word.
    """
    handle = None
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if LOCKS:
            handle = os.open(folder, os.O_RDONLY)
            share(handle)
    try:
        yield
        if handle is None or lock(handle):
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()
        if handle is not None:
            os.close(handle)


def forget_unfinished() -> None:
    """Remove what this process has not finished, for one that ends without unwinding."""
    for path in list(_unfinished):
        with contextlib.suppress(OSError):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def sync(folder: Path) -> None:
    """Bring a folder's list of names to the disk, where its file system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _left(path: Path, ending: str) -> list[Path]:
    start = f".{path.name}."
    try:
        names = os.listdir(path.parent)
    except OSError:
        return []
    size = len(start) + 8 + len(ending)
    return [path.parent / n for n in names if n.startswith(start) and n.endswith(ending) and len(n) == size]


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{ending}")


def _locked_file(path: Path) -> tuple[Path, int]:
    while True:
        beside = _beside(path, PART)
        _unfinished.add(beside)
        try:
            handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError:
            _unfinished.discard(beside)
            raise
        if lock(handle) and os.path.lexists(beside):
            return beside, handle
        os.close(handle)  # another has taken it for one that was left
        _unfinished.discard(beside)


def _locked_folder(path: Path) -> tuple[Path, int]:
    while True:
        beside = _beside(path, PART)
        _unfinished.add(beside)
        try:
            os.mkdir(beside, 0o700)
            handle = os.open(beside, os.O_RDONLY) if LOCKS else os.open(os.devnull, os.O_RDONLY)
        except OSError:
            _unfinished.discard(beside)
            raise
        if lock(handle) and beside.is_dir():
            return beside, handle
        os.close(handle)
        _unfinished.discard(beside)


def _change_places(fresh: Path, out: Path) -> None:
    """Move `fresh` to `out`; the earlier `out`, if there is one, is then at `fresh` or gone."""
    with one_at_a_time(out.parent):
        if not os.path.lexists(out):
            os.rename(fresh, out)
        elif not exchange(fresh, out):
            _by_two_steps(fresh, out)
        sync(out.parent)


def _by_two_steps(fresh: Path, out: Path) -> None:
    old = _beside(out, OLD)
    held = os.open(out, os.O_RDONLY) if LOCKS else None
    try:
        if held is not None:
            lock(held)  # moves with the folder, so that nobody puts it back meanwhile
        os.rename(out, old)
        try:
            os.rename(fresh, out)
        except BaseException:
            os.rename(old, out)
            raise
        sync(out.parent)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        if held is not None:
            os.close(held)


def _sync_tree(folder: Path) -> None:
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                os.fsync(file.fileno())
        sync(Path(place))


def _mode(path: Path, asked: str) -> int | None:
    """The permissions of the file that is there. Raises `BadInput` where it is no regular file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise BadInput(f"The file {asked!r} cannot be written: it is a folder.")
    if not stat.S_ISREG(found.st_mode):
        raise BadInput(f"The file {asked!r} cannot be written: it is no regular file.")
    return stat.S_IMODE(found.st_mode)


def _umask() -> int:
    now = os.umask(0o022)
    os.umask(now)
    return now


@contextlib.contextmanager
def _said(path: str) -> Iterator[None]:
    """Failures of the disk as a sentence."""
    try:
        yield
    except OSError as error:
        raise BadInput(f"{path!r} cannot be written: {reason(error)}.") from error


def reason(error: OSError) -> Any:
    """Why something failed, without the numbers.

    >>> reason(OSError(28, "No space left on device")), reason(OSError("odd"))
    ('No space left on device', 'odd')
    """
    return error.strerror or str(error) or type(error).__name__
