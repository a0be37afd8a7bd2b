"""What may import what: one direction, no circles, nothing private across files, short files, one meaning per name.

All imports count: those for types only, and those inside functions. Each rule is broken on purpose, and seen.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import hotmess

ROOT = Path(hotmess.__file__).parent
MOST_LINES = 300

STAGES = (
    ("ground", "errors words arrays remembered home locks files limits terminal interrupt"),
    (
        "arrays",
        "decompose.points decompose.squared decompose.kl decompose.zero_one decompose.parts decompose.intervals",
    ),
    ("machinery of posteriors", "inference"),
    ("rankings as a table", "rankings.table"),
    ("error spent over looks", "looks"),
    ("responses", "responses"),
    ("decompositions", "decompose"),
    ("posteriors of answers", "answers statements"),
    ("laws", "laws"),
    ("estimates without a model", "estimates"),
    ("posteriors of lengths", "temperature"),
    ("a second implementation", "pymc_models"),
    ("uses of posteriors", "saved ensembles checks runs rankings optimizer"),
    ("claims", "claims design"),
    ("sampling until decided", "sequential"),
    ("tables and worlds", "interpret simulate examples"),
    ("figures", "plot"),
    ("reports", "report"),
    ("sources of responses", "organisms sampling"),
    ("commands", "commands"),
    ("entries", "cli __main__ organisms.__main__"),
)
"""From left to right; a module belongs to the longest name that it begins with. `hotmess` itself imports all."""

ACROSS = {
    ("answers.engines", "pymc_models"): "a fit's other backend, imported where it is asked for",
}
"""Imports against the direction, each for a reason."""

MIRRORS = ("commands", "plot", "report.sections", "pymc_models", "simulate")
"""Packages that have a module for a subject of another: its command, figures, section, PyMC model, worlds."""

ROLES = {
    "__main__": ("what `python -m` runs", "__main__ organisms.__main__"),
    "api": ("what a script calls", "claims.api report.api"),
    "called": ("what the variables of a posterior are called in words", "laws.called temperature.called"),
    "checks": ("checks of a model against its data", "checks temperature.checks"),
    "contexts": ("few-shot contexts in a model", "answers.contexts temperature.contexts"),
    "fit": ("from responses to a posterior", "answers.fit temperature.fit"),
    "model": ("the density of a model in NumPyro", "rankings.model temperature.model"),
    "posterior": (
        "a posterior, and what all of them can do",
        "answers.posterior inference.posterior temperature.posterior",
    ),
    "prior": ("the prior of a model", "answers.prior temperature.prior"),
    "read": ("reading files", "responses.formats.read responses.read"),
    "registry": ("which formats are known", "responses.formats.registry responses.layouts.registry"),
    "simulate": ("made-up data", "rankings.simulate simulate"),
    "table": ("the table behind a kind of data", "optimizer.table rankings.table responses.table"),
}
"""Names that several modules have: what each of them is there, and the modules."""

OTHERS = ("_asdict", "_replace", "_fields", "_exit", "_actions", "_option_string_actions")
"""Names with an underscore that are other libraries'."""

Imports = dict[str, set[tuple[str, str]]]


@cache
def modules(root: Path = ROOT) -> dict[str, Path]:
    """Every module of a package, by its name without `hotmess.`."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def trees(root: Path = ROOT) -> dict[str, ast.Module]:
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in modules(root).items()}


@cache
def imports(root: Path = ROOT) -> Imports:
    """For every module, (module, name) of all that it imports from the package."""
    known = modules(root)
    found: Imports = {name: set() for name in known}
    for name, tree in trees(root).items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                ours = [a.name for a in node.names if a.name.split(".")[0] == "hotmess"]
                found[name] |= {(whole.removeprefix("hotmess").removeprefix("."), "") for whole in ours}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "hotmess":
                base = (node.module or "").removeprefix("hotmess").removeprefix(".")
                for alias in node.names:
                    inside = f"{base}.{alias.name}".removeprefix(".")
                    found[name].add((inside, "") if inside in known else (base, alias.name))
            assert not (isinstance(node, ast.ImportFrom) and node.level), f"{name}: imports are absolute"
    return found


def graph(root: Path = ROOT) -> dict[str, set[str]]:
    return {name: {module for module, _ in given if module != name} for name, given in imports(root).items()}


def circle(root: Path = ROOT) -> list[str]:
    """Modules of a circle of imports, the first again at its end; none where there is no circle."""
    known = modules(root)
    try:
        TopologicalSorter({name: {m for m in given if m in known} for name, given in graph(root).items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def private(root: Path = ROOT) -> list[str]:
    """What is private in one file and used in another: imported, or taken from what is another file's."""
    found = [
        f"{name}: {module}.{what}"
        for name, given in imports(root).items()
        for module, what in given
        if (what.startswith("_") and not what.startswith("__"))
        or any(part.startswith("_") and part != "__main__" for part in module.split("."))
    ]
    for name, tree in trees(root).items():
        nodes = list(ast.walk(tree))
        own = {n.name for n in nodes if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
        own |= {n.id for n in nodes if isinstance(n, ast.Name)}
        own |= {n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
        taken = {n.attr for n in nodes if isinstance(n, ast.Attribute) and n.attr.startswith("_")}
        found += [f"{name}: {attr}" for attr in sorted(taken - own) if attr[:2] != "__" and attr not in OTHERS]
    return found


def long_files(root: Path = ROOT) -> dict[str, int]:
    """Lines of the files that cannot be read in one sitting."""
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules(root).items()}
    return {name: count for name, count in lines.items() if count > MOST_LINES}


def namesakes(root: Path = ROOT) -> dict[str, set[str]]:
    """Modules of one name, but for those that hold the same subject's command, figures, worlds, …"""
    by_name = defaultdict(set)
    for name in modules(root):
        if name.rpartition(".")[0] not in MIRRORS:
            by_name[name.rpartition(".")[2]].add(name)
    return {name: places for name, places in by_name.items() if len(places) > 1}


def test_no_module_imports_itself_by_a_detour():
    assert len(modules()) > 300 and graph()["claims.api"] >= {"claims.study", "responses.table"}
    assert not circle(), " → ".join(circle())


def test_nothing_private_crosses_files():
    assert not private()


def stage(module: str) -> int:
    """Where a module stands from the left."""
    best = max(
        (
            (len(prefix), place)
            for place, (_, names) in enumerate(STAGES)
            for prefix in names.split()
            if module == prefix or module.startswith(prefix + ".")
        ),
        default=(0, len(STAGES)),
    )
    return best[1]


def test_every_package_has_its_stage():
    assert {name for name in modules() if stage(name) == len(STAGES)} == {""}


def test_stages_import_only_what_is_to_their_left():
    against, used = [], set()
    for name, given in graph().items():
        for module in given:
            if stage(module) > stage(name):
                excuse = next((pair for pair in ACROSS if name == pair[0] and module.startswith(pair[1])), None)
                used.add(excuse)
                if excuse is None:
                    against.append(f"{name} imports {module or 'hotmess'}, which is to its right")
    assert not against, "\n".join(against)
    assert used >= set(ACROSS), "an exception that nothing needs"


def test_no_two_test_files_have_one_name():
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert len(names) > 100 and len(set(names)) == len(names)


def test_files_can_be_read_in_one_sitting():
    assert not long_files()


def test_modules_of_one_name_hold_one_subject():
    assert namesakes() == {name: set(places.split()) for name, (_, places) in ROLES.items()}


BROKEN = {
    "a circle of types": {"a": "if TYPE_CHECKING:\n    from hotmess.b import B", "b": "from hotmess.a import A"},
    "a circle in functions": {
        "a": "def f():\n    from hotmess.b import g",
        "b": "def g():\n    import hotmess.c",
        "c": "def h():\n    from hotmess import a",
    },
    "a circle by the whole package": {"__init__": "from hotmess.a import f", "a": "def f():\n    import hotmess as hm"},
    "a private name imported": {"a": "def f():\n    from hotmess.b import _g", "b": "def _g(): ..."},
    "a private module": {"a": "from hotmess import _b", "_b": ""},
    "a private name taken": {"a": "from hotmess import b\nx = b._g()", "b": "def _g(): ..."},
    "a private method taken": {
        "a": "def f(fit):\n    return fit._flat('x')",
        "b": "class F:\n    def _flat(self): ...",
    },
    "a long file": {"a": "\n".join(["x = 1"] * (MOST_LINES + 1))},
    "two subjects of one name": {"one.prior": "", "two.prior": ""},
    "nothing": {
        "a": "from hotmess.b import g\n" + "\n" * (MOST_LINES - 2),
        "b": "class F:\n    def _own(self): ...\n    def g(self):\n        self._own()\n        self._asdict()",
        "one.prior": "from hotmess.b import g",
        "plot.prior": "",
    },
}
"""Packages in which one rule is broken, and one in which none is."""


@pytest.mark.parametrize("what", BROKEN)
def test_each_rule_is_seen_where_it_is_broken(what, tmp_path):
    for name, text in BROKEN[what].items():
        path = tmp_path.joinpath(*name.split(".")).with_suffix(".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    seen = {
        "a circle": bool(circle(tmp_path)),
        "a private": bool(private(tmp_path)),
        "a long": bool(long_files(tmp_path)),
        "two subjects": bool(namesakes(tmp_path)),
    }
    assert [rule for rule, found in seen.items() if found] == [rule for rule in seen if what.startswith(rule)]
