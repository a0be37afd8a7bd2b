"""Readers of logs: Inspect, lm-evaluation-harness, SWE-bench, Model-Written Evals, and formats of one's own.

See `hotmess.responses.formats.registry.register` for how to add a format in three lines.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "NoResponses": "registry",
    "ReadOptions": "registry",
    "Reader": "registry",
    "find": "registry",
    "forget": "registry",
    "readers": "registry",
    "register": "registry",
    "read_logs": "read",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
