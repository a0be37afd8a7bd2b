"""Formats of programs that were run against tests: HumanEval, EvalPlus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotmess.responses.layouts.found import digest
from hotmess.responses.layouts.layout import Layout
from hotmess.responses.layouts.paths import Scope

if TYPE_CHECKING:
    pass

HUMAN_EVAL = Layout(
    "HumanEval results",
    signs=("task_id", "completion", "result", "passed"),
    columns={
        "benchmark": lambda row: str(row.get("task_id")).partition("/")[0],
        "question": "task_id",
        "score": "passed",
        "text_hash": digest("completion"),
    },
)


def _passed(*paths: str) -> Any:
    """1 where all statuses that there are say so, 0 where one does not; nothing where there is none."""

    def of(row: Scope) -> float | None:
        found = [status for path in paths if (status := row.get(path)) is not None]
        return float(all(status in ("pass", "success") for status in found)) if found else None

    return of


EVAL_PLUS = Layout(
    "EvalPlus results",
    signs=("eval[][].base_status",),
    rows="eval[][]",
    columns={
        "benchmark": lambda row: str(row.get("task_id|^.@")).partition("/")[0],
        "question": "task_id|^.@",
        "sample": "#",
        "score": _passed("base_status", "plus_status"),
        "base_score": _passed("base_status"),
        "text_hash": digest("solution"),
    },
    notes=(
        "The score is EvalPlus's own: base and extra tests passed; --column score=base_score takes the base tests.",
    ),
)
