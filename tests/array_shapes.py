"""Array shapes as signatures state them (`Float[np.ndarray, "draws cells"]` and the like), checked in every test.

A function, or a data class, of the packages below is checked where its annotations name a shape: arguments and what it
returns (or its fields) are bound together, so that an axis of one name has one length. Nothing else is touched, and
nothing is checked outside the tests. A function that a test calls over and over is checked in its first calls: shapes
that are right a hundred times do not become wrong in a loop.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any, get_args, get_origin

import jaxtyping
import numpy as np

PACKAGES = ("decompose", "answers", "laws", "temperature", "statements")
ENOUGH = 100
CALLS: Counter[str] = Counter()
"""Calls of each function in the test that runs; cleared before the next."""
KINDS = {name: getattr(jaxtyping, name) for name in ("Float", "Int", "Bool", "Real", "Shaped")}


def expected(annotation: object, of: ModuleType) -> Any:
    """The type behind an annotation that names a shape; None for any other."""
    if not isinstance(annotation, str) or not any(f"{kind}[" in annotation for kind in KINDS):
        return None
    return eval(annotation, {**vars(of), **KINDS, "np": np})


def fits(value: object, kind: Any) -> bool:
    """Whether a value is of a type; of tuples part by part. A NumPy number is an array without axes."""
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        return isinstance(value, tuple) and len(parts) == len(value) and all(map(fits, value, parts))
    return isinstance(value, kind)


def need(name: str, value: object, kind: Any, where: str) -> None:
    if not fits(value, kind):
        shape = getattr(value, "shape", None)
        raise AssertionError(
            f"{where}: {name} is {type(value).__name__} {shape} {getattr(value, 'dtype', '')}, not {kind}"
        )


def checked(function: Callable[..., Any], module: ModuleType) -> Callable[..., Any]:
    """The function, with its shapes checked; itself where it names none."""
    kinds = {name: expected(one, module) for name, one in function.__annotations__.items()}
    kinds = {name: one for name, one in kinds.items() if one is not None}
    if not kinds:
        return function
    signature, where = inspect.signature(function), f"{module.__name__}.{function.__qualname__}"

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        CALLS[where] += 1
        if CALLS[where] > ENOUGH:
            return function(*args, **kwargs)
        with jaxtyping.jaxtyped("context"):
            given = signature.bind(*args, **kwargs).arguments
            for name, kind in kinds.items():
                if name in given:
                    need(name, given[name], kind, where)
            out = function(*args, **kwargs)
            if "return" in kinds:
                need("what it returns", out, kinds["return"], where)
        return out

    return wrapped


def check_fields(cls: type, module: ModuleType) -> None:
    """Check the fields of a data class whenever one is made."""
    kinds = {one.name: expected(one.type, module) for one in fields(cls)}  # type: ignore[arg-type]
    kinds = {name: one for name, one in kinds.items() if one is not None}
    if not kinds:
        return
    make = cls.__init__

    @functools.wraps(make)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        with jaxtyping.jaxtyped("context"):
            for name, kind in kinds.items():
                need(name, getattr(self, name), kind, f"{module.__name__}.{cls.__name__}")

    cls.__init__ = wrapped  # type: ignore[misc]


def check_module(module: ModuleType) -> None:
    """Put the checks around what a module defines."""
    for name, one in list(vars(module).items()):
        if getattr(one, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(one):
            setattr(module, name, checked(one, module))
        elif inspect.isclass(one):
            for method, body in list(vars(one).items()):
                if inspect.isfunction(body):
                    setattr(one, method, checked(body, module))
            if is_dataclass(one):
                check_fields(one, module)


class _Loader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        check_module(module)


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if not name.startswith(tuple(f"hotmess.{package}" for package in PACKAGES)):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def install() -> None:
    """Check every module of the packages that is imported from now on."""
    sys.meta_path.insert(0, _Finder())
