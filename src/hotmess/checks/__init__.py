"""Checks that can embarrass the model of answers: does it make such data? And what may stand in the Beta's place."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotmess.checks.families import alternatives as alternatives
    from hotmess.checks.predictive import Checks as Checks
    from hotmess.checks.predictive import check as check

_HOME = {"Checks": "predictive", "check": "predictive", "alternatives": "families"}

__all__ = ["Checks", "alternatives", "check"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
