"""Finished fits found again: for a job that was interrupted, and for the next command on the same responses.

A function that returns a posterior and is decorated with `resumed` looks for its result in the folders that
`hotmess.inference.kept` names. What it is found by is a hash of everything it was called with, of all code of this
package, of the versions of Python and of the packages behind it, of the processor, and of what the environment tells
them; what cannot be hashed, as what a user has written, is not kept. Files are netCDF: nothing is unpickled. A file's
name holds a hash of that and of its content too: one that is damaged, or another's, is made again. What is made in no
time is not kept.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import inspect
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ParamSpec

import numpy as np
import xarray as xr

from hotmess.errors import BadInput
from hotmess.files import whole_file, write_bytes
from hotmess.inference.kept import BESIDE, BETWEEN, SHARE, bound
from hotmess.inference.store import from_bytes, to_bytes

P = ParamSpec("P")
PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "xarray",
    "arviz-base",
    "arviz-stats",
    "jax",
    "jaxlib",
    "numpyro",
    "pymc",
    "nutpie",
)
ENVIRONMENT = ("JAX_", "XLA_", "CUDA_", "OMP_NUM", "OPENBLAS_", "MKL_", "PYTENSOR_")
"""What variables that may change a number begin with."""
WORTH = 2.0
"""Seconds of processor time from which on a fit is kept: to write one takes a good part of that."""


def resumed(make: Callable[P, xr.DataTree]) -> Callable[P, xr.DataTree]:
    """A function that returns a posterior, which is read instead of made where an earlier run has finished it."""

    @functools.wraps(make)
    def found(*args: P.args, **kwargs: P.kwargs) -> xr.DataTree:
        folders = [folder for folder in (BETWEEN.get(), BESIDE.get()) if folder is not None]
        if not folders:
            return make(*args, **kwargs)
        try:
            key = digest(make, args, kwargs)
        except TypeError:
            return make(*args, **kwargs)
        start = f"{make.__name__.strip('_')}-{key[:40]}"
        for folder in folders:
            kept = _kept(folder, start)
            if kept is not None:
                return kept
        began = time.process_time()
        tree = make(*args, **kwargs)
        if time.process_time() - began >= WORTH:
            with contextlib.suppress(OSError, BadInput):  # a full disk costs the next run time, and this one nothing
                _write(tree, start)
        return tree

    return found


def _write(tree: xr.DataTree, start: str) -> None:
    beside, between = BESIDE.get(), BETWEEN.get()
    small = tree.nbytes <= SHARE * bound()
    if beside is None and not small:
        return
    content = to_bytes(tree)
    name = f"{start}-{_hash(start, content)}.nc"
    kept = between / name if between is not None and small else None
    if kept is not None:
        with contextlib.suppress(OSError, BadInput):
            kept.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(kept, durable=False) as file:
                file.write(content)
    if beside is not None:
        beside.mkdir(parents=True, exist_ok=True)
        if kept is None or not _linked(kept, beside / name):
            write_bytes(beside / name, content)


def _linked(kept: Path, place: Path) -> bool:
    """Whether one file could be given a second place; not where that is on another disk."""
    with contextlib.suppress(OSError):
        os.link(kept, place)
        return True
    return False


def _kept(folder: Path, start: str) -> xr.DataTree | None:
    """The posterior kept under a name, if its bytes are those that were written; what is damaged is removed."""
    found: list[Path] = []
    with contextlib.suppress(OSError):  # a name too long for the system, a folder that may not be read
        found = sorted(folder.glob(f"{start}-*.nc"))
    for path in found:
        with contextlib.suppress(OSError, ValueError):
            content = path.read_bytes()
            if path.stem.endswith(f"-{_hash(start, content)}"):
                with contextlib.suppress(OSError):
                    os.utime(path)  # used now, and so the last to go
                tree: xr.DataTree = from_bytes(content).map_over_datasets(lambda dataset: dataset.drop_encoding())
                return tree
        with contextlib.suppress(OSError):
            path.unlink()
    return None


def _hash(start: str, content: bytes | memoryview) -> str:
    """Of the content and of what it is kept as, so that one fit's file is not read under another's name."""
    h = hashlib.sha256(f"{start}:".encode())
    h.update(content)
    return h.hexdigest()[:24]


def digest(make: Callable[..., Any], args: Any, kwargs: Any) -> str:
    """A hash of a call: the code and the packages behind it, the machine, and all that it is called with.

    Raises
    ------
    TypeError
        For an argument that no rule covers.
    """
    h = hashlib.sha256()
    _feed(h, [*_behind(), {k: v for k, v in os.environ.items() if k.startswith(ENVIRONMENT) and "CACHE" not in k}])
    _feed(h, make)
    _feed(h, args)
    _feed(h, dict(kwargs))
    return h.hexdigest()


@functools.cache
def _behind() -> tuple[str, ...]:
    """All code of this package, versions of Python and packages, the processor."""
    root, code = Path(__file__).resolve().parents[1], hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        code.update(f"{path.relative_to(root)}:{path.stat().st_size}:".encode() + path.read_bytes())
    versions = [sys.version]
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            versions.append(f"{name} {version(name)}")
    processor = platform.processor()
    with contextlib.suppress(OSError):  # Linux
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next((line for line in lines if line.startswith("model name")), processor)
    return code.hexdigest(), *versions, platform.platform(), processor, str(os.cpu_count())


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
        if not _ours(value):
            with contextlib.suppress(OSError):
                _feed(h, inspect.getsource(sys.modules[value.__module__]))
        _feed(h, [value.__module__, value.__qualname__])
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
        if not _ours(type(value)):
            raise TypeError("what its methods do is not known")
        h.update(f"{type(value).__module__}.{type(value).__qualname__}:".encode())
        for field in dataclasses.fields(value):
            if field.compare:
                _feed(h, getattr(value, field.name))
    elif hasattr(value, "to_numpy") and hasattr(value, "columns"):
        _feed(h, [value.index.to_numpy(), [(str(c), str(value[c].dtype), value[c].to_numpy()) for c in value.columns]])
        _feed(h, [value[c].cat.categories.to_numpy() for c in value.columns if hasattr(value[c], "cat")])
    elif hasattr(value, "dtype") and hasattr(value, "shape"):
        array = np.asarray(value)
        if array.dtype.kind == "O":
            _feed(h, array.tolist())
        else:
            h.update(f"array:{array.dtype.str}:{array.shape}:".encode() + np.ascontiguousarray(array).tobytes())
    else:
        raise TypeError(f"{type(value).__name__} cannot be hashed")


def _ours(what: Any) -> bool:
    """Whether a function or class is of this package, whose code is known."""
    return str(what.__module__).partition(".")[0] == __name__.partition(".")[0]
