"""Who draws: matplotlib, or this package."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_HERE: ContextVar[bool] = ContextVar("whether figures are drawn without matplotlib", default=False)


@contextlib.contextmanager
def without_matplotlib() -> Iterator[None]:
    """Figures that are made inside the block are those of `hotmess.plot.drawing`.

    >>> with without_matplotlib():
    ...     chosen()
    True
    """
    token = _HERE.set(True)
    try:
        yield
    finally:
        _HERE.reset(token)


def chosen() -> bool:
    """Whether matplotlib is not to draw."""
    return _HERE.get()
