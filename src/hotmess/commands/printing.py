"""What commands print: messages on stderr, tables and JSON on stdout."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from hotmess.terminal import one_line, to_json
from hotmess.words import plain


def say(*sentences: str) -> None:
    """Messages, on stderr."""
    for sentence in sentences:
        print(one_line(sentence), file=sys.stderr)


def print_json(value: Any) -> None:
    """JSON on stdout; undefined numbers are null."""
    print(to_json(plain(value)))


def print_table(records: Sequence[Mapping[str, Any]], *, title: str = "", digits: int = 3) -> None:
    """Records as a plain table on stdout: text to the left, numbers to the right, undefined as a dash."""
    if title:
        print(title)
    if not records:
        return
    heads = list(records[0])
    rows = [[_show(record[head], digits) for head in heads] for record in records]
    number = [all(isinstance(record[head], (int, float, type(None))) for record in records) for head in heads]
    wide = [max(len(head), *(len(row[at]) for row in rows)) for at, head in enumerate(heads)]
    for row in [heads, *rows]:
        cells = (text.rjust(w) if right else text.ljust(w) for text, w, right in zip(row, wide, number, strict=True))
        print("  ".join(cells).rstrip())


def with_intervals(record: Mapping[str, Any], digits: int = 3) -> dict[str, Any]:
    """A record with each number and its `_low` and `_high` in one text, for people to read.

    >>> with_intervals({"model": "m", "error": 0.5, "error_low": 0.4, "error_high": 0.6})
    {'model': 'm', 'error': '0.500 [0.400, 0.600]'}
    """
    out: dict[str, Any] = {}
    for name, value in record.items():
        if f"{name}_low" in record:
            low, high = record[f"{name}_low"], record[f"{name}_high"]
            between = f" [{_show(low, digits)}, {_show(high, digits)}]" if low is not None else ""
            out[name] = _show(value, digits) + between
        elif not (name.endswith(("_low", "_high")) and name.rpartition("_")[0] in record):
            out[name] = value
    return out


NOTHING = 1e-12
"""Smaller numbers are what rounding leaves of 0."""


def _show(value: Any, digits: int) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        value = 0.0 if abs(value) < NOTHING else value
        return f"{value:.{digits}f}" if abs(value) >= 10**-digits or value == 0 else f"{value:.1e}"
    return one_line(str(value))
