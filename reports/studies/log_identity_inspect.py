"""Study: two logs of Inspect that differ in one field of what it records of a run, for every such field.

    python reports/studies/log_identity_inspect.py

Writes `log_identity_inspect.md` beside itself: for each field whether the two are read as repeats of each other, as the
list of harmless fields says (`hotmess.responses.formats.inspect_config`), or told apart.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "responses" / "formats"))


def main() -> None:
    """Every field, in logs of both forms."""
    import inspect_ai
    from inspect_fields import PATHS, expected, pooled

    warnings.simplefilter("ignore")
    rows, wrong = [], []
    for path in PATHS:
        said = []
        for suffix in (".json", ".eval"):
            with tempfile.TemporaryDirectory() as folder:
                said.append(pooled(path, Path(folder), suffix))
        if set(said) != {expected(path)}:
            wrong.append(path)
        words = ["refused" if isinstance(one, str) else "repeats" if one else "told apart" for one in said]
        rows.append((path, words[0] if len(set(words)) == 1 else " / ".join(words)))
    counts = {what: sum(one == what for _, one in rows) for what in dict.fromkeys(one for _, one in rows)}
    lines = [
        "# Fields of a run of Inspect",
        "",
        f"Two logs by the writer of version {inspect_ai.__version__}, as `.json` and as `.eval`, that differ in one",
        "field. *Repeats* are pooled; *told apart* are conditions, budgets or models of their own.",
        "",
        f"Made by `python reports/studies/log_identity_inspect.py`: {len(rows)} fields, "
        + ", ".join(f"{number} {what}" for what, number in counts.items())
        + f"; against the lists: {len(wrong)}{' (' + ', '.join(wrong) + ')' if wrong else ''}.",
        "",
        "| field | two runs that differ in it |",
        "|---|---|",
        *(f"| `{path}` | {what} |" for path, what in rows),
        "",
    ]
    (HERE / "log_identity_inspect.md").write_text("\n".join(lines), encoding="utf-8")
    print(lines[5])


if __name__ == "__main__":
    main()
