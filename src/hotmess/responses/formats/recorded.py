"""What a log records of how a run was made, as flat text: the column `settings`."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

LONGEST = 48
"""Longest value that is kept as it is; of a longer one the beginning and a digest."""

DEEPEST = 20
"""So many levels of names; what lies below is one value."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def recorded(config: Mapping[str, Any], harmless: Iterable[str] = ()) -> str:
    """The column `settings` of a run: a JSON object from dotted names to values, without what `harmless` names.

    A pattern of `harmless` stands for a field and all that is below it; `*` for any characters. Fields without a value
    are as fields that are not there.

    >>> recorded({"limits": {"tokens": 100, "seconds": None}, "host": {"name": "a"}}, ["host"])
    '{"limits.tokens": "100"}'
    """
    out: dict[str, str] = {}
    _flatten(config, "", tuple(harmless), out)
    return json.dumps(out, sort_keys=True)


def _flatten(value: Any, name: str, harmless: Sequence[str], out: dict[str, str], depth: int = 0) -> None:
    if name and any(fnmatchcase(name, pattern) for pattern in harmless):
        return
    if depth == DEEPEST:
        out[name] = word(value)
    elif isinstance(value, Mapping) and (value or not name):
        for key, inner in value.items():
            _flatten(inner, f"{name}.{key}" if name else str(key), harmless, out, depth + 1)
    elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value) and len(value) <= 50:
        for place, item in enumerate(value):
            _flatten(item, f"{name}.{place}", harmless, out, depth + 1)
    elif value is not None and value != {} and value != []:
        out[name] = word(value)


def word(value: Any) -> str:
    """A value as text: numbers equal where they are equal, addresses of objects left out, long ones with a digest.

    >>> word(1.0), word(0.70), word(True), word("<f at 0x7f12>"), word("x" * 100)
    ('1', '0.7', 'true', '<f>', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… #02a82d32')
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, float) and not math.isfinite(value):
        value = str(value)
    text = value if isinstance(value, str) else _json(value)
    text = _ADDRESS.sub("", text.encode("utf-8", "replace").decode())
    if len(text) <= LONGEST:
        return text
    digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    return f"{' '.join(text[:36].split())}… #{digest}"


def _json(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, default=str)
    except (ValueError, TypeError, RecursionError):
        return str(type(value).__name__)
