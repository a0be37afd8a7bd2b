"""Packages whose names are imported when they are asked for (PEP 562): what they need is slow to import."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

Getter = Callable[[str], Any]


def attributes(package: str, home: Mapping[str, str]) -> Getter:
    """A package's `__getattr__`: each name of `home` from the module of the package that it names.

    >>> get = attributes("hotmess.plot", {"clean": "style"})
    >>> get("clean")("a name")
    'a name'
    >>> get("cleen")
    Traceback (most recent call last):
    AttributeError: module 'hotmess.plot' has no attribute 'cleen'
    """

    def get(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{home[name]}"), name)

    return get
