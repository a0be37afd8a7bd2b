"""The response table: reading, validation, reduction to cells, difficulty groups, halves."""

from __future__ import annotations

from hotmess.lazy import Getter, attributes

_HOME = {
    "CELL": "table",
    "OUTCOMES": "outcomes",
    "Responses": "table",
    "Cells": "cells",
    "reduce": "cells",
    "Space": "positions",
    "split_halves": "halves",
    "difficulty": "groups",
}

__all__ = sorted(_HOME)

__getattr__: Getter = attributes(__name__, _HOME)
