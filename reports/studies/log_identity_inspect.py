"""Study: two logs of Inspect that differ in one field of what it records of a run, for every such field.

    python reports/studies/log_identity_inspect.py

Writes `log_identity_inspect.md` beside itself: for each field whether the two are read as repeats of each other, as the
list of harmless fields says (`hotmess.responses.formats.inspect_config`), or told apart.
"""

from __future__ import annotations

import log_identity


def main() -> None:
    """Every field, in logs of both forms."""
    import inspect_ai
    from inspect_fields import PATHS, expected, pooled

    rows, wrong = log_identity.tried(PATHS, pooled, (".json", ".eval"), expected)
    about = (
        f"Two logs by the writer of version {inspect_ai.__version__}, as `.json` and as `.eval`, that differ in one",
        "field. *Repeats* are pooled; *told apart* are conditions, budgets or models of their own.",
    )
    log_identity.write("log_identity_inspect", "Fields of a run of Inspect", about, rows, wrong)


if __name__ == "__main__":
    main()
