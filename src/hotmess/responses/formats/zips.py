"""Members of a zip file, Zstandard included: one read of the file, one decompressor, checksums verified.

`zipfile` finds the members; their bytes are taken from the file as it lies in memory (mapped, not loaded). On many
small members this takes a third of the time of `ZipFile.read`, and needs no patch of `zipfile` for Zstandard.
"""

from __future__ import annotations

import mmap
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from hotmess.errors import BadInput

STORED, DEFLATED, ZSTANDARD = 0, 8, 93
MAX_MEMBER = 512 << 20
"""Largest member that is unpacked, in bytes."""


class Archive:
    """An open zip file. `names` are its members; of two with one name the later counts, as `zipfile` has it."""

    def __init__(self, path: Path, file: mmap.mmap | bytes, infos: dict[str, zipfile.ZipInfo]) -> None:
        self.path = path
        self.names = list(infos)
        self._file = file
        self._infos = infos
        self._zstandard: _Decompressor | None = None

    def read(self, name: str) -> bytes:
        """The bytes of a member. Raises `BadInput` where it is damaged, encrypted or too large."""
        info = self._infos[name]
        where = f"{name} in {self.path}"
        if info.file_size > MAX_MEMBER:
            raise BadInput(
                f"{where} is {info.file_size / 1e9:.1f} GB when unpacked, more than the {MAX_MEMBER >> 20} MiB that "
                "are read: leave its events out when you write the log."
            )
        start = info.header_offset
        header = self._file[start : start + 30]
        if len(header) < 30 or header[:4] != b"PK\x03\x04" or info.flag_bits & 1:
            raise BadInput(f"{where} is damaged or encrypted: write the log again.")
        start += 30 + sum(struct.unpack("<HH", header[26:]))
        packed = self._file[start : start + info.compress_size]
        try:
            data = self._unpack(packed, info)
        except (zlib.error, ValueError, EOFError) as error:
            raise BadInput(f"{where} is damaged ({error}): write the log again.") from None
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise BadInput(f"{where} is damaged (its checksum is wrong): write the log again.")
        return data

    def _unpack(self, packed: bytes, info: zipfile.ZipInfo) -> bytes:
        if info.compress_type == STORED:
            return packed
        if info.compress_type == DEFLATED:
            return zlib.decompressobj(-15).decompress(packed, info.file_size + 1)
        if info.compress_type == ZSTANDARD:
            self._zstandard = self._zstandard or _zstandard()
            return self._zstandard.decompress(packed, info.file_size)
        raise ValueError(f"compression method {info.compress_type}")


class _Decompressor(Protocol):
    def decompress(self, packed: bytes, size: int) -> bytes: ...


class _Zstandard:
    """The package zstandard, which Inspect brings along on Python before 3.14."""

    def __init__(self, module: Any) -> None:
        self._context = module.ZstdDecompressor()
        self._error = module.ZstdError
        self._size = module.frame_content_size

    def decompress(self, packed: bytes, size: int) -> bytes:
        try:
            if self._size(packed) > size:  # would be allocated before anything is unpacked
                raise ValueError("its size is wrong")
            if len(packed) < 1 << 20:  # always a single frame
                out: bytes = self._context.decompress(packed, max_output_size=size)
                return out
            with self._context.stream_reader(packed, read_across_frames=True) as stream:
                out = stream.read(size + 1)
                return out
        except self._error as error:
            raise ValueError(error) from None


class _Standard:
    """Python 3.14's own module."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def decompress(self, packed: bytes, size: int) -> bytes:
        out = b""
        while packed and len(out) <= size:
            one = self._module.ZstdDecompressor()
            try:
                out += one.decompress(packed, size + 1 - len(out))
            except self._module.ZstdError as error:
                raise ValueError(error) from None
            if not one.eof:
                raise ValueError("unexpected end or size")
            packed = one.unused_data
        return out


def _zstandard() -> _Decompressor:
    try:
        from compression import zstd
    except ImportError:
        from hotmess.errors import need

        return _Zstandard(need("zstandard", "inspect"))
    return _Standard(zstd)


_BROKEN = (zipfile.BadZipFile, struct.error, NotImplementedError, EOFError, ValueError, OverflowError)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a zip file. Raises `BadInput` where it is none, or is cut off."""
    try:
        with path.open("rb") as file:
            with zipfile.ZipFile(file) as directory:
                infos = {info.filename: info for info in directory.infolist()}
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error
    except _BROKEN:
        raise BadInput(f"{path} is damaged or cut off, as of a run that was broken off: write the log again.") from None
    with mapped:
        yield Archive(path, mapped, infos)


def names(path: Path) -> list[str]:
    """Names of the members, or nothing where the file is no whole zip file."""
    try:
        with zipfile.ZipFile(path) as directory:
            return directory.namelist()
    except (OSError, *_BROKEN):
        return []
