"""Design: how many questions, samples and models a claim needs, from a pilot's posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmess.lazy import Getter, attributes

if TYPE_CHECKING:
    from hotmess.design.planning import Design as Design
    from hotmess.design.planning import plan as plan

__all__ = ["Design", "plan"]

__getattr__: Getter = attributes(__name__, dict.fromkeys(__all__, "planning"))
