"""Study: two logs of lm-evaluation-harness that differ in one field of what it records of a run, for every such field.

    python reports/studies/log_identity_lm_eval.py

Writes `log_identity_lm_eval.md` beside itself: for each field whether the two are read as repeats of each other, as the
list of harmless fields says (`hotmess.responses.formats.lm_eval_config`), or told apart.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "responses" / "formats"))


def main() -> None:
    """Every field, twice: the model's arguments as a mapping and as text."""
    from lm_eval_fields import PATHS, REFUSED, expected, pooled

    warnings.simplefilter("ignore")
    rows, wrong = [], []
    for path in PATHS:
        said = []
        for text in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                said.append(pooled(path, Path(folder), text))
        if path not in REFUSED and set(said) != {expected(path)}:
            wrong.append(path)
        words = ["refused" if isinstance(one, str) else "repeats" if one else "told apart" for one in said]
        rows.append((path, words[0] if len(set(words)) == 1 else " / ".join(words)))
    counts = {what: sum(one == what for _, one in rows) for what in dict.fromkeys(one for _, one in rows)}
    lines = [
        "# Fields of a run of lm-evaluation-harness",
        "",
        "Two logs in the structure of version 0.4.13's writer that differ in one field, the model's arguments written",
        "as a mapping and as text. *Repeats* are pooled; *told apart* are conditions, budgets or models of their own.",
        "",
        f"Made by `python reports/studies/log_identity_lm_eval.py`: {len(rows)} fields, "
        + ", ".join(f"{number} {what}" for what, number in counts.items())
        + f"; against the lists: {len(wrong)}{' (' + ', '.join(wrong) + ')' if wrong else ''}.",
        "",
        "| field | two runs that differ in it |",
        "|---|---|",
        *(f"| `{path}` | {what} |" for path, what in rows),
        "",
    ]
    (HERE / "log_identity_lm_eval.md").write_text("\n".join(lines), encoding="utf-8")
    print(lines[5])


if __name__ == "__main__":
    main()
