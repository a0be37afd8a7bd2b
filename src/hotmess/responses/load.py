"""Tables in files: found by content, loaded as they stand there."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hotmess.errors import BadInput
from hotmess.limits import Budget, json_cost, memory, require, show
from hotmess.responses.bounded import read_parquet


@dataclass(frozen=True)
class Found:
    """A file, and what it is: parquet, csv, jsonl, json (an array of records) or log."""

    path: Path
    kind: str


def walk(path: Path, columns: Mapping[str, str]) -> list[Found]:
    """What a path holds: response tables, by their columns, and logs, which are everything else.

    Args:
        path: a file or a folder.
        columns: this package's names → the files' names, where they differ.
    """
    wanted = {columns.get("model", "model"), columns.get("question", "question")}
    if path.is_file():
        kind = sniff(path)
        if kind != "log" and not wanted <= names(path, kind) and _known_log(path):
            kind = "log"
        return [Found(path, kind)]
    files = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p.relative_to(path)))
    if not files:
        raise BadInput(f"The folder {str(path)!r} is empty.")
    tables = [found for p in files if (found := _table_in_folder(p, wanted)) is not None]
    if not tables:
        return [Found(path, "log")]
    known = {found.path for found in tables}
    # Logs lie in folders of several files that belong together: a folder goes to their readers whole.
    logs = any(p.suffix in (".eval", ".json", ".jsonl") and p not in known for p in files) and _known_log(path)
    return [*tables, Found(path, "log")] if logs else tables


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _known_log(path: Path) -> bool:
    from hotmess.responses.formats.registry import search

    return bool(search(path)[0])


def _table_in_folder(path: Path, wanted: set[str]) -> Found | None:
    try:
        kind = sniff(path)
    except BadInput:
        return None
    return Found(path, kind) if kind != "log" and wanted <= names(path, kind) else None


def names(path: Path, kind: str) -> set[str]:
    """The columns of a table, or of its first record; none where the file is not sound."""
    try:
        if kind == "parquet":
            import pyarrow.parquet as pq

            return set(pq.read_schema(path).names)
        with path.open(encoding="utf-8-sig") as file:
            if kind == "csv":
                return set(next(csv.reader(file, delimiter=_delimiter(file)), []))
            if kind == "jsonl":
                return set(json.loads(next(line for line in file if line.strip())))
            return set(json.load(file)[0])
    except (OSError, ValueError, RecursionError, csv.Error):
        return set()


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
    named = path.suffix.lower()
    if b"\0" not in head and named != ".parquet":
        first = text.partition(b"\n")[0]
        if named in (".csv", ".tsv") or any(mark in first for mark in (b",", b"\t", b";")):
            return "csv"
    if named in (".parquet", ".csv", ".tsv", ".jsonl"):
        raise BadInput(f"The file {str(path)!r} is named {named} but does not hold that.")
    return "log"


def _is_record(line: bytes) -> bool:
    """Whether a line is a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def load(found: Found) -> pd.DataFrame:
    """A table as a frame, its values as they stand there.

    Raises:
        BadInput: where the file is not sound, or has no rows.
    """
    loader = {"parquet": _load_parquet, "csv": _load_csv, "jsonl": _load_lines, "json": _load_array}[found.kind]
    frame = loader(found.path)
    if not len(frame):
        raise BadInput(f"The file {str(found.path)!r} has no rows.")
    return frame


def _load_parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa

    try:
        return read_parquet(path, f"The table {str(path)!r}").to_pandas()
    except BadInput:
        raise
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
    number = 0
    try:
        with path.open("rb") as file:
            longest, budget = memory() // 16, Budget(f"The file {str(path)!r}")
            while line := file.readline(longest):
                number += 1
                if b"\0" in line:
                    raise BadInput(f"Line {number} of {path.name!r} holds a NUL: the file is no text, or damaged.")
                if len(line) == longest:
                    raise BadInput(f"Line {number} of {path.name!r} is longer than {show(longest)}: that is no record.")
                line = line.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"")
                if not line.strip():
                    continue
                budget.spend(json_cost(line))
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
    return _frame(records, path)


def _load_array(path: Path) -> pd.DataFrame:
    try:
        require(path.stat().st_size, f"The file {str(path)!r}")
        data = path.read_bytes()
        require(json_cost(data), f"The file {str(path)!r}")
        records = json.loads(data.decode("utf-8-sig"))
    except BadInput:
        raise
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The file {str(path)!r} is not sound JSON: {_first(error)}.") from None
    if not all(isinstance(record, dict) for record in records):
        raise BadInput(f"The file {str(path)!r} is not an array of JSON objects.")
    return _frame(records, path)


def _frame(records: list[dict[str, Any]], path: Path) -> pd.DataFrame:
    try:
        return pd.DataFrame.from_records(records)
    except (UnicodeEncodeError, OverflowError) as error:  # lone surrogates, numbers beyond all types
        raise BadInput(f"The file {str(path)!r} holds a value that no table can hold: {_first(error)}.") from None


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
