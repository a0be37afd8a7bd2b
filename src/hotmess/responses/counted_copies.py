"""Whether responses that are counted where they lie are copies of each other: told from those to some questions.

Counts do not hold lengths or texts, which tell copies. So the responses to a few questions of each benchmark are
loaded, by one query more, and looked at like any others (`hotmess.responses.copies`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from hotmess.responses.copies import LENGTHS, check_copies
from hotmess.responses.table import CELL
from hotmess.responses.tally import quoted
from hotmess.responses.values import labels

QUESTIONS = 40
"""So many questions of a benchmark are looked at, the first by name."""

ROWS = 500_000
"""At most so many responses are loaded, those to the first questions of all benchmarks before those to the next."""

NO_LENGTHS = "Whether repeats of a question are copies of each other cannot be told: there are no lengths."

ORDER = (*CELL, "context", "sample")
"""Columns by which responses to questions of one place are ordered."""

_BESIDE = ("context", "sample", "text_hash", "seed", "temperature", "probs")


def look_at_copies(
    query: Callable[[str], Any], rows: str, there: Mapping[str, str], outcome: str, length: str | None, *, allow: bool
) -> tuple[str, ...]:
    """Refuse copies among the responses to the first questions, or note them.

    Args:
        query: runs SQL and gives an Arrow table.
        rows: the relation of the responses, as SQL.
        there: the names of its columns.
        outcome, length: which columns are these.

    Raises:
        BadInput: as `check_copies` does.
    """
    told = length is not None or "text_hash" in there
    names = [name for name in dict.fromkeys((*CELL, *_BESIDE, outcome)) if name in there]
    listed = ", ".join([*map(quoted, names), *([f"{quoted(length)} AS length_"] if length is not None else [])])
    keys = [quoted(name) for name in ("benchmark", "question") if name in there]
    by = f"PARTITION BY {keys[0]} " if len(keys) == 2 else ""
    own = [f"{key} AS key_{at}" for at, key in enumerate(keys)]
    numbered = (
        f"SELECT {', '.join(own)}, row_number() OVER ({by}ORDER BY question) AS place_ "
        f"FROM (SELECT DISTINCT {', '.join(keys)} FROM {rows}) AS questions_"
    )
    # Rows without a benchmark have one of their own, which `=` would not find.
    same = " AND ".join(f"{key} IS NOT DISTINCT FROM key_{at}" for at, key in enumerate(keys))
    order = ", ".join(["place_", *(quoted(name) for name in names if name in ORDER)])
    sql = (
        f"SELECT {listed} FROM {rows} JOIN (SELECT * FROM ({numbered}) AS numbered_ WHERE place_ <= {QUESTIONS}) "
        f"AS first_ ON {same} ORDER BY {order} LIMIT {ROWS}"
    )
    table = query(sql).to_pandas()
    if length is not None:
        name = length if length in LENGTHS else "reasoning_tokens"
        table[name] = pd.to_numeric(table.pop("length_"), errors="coerce").astype(float)
    for name in (*CELL, "text_hash", "seed"):
        if name in table:
            table[name] = labels(table[name])
    if "sample" in table:
        table["sample"] = pd.factorize(table["sample"])[0]
    seen = table[["question"]].drop_duplicates().shape[0]
    notes = check_copies(table, allow=allow)
    if not told:
        return (*notes, NO_LENGTHS)
    return (*notes, f"Whether repeats are copies of each other was told from the responses to {seen:,} questions.")
