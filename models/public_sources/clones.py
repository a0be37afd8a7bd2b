"""Files of a clone, which anybody may have written: found, parsed and checked, or refused by a sentence."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean, parse
from hotmess.words import brief

POINTER = b"version https://git-lfs"
LARGEST, LONGEST = 2**53, 60
KINDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}


@dataclass(frozen=True)
class Entry:
    """A JSON object and where it stands, for sentences.

    >>> Entry({"id": 3, "runs": [{"right": True}]}, "a.json").take("id", int)
    3
    >>> [run.take("right", bool) for run in Entry({"runs": [{"right": True}]}, "a.json").entries("runs")]
    [True]
    >>> Entry({"id": "x"}, "a.json").take("id", int)
    Traceback (most recent call last):
    hotmess.errors.BadInput: a.json: 'id' must be a whole number.
    """

    value: Mapping[str, Any]
    where: str

    def take(self, key: str, kind: type) -> Any:
        """The value of a key: of str, int, float, bool or list; lone surrogates of texts become question marks.

        Raises:
            BadInput: where there is none, or one of another kind.
        """
        value = self.value.get(key)
        if not fits(value, kind):
            raise BadInput(f"{self.where}: {brief(key)} must be {KINDS[kind]}.")
        return clean(value) if kind is str else kind(value)

    def maybe(self, key: str, kind: type) -> Any:
        """The same, None where the key is not there or null."""
        return None if self.value.get(key) is None else self.take(key, kind)

    def items(self, key: str, kind: type) -> list[Any]:
        """The values of a list, all of one kind."""
        where = f"{self.where}, {key[:LONGEST]}"
        return [Entry({str(n): v}, where).take(str(n), kind) for n, v in enumerate(self.take(key, list), 1)]

    def seconds(self, begun: str, ended: str) -> float:
        """The seconds between the times of two keys."""
        times = self.take(begun, str), self.take(ended, str)
        try:
            first, last = map(datetime.datetime.fromisoformat, times)
            return (last - first).total_seconds()
        except (ValueError, TypeError):
            raise BadInput(
                f"{self.where}: {brief(begun)} and {brief(ended)} must be two times as in ISO 8601."
            ) from None

    def object(self, key: str) -> Entry:
        """The object of a key."""
        return entry(self.value.get(key), f"{self.where}, {key[:LONGEST]}")

    def entries(self, key: str) -> Iterator[Entry]:
        """The objects of a list."""
        return entries(self.value.get(key), f"{self.where}, {key[:LONGEST]}")


def fits(value: Any, kind: type) -> bool:
    """Whether a value of JSON is of a kind: true is no number, and numbers are finite and below 2⁵³ in size.

    >>> [fits(1, int), fits(True, int), fits(1, float), fits(float("nan"), float), fits(None, str)]
    [True, False, True, False, False]
    """
    if kind in (int, float):
        number = isinstance(value, (int, kind)) and not isinstance(value, bool)
        return number and abs(value) <= LARGEST and math.isfinite(value)
    return isinstance(value, kind)


def entries(values: Any, where: str) -> Iterator[Entry]:
    """The objects of a list of JSON, numbered from 1."""
    if not isinstance(values, list):
        raise BadInput(f"{where} must be a list of objects.")
    for number, value in enumerate(values, 1):
        yield entry(value, f"{where} {number}")


def entry(value: Any, where: str) -> Entry:
    """An object of JSON."""
    if not isinstance(value, dict):
        raise BadInput(f"{where} must be an object.")
    return Entry({clean(key): item for key, item in value.items()}, where)


@dataclass(frozen=True)
class Clone:
    """The folder of a clone, and what was left out of it and why: numbers by reason."""

    folder: Path
    repository: str
    left: Counter[str] = field(default_factory=Counter)

    def files(self, pattern: str) -> list[Path]:
        """The files of a pattern, in the order of their names.

        Raises:
            BadInput: where there are none.
        """
        found = sorted(p for p in self.folder.glob(pattern) if p.is_file())
        if not found:
            raise BadInput(
                f"{self.folder} holds no {pattern}; give the folder of a clone of github.com/{self.repository}."
            )
        return found

    def name(self, file: Path) -> str:
        """A file's name in the clone, for sentences."""
        return file.relative_to(self.folder).as_posix()

    def content(self, file: Path) -> bytes:
        """A file as it is; what stands for one that Git LFS holds is refused."""
        try:
            content = file.read_bytes()
        except OSError as error:
            raise BadInput(f"{self.name(file)} cannot be read: {error.strerror}.") from None
        if content.startswith(POINTER):
            raise BadInput(f"{self.name(file)} is a pointer of Git LFS; fetch its content by 'git lfs pull'.")
        return content

    def text(self, file: Path) -> str:
        """A file's text."""
        try:
            return self.content(file).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BadInput(f"{self.name(file)} is not UTF-8 text.") from None

    def json(self, file: Path) -> Any:
        """The value of a JSON file."""
        return parse(self.content(file), self.name(file))

    def object(self, file: Path) -> Entry:
        """The object of a JSON file."""
        return entry(self.json(file), self.name(file))

    def objects(self, file: Path) -> Iterator[Entry]:
        """The objects of a JSON file that holds a list of them."""
        yield from entries(self.json(file), f"{self.name(file)}, entry")

    def lines(self, file: Path) -> Iterator[Entry]:
        """The objects of a file with one on each line; empty lines are passed over."""
        for number, line in enumerate(self.content(file).split(b"\n"), 1):
            if line.strip():
                where = f"{self.name(file)}, line {number}"
                yield entry(parse(line, where), where)

    def parquet(self, file: Path, columns: Sequence[str]) -> Iterator[Entry]:
        """The rows of a Parquet file, with some of its columns."""
        import pyarrow
        from pyarrow import parquet

        try:
            table = parquet.read_table(pyarrow.BufferReader(self.content(file)), columns=list(columns))
        except (pyarrow.ArrowException, OSError) as error:
            raise BadInput(
                f"{self.name(file)} is not the Parquet file that it should be: {brief(str(error))}."
            ) from None
        yield from entries(table.to_pylist(), f"{self.name(file)}, row")


def option(label: Any) -> int:
    """The index of an option from 0: letters, and digits counted from 1; -1 where it is neither.

    >>> [option(x) for x in ("A", "e", "1", None, "", "²", "Ä")]
    [0, 4, 0, -1, -1, -1, -1]
    """
    text = str(label or "").strip().upper()
    if len(text) != 1 or not text.isascii() or not text.isalnum():
        return -1
    return ord(text) - ord("1") if text.isdigit() else ord(text) - ord("A")
