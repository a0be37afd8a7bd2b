"""The response table: reading, validation, reduction to cells, difficulty groups, halves."""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "CELL": "table",
    "OUTCOMES": "table",
    "Responses": "table",
    "Cells": "cells",
    "reduce": "cells",
    "Space": "positions",
    "split_halves": "halves",
    "difficulty": "groups",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    # Readers need pandas and DuckDB, which are slow to import: only when asked for.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
