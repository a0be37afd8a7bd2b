"""Worlds with known truth: response tables drawn from stated mechanisms, for recovery and null calibration.

`WORLDS` maps a world's name to its recipe; `simulate(name, seed=…)` draws one data set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from hotmess.simulate.world import World as World
    from hotmess.simulate.worlds import WORLDS as WORLDS
    from hotmess.simulate.worlds import simulate as simulate

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "world": ["World"],
        "worlds": ["WORLDS", "simulate"],
    },
)
