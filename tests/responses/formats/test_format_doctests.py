"""The examples in the docstrings of the readers run."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    *(
        f"formats.{name}"
        for name in ("registry", "hostile", "joining", "inspect_grades", "inspect_lengths", "agreement")
    ),
    *(f"formats.{name}" for name in ("lm_eval_filters", "lm_eval_choices", "lm_eval_grades", "lm_eval_config")),
    "formats.swe_bench_trajectory",
    "formats.recorded",
    "elsewhere",
    "counting",
    "naming",
    "copies",
]


@pytest.mark.parametrize("module", MODULES)
def test_examples(module):
    result = doctest.testmod(importlib.import_module(f"hotmess.responses.{module}"))
    assert result.attempted > 0 and result.failed == 0
