"""Worlds with known truth: response tables drawn from stated mechanisms, for recovery and null calibration.

`WORLDS` maps a world's name to its recipe; `simulate(name, seed=…)` draws one data set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmess.lazy import Getter, attributes

if TYPE_CHECKING:
    from hotmess.simulate.world import World as World
    from hotmess.simulate.worlds import WORLDS as WORLDS
    from hotmess.simulate.worlds import simulate as simulate

_HOME = {"World": "world", "WORLDS": "worlds", "simulate": "worlds"}

__all__ = ["WORLDS", "World", "simulate"]

__getattr__: Getter = attributes(__name__, _HOME)
