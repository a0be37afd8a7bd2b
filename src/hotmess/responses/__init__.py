"""The response table: reading, validation, reduction to cells, difficulty groups, halves."""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "cells": ["Cells", "reduce"],
        "difficulty": ["difficulty_groups"],
        "halves": ["split_halves"],
        "outcomes": ["OUTCOMES"],
        "placing": ["Space"],
        "table": ["CELL", "Responses"],
    },
)
