"""Every mutant still has its line in the code, once, and tests that are there."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def study(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "reports" / "studies" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["mutants_core", "mutants_joints"])
def test_every_mutant_has_its_line_and_its_tests(name, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    mutants = study(name).MUTANTS
    assert len({m.name for m in mutants}) == len(mutants) >= 40
    for m in mutants:
        assert (ROOT / m.file).read_text(encoding="utf-8").count(m.old) == 1, (m.name, m.old)
        assert m.old != m.new and (ROOT / m.tests).exists(), m.name
