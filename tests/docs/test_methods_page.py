"""The methods page and the code name each other: modules beside formulas, sections in modules."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import hotmess

ROOT = Path(hotmess.__file__).parent
PAGE = (Path(__file__).parents[2] / "docs" / "methods.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """Number of a section -> its text."""
    parts = re.split(r"^## (\d+)\. ", PAGE, flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def named() -> dict[str, set[str]]:
    """Module -> the sections that name it."""
    found: dict[str, set[str]] = {}
    for number, text in sections().items():
        for name in re.findall(r"`hotmess\.([\w.]+)`", text):
            found.setdefault(name, set()).add(number)
    return found


def documentation(module: str) -> str:
    path = ROOT / f"{module.replace('.', '/')}.py"
    path = path if path.exists() else path.with_suffix("") / "__init__.py"
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def test_every_section_names_the_modules_of_its_formulas():
    assert set(sections()) - set().union(*named().values()) == {"8"}  # what was measured: studies, no formulas


def told(module: str) -> set[str]:
    """The sections that a module says it belongs to."""
    text = re.sub(r"\s+", " ", documentation(module))
    return set(re.findall(r"\d+", " ".join(re.findall(r"methods, sections? ((?:\d+(?:, | and )?)+)", text))))


@pytest.mark.parametrize("module", sorted(named()))
def test_a_module_says_which_section_it_is(module):
    assert told(module) & named()[module], f"{module} is in section {sorted(named()[module])} of the methods page"


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_every_module_that_names_a_section_stands_on_the_page():
    """By its own name, or by that of its package."""
    on_page, missing = named(), []
    for path in sorted(ROOT.rglob("*.py")):
        module = name_of(path)
        assert told(module) <= set(sections()), f"{module} names a section that is not there"
        parts = module.removesuffix(".__init__").split(".")
        if told(module) and path.stem != "__init__" and not {".".join(parts[:i]) for i in (1, 2, 3)} & set(on_page):
            missing.append(module)
    assert not missing


def test_the_studies_that_the_page_names_are_there():
    root = Path(__file__).parents[2]
    pages = set(re.findall(r"`(?:reports/studies/)?(\w+\.(?:md|py))`", PAGE))
    assert len(pages) > 20 and not {page for page in pages if not (root / "reports" / "studies" / page).exists()}
