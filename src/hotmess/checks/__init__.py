"""Checks that can embarrass the model of answers: does it make such data? And what may stand in the Beta's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotmess.lazy import Getter, attributes

if TYPE_CHECKING:
    from hotmess.checks.families import alternatives as alternatives
    from hotmess.checks.predictive import Checks as Checks
    from hotmess.checks.predictive import check as check

_HOME = {"Checks": "predictive", "check": "predictive", "alternatives": "families"}

__all__ = ["Checks", "alternatives", "check"]

__getattr__: Getter = attributes(__name__, _HOME)
