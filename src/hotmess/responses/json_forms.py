"""JSON in files: lines, arrays, and the shapes in which data frames are written; as records, or refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pydantic_core

from hotmess.errors import BadInput, Damaged
from hotmess.limits import Budget, json_cost, memory, require
from hotmess.responses.formats.hostile import decode
from hotmess.responses.opened import Opened

LONGEST_LINE = 1 << 28
"""A line longer than these bytes is no record."""

_WRAPPERS = ("data", "rows", "records", "results", "samples", "responses", "items", "examples")
_SCALARS = (str, int, float, bool)


def lines_of(file: Opened) -> Iterator[Any]:
    """The value of each line of a file that is not blank.

    Raises:
        Damaged: naming the first line that is not whole.
    """
    budget, longest = Budget(f"The file {file.name!r}"), min(LONGEST_LINE, memory() // 16)
    with file.open() as stream:
        number = 0
        while line := stream.readline(longest + 1):
            number += 1
            if b"\0" in line:
                raise Damaged(f"Line {number} of {file.name!r} holds a NUL: the file is no text, or was cut off.")
            if len(line) > longest:
                raise Damaged(f"Line {number} of {file.name!r} is longer than {longest >> 20} MiB: that is no record.")
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                budget.spend(json_cost(line))
                yield _value(line, f"Line {number} of {file.name!r}")


def _value(data: bytes, where: str) -> Any:
    if b"\0" in data:
        raise Damaged(f"{where} holds a NUL: it is no text, or was cut off.")
    try:
        return pydantic_core.from_json(data, cache_strings="keys")
    except ValueError:
        # Python's own parser takes what this one refuses (lone surrogates, deeper nesting), at half the speed.
        try:
            return json.loads(data)
        except UnicodeDecodeError:
            raise Damaged(f"{where} is not text in UTF-8.") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise Damaged(f"{where} is not sound JSON: {_first(error)}.") from None


def document_of(file: Opened) -> Any:
    """The one value that a file holds, or a list of them where several stand one after the other.

    Raises:
        Damaged: where the text is not JSON to its end.
    """
    with file.open() as stream:
        data = stream.read()
    require(json_cost(data), f"The file {file.name!r}")
    text = decode(data, f"The file {file.name!r}").removeprefix("\ufeff")
    del data
    decoder, at = json.JSONDecoder(), 0
    values: list[Any] = []
    end = len(text.rstrip())
    try:
        return pydantic_core.from_json(text.encode("utf-8", "surrogatepass"), cache_strings="keys")
    except ValueError:
        pass
    while at < end:
        while at < end and text[at] in " \t\r\n,"[: 5 if values else 4]:
            at += 1
        if at >= end:
            break
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError, MemoryError) as error:
            after = f" after {len(values)} whole objects" if values else ""
            raise Damaged(f"The file {file.name!r} is not sound JSON{after}: {_first(error)}.") from None
        values.append(value)
    return values if len(values) != 1 else values[0]


def records_of(document: Any, where: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Records of a document, in whatever shape a table was written, and notes.

    Known shapes: an array of records; columns of values, or rows, by index (`DataFrame.to_json()`, also with `orient`
    index, split and table); columns as lists; an array inside an object, whose other members then stand in each record;
    one record.

    Raises:
        BadInput: for shapes in which the names of columns are lost, and for what is no table.

    >>> records_of({"model": {"0": "m"}, "question": {"0": "q"}}, "x.json")[0]
    [{'model': 'm', 'question': 'q'}]
    """
    if isinstance(document, list):
        if document and all(isinstance(row, list) for row in document):
            raise BadInput(f"{where} holds rows without names (orient='values'); write it with orient='records'.")
        if not all(isinstance(row, dict) for row in document):
            raise BadInput(f"{where} is not an array of JSON objects.")
        return document, []
    if not isinstance(document, dict):
        raise BadInput(f"{where} is not an array of JSON objects.")
    if isinstance(document.get("columns"), list) and isinstance(document.get("data"), list):
        return _split(document, where), []
    values = list(document.values())
    if isinstance(document.get("schema"), dict) and isinstance(document.get("data"), list):
        return records_of(document["data"], where)
    if values and all(isinstance(value, dict) and value for value in values):
        return _by_index(document, where), []
    if values and all(isinstance(value, list) for value in values) and not isinstance(_inner(document), str):
        if len({len(value) for value in values}) > 1:
            raise BadInput(f"{where} holds columns of different lengths.")
        return [dict(zip(document, row, strict=True)) for row in zip(*values, strict=True)], []
    name = _inner(document)
    if name is not None:
        rows = document[name]
        over = {key: value for key, value in document.items() if isinstance(value, _SCALARS)}
        if not over:
            return rows, []
        said = ", ".join(list(over)[:5]) + (", …" if len(over) > 5 else "")
        return [{**over, **row} for row in rows], [
            f"{where}: what stands above its {name} ({said}) is taken for each row."
        ]
    return [document], []


def _inner(document: Mapping[str, Any]) -> str | None:
    """The name of the one array of records in an object; of several the usual one."""
    found = [
        name
        for name, value in document.items()
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value)
    ]
    return found[0] if len(found) == 1 else next((name for name in _WRAPPERS if name in found), None)


def _split(document: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    names, rows = document["columns"], document["data"]
    if not all(isinstance(name, str) for name in names):
        raise BadInput(f"{where} has several levels of column names; write it with one.")
    if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        raise Damaged(f"{where} holds rows that are not as long as its columns.")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _by_index(document: Mapping[str, Mapping[str, Any]], where: str) -> list[dict[str, Any]]:
    """Columns by index (pandas' default) or rows by index, told apart by which names are the same everywhere."""
    outer, inner = list(document), list(next(iter(document.values())))
    by_column = all(list(column) == inner for column in document.values())
    known = {"model", "question", "answer", "score", "sample", "target", "task_id", "doc_id"}
    columns, rows = len(known & {*map(str.lower, outer)}), len(known & {*map(str.lower, inner)})
    if rows > columns or not by_column:
        return [dict(row) for row in document.values()]
    if columns > rows:
        return [{name: document[name][index] for name in outer} for index in inner]
    raise BadInput(
        f"{where} is a table by index whose columns cannot be told from its rows; write it with orient='records'."
    )


def first_records(values: Sequence[Any], most: int = 20) -> list[Any]:
    """The first records, by which a format is known."""
    return list(values[:most])


def plain_values(values: Sequence[Any]) -> list[Any]:
    """Values that a table can hold: numbers too large for any type become text, lone surrogates question marks.

    >>> plain_values([10**20, 1.5, "\\ud800", ["\\ud800"]])
    ['100000000000000000000', 1.5, '?', ['?']]
    """
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        try:
            return str(value)  # whole names as long as this stay different
        except ValueError:  # thousands of digits
            return hex(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(one) for key, one in value.items()}
    return value


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
