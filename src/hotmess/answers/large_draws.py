"""Large draws of terms are kept by one fit at a time: those of others are made again, the same, if asked for."""

from __future__ import annotations

import weakref
from typing import Any, Protocol


class Holder(Protocol):
    """A fit that keeps what it has made, draws of terms under keys that begin with `terms`."""

    @property
    def made(self) -> dict[Any, Any]: ...


_holders: list[weakref.ref[Any]] = []


def release_others(holder: Holder) -> None:
    """Forget the draws of terms of all who hold large ones but `holder`, which is now the one."""
    for other in (reference() for reference in _holders):
        if other is not None and other is not holder:
            for key in [k for k in other.made if k[0] == "terms"]:
                del other.made[key]
    _holders[:] = [weakref.ref(holder)]
