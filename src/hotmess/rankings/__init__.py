"""Surveys: raters rank entities by an attribute; a Bayesian rank model of two attributes and their correlation."""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "Rankings": "table",
    "rankings": "table",
    "as_responses": "table",
    "RankFit": "model",
    "fit_rankings": "model",
    "simulate_rankings": "simulate",
    "mean_rank_correlation": "quick",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
