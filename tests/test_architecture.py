"""What may import what: one direction, no circles, nothing private across files, short files, one meaning per name.

All imports count: those for types only, and those inside functions.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import hotmess

ROOT = Path(hotmess.__file__).parent
MOST_LINES = 300

STAGES = (
    ("ground", "errors words arrays home locks files limits terminal interrupt"),
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
    "__main__": "what `python -m` runs",
    "api": "what a script calls",
    "checks": "checks of a model against its data",
    "contexts": "few-shot contexts in a model",
    "fit": "from responses to a posterior",
    "model": "the density of a model in NumPyro",
    "posterior": "a posterior, and what all of them can do",
    "prior": "the prior of a model",
    "read": "reading files",
    "registry": "which formats are known",
    "simulate": "made-up data",
    "table": "the table behind a kind of data",
}
"""Names of parts that several things have, and what each of them is there."""


@cache
def modules() -> dict[str, Path]:
    """Every module of the package, by its name without `hotmess.`."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports() -> dict[str, set[tuple[str, str]]]:
    """For every module, (module, name) of all that it imports from the package."""
    known = modules()
    found: dict[str, set[tuple[str, str]]] = {name: set() for name in known}
    for name, path in known.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found[name] |= {
                    (a.name.removeprefix("hotmess."), "") for a in node.names if a.name.startswith("hotmess.")
                }
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "hotmess":
                base = (node.module or "").removeprefix("hotmess").removeprefix(".")
                for alias in node.names:
                    inside = f"{base}.{alias.name}".removeprefix(".")
                    found[name].add((inside, "") if inside in known else (base, alias.name))
            assert not (isinstance(node, ast.ImportFrom) and node.level), f"{name}: imports are absolute"
    return found


def graph() -> dict[str, set[str]]:
    return {name: {module for module, _ in given if module != name} for name, given in imports().items()}


def test_no_module_imports_itself_by_a_detour():
    known = modules()
    assert len(known) > 300 and graph()["claims.api"] >= {"claims.study", "responses.table"}
    try:
        TopologicalSorter({name: {m for m in given if m in known} for name, given in graph().items()}).prepare()
    except CycleError as error:
        raise AssertionError(" → ".join(error.args[1])) from None


def test_the_search_for_circles_finds_one():
    try:
        TopologicalSorter({"a": {"b"}, "b": {"c"}, "c": {"a"}}).prepare()
    except CycleError:
        return
    raise AssertionError


def test_nothing_private_crosses_files():
    private = [
        f"{name}: {module}.{what}"
        for name, given in imports().items()
        for module, what in given
        if (what.startswith("_") and not what.startswith("__"))
        or any(part.startswith("_") and part != "__main__" for part in module.split("."))
    ]
    assert not private


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
    long = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules().items()}
    assert not {name: lines for name, lines in long.items() if lines > MOST_LINES}


def test_modules_of_one_name_hold_one_subject():
    by_name = defaultdict(set)
    for name in modules():
        by_name[name.rpartition(".")[2]].add(name)
    mirrors = {name for name in modules() if name.rpartition(".")[0] in MIRRORS}
    several = {name: sorted(places - mirrors) for name, places in by_name.items() if len(places - mirrors) > 1}
    assert set(several) == set(ROLES), several
