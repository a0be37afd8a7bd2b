"""Finished fits kept in a folder, so that an interrupted job that is started again does not make them twice.

A function that returns a posterior and is decorated with `resumed` looks for its result in the folder that `keep` names
for the time of a job. What it is found by is a hash of everything it was called with, of the code that makes it, and of
the versions of the packages behind it; what cannot be hashed is not kept. Files are netCDF: nothing is unpickled. A
file's name holds a hash of its content too: one that is damaged is made again. What is made in no time is not kept.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import inspect
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path
from typing import Any, ParamSpec

import numpy as np
import xarray as xr

from hotmess.errors import BadInput
from hotmess.files import shared_folder, write_bytes
from hotmess.inference.store import from_bytes, to_bytes

P = ParamSpec("P")
_FOLDER: ContextVar[Path | None] = ContextVar("folder of finished fits", default=None)
PACKAGES = ("numpy", "jax", "numpyro")
WORTH = 0.5
"""Seconds of processor time from which on a fit is kept: to write one takes a good part of that."""


@contextlib.contextmanager
def keep(folder: Path) -> Iterator[None]:
    """Keep finished fits in `folder` inside the block, and use those it has; a block that ends well removes it."""
    token = _FOLDER.set(folder)
    try:
        with shared_folder(folder):
            yield
    finally:
        _FOLDER.reset(token)


def resumed(make: Callable[P, xr.DataTree]) -> Callable[P, xr.DataTree]:
    """A function that returns a posterior, which is read instead of made where an earlier run has finished it."""

    @functools.wraps(make)
    def found(*args: P.args, **kwargs: P.kwargs) -> xr.DataTree:
        folder = _FOLDER.get()
        if folder is None:
            return make(*args, **kwargs)
        try:
            key = digest(make, args, kwargs)
        except TypeError:
            return make(*args, **kwargs)
        start = f"{make.__name__.strip('_')}-{key[:24]}"
        kept = _kept(folder, start)
        if kept is not None:
            return kept
        began = time.process_time()
        tree = make(*args, **kwargs)
        if time.process_time() - began < WORTH:
            return tree
        with contextlib.suppress(OSError, BadInput):  # a full disk costs the next run time, and this one nothing
            folder.mkdir(parents=True, exist_ok=True)
            content = to_bytes(tree)
            write_bytes(folder / f"{start}-{_hash(content)}.nc", content)
        return tree

    return found


def _kept(folder: Path, start: str) -> xr.DataTree | None:
    """The posterior kept under a name, if its bytes are those that were written; what is damaged is removed."""
    for path in sorted(folder.glob(f"{start}-*.nc")):
        with contextlib.suppress(OSError, ValueError):
            content = path.read_bytes()
            if path.stem.endswith(f"-{_hash(content)}"):
                return from_bytes(content)
        with contextlib.suppress(OSError):
            path.unlink()
    return None


def _hash(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()[:24]


def digest(make: Callable[..., Any], args: Any, kwargs: Any) -> str:
    """A hash of a call: its code, the packages behind it, and all that it is called with.

    Raises
    ------
    TypeError
        For an argument that no rule covers.
    """
    h = hashlib.sha256()
    _feed(h, [(name, version(name)) for name in PACKAGES])
    _feed(h, make)
    _feed(h, args)
    _feed(h, dict(kwargs))
    return h.hexdigest()


def _feed(h: Any, value: Any) -> None:
    """Add a value with its type and size, so that no two values give the same bytes."""
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
        text = value if isinstance(value, bytes) else repr(value).encode()
        h.update(f"{type(value).__name__}:{len(text)}:".encode() + text)
    elif isinstance(value, functools.partial):
        _feed(h, [value.func, value.args, value.keywords])
    elif inspect.isfunction(value):
        if value.__closure__:
            raise TypeError("a closure has more in it than its code")
        module = sys.modules[value.__module__]
        with contextlib.suppress(OSError):
            _feed(h, inspect.getsource(module))
        _feed(h, value.__qualname__)
    elif isinstance(value, Mapping):
        h.update(f"mapping:{len(value)}:".encode())
        for name in sorted(value, key=repr):
            _feed(h, name)
            _feed(h, value[name])
    elif isinstance(value, (list, tuple)):
        h.update(f"{type(value).__name__}:{len(value)}:".encode())
        for one in value:
            _feed(h, one)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        h.update(f"{type(value).__qualname__}:".encode())
        for field in dataclasses.fields(value):
            if field.compare:
                _feed(h, getattr(value, field.name))
    elif hasattr(value, "to_numpy") and hasattr(value, "columns"):
        _feed(h, {str(c): value[c].to_numpy() for c in value.columns})
    elif hasattr(value, "dtype") and hasattr(value, "shape"):
        array = np.asarray(value)
        if array.dtype.kind == "O":
            _feed(h, array.tolist())
        else:
            h.update(f"array:{array.dtype.str}:{array.shape}:".encode() + np.ascontiguousarray(array).tobytes())
    else:
        raise TypeError(f"{type(value).__name__} cannot be hashed")
