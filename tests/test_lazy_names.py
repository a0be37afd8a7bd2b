"""What packages offer by name is there, is no module, and stays what it is once the module of its name is imported."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

import hotmess as hm

ROOT = Path(hm.__file__).parent
LAZY = sorted(
    ".".join(("hotmess", *path.parent.relative_to(ROOT).parts))
    for path in ROOT.rglob("__init__.py")
    if "lazy_loader.attach" in path.read_text(encoding="utf-8")
)


def test_packages_with_lazy_names_are_found():
    assert {"hotmess", "hotmess.plot", "hotmess.responses.formats"} <= set(LAZY) and len(LAZY) > 8


@pytest.mark.parametrize("name", LAZY)
def test_every_name_that_a_package_offers_is_there_and_stays(name):
    package = importlib.import_module(name)
    assert set(package.__all__) <= set(dir(package)) and len(set(package.__all__)) == len(package.__all__)
    for offered in package.__all__:
        first = getattr(package, offered)
        home = getattr(first, "__module__", None)
        if isinstance(home, str) and home.startswith("hotmess."):
            importlib.import_module(home)
        assert getattr(package, offered) is first
        assert name == "hotmess" or not isinstance(first, ModuleType), offered


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="cleen"):
        _ = hm.cleen
