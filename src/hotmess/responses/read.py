"""Reading response tables: Parquet, CSV and JSON Lines found by content; logs are handed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.filter import rows_where
from hotmess.responses.load import load, walk
from hotmess.responses.table import CELL, Responses
from hotmess.responses.validate import LONGEST, validate
from hotmess.responses.values import labels, suggest

Source = str | Path | pd.DataFrame
"""A file, a folder, or a table in memory."""


def read(
    paths: Source | Sequence[Source],
    *,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    outcome: str | None = None,
    metric: str | None = None,
    length: str | None = None,
    allow_copies: bool = False,
    engine: Any = None,
    keep: Sequence[str] = (),
    **log_options: Any,
) -> Responses:
    """Read tables and logs of responses into one validated table.

    Args:
        paths: files or folders (what each is, is found by its content, not its name), or tables in memory: data
            frames of pandas, or of any library whose tables have `to_pandas`.
        columns: names of this package's columns → names in the file, as in `{"reasoning_tokens": "tokens"}`.
        where: an SQL condition (DuckDB) on the rows as they stand in the files, after renaming.
        outcome: the column that holds the outcome; default: the first present that `metric` can use.
        metric: helps to choose the outcome.
        length: the column of lengths; default reasoning_tokens, else actions.
        allow_copies: take repeats that look like copies of each other; the notes then say so.
        engine: count equal responses where they lie instead of loading them: `duckdb`, `duckdb://?memory_limit=2GB`,
            `spark://host:port`, any other address that Ibis knows, or a connected backend of Ibis. The files are then
            Parquet, and the table holds counts, see `hotmess.responses.counted`.
        keep: with an engine, further columns that tell rows apart.
        **log_options: options of the log readers (scorer, filter, tokenizer, model, …).

    Raises:
        BadInput: one sentence on the first thing that is wrong, naming the file and the row.

    >>> rows = {"model": "m", "question": ["q", "q"], "answer": ["A", "B"], "target": "A", "n_choices": 4}
    >>> len(read(pd.DataFrame(rows)))
    2
    """
    several: Any = paths
    listed: list[Any] = [several] if _is_one(several) else list(several)
    if engine is not None:
        from hotmess.responses.counted import count_responses

        if any(not isinstance(one, (str, Path)) for one in listed):
            raise BadInput("An engine counts responses in Parquet files; write the table in memory to one first.")
        if log_options or allow_copies:
            option = "allow_copies" if allow_copies else next(iter(log_options))
            raise BadInput(f"An engine reads tables, not logs, and looks for no copies: leave out {option}.")
        given: dict[str, Any] = {
            "columns": columns,
            "where": where,
            "outcome": outcome,
            "metric": metric,
            "length": length,
        }
        return count_responses(listed, engine=engine, keep=keep, **given)
    if not listed:
        raise BadInput("No file was given.")
    columns = columns or {}
    frames: list[tuple[str, pd.DataFrame]] = []
    notes: list[str] = []
    logs: list[Path] = []
    for number, name in enumerate(listed, 1):
        frame = name if isinstance(name, pd.DataFrame) else name.to_pandas() if hasattr(name, "to_pandas") else None
        if frame is not None:
            frames.append(("the table" if len(listed) == 1 else f"table {number}", frame))
            continue
        path = Path(name)
        if not path.exists():
            raise BadInput(f"There is no file or folder {str(path)!r}{_near(path)}.")
        for found in walk(path, columns):
            if found.kind == "log":
                logs.append(found.path)
            else:
                frames.append((found.path.name, load(found)))
    tables = len(frames)
    if logs:
        from hotmess.responses.formats import read_logs
        from hotmess.responses.formats.settle import OUTCOMES as LOGGED

        asked = outcome if outcome in LOGGED and outcome not in columns else None
        frame, said = read_logs(logs, outcome=asked, allow_copies=allow_copies, **log_options)
        frames.append(("the logs", frame))
        notes.extend(said)
    frame, place = _together([(name, ranked(rename(frame, columns, name))) for name, frame in frames])
    if tables:
        read_from = f"{tables} table{'s' * (tables != 1)}{' and logs' * bool(logs)}"
        notes.append(f"{len(frame):,} rows were read from {read_from}.")
    if where:
        rows = rows_where(frame, where)
        notes.append(f"{len(frame) - len(rows):,} rows were left out by --where {where!r}.")
        whole, frame = place, frame.iloc[rows].reset_index(drop=True)
        place = lambda at: whole(int(rows[at]))  # noqa: E731
    responses = validate(frame, outcome=outcome, metric=metric, length=length, place=place, notes=notes)
    if not tables or responses.counted:
        return responses
    from hotmess.responses.copies import check_copies

    return responses.note(*check_copies(_looked_at(responses), allow=allow_copies))


def _is_one(paths: Any) -> bool:
    """Whether this is one file, folder or table, not several of them."""
    return isinstance(paths, (str, Path, pd.DataFrame)) or hasattr(paths, "to_pandas")


def ranked(frame: pd.DataFrame) -> pd.DataFrame:
    """A ranking table (attribute, rater, entity, rank) in the columns of responses; any other table as it is."""
    from hotmess.rankings.table import as_responses, is_ranking

    return as_responses(frame) if is_ranking(frame) else frame


def _looked_at(responses: Responses) -> pd.DataFrame:
    """The columns that tell copies from honest repeats; those that validation does not know are brought into form."""
    table = responses.table
    kept = [*CELL, "context", "sample", responses.outcome, *(["probs"] if "probs" in table.columns else [])]
    out = table[list(dict.fromkeys(kept))].copy(deep=False)
    for name in ("reasoning_tokens", "actions", "reasoning_characters", "temperature"):
        if name in table.columns:
            values = pd.to_numeric(table[name], errors="coerce").astype(float)
            out[name] = values.where(values.abs() <= LONGEST)
    for name in ("text_hash", "seed"):
        if name in table.columns:
            out[name] = labels(table[name])
    return out


def _near(path: Path) -> str:
    try:
        return suggest(path.name, [other.name for other in path.parent.iterdir()])
    except OSError:
        return ""


def rename(frame: pd.DataFrame, columns: Mapping[str, str], name: str) -> pd.DataFrame:
    """Rename a file's columns to this package's; a column of the old name gives way."""
    for ours, theirs in columns.items():
        if theirs not in frame.columns:
            near = suggest(theirs, frame.columns)
            raise BadInput(f"There is no column {theirs!r} in {name} to use as {ours}{near}.")
        if ours != theirs:
            frame = frame.drop(columns=[ours], errors="ignore").assign(**{ours: frame[theirs]})
    return frame


def _together(frames: list[tuple[str, pd.DataFrame]]) -> tuple[pd.DataFrame, Any]:
    """One frame from several, and a function that names a row's place."""
    starts = np.cumsum([0, *(len(frame) for _, frame in frames)])
    names = [name for name, _ in frames]

    def place(at: int) -> str:
        which = int(np.searchsorted(starts, at, side="right")) - 1
        return f"row {at - int(starts[which]) + 1} of {names[which]}"

    whole = frames[0][1].reset_index(drop=True)
    if len(frames) > 1:
        whole = pd.concat([frame for _, frame in frames], ignore_index=True)
    return whole, place
