"""A column that may say how many responses a row stands for: taken as counts where that is asked for, never passed
over where rows look counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.naming import normal
from hotmess.responses.outcomes import OUTCOMES
from hotmess.responses.table import CELL, is_counted
from hotmess.responses.validate import present_outcomes
from hotmess.responses.values import labels, numbers

COUNTING = frozenset(
    (
        *("count", "counts", "copies", "n", "n_copies", "n_responses", "num_responses", "response_count"),
        *("n_samples", "num_samples", "sample_count", "freq", "frequency", "occurrences", "multiplicity"),
    )
)
"""What counts of responses are called."""
MAYBE = frozenset(("len", "size", "times", "total", "count_star()", "count(*)"))
"""What they may be called, and much else is."""
COUNTABLE = ("answer", "text", "tests", "reply", "probs")
"""Outcomes of which equal ones come again: where none does in any cell, rows were counted."""


def take_counts(
    frame: pd.DataFrame, *, asked: bool, settled: Collection[str | None], outcome: str | None
) -> tuple[pd.DataFrame, list[str]]:
    """Counts of equal responses as the columns of counts (`COUNTS`), where `copies` was named; and notes.

    Args:
        asked: whether the user said which column `copies` is (--column copies=count).
        settled: columns of which the user said what else they are, as --merge count (no count).
        outcome: the column that holds the outcome, where that was said.

    Raises:
        BadInput: where a column looks as if it counted responses and nothing says whether it does.

    >>> table = pd.DataFrame({"model": "m", "question": "q", "answer": ["A", "B"], "copies": [3, 1]})
    >>> take_counts(table, asked=True, settled=(), outcome="answer")[0]["with_length"].tolist()
    [0, 0]
    """
    outcome = outcome or next(iter(present_outcomes(frame)), None)
    if (
        is_counted(frame)
        or outcome is None
        or outcome not in frame.columns
        or not {"model", "question"} <= {*frame.columns}
    ):
        return frame, []  # whatever is wrong is said where it is checked
    if not asked or "copies" not in frame.columns:
        for name in (one for one in frame.columns if one not in settled):
            if looks_counted(frame, name, outcome):
                at = int(np.argmax(frame[name].to_numpy(float) > 1))
                refuse_counts(name, f"{frame[name].iloc[at]:g} for model {frame['model'].iloc[at]!r}")
        return frame, []
    copies = numbers(frame["copies"], name="copies", place=lambda at: f"row {at + 1}")
    made = frame.drop(columns="sample", errors="ignore").assign(sum_log2_length=0.0, with_length=0, at_limit=0)
    made = made[copies != 0].reset_index(drop=True)
    if not len(made):
        raise BadInput("Column copies is 0 in all rows, so that there are no responses.")
    said = f"Column copies says how many responses a row stands for: {np.nansum(copies):,.0f} in {len(made):,} rows"
    lost = [name for name in ("sample", "reasoning_tokens", "actions") if name in frame.columns]
    return made, [f"{said}{'; what ' + ' and '.join(lost) + ' hold is not used' if lost else ''}."]


def refuse_counts(name: str, example: str, *, engine: bool = False) -> None:
    """The sentence on a column that may count responses."""
    taken = "leave out --engine and say --column copies=" if engine else "--column copies="
    raise BadInput(
        f"Column {name} looks like how many responses a row stands for (it is {example}), and rows would be taken for "
        f"one response each: say what it is, {taken}{name} (a count) or --merge {name} (none: a row is one response)."
    )


def looks_counted(frame: pd.DataFrame, name: str, outcome: str) -> bool:
    """Whether a column is called a count, holds whole numbers from 0 that are not all 0 or 1, and rows look counted.

    Rows do not look so where the numbers are those of the rows of a cell, or as many as its rows are; where samples are
    numbered, or the name may well be another thing's, only if no two rows of a cell have the same outcome.

    >>> table = pd.DataFrame({"model": "m", "question": "q", "answer": ["A", "B"], "count": [3, 1]})
    >>> looks_counted(table, "count", "answer"), looks_counted(table.assign(count=[1, 2]), "count", "answer")
    (True, False)
    """
    if normal(name) not in COUNTING | MAYBE or not pd.api.types.is_numeric_dtype(frame[name]):
        return False
    values = frame[name].to_numpy(float, na_value=np.nan)
    if not (np.isfinite(values) & (values >= 0) & (values == np.round(values))).all() or values.max() < 2:
        return False
    keys = pd.DataFrame({key: labels(frame[key], fill="") for key in (*CELL, "context") if key in frame.columns})
    cell = keys.groupby([*keys.columns], sort=False).ngroup()
    rows = cell.map(cell.value_counts()).to_numpy()
    if (values == rows).all() or (_numbered(values, cell.to_numpy(), rows) and rows.max() > 1):
        return False
    seen = pd.DataFrame({"cell": cell, "outcome": frame[outcome].map(str)})
    distinct = bool(rows.max() > 1 and outcome in COUNTABLE and not seen.duplicated().any())
    if "sample" in frame.columns or normal(name) in MAYBE:
        return distinct
    constant = bool((pd.Series(values).groupby(cell.to_numpy()).nunique() == 1).all())
    return distinct or rows.max() == 1 or not constant


def _numbered(values: np.ndarray, cell: np.ndarray, rows: np.ndarray) -> bool:
    """Whether the numbers of every cell are 0, 1, … or 1, 2, …, each once."""
    order = np.lexsort((values, cell))
    place = pd.Series(cell[order]).groupby(cell[order]).cumcount().to_numpy()
    away = values[order] - place
    return bool((away == 0).all() or (away == 1).all())


def counted_elsewhere(names: Sequence[str], settled: Collection[str]) -> list[str]:
    """Columns of rows without sample numbers that may be counts, by their names alone.

    >>> counted_elsewhere(["model", "count", "sample"], []), counted_elsewhere(["model", "count"], [])
    ([], ['count'])
    """
    if "sample" in names:
        return []
    return [name for name in names if normal(name) in COUNTING and name not in settled and name not in OUTCOMES]
