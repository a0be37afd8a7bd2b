"""What follows from one object, made once while the object lives."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

Thing = TypeVar("Thing")
Made = TypeVar("Made")


def remembered(make: Callable[[Thing], Made]) -> Callable[[Thing], Made]:
    """A function of one object, as a table that nobody changes, that makes what it returns once for each.

    The object is known by itself, not by what it holds, and not kept alive; what is returned is shared, and must not be
    changed.

    >>> class Table(list): ...
    >>> longest = remembered(lambda table: [max(table)])
    >>> table = Table([1, 3, 2])
    >>> longest(table) is longest(table), longest(Table([4]))
    (True, [4])
    """
    known: dict[int, tuple[weakref.ref[Thing], Made]] = {}

    @wraps(make)
    def found(thing: Thing) -> Made:
        key = id(thing)
        if (pair := known.get(key)) is not None and pair[0]() is thing:
            return pair[1]
        made = make(thing)
        known[key] = weakref.ref(thing, lambda _: known.pop(key, None)), made
        return made

    return found
