"""Design: how many questions, samples and models a claim needs, from a pilot's posterior."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotmess.design.planning import Design as Design
    from hotmess.design.planning import plan as plan

__all__ = ["Design", "plan"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.planning"), name)
