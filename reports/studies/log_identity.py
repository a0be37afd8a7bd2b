"""Two logs that differ in one field, for every field of a tool's record of a run: shared by the `log_identity_…`.

Each field is tried in two forms of the log; a page says whether both are read as repeats or told apart.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "responses" / "formats"))

Read = Callable[[str, Path, Any], bool | str]
"""(field, folder, form of the log) -> whether two logs are read as repeats, or the sentence of their refusal."""


def word(one: bool | str) -> str:
    """What the page says of one form."""
    return "refused" if isinstance(one, str) else "repeats" if one else "told apart"


def tried(
    paths: Sequence[str], pooled: Read, forms: Sequence[Any], expected: Callable[[str], Any], but: Collection[str] = ()
) -> tuple[list[tuple[str, str]], list[str]]:
    """(field, what is said of it) for each, and the fields where that is not what the list says (`but`: not listed)."""
    warnings.simplefilter("ignore")
    rows, wrong = [], []
    for path in paths:
        said = []
        for form in forms:
            with tempfile.TemporaryDirectory() as folder:
                said.append(pooled(path, Path(folder), form))
        if path not in but and set(said) != {expected(path)}:
            wrong.append(path)
        words = [word(one) for one in said]
        rows.append((path, words[0] if len(set(words)) == 1 else " / ".join(words)))
    return rows, wrong


def write(stem: str, title: str, about: Sequence[str], rows: Sequence[tuple[str, str]], wrong: Sequence[str]) -> None:
    """Write the page `stem`.md, and print its counts."""
    counts = {what: sum(one == what for _, one in rows) for what in dict.fromkeys(one for _, one in rows)}
    summary = (
        f"Made by `python reports/studies/{stem}.py`: {len(rows)} fields, "
        + ", ".join(f"{number} {what}" for what, number in counts.items())
        + f"; against the lists: {len(wrong)}{' (' + ', '.join(wrong) + ')' if wrong else ''}."
    )
    table = ["| field | two runs that differ in it |", "|---|---|", *(f"| `{path}` | {what} |" for path, what in rows)]
    lines = [f"# {title}", "", *about, "", summary, "", *table, ""]
    (HERE / f"{stem}.md").write_text("\n".join(lines), encoding="utf-8")
    print(summary)
