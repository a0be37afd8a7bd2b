"""Decompositions of error into bias and variance: pure functions on arrays, one file per family.

The package itself can be called: `hotmess.decompose(responses, by=["model"])` is `hotmess.decompose.records.decompose`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """A package that is also the function of its name, whichever of the two was imported first."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from hotmess.decompose.records import decompose

        return decompose(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
