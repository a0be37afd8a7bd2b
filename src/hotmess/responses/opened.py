"""Bytes of files: regular or not, compressed or not, alone or in a zip; what is damaged is refused by name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from hotmess.errors import BadInput, Damaged
from hotmess.limits import Budget

HEAD = 1 << 20
"""So many bytes from the beginning of a file decide what it is."""

MOST, TIMES = 1 << 28, 250
"""A file that unpacks to more bytes than `MOST` and to more than `TIMES` its own size is no table of responses."""

_KINDS = {
    stat.S_IFIFO: "a named pipe (FIFO)",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}
_TABLES = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".feather", ".arrow")


@dataclass(frozen=True)
class Opened:
    """A file's bytes: where they lie, or (unpacked) the bytes themselves; and the name it is spoken of by."""

    path: Path
    name: str
    data: bytes | None = None

    @property
    def ending(self) -> str:
        """The ending of the file's name, without that of its packing."""
        return Path(self.name).suffix.lower()

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """The bytes as a file.

        Raises:
            Damaged: where the operating system refuses.
        """
        try:
            with io.BytesIO(self.data) if self.data is not None else self.path.open("rb") as file:
                yield file
        except OSError as error:
            raise Damaged(f"The file {self.name!r} cannot be read: {error.strerror or error}.") from None

    def head(self) -> bytes:
        """The first bytes."""
        with self.open() as file:
            return file.read(HEAD)


def irregular(path: Path) -> str | None:
    """What a path is in words, where it is no file and no folder: a pipe, a device, a socket, a link to nothing."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return "a link to a file that is not there" if path.is_symlink() else None
    except OSError as error:
        raise Damaged(f"{str(path)!r} cannot be read: {error.strerror or error}.") from None
    return _KINDS.get(stat.S_IFMT(mode))


def open_file(path: Path) -> list[Opened]:
    """The file, unpacked where it is compressed; each table in a zip; the file as it is where it is nothing of these.

    Raises:
        BadInput: for pipes, devices and archives that have to be unpacked first.
        Damaged: for files that are empty, cannot be read or cannot be unpacked.
    """
    what = irregular(path)
    if what is not None:
        raise BadInput(f"{str(path)!r} is {what}, not a regular file; write what it gives to a file first.")
    plain = Opened(path, path.name)
    with plain.open() as file:
        head = file.read(512)
    if not head.strip():
        raise Damaged(f"The file {str(path)!r} is empty.")
    if head[:4] in (b"PK\3\4", b"PK\5\6"):
        return _zip(path)
    for magic, endings, unpack in _PACKED:
        if head.startswith(magic):
            name = path.name[: -len(path.suffix)] if path.suffix.lower() in endings else path.name
            data = _unpacked(path, unpack)
            if data[257:262] == b"ustar":
                raise BadInput(f"{str(path)!r} is a packed folder (tar): unpack it first, and name the folder.")
            if not data.strip():
                raise Damaged(f"The file {str(path)!r} is empty.")
            return [Opened(path, name, data)]
    if head[257:262] == b"ustar":
        raise BadInput(f"{str(path)!r} is a packed folder (tar): unpack it first, and name the folder.")
    return [plain]


def _zstd(file: BinaryIO) -> IO[bytes]:
    import pyarrow as pa

    stream: IO[bytes] = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
    return stream


_PACKED: tuple[tuple[bytes, tuple[str, ...], Callable[[BinaryIO], Any]], ...] = (
    (b"\x1f\x8b", (".gz", ".gzip"), lambda file: gzip.GzipFile(fileobj=file)),
    (b"\x28\xb5\x2f\xfd", (".zst", ".zstd"), _zstd),
    (b"BZh", (".bz2",), bz2.BZ2File),
    (b"\xfd7zXZ\0", (".xz",), lzma.LZMAFile),
)


def _unpacked(path: Path, unpack: Callable[[BinaryIO], Any]) -> bytes:
    """All bytes of a compressed file, up to what is plausible."""
    try:
        with path.open("rb") as file, unpack(file) as stream:
            return _limited(stream, path, path.stat().st_size)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise Damaged(f"The file {str(path)!r} cannot be unpacked: {_first(error)}.") from None


def _limited(stream: IO[bytes], path: Path, size: int) -> bytes:
    parts: list[bytes] = []
    total = 0
    budget = Budget(f"The file {str(path)!r}, unpacked,")
    while part := stream.read(1 << 22):
        total += len(part)
        budget.spend(len(part))
        if total > max(MOST, TIMES * size):
            raise BadInput(
                f"{str(path)!r} unpacks to more than {TIMES} times its size, which no honest table does; unpack it "
                "yourself if it is one."
            )
        parts.append(part)
    return b"".join(parts)


def _zip(path: Path) -> list[Opened]:
    """The members of a zip that may be tables; none of them stands for a zip of something else."""
    out = []
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir() and not _hidden(info.filename)]
            if len(infos) > 10_000:
                raise BadInput(f"{str(path)!r} holds {len(infos):,} files: unpack it first, and name the folder.")
            for info in infos:
                if info.flag_bits & 1:
                    raise BadInput(f"{str(path)!r} is encrypted: unpack it first.")
                if Path(info.filename).suffix.lower() not in _TABLES:
                    continue
                with archive.open(info) as stream:
                    data = _limited(stream, path, max(info.compress_size, 1))
                if not data.strip():
                    raise Damaged(f"The file {info.filename!r} in {str(path)!r} is empty.")
                out.append(Opened(path, f"{path.name}/{info.filename}", data))
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, lzma.LZMAError, NotImplementedError) as error:
        raise Damaged(f"The file {str(path)!r} is no sound zip: {_first(error)}.") from None
    except (ValueError, RuntimeError, UnicodeError) as error:
        if isinstance(error, BadInput):
            raise
        raise Damaged(f"The file {str(path)!r} is no sound zip: {_first(error)}.") from None
    return out


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
