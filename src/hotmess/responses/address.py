"""Files at addresses (`s3://`, `gs://`, `hf://`, `https://`, …): brought here by fsspec, then read as any others."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from hotmess.errors import BadInput, need

EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "hf": "huggingface",
    "http": "http",
    "https": "http",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
}
"""The extra of this package that brings what an address needs."""

MOST_FILES = 100_000
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+(::[A-Za-z][A-Za-z0-9+.\-]+)*://")


def is_address(given: Any) -> bool:
    """Whether something is an address, and no path.

    >>> is_address("s3://bucket/x.parquet"), is_address("C:/x.parquet"), is_address("logs/x.json")
    (True, False, False)
    """
    return isinstance(given, str) and _ADDRESS.match(given) is not None


@contextmanager
def fetched(address: str) -> Iterator[Path]:
    """What lies at an address, as a file or folder of this machine for as long as it is read.

    Raises:
        BadInput: where there is nothing, where the address cannot be reached, and for a package that is missing (with
            the extra that brings it).
    """
    fsspec = need("fsspec", "remote")
    protocol = address.partition("://")[0].rpartition("::")[2].lower()
    scratch = Path(tempfile.mkdtemp(prefix="hotmess-"))
    try:
        try:
            system, place = fsspec.core.url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise BadInput(_cannot(address, protocol, error)) from None
        try:
            yield _copy(system, place, scratch, address, protocol)
        except BadInput:
            raise
        except FileNotFoundError:
            raise BadInput(f"There is nothing at {address}.") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _copy(system: Any, place: str, scratch: Path, address: str, protocol: str) -> Path:
    """Copy a file, or all files below a folder, and name the copy."""
    try:
        if _is_file(system, place):
            target = scratch / _safe(PurePosixPath(place.rstrip("/").partition("?")[0]).name)
            system.get_file(place, str(target))
            return target
        files = [one for one in system.find(place) if one.rstrip("/") != place.rstrip("/")]
        if not files:
            raise BadInput(f"There is nothing at {address}.")
        if len(files) > MOST_FILES:
            raise BadInput(f"There are {len(files):,} files at {address}; name a part of them.")
        folder = scratch / (_safe(PurePosixPath(place.rstrip("/")).name) or "files")
        inside = place.rstrip("/") + "/"
        for one in sorted(files):
            relative = one[len(inside) :] if one.startswith(inside) else PurePosixPath(one).name
            target = folder.joinpath(*(_safe(part) for part in relative.split("/")))
            target.parent.mkdir(parents=True, exist_ok=True)
            system.get_file(one, str(target))
        return folder
    except BadInput:
        raise
    except FileNotFoundError:
        raise BadInput(f"There is nothing at {address}.") from None
    except Exception as error:  # each file system raises its own
        raise BadInput(_cannot(address, protocol, error)) from None


def _is_file(system: Any, place: str) -> bool:
    if place.endswith("/"):
        return False
    try:
        return bool(system.isfile(place))
    except FileNotFoundError:
        return False


def _safe(name: str) -> str:
    """A name that stays in its folder."""
    name = name.replace("\\", "_").replace("\0", "_")
    return "_" if name in ("", ".", "..") else name[:200]


def _cannot(address: str, protocol: str, error: BaseException) -> str:
    text = (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
    extra = EXTRAS.get(protocol)
    if isinstance(error, ImportError):
        how = f": pip install 'hotmess[{extra}]'" if extra else ""
        return f"Reading {address} needs a package that is not installed ({text}){how}."
    if isinstance(error, ValueError) and "rotocol" in text:
        return f"No file system is known for {address} ({text})."
    return f"{address} cannot be read: {text}."
