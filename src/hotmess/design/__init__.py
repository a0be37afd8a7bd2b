"""Design: how many questions, samples and models a claim needs, from a pilot's posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from hotmess.design.planning import Design as Design
    from hotmess.design.planning import plan as plan

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "planning": ["Design", "plan"],
    },
)
