"""Answers that are counted where they lie against the grades beside them, which the counts do not hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hotmess.errors import BadInput
from hotmess.responses.formats.agreement import NUMBER, check_table
from hotmess.responses.grades import rescaled
from hotmess.responses.tally import quoted
from hotmess.responses.validate import validate

MOST = 500_000
"""So many different answers, right answers and grades are looked at, those of the most responses."""


def look_at_grades(
    query: Callable[[str], Any], rows: str, there: Mapping[str, str], outcome: str, scale: Sequence[float] | None
) -> tuple[str, ...]:
    """Refuse answers that contradict their grades: each answer beside each grade once, with how many there are.

    Args:
        query: runs SQL and gives an Arrow table.
        rows: the relation of the responses, as SQL.
        there: the names of its columns.
        outcome: which column holds the answers.
        scale: the lowest and the highest grade, where not 0 and 1.

    Returns:
        A note where there are too many different ones to look at all.

    Raises:
        BadInput: as `hotmess.responses.formats.agreement.check_table` does.
    """
    if outcome not in ("answer", "text") or not {"score", "target"} <= set(there):
        return ()
    keys = [quoted(name) for name in ("benchmark", outcome, "target", "n_choices", "score") if name in there]
    listed = ", ".join(keys)
    table = query(
        f"SELECT {listed}, min(question) AS question, count(*) AS {NUMBER} FROM {rows} GROUP BY {listed} "
        f"ORDER BY {NUMBER} DESC, {listed} LIMIT {MOST}"
    ).to_pandas()
    try:
        graded, _ = rescaled(table.assign(model="all"), scale, str)
        checked = validate(graded, outcome=outcome)
    except BadInput:  # what is wrong with a value is said of its count
        return ()
    check_table(checked.table, outcome)
    if len(table) < MOST:
        return ()
    looked = int(table[NUMBER].sum())
    return (f"Whether answers agree with the grades beside them was told from {looked:,} responses.",)
