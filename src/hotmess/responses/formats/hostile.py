"""Values of logs, which anybody may have written: parsed, checked and cut to size, or refused by a sentence."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pydantic_core

from hotmess.errors import Damaged
from hotmess.limits import json_cost, require

MAX_LABEL = 1_000
"""Longest name (of a model, a question, a scorer) that is taken."""

_SPACE = " \t\r\n"


def parse(data: bytes, where: str) -> Any:
    """The value of a JSON document, NaN and Infinity allowed.

    Raises `BadInput` naming `where` for anything else.

    >>> parse(b'{"a": NaN}', "x.json")
    {'a': nan}
    """
    require(json_cost(data), where)
    try:
        return pydantic_core.from_json(data, cache_strings="keys")
    except ValueError as error:
        # Python's own parser takes what this one refuses (lone surrogates, deeper nesting), at half the speed.
        try:
            return json.loads(data)
        except RecursionError:
            raise Damaged(f"{where} is nested too deeply to be a log.") from None
        except UnicodeDecodeError:
            raise Damaged(f"{where} is not UTF-8 text.") from None
        except (ValueError, MemoryError):
            raise Damaged(f"{where} is damaged or cut off: {_first_line(error)}.") from None


def decode(data: bytes, where: str) -> str:
    """The text of a JSON file in UTF-8, or in UTF-16 or UTF-32 where a byte order mark says so."""
    try:
        return data.decode(json.detect_encoding(data))
    except (UnicodeDecodeError, ValueError):
        raise Damaged(f"{where} is not UTF-8 text.") from None


def members(text: str, stream: str, where: str) -> Iterator[tuple[str, Any]]:
    """The members of a JSON object one by one, those of the array named `stream` each as a member of that name.

    Only one of them is held in memory at a time, beside the text. Raises `BadInput` for anything else than an object.

    >>> list(members('{"a": 1, "s": [2, 3]}', "s", "x.json"))
    [('a', 1), ('s', 2), ('s', 3)]
    """
    decoder = json.JSONDecoder()

    def skip(at: int) -> int:
        while at < len(text) and text[at] in _SPACE:
            at += 1
        return at

    def expect(at: int, characters: str) -> str:
        if at < len(text) and text[at] in characters:
            return text[at]
        raise Damaged(f"{where} is damaged or cut off at character {at:,} of {len(text):,}.")

    def value(at: int) -> tuple[Any, int]:
        try:
            return decoder.raw_decode(text, at)
        except RecursionError:
            raise Damaged(f"{where} is nested too deeply to be a log.") from None
        except (ValueError, MemoryError) as error:
            raise Damaged(f"{where} is damaged or cut off: {_first_line(error)}.") from None

    at = skip(0)
    expect(at, "{")
    at = skip(at + 1)
    if expect(at, '"}') == "}":
        return
    while True:
        expect(at, '"')
        key, at = value(at)
        at = skip(at)
        expect(at, ":")
        at = skip(at + 1)
        if key == stream and text[at : at + 1] == "[":
            at = skip(at + 1)
            while text[at : at + 1] != "]":
                item, at = value(at)
                yield stream, item
                at = skip(at)
                if expect(at, ",]") == ",":
                    at = skip(at + 1)
            at += 1
        else:
            item, at = value(at)
            yield key, item
        at = skip(at)
        if expect(at, ",}") == "}":
            return
        at = skip(at + 1)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> Sequence[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else ()


def number(value: Any) -> float | None:
    """A finite number, from a number or its text; None for anything else, booleans included.

    >>> number("1.5"), number(True), number(float("nan")), number(10**400)
    (1.5, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and len(value) > 40:
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def count(value: Any) -> float | None:
    """A number that is at least 0, as token counts are."""
    result = number(value)
    return result if result is not None and result >= 0 else None


def label(value: Any) -> str | None:
    """A short name: a string without blanks around it, or a whole number as one; None for anything else.

    >>> label("q1 "), label(7), label(["q1"]), label("")
    ('q1', '7', None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    try:
        text = clean(str(value)).strip()
    except ValueError:  # an integer of thousands of digits
        return None
    return text if 0 < len(text) <= MAX_LABEL else None


def option_index(text: str | None, choices: Sequence[str]) -> int:
    """The option that an answer names by letter, in any brackets, or by its whole text; −1 for none or several.

    >>> option_index("(b)", ["yes", "no"]), option_index("No", ["yes", "no"]), option_index("A, B", ["yes", "no"])
    (1, 1, -1)
    """
    if text is None:
        return -1
    bare = text.strip().strip("()[].:").strip()
    if len(bare) == 1 and bare.isascii() and bare.isalpha():
        index = ord(bare.upper()) - ord("A")
        return index if index < len(choices) else -1
    folded = [choice.strip().casefold() for choice in choices]
    whole = text.strip().casefold()
    return folded.index(whole) if whole and folded.count(whole) == 1 else -1


def clean(text: str) -> str:
    """Text that can be written as UTF-8: lone surrogates become question marks."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def text_hash(texts: Iterable[str]) -> int:
    """64 bits of a text, to tell copies without keeping the text."""
    digest = hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or ["no JSON"])[0][:200].rstrip(".")
