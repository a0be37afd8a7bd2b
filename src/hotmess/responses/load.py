"""Tables in files: what a file is by its content, and its rows as they stand there."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from hotmess.errors import BadInput, Damaged
from hotmess.responses.bounded import read_parquet
from hotmess.responses.json_forms import document_of, lines_of, plain_values
from hotmess.responses.opened import Opened

if TYPE_CHECKING:
    import pyarrow as pa

TEXTS = ("model", "question", "benchmark", "condition", "context", "family", "category", "text", "answer")
"""Columns that stay text in a CSV file, whatever they look like: 007 is no number there."""

_NAMED = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson", ".feather", ".arrow")


def sniff(file: Opened) -> str:
    """What a file is by its content: parquet, feather, csv, jsonl, json (one document) or other.

    Raises:
        Damaged: for a file that is named as a table and is not one, and for one that cannot be read.
    """
    head = file.head()
    if not head.strip():
        raise Damaged(f"The file {file.name!r} is empty.")
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:6] in (b"ARROW1", b"FEA1\0\0"):
        return "feather"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"[":
        return "json" if text[1:].lstrip()[:1] in (b"{", b"[") or file.ending == ".json" else "other"
    if text[:1] == b"{":
        first, _, rest = text.partition(b"\n")
        if file.ending in (".jsonl", ".ndjson"):
            return "jsonl"
        return "jsonl" if _is_record(first) and rest.strip() else "json"
    if b"\0" not in head and file.ending != ".parquet":
        first = text.partition(b"\n")[0]
        if file.ending in (".csv", ".tsv") or any(mark in first for mark in (b",", b"\t", b";")):
            return "csv"
    if text[:2] in (b"\xff\xfe", b"\xfe\xff") and file.ending in (".csv", ".tsv", ".jsonl", ".json"):
        raise Damaged(f"The file {file.name!r} is text in UTF-16, not in UTF-8.")
    if file.ending in _NAMED:
        raise Damaged(f"The file {file.name!r} is named {file.ending} but does not hold that.")
    return "other"


def _is_record(line: bytes) -> bool:
    """Whether a line is a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def columns_of(file: Opened, kind: str) -> list[str]:
    """The columns of a table in rows, without reading it: of Parquet and Feather the schema, of CSV the first line.

    Raises:
        Damaged: where not even that is sound.
    """
    if kind == "csv":
        with file.open() as stream:
            return _head(stream, file)
    return list(_arrow(file, kind, schema=True).names)


def _head(stream: Any, file: Opened) -> list[str]:
    """The names in the first line of a CSV file."""
    line = stream.readline(1 << 24).removeprefix(b"\xef\xbb\xbf")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Damaged(f"The file {file.name!r} is not text in UTF-8 (byte {error.start}).") from None
    if text.count('"') % 2:
        raise Damaged(f"The file {file.name!r} is not sound CSV: a quoted name in its first line is not closed.")
    try:
        return [name.strip() for name in next(csv.reader([text], delimiter=delimiter(text)), [])]
    except csv.Error as error:
        raise Damaged(f"The file {file.name!r} is not sound CSV: {_first(error)}.") from None


def delimiter(line: str) -> str:
    """The delimiter of a table's first line: comma, tab or semicolon."""
    return max(",\t;", key=line.count)


def rows_of(file: Opened, kind: str) -> pd.DataFrame:
    """A table in rows (not JSON) as a frame, its values as they stand there: of CSV all of them text.

    Raises:
        Damaged: where the file is not sound.
        BadInput: where it has no rows.
    """
    frame = _load_csv(file) if kind == "csv" else plain_frame(_arrow(file, kind))
    if not len(frame):
        raise BadInput(f"The file {file.name!r} has no rows.")
    return frame


def records_in(file: Opened, kind: str) -> list[dict[str, Any]]:
    """The rows of Parquet or Feather as records, nested as they are."""
    table = _arrow(file, kind)
    return list(table.to_pylist())


def values_of(file: Opened, kind: str) -> Any:
    """What a JSON file holds: the list of its lines, or its document."""
    return list(lines_of(file)) if kind == "jsonl" else document_of(file)


def frame_of(records: list[dict[str, Any]], name: str) -> pd.DataFrame:
    """A frame of records.

    Raises:
        BadInput: where there is none, or a value is nothing that a table can hold.
    """
    if not records:
        raise BadInput(f"The file {name!r} has no rows.")
    try:
        frame = pd.DataFrame.from_records(records)
        mixed = [name for name in frame.columns if frame[name].dtype == object]
        return frame.assign(**{str(name): plain_values(frame[name].tolist()) for name in mixed})
    except (UnicodeEncodeError, OverflowError, RecursionError) as error:  # lone surrogates, numbers beyond all types
        raise BadInput(f"The file {name!r} holds a value that no table can hold: {_first(error)}.") from None


def plain_frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame of plain columns; an index that pandas wrote becomes columns, a mere count none."""
    frame: pd.DataFrame = table.replace_schema_metadata(None).to_pandas(ignore_metadata=True)
    for name in list(frame.columns):
        if str(name).startswith("__index_level_"):
            frame = frame.drop(columns=[name])
    return frame


def _arrow(file: Opened, kind: str, *, schema: bool = False) -> Any:
    import pyarrow as pa
    import pyarrow.feather as feather
    import pyarrow.parquet as pq

    source: Any = pa.BufferReader(file.data) if file.data is not None else str(file.path)
    word = "Parquet" if kind == "parquet" else "Feather"
    try:
        if kind == "parquet":
            # Not as a data set: folders named like columns are told by us.
            found = pq.read_schema(source) if schema else read_parquet(source, f"The file {file.name!r}")
        else:
            table = feather.read_table(source, memory_map=False)
            found = table.schema if schema else table
        _ = found.names if schema else found.column_names  # names that are no text are found here
        return found
    except MemoryError:  # no damage of the file's
        raise
    except (pa.ArrowException, OSError, ValueError, NotImplementedError) as error:
        raise Damaged(f"The file {file.name!r} is not sound {word}: {_first(error)}.") from None


def kept_text(file: Opened, key: bytes) -> str | None:
    """A text that a Parquet file keeps beside its table, by its key; None where there is none."""
    kept = (_arrow(file, "parquet", schema=True).metadata or {}).get(key)
    return None if kept is None else kept.decode("utf-8", "replace")


def _load_csv(file: Opened) -> pd.DataFrame:
    """All columns as text: names such as 007 or NA stay as they are."""
    import pyarrow as pa
    import pyarrow.csv as pc

    with file.open() as stream:
        names = _head(stream, file)
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise BadInput(f"The column {twice!r} stands twice in the file {file.name!r}.")
        stream.seek(0)
        if sum(part.count(b'"') for part in iter(lambda: stream.read(1 << 22), b"")) % 2:
            # Read on, everything after the open quote would be one value.
            raise Damaged(
                f"The file {file.name!r} is not sound CSV: a quoted text is not closed (odd number of quotes)."
            )
        start = stream.seek(0)
        line = stream.readline(1 << 24)
        marks = delimiter(line.decode("utf-8", "replace"))
        stream.seek(start + 3 if line.startswith(b"\xef\xbb\xbf") else start)
        read: Any = pc.ReadOptions(use_threads=False, column_names=names, skip_rows=1, block_size=_block(file))
        parse: Any = pc.ParseOptions(delimiter=marks, newlines_in_values=True)
        convert: Any = pc.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
        try:
            table = pc.read_csv(stream, read, parse, convert)
        except MemoryError:
            raise
        except (pa.ArrowException, OSError, ValueError) as error:
            words = _first(error)
            if "UTF8" in words:
                raise Damaged(f"The file {file.name!r} is not text in UTF-8.") from None
            if words.startswith("Empty CSV"):
                raise BadInput(f"The file {file.name!r} has no rows.") from None
            raise Damaged(
                f"The file {file.name!r} is not sound CSV: {words.removeprefix('CSV parse error: ')}."
            ) from None
    frame: pd.DataFrame = table.to_pandas()
    if frame.shape[1] and names[0] == "" and frame[""].tolist() == [str(at) for at in range(len(frame))]:
        frame = frame.drop(columns=[""])  # the index that pandas writes
    frame.attrs["text"] = True
    return frame


def _block(file: Opened) -> int:
    """A row must fit into one block: small files are one, large ones are cut generously."""
    size = len(file.data) if file.data is not None else file.path.stat().st_size
    return max(1 << 16, min(size + 1024, 1 << 26))


def numbers_where_all(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of a CSV file that hold only numbers become numbers, once it is known what they are called here."""
    if not frame.attrs.get("text"):
        return frame
    for name in frame.columns:
        if name not in TEXTS and frame[name].dtype != float:
            frame[name] = _numbers_if_all(frame[name])
    frame.attrs = {}
    return frame


def _numbers_if_all(series: pd.Series) -> pd.Series:
    """Numbers, but where digits would be lost: leading zeros, and more of them than a float holds."""
    if not pd.api.types.is_string_dtype(series) and series.dtype != object:
        return series
    blank = series == ""
    if blank.all() or series.str.fullmatch(r"0\d+|\d{16,}").any():
        return series.mask(blank, None)
    values = pd.to_numeric(series.mask(blank, None), errors="coerce")
    return values if (values.notna() | blank).all() else series.mask(blank, None)


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
