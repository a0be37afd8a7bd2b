"""Ensembles of repeated answers: averages and majority votes, from answer distributions and from real responses."""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "average": "averages",
    "average_kl": "averages",
    "vote": "votes",
    "vote_limit": "votes",
    "ensemble_table": "tables",
    "real_ensembles": "real",
    "RealEnsembles": "real",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
