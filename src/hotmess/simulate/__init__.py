"""Worlds with known truth: response tables drawn from stated mechanisms, for recovery and null calibration.

`WORLDS` maps a world's name to its recipe; `simulate(name, seed=…)` draws one data set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotmess.simulate.world import World as World
    from hotmess.simulate.worlds import WORLDS as WORLDS
    from hotmess.simulate.worlds import simulate as simulate

_HOMES = {"World": "world", "WORLDS": "worlds", "simulate": "worlds"}

__all__ = ["WORLDS", "World", "simulate"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"hotmess.simulate.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
