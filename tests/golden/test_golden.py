"""What is computed exactly stays what it was: statements recorded in `exact.json`, to nine digits.

`python tests/golden/test_golden.py` records them anew; read the difference before you commit it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from golden_statements import EXACT, attempt, differences, plain, record, tables

FILE = Path(__file__).with_name("exact.json")
KNOWN = json.loads(FILE.read_text()) if FILE.exists() else {}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("golden")
    tables(place)
    return place


def test_every_exact_statement_is_recorded() -> None:
    assert set(KNOWN) == set(EXACT)


@pytest.mark.parametrize("name", EXACT)
def test_exact_statement_is_what_was_recorded(name: str, folder: Path) -> None:
    found = plain(attempt(lambda: EXACT[name](folder)))
    assert "raises" not in found
    assert not differences(KNOWN[name], json.loads(json.dumps(found)))[:5]


def test_differences_see_numbers_names_lengths_and_kinds() -> None:
    old = {"a": [1.0, 2.0], "b": "x", "c": None, "d": True}
    assert not differences(old, {**old, "a": [1.0, 2.0 + 1e-10]})
    assert differences(old, {**old, "a": [1.0, 2.0 + 1e-8]}) == ["a.1: 2.0 -> 2.00000001"]
    assert differences(old, {**old, "a": [1.0]}) == ["a.1: 2.0 -> (missing)"]
    assert differences(old, {**old, "d": 1}) == ["d: True -> 1"]
    assert differences(old, {**old, "e": 0}) == ["e: (missing) -> 0"]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        FILE.write_text(json.dumps(record(Path(place), EXACT), indent=0) + "\n")
