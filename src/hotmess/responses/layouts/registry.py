"""Which formats are known: those built in, and those of one's own, which are asked first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hotmess.responses.layouts.known import KNOWN
from hotmess.responses.layouts.layout import Layout

_own: dict[str, Layout] = {}


def add_layout(layout: Layout) -> None:
    """Make a format known; one of the same name gives way. It is asked before those that are built in.

    >>> add_layout(Layout("doctest", signs=("item",), columns={"question": "item"}))
    >>> layout_of({"item": 1}).name
    'doctest'
    >>> remove_layout("doctest")
    """
    _own[layout.name] = layout


def remove_layout(name: str) -> None:
    """Take a format of one's own out again."""
    _own.pop(name, None)


def layouts() -> list[Layout]:
    """All formats, those asked first coming first."""
    return [*reversed(_own.values()), *KNOWN]


def layout_of(record: Any, more: Sequence[Layout] = ()) -> Layout | None:
    """The format of a record, `more` asked first; None for no known one."""
    return next((layout for layout in (*more, *layouts()) if layout.fits(record)), None)
