"""The examples in the docstrings of the table, the decompositions and the command line run."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    *(f"hotmess.responses.{name}" for name in ("values", "validate", "tally", "halves")),
    *(
        f"hotmess.decompose.{name}"
        for name in ("points", "squared", "kl", "zero_one", "aggregate", "intervals", "parts")
    ),
    "hotmess.decompose.grouping",
    "hotmess.commands.options",
]


@pytest.mark.parametrize("module", MODULES)
def test_examples(module):
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0
    assert result.failed == 0
