"""Scripts outside the package name only what the package has: studies, scripts in models/, benchmarks, docs."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

import hotmess as hm

ROOT = Path(__file__).parents[2]
FOLDERS = ("reports/studies", "models", "benchmarks", "docs")
SCRIPTS = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.py"))]


def missing(text: str) -> list[str]:
    """What a script takes from the package that is not there; imports inside functions count."""
    out = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "hotmess":
            module = importlib.import_module(str(node.module))
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                inside = hasattr(module, "__path__") and importlib.util.find_spec(name) is not None
                if not hasattr(module, alias.name) and not inside:
                    out.append(name)
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "hm" and not hasattr(hm, node.attr):
            out.append(f"hotmess.{node.attr}")
    return out


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_takes_what_is_there(path):
    assert missing(path.read_text(encoding="utf-8")) == []


def test_the_search_finds_what_is_not_there():
    text = "import hotmess as hm\ndef f():\n    from hotmess.errors import BadInput, Worse\n    hm.no_such(BadInput)"
    assert set(missing(text)) == {"hotmess.no_such", "hotmess.errors.Worse"}
