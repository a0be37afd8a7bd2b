"""Reading response tables: Parquet, CSV and JSON Lines found by content; logs are handed on."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.filter import rows_where
from hotmess.responses.table import Responses
from hotmess.responses.validate import validate
from hotmess.responses.values import suggest

VECTORS = ("probs", "tests", "embedding", "point", "target_point", "choices")


def read(
    paths: str | Path | Sequence[str | Path],
    *,
    columns: Mapping[str, str] | None = None,
    where: str | None = None,
    outcome: str | None = None,
    metric: str | None = None,
    length: str | None = None,
    **log_options: Any,
) -> Responses:
    """Read tables and logs of responses into one validated table.

    Args:
        paths: files or folders; what each is, is found by its content, not its name.
        columns: names of this package's columns → names in the file, as in `{"reasoning_tokens": "tokens"}`.
        where: an SQL condition (DuckDB) on the rows as they stand in the files, after renaming.
        outcome: the column that holds the outcome; default: the first present that `metric` can use.
        metric: helps to choose the outcome.
        length: the column of lengths; default reasoning_tokens, else actions.
        **log_options: options of the log readers (scorer, filter, tokenizer, …).

    Raises:
        BadInput: one sentence on the first thing that is wrong, naming the file and the row.
    """
    listed = [paths] if isinstance(paths, (str, Path)) else list(paths)
    if not listed:
        raise BadInput("No file was given.")
    frames: list[tuple[str, pd.DataFrame]] = []
    notes: list[str] = []
    logs: list[Path] = []
    for name in listed:
        path = Path(name)
        if not path.exists():
            raise BadInput(f"There is no file or folder {str(path)!r}{_near(path)}.")
        for inner in _walk(path, columns or {}):
            if inner.kind == "log":
                logs.append(inner.path)
            else:
                frames.append((inner.path.name, _load(inner)))
    if logs:
        frame, said = _read_logs(logs, log_options)
        frames.append(("the logs", frame))
        notes.extend(said)
    frame, place = _together([(name, rename(frame, columns or {}, name)) for name, frame in frames])
    count = (
        f"{len(frames)} file{'s' * (len(frames) != 1)}" if not logs else f"{len(listed)} path{'s' * (len(listed) != 1)}"
    )
    notes.append(f"{len(frame):,} rows were read from {count}.")
    if where:
        rows = rows_where(frame, where)
        notes.append(f"{len(frame) - len(rows):,} rows were left out by --where {where!r}.")
        whole, frame = place, frame.iloc[rows].reset_index(drop=True)
        place = lambda at: whole(int(rows[at]))  # noqa: E731
    return validate(frame, outcome=outcome, metric=metric, length=length, place=place, notes=notes)


@dataclass(frozen=True)
class _Found:
    path: Path
    kind: str  # parquet, csv, jsonl, json, log


def _near(path: Path) -> str:
    try:
        return suggest(path.name, [other.name for other in path.parent.iterdir()])
    except OSError:
        return ""


def _walk(path: Path, columns: Mapping[str, str]) -> Iterable[_Found]:
    """What a path holds. In a folder, only files with the columns of a response table are tables."""
    if path.is_file():
        return [_Found(path, sniff(path))]
    files = sorted(p for p in path.rglob("*") if p.is_file() and not any(q.startswith(".") for q in p.parts[-2:]))
    if not files:
        raise BadInput(f"The folder {str(path)!r} is empty.")
    wanted = {columns.get("model", "model"), columns.get("question", "question")}
    tables = [found for p in files if (found := _table_in_folder(p, wanted)) is not None]
    if len(tables) < len(files):
        # Logs come in folders of several files that belong together: the folder goes to the log readers whole.
        rest = [p for p in files if p not in {t.path for t in tables}]
        if not tables or any(_looks_like_log(p) for p in rest):
            return [*tables, _Found(path, "log")]
    return tables


def _looks_like_log(path: Path) -> bool:
    return path.suffix in (".eval", ".json", ".jsonl")


def _table_in_folder(path: Path, wanted: set[str]) -> _Found | None:
    try:
        kind = sniff(path)
        if kind == "log":
            return None
        if kind == "parquet":
            import pyarrow.parquet as pq

            names = set(pq.read_schema(path).names)
        elif kind == "csv":
            with path.open(encoding="utf-8-sig") as file:
                names = set(next(csv.reader(file, delimiter=_delimiter(file)), []))
        else:
            return _Found(path, kind)
    except (BadInput, OSError, ValueError, csv.Error):
        return None
    return _Found(path, kind) if wanted <= names else None


def _delimiter(file: io.TextIOBase) -> str:
    """The delimiter of a table's first line: comma, tab or semicolon."""
    line = file.readline()
    file.seek(0)
    return max(",\t;", key=line.count)


def sniff(path: Path) -> str:
    """What a file is by its content: parquet, csv, jsonl, json (an array of records) or log (anything else).

    Raises:
        BadInput: for an empty file and one that cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(1 << 20)
    except OSError as error:
        raise BadInput(f"The file {str(path)!r} cannot be read: {error.strerror}.") from None
    if not head.strip():
        raise BadInput(f"The file {str(path)!r} is empty.")
    if head[:4] == b"PAR1":
        return "parquet"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"[":
        return "json" if text[1:].lstrip()[:1] == b"{" else "log"
    if text[:1] == b"{":
        return "jsonl" if _is_record(text.partition(b"\n")[0]) else "log"
    if b"\0" in head:
        return "log"
    first = text.partition(b"\n")[0]
    return "csv" if path.suffix.lower() in (".csv", ".tsv") or any(c in first for c in (b",", b"\t", b";")) else "log"


def _is_record(line: bytes) -> bool:
    """Whether a line is a JSON object that has one of the columns every response table has."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and ("model" in record or "question" in record) and "resps" not in record


def _load(found: _Found) -> pd.DataFrame:
    loader = {"parquet": _load_parquet, "csv": _load_csv, "jsonl": _load_lines, "json": _load_array}[found.kind]
    frame = loader(found.path)
    if not len(frame):
        raise BadInput(f"The file {str(found.path)!r} has no rows.")
    return frame


def _load_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path).to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput(f"The file {str(path)!r} is not sound Parquet: {_first(error)}.") from None


def _load_csv(path: Path) -> pd.DataFrame:
    """Text throughout: names such as 007 or NA stay as they are; columns that hold only numbers become numbers."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file)
            frame = pd.read_csv(file, sep=delimiter, dtype=str, keep_default_na=False, index_col=False)
    except UnicodeDecodeError as error:
        raise BadInput(f"The file {str(path)!r} is not text in UTF-8 (byte {error.start}).") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error, pd.errors.ParserWarning) as error:
        raise BadInput(f"The file {str(path)!r} is not sound CSV: {_first(error)}.") from None
    for name in frame.columns:
        if name not in (
            "model",
            "question",
            "benchmark",
            "condition",
            "context",
            "family",
            "category",
            "text",
            "answer",
        ):
            frame[name] = _numbers_if_all(frame[name])
    return frame


def _numbers_if_all(series: pd.Series) -> pd.Series:
    blank = series == ""
    if blank.all() or series.str.fullmatch(r"0\d+").any():
        return series.mask(blank, None)
    values = pd.to_numeric(series.mask(blank, None), errors="coerce")
    return values if (values.notna() | blank).all() else series.mask(blank, None)


def _load_lines(path: Path) -> pd.DataFrame:
    records: list[dict[str, Any]] = []
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise BadInput(f"Line {number} of {path.name!r} is not a JSON object.")
                records.append(record)
    except UnicodeDecodeError as error:
        raise BadInput(f"The file {str(path)!r} is not text in UTF-8 (byte {error.start}).") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"Line {number} of {path.name!r} is not sound JSON: {_first(error)}.") from None
    return pd.DataFrame.from_records(records)


def _load_array(path: Path) -> pd.DataFrame:
    try:
        records = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The file {str(path)!r} is not sound JSON: {_first(error)}.") from None
    if not all(isinstance(record, dict) for record in records):
        raise BadInput(f"The file {str(path)!r} is not an array of JSON objects.")
    return pd.DataFrame.from_records(records)


def _read_logs(paths: list[Path], options: dict[str, Any]) -> tuple[pd.DataFrame, Sequence[str]]:
    from hotmess.responses.formats import read_logs

    return read_logs(paths, **options)


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


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
