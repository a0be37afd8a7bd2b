"""Responses as counts: one row for each distinct outcome of a cell (and context), made by one SQL query.

A hundred million responses are a few million counts, and counts are all that cells need: `reduce`, `decompose` and
`fit` take counted responses like any others, with equal results. What looks at single responses (the halves of the
natural contrast, the claims' guards) says that it cannot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.ask import join_facts
from hotmess.responses.coded import coded_frame, release
from hotmess.responses.condition import checked
from hotmess.responses.count_columns import counted_elsewhere, refuse_counts
from hotmess.responses.counted_checks import refuse_duplicate, refuse_duplicates, refuse_odd_lengths
from hotmess.responses.counted_copies import look_at_copies
from hotmess.responses.counted_grades import look_at_grades
from hotmess.responses.counting import WORD, counts_sql
from hotmess.responses.grades import rescaled
from hotmess.responses.naming import normal
from hotmess.responses.outcomes import OUTCOMES
from hotmess.responses.settings import PARTS, SETTINGS, check_settings
from hotmess.responses.table import CELL, Responses
from hotmess.responses.tally import CARRIED, quoted
from hotmess.responses.units import take_units
from hotmess.responses.validate import LENGTHS, choose_outcome, require, validate
from hotmess.responses.values import suggest

if TYPE_CHECKING:
    import pyarrow as pa

    from hotmess.responses.engine import Engine

MOST_WORDS = 8
"""With higher sample numbers than these words hold, duplicates are looked for by a query of their own."""


def count_responses(
    paths: str | Path | Sequence[str | Path],
    *,
    engine: Any = "duckdb",
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    outcome: str | None = None,
    metric: str | None = None,
    length: str | None = None,
    keep: Sequence[str] = (),
    constants: Mapping[str, str] | None = None,
    models: pd.DataFrame | None = None,
    scale: Sequence[float] | None = None,
    merge: Sequence[str] = (),
    outside_unparsable: bool = False,
    allow_copies: bool = False,
    cluster: str | None = None,
    weight: str | None = None,
) -> Responses:
    """Count equal responses where they lie, and take the counts only.

    Args:
        paths: Parquet files or folders of them; for another engine than DuckDB whatever it can reach.
        engine: see `hotmess.responses.engine.connect_engine`.
        columns, where, outcome, metric, length, constants, models, scale, merge, outside_unparsable, allow_copies,
            cluster, weight: as in `hotmess.read`; columns are whole columns here, no paths and no several ones.
        keep: further columns that tell rows apart, as a difficulty of their own.

    Returns:
        Responses whose table has, in place of `sample` and lengths, `copies` (how many responses a row stands for),
        `sum_log2_length` and `with_length` (over those that have a length), and `at_limit`.

    Raises:
        BadInput: as `hotmess.read` does, for the values that there are; for duplicates; where the engine refuses.
    """
    from hotmess.responses.engine import connect_engine

    listed = [paths] if isinstance(paths, (str, Path)) else list(paths)
    if not listed:
        raise BadInput("No file was given.")
    renamed = dict(columns or {})
    source = connect_engine(engine, listed, renamed={**renamed, **dict.fromkeys(constants or (), "")})
    try:
        units = [name for name in (cluster, weight) if name is not None]
        kept = [*keep, *(name for name in units if name not in CELL)]
        ask = _Ask(renamed, dict(constants or {}), where, outcome, metric, length, kept, merge, allow_copies, scale)
        frame, chosen, notes = _count(source, ask)
    finally:
        source.close()
    release()
    found = _checked(frame, chosen, notes, models, scale, outside_unparsable, cluster, weight)
    del frame
    release()
    return found


@dataclass(frozen=True)
class _Ask:
    """What is to be counted."""

    renamed: Mapping[str, str]
    constants: Mapping[str, str]
    where: str | None
    outcome: str | None
    metric: str | None
    length: str | None
    keep: Sequence[str]
    merge: Sequence[str]
    allow_copies: bool
    scale: Sequence[float] | None


def _count(source: Engine, ask: _Ask) -> tuple[pd.DataFrame, str, list[str]]:
    there = _names(source, ask)
    rows = _rows(source, there, ask)
    where, outcome, metric, length, keep = ask.where, ask.outcome, ask.metric, ask.length, ask.keep
    facts = _facts(source, rows, there)
    if not facts["rows"]:
        raise BadInput("The files have no rows." if where is None else f"No row is left by the condition {where!r}.")
    _refuse_counts(source, rows, there, ask)
    rescaled(pd.DataFrame(columns=list(there)), ask.scale, str)  # refuses a scale without grades
    head = _head(source, rows, there)
    for name in ("model", "question"):
        require(head, name)
    outcome = choose_outcome(head, outcome=outcome, metric=metric)
    for name in keep:
        require(head, name)
    if length is None:
        length = next((name for name in LENGTHS if name in there and head[name].notna().any()), None)
    else:
        require(head, length)
    # An answer tells a response of another outcome from one whose probabilities are wrongly formatted.
    beside = {"point": ["target_point"], "probs": ["answer"]}.get(outcome, [])
    wanted = [*CELL, "context", *CARRIED, *keep, outcome, *beside]
    names = list(dict.fromkeys(name for name in wanted if name in there))
    notes = []
    settings = [name for name in there if normal(name) in SETTINGS | PARTS and name not in names]
    strange = next((name for name in ask.merge if name not in there), None)
    if strange is not None:
        raise BadInput(f"There is no column {strange!r} to merge{suggest(strange, there)}.")
    low, high = 0, -1
    if facts.get("numbered"):
        low, high = _samples(source, rows, facts, [n for n in names if n in (*CELL, "context")])
    else:
        notes.append("There is no column sample: every row is taken for a response of its own.")
    sql = counts_sql(
        rows,
        names,
        length=length,
        finish_reason="finish_reason" in there,
        samples=(low, high) if high >= low else None,
        settings=settings,
    )
    counted = source.counts(sql)
    total = int(np.sum(counted["copies"].to_numpy()))
    notes.insert(0, f"{total:,} rows were counted by {source.name}.")
    if length is not None:
        refuse_odd_lengths(counted, length)
        notes.append(f"Lengths are in {length}; only the sums of their logarithms were taken.")
    if high >= low:
        refuse_duplicates(counted)
        counted = counted.select([name for name in counted.column_names if not name.startswith("seen_")])
    notes += look_at_grades(source.query, rows, there, outcome, ask.scale)
    notes += look_at_copies(source.query, rows, there, outcome, length, allow=ask.allow_copies)
    notes += _settled(counted, settings, ask.merge)
    kept = _kept(counted)
    del counted
    return coded_frame(kept), outcome, notes


def _refuse_counts(source: Engine, rows: str, there: Mapping[str, str], ask: _Ask) -> None:
    """Rows that are counts already, of which an engine would take each for one response."""
    settled = [*ask.merge, *ask.keep, *filter(None, (ask.outcome, ask.length))]
    for name in counted_elsewhere(list(there), settled):
        if source.columns.get(there[name]):
            most = source.query(f"SELECT max({quoted(name)}) AS most FROM {rows}").to_pylist()[0]["most"]
            if most is not None and most > 1:
                refuse_counts(name, f"{most:,} at most", engine=True)


def _names(source: Engine, ask: _Ask) -> dict[str, str]:
    """This package's names (and all others in the files) → how SQL names them."""
    renamed = ask.renamed
    for ours in ask.constants:
        if ours in source.columns or ours in renamed:
            raise BadInput(f"The files have a column {ours} already: leave out --set {ours}={ask.constants[ours]}.")
    for ours, theirs in renamed.items():
        if theirs not in source.columns:
            if any(mark in theirs for mark in ".,[/"):
                raise BadInput(
                    f"An engine takes whole columns, no paths and no several ones, as {theirs!r} for {ours}."
                )
            near = suggest(theirs, source.columns)
            raise BadInput(f"There is no column {theirs!r} in the files to use as {ours}{near}.")
    return {**{name: name for name in source.columns}, **renamed, **dict.fromkeys(ask.constants, "")}


def _rows(source: Engine, there: Mapping[str, str], ask: _Ask) -> str:
    """The rows to count, under this package's names, constants among them."""
    where = ask.where
    listed = ", ".join(
        f"{_text(ask.constants[ours]) if ours in ask.constants else quoted(theirs)} AS {quoted(ours)}"
        for ours, theirs in there.items()
    )
    rows = f"(SELECT {listed} FROM {source.relation}) AS responses"
    return f"(SELECT * FROM {rows} WHERE (\n{checked(where, there)}\n)) AS chosen" if where is not None else rows


def _text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def _head(source: Engine, rows: str, there: Mapping[str, str]) -> pd.DataFrame:
    """One row that says which columns there are and, where there is a choice, which of them hold anything."""
    head: dict[str, list[Any]] = {name: ["x"] for name in there}
    for choice in (OUTCOMES, LENGTHS):
        found = [name for name in choice if name in there]
        for name in found if len(found) > 1 else []:
            some = source.query(f"SELECT 1 AS one FROM {rows} WHERE {quoted(name)} IS NOT NULL LIMIT 1")
            head[name] = ["x" if some.num_rows else None]
    return pd.DataFrame(head)


def _facts(source: Engine, rows: str, there: Mapping[str, str]) -> dict[str, Any]:
    """How many rows there are and, of their sample numbers, how many and what range, if they are whole numbers."""
    asked = "count(*) AS rows"
    if "sample" in there:
        asked += ", count(sample) AS numbered"
        if source.columns.get(there["sample"]):
            asked += ", min(sample) AS low, max(sample) AS high"
    facts: dict[str, Any] = source.query(f"SELECT {asked} FROM {rows}").to_pylist()[0]
    return facts


def _samples(source: Engine, rows: str, facts: Mapping[str, Any], keys: Sequence[str]) -> tuple[int, int]:
    """The range of whole sample numbers, if bitmaps can hold it; else duplicates are looked for here."""
    listed = ", ".join(map(quoted, keys))
    if facts["rows"] > facts["numbered"]:
        raise BadInput(f"Column sample is empty in {facts['rows'] - facts['numbered']:,} rows.")
    if "low" in facts and facts["high"] - facts["low"] < WORD * MOST_WORDS:
        return int(facts["low"]), int(facts["high"])
    again = source.query(
        f"SELECT {listed}, sample FROM {rows} GROUP BY {listed}, sample HAVING count(*) > 1 LIMIT 1"
    ).to_pylist()
    if again:
        refuse_duplicate(again[0])
    return 0, -1


def _settled(counted: pa.Table, settings: Sequence[str], merge: Sequence[str]) -> list[str]:
    """Settings that vary inside a cell are merged, with a note, or refused as in tables that are loaded."""
    if not settings:
        return []
    keys = [name for name in (*CELL, "context") if name in counted.column_names]
    bounds = [f"{word}_{number}" for number in range(len(settings)) for word in ("least", "most")]
    frame = counted.select([*keys, *bounds]).to_pandas()
    # Each count with its least and its greatest value stands for the rows that it counts.
    parts = []
    for word in ("least", "most"):
        values = {name: frame[f"{word}_{number}"] for number, name in enumerate(settings)}
        parts.append(frame[keys].assign(**values))
    return check_settings(pd.concat(parts, ignore_index=True), lambda at: f"count {at + 1}", settled=merge)


def _kept(counted: pa.Table) -> dict[str, pa.ChunkedArray]:
    """The columns of the counts without what only their checks need."""
    own = ("seen_", "least_", "most_")
    names = [name for name in counted.column_names if not name.startswith(own) and name != "odd_lengths"]
    return {name: counted[name] for name in names}


def _checked(
    frame: pd.DataFrame,
    outcome: str,
    notes: list[str],
    models: pd.DataFrame | None,
    scale: Sequence[float] | None,
    outside_unparsable: bool,
    cluster: str | None,
    weight: str | None,
) -> Responses:
    """The counts, validated like any table: what is wrong with a value is wrong with its count."""
    place = lambda at: f"count {at + 1}"  # noqa: E731
    if models is not None:
        frame, said = join_facts(frame, models, "model", "The table of models")
        notes += said
    frame, said = rescaled(frame, scale if outcome == "score" else None, place)
    notes += said
    frame, said = take_units(frame, cluster, weight, place)
    return validate(frame, outcome=outcome, place=place, notes=[*notes, *said], outside_unparsable=outside_unparsable)
