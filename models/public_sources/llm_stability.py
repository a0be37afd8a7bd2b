"""gpt-4o at temperature 0 with a JSON schema, five runs of seven tasks: breckbaldwin/llm-stability."""

from __future__ import annotations

import csv
import io
import tarfile
import zlib
from collections.abc import Iterator
from typing import Any

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean, parse
from hotmess.words import brief
from public_sources.clones import Clone, Entry, option

RUNS = "experiments/strict_json_schema/runs.tgz"
LARGEST = 64 * 1024**2
"""Bytes of a file in the archive above which it is none of these runs."""
OPTIONS = {
    "college_mathematics": 4,
    "high_school_european_history": 4,
    "logical_deduction": 3,
    "navigate": 2,
    "professional_accounting": 4,
    "public_relations": 4,
    "ruin_names": 4,
}
YES_NO = {"yes": 0, "no": 1}


def rows(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per response: the letter in its JSON (-1 where there is none), Yes and No as the options 0 and 1.

    Only the runs with a JSON schema are read, of which every question has five. Questions whose gold answer is none of
    the task's options are left out.
    """
    (file,) = clone.files(RUNS)
    for name, table in tables(clone, clone.content(file)):
        for number, row in enumerate(table, 1):
            entry = Entry(row, f"{RUNS}, {name}, row {number}")
            task = entry.take("task", str)
            if task not in OPTIONS:
                clone.left["responses of other tasks"] += 1
                continue
            target = letter(entry.take("gt", str), OPTIONS[task])
            if target < 0:
                clone.left["responses to questions whose gold answer is none of the options"] += 1
                continue
            text = entry.take("response", str)
            yield {
                "benchmark": f"llm-stability:{task}",
                "model": entry.take("model", str),
                "condition": "json schema, few-shot",
                "question": f"{task}:{entry.take('rubric_id', str)}",
                "sample": whole(entry, "run"),
                "answer": letter(said(text), OPTIONS[task]),
                "target": target,
                "n_choices": OPTIONS[task],
                "category": task,
                "temperature": 0.0,
                "experiment": "strict_json_schema",
                "response_chars": len(text),
            }


def tables(clone: Clone, content: bytes) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The names and the rows of the tables in an archive, read where they lie: nothing is unpacked onto the disk."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for member in archive:
                if not member.isfile() or not member.name.endswith(".csv"):
                    continue
                name = clean(member.name.rpartition("/")[2])
                if member.size > LARGEST:
                    raise BadInput(f"{RUNS}: {brief(name)} is larger than a table of runs can be.")
                held = archive.extractfile(member)
                text = held.read().decode("utf-8-sig") if held is not None else ""
                yield name, list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (tarfile.TarError, EOFError, zlib.error, OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{clone.name(clone.folder / RUNS)} is damaged or cut off: {brief(str(error))}.") from None


def said(text: str) -> str:
    """What a response gives as its answer; nothing where it is no JSON that has one.

    >>> said('{"Answer":"D"}'), said("D")
    ('D', '')
    """
    try:
        value = parse(text.encode(), "a response")
    except BadInput:
        return ""
    answer = value.get("Answer") if isinstance(value, dict) else None
    return answer if isinstance(answer, str) else ""


def letter(text: str, options: int) -> int:
    """The index of an option: a letter, or one in brackets and its text after it, or Yes and No; -1 where it is none.

    >>> [letter(x, 4) for x in ("(D)", "(B) No gain", "b", "E", "")], [letter(x, 2) for x in ("Yes", "no")]
    ([3, 1, 1, -1, -1], [0, 1])
    """
    plain = text.strip()
    if plain.startswith("("):
        plain = plain[1:].partition(")")[0]
    index = YES_NO.get(plain.lower(), -1) if options == 2 else option(plain)
    return index if index < options else -1


def whole(entry: Entry, key: str) -> int:
    """A whole number that stands as text."""
    text = entry.take(key, str)
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadInput(f"{entry.where}: {brief(key)} must be a whole number.")
    return int(text)
