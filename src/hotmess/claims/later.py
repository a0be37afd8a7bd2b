"""Draws made when they are first looked at: what only the sentence and the report say costs no guard's refit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np


class Later(Mapping[str, np.ndarray]):
    """A mapping from names to draws whose maker is asked once, at the first look.

    >>> found = Later(lambda: {"accuracy": np.zeros((4, 2))})
    >>> list(found), found["accuracy"].shape
    (['accuracy'], (4, 2))
    """

    def __init__(self, make: Callable[[], Mapping[str, np.ndarray]]) -> None:
        self._make = make
        self._made: Mapping[str, np.ndarray] | None = None

    def _all(self) -> Mapping[str, np.ndarray]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, name: str) -> np.ndarray:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())
