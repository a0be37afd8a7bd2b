"""Study: two logs of lm-evaluation-harness that differ in one field of what it records of a run, for every such field.

    python reports/studies/log_identity_lm_eval.py

Writes `log_identity_lm_eval.md` beside itself: for each field whether the two are read as repeats of each other, as the
list of harmless fields says (`hotmess.responses.formats.lm_eval_config`), or told apart.
"""

from __future__ import annotations

import log_identity


def main() -> None:
    """Every field, twice: the model's arguments as a mapping and as text."""
    from lm_eval_fields import PATHS, REFUSED, expected, pooled

    rows, wrong = log_identity.tried(PATHS, pooled, (False, True), expected, REFUSED)
    about = (
        "Two logs in the structure of version 0.4.13's writer that differ in one field, the model's arguments written",
        "as a mapping and as text. *Repeats* are pooled; *told apart* are conditions, budgets or models of their own.",
    )
    log_identity.write("log_identity_lm_eval", "Fields of a run of lm-evaluation-harness", about, rows, wrong)


if __name__ == "__main__":
    main()
