"""What follows from one object, made once while one test or report runs."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

Thing = TypeVar("Thing")
Made = TypeVar("Made")

_KNOWN: ContextVar[dict[Any, tuple[weakref.ref[Any], Any]] | None] = ContextVar("known", default=None)


@contextlib.contextmanager
def remembering() -> Iterator[None]:
    """Whatever is `remembered` inside is made once for each object; nothing outlives the outermost block.

    Between two calls somebody may change a table in place, inside of one nobody does.
    """
    token = None if _KNOWN.get() is not None else _KNOWN.set({})
    try:
        yield
    finally:
        if token is not None:
            _KNOWN.reset(token)


def remembered(make: Callable[[Thing], Made]) -> Callable[[Thing], Made]:
    """A function of one object, as a table, that inside of `remembering` makes what it returns once for each.

    The object is known by itself, not by what it holds, and not kept alive; what is returned is shared, and must not be
    changed.

    >>> class Table(list): ...
    >>> longest = remembered(lambda table: [max(table)])
    >>> table = Table([1, 3, 2])
    >>> longest(table) is longest(table)
    False
    >>> with remembering():
    ...     longest(table) is longest(table), longest(Table([4]))
    (True, [4])
    """

    @wraps(make)
    def found(thing: Thing) -> Made:
        known = _KNOWN.get()
        if known is None:
            return make(thing)
        key = (make, id(thing))
        if (pair := known.get(key)) is not None and pair[0]() is thing:
            return pair[1]  # type: ignore[no-any-return]
        made = make(thing)
        known[key] = weakref.ref(thing, lambda _: known.pop(key, None)), made
        return made

    return found
