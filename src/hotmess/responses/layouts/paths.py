"""Paths into nested records: `evaluation.score`, `choices[].message.content`, `^.instance.id`, `/info.model`.

A path names members one below the other. `[]` goes into each element of a list (or each value of an object): one row
for
each. `[0]` is one element. From an element `^` leads to what its list stands in, `/` to the whole record (of a line, or
of a document), `@` is the key and `#` the place of the element. `a|b` is the first of two that is there, `=text` a
constant.
A member whose name has a dot in it is found under its whole name first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

MISSING = object()
"""What a path gives where it leads nowhere."""

_STEP = re.compile(r"\[(\d*)\]")


@dataclass(frozen=True)
class Scope:
    """An element on the way from a record to a row, with its key and place in the list above."""

    value: Any
    above: Scope | None = None
    key: Any = None

    @property
    def root(self) -> Any:
        """The whole record."""
        return self.value if self.above is None else self.above.root

    def get(self, path: str, default: Any = None) -> Any:
        """What a path leads to, seen from here; `default` where it leads nowhere or to null.

        >>> Scope({"a": {"b": [1, 2]}}).get("a.b[1]"), Scope({"a.b": 3}).get("a.b"), Scope({}).get("x|=none")
        (2, 3, 'none')
        """
        for one in path.split("|"):
            found = self._one(one.strip())
            if found is not MISSING and found is not None:
                return found
        return default

    def _one(self, path: str) -> Any:
        if path.startswith("="):
            return path[1:]
        scope: Scope = self
        while path.startswith("^") and scope.above is not None:
            scope, path = scope.above, path[1:].removeprefix(".")
        if path.startswith("/"):
            return step(scope.root, path[1:])
        if path in ("@", "#"):
            return scope.key
        return step(scope.value, path)

    def rows(self, path: str) -> Iterator[Scope]:
        """One scope for each element that a path with `[]` leads to; itself for the empty path.

        >>> [row.value for row in Scope({"a": [{"b": [1, 2]}, {"b": [3]}]}).rows("a[].b[]")]
        [1, 2, 3]
        """
        if not path:
            yield self
            return
        before, brackets, rest = path.partition("[]")
        found = step(self.value, before.strip("."))
        if not brackets:
            if found is not MISSING and found is not None:
                yield Scope(found, self)
            return
        pairs: Sequence[tuple[Any, Any]] = ()
        if isinstance(found, dict):
            pairs = list(found.items())
        elif isinstance(found, (list, tuple, np.ndarray)):
            pairs = list(enumerate(found))
        for key, value in pairs:
            yield from Scope(value, self, key).rows(rest.removeprefix("."))


def step(value: Any, path: str) -> Any:
    """What a path without `[]` leads to; `MISSING` where it leads nowhere.

    >>> step({"a": {"b": 1}}, "a.b"), step({"a": 1}, "a.b") is MISSING
    (1, True)
    """
    if not path:
        return value
    if isinstance(value, dict):
        if path in value:
            return value[path]
        # The longest name first: names may have dots in them.
        cuts = [match.start() for match in re.finditer(r"[.\[]", path)]
        for at in reversed(cuts):
            if path[:at] in value:
                rest = path[at:].removeprefix(".")
                return step(value[path[:at]], rest)
        return MISSING
    if isinstance(value, (list, tuple, np.ndarray)) and (match := _STEP.match(path)) and match[1]:
        place = int(match[1])
        return step(value[place], path[match.end() :].removeprefix(".")) if place < len(value) else MISSING
    return MISSING


def has(record: Any, path: str) -> bool:
    """Whether a path leads somewhere in a record, be it to null; of a path with `[]`, in its first element.

    >>> has({"a": [{"b": None}]}, "a[].b"), has({"a": []}, "a[].b"), has({"a": 1}, "b")
    (True, False, False)
    """
    before, brackets, rest = path.partition("[]")
    found = step(record, before.strip("."))
    if not brackets or found is MISSING:
        return found is not MISSING
    if isinstance(found, dict):
        found = list(found.values())
    if not isinstance(found, (list, tuple, np.ndarray)) or not len(found):
        return False
    return has(found[0], rest.removeprefix("."))
