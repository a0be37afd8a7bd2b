"""Checks that can embarrass the model of answers: does it make such data? And what may stand in the Beta's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from hotmess.checks.families import alternatives as alternatives
    from hotmess.checks.predictive import Checks as Checks
    from hotmess.checks.predictive import check as check

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "families": ["alternatives"],
        "predictive": ["Checks", "check"],
    },
)
