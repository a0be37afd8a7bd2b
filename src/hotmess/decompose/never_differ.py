"""Groups whose questions all have one error, of which the bootstrap over questions makes a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hotmess.errors import tails


def not_shown(units: int, interval: float) -> float:
    """The largest share of units like n of which none differed that may yet differ, 1 − α^(1/n).

    >>> round(not_shown(40, 0.9), 2)
    0.07
    """
    return float(1 - tails(interval)[0] ** (1 / max(units, 1)))


def points_alone(
    keys: Sequence[tuple[Any, ...]], summary: Mapping[str, np.ndarray], interval: float, units: str
) -> list[str]:
    """A sentence where the interval of a group's error is a point: what its n questions did not show, up to
    1 − α^(1/n) of questions like them may.

    >>> zero = np.zeros(2)
    >>> summary = {"error": zero, "error_low": zero, "error_high": zero, "units": np.array([20, 30])}
    >>> points_alone([("a",), ("b",)], summary, 0.9, "questions")[0][:60]
    'The error of all questions is the same in 2 groups (a and on'
    """
    at = _points(summary)
    if not len(at):
        return []
    groups, which = _named(keys, at)
    n = int(summary["units"][at].min())
    return [
        f"The error of all {units} is the same in {groups} ({which}), so that intervals are points: up to "
        f"{not_shown(n, interval):.0%} of {units} like these {n} may yet have another."
    ]


def never_apart(keys: Sequence[tuple[Any, ...]], summary: Mapping[str, np.ndarray]) -> list[str]:
    """The same of these questions: where no two responses to a question differ in their error.

    >>> zero = np.zeros(1)
    >>> never_apart([("a",)], {"error": zero, "error_low": zero, "error_high": zero, "units": np.array([20])})[0][:60]
    'Responses to a question never differ in error in a group (a)'
    """
    at = _points(summary, least=1)
    if not len(at):
        return []
    groups, which = _named(keys, at)
    return [
        f"Responses to a question never differ in error in {groups} ({which}), so that intervals are points: further "
        "responses may yet, the more so the fewer there are of each."
    ]


def _points(summary: Mapping[str, np.ndarray], least: int = 2) -> np.ndarray:
    """Groups of `least` units or more with a point for an interval of the error."""
    narrow = np.abs(summary["error_high"] - summary["error_low"]) <= 1e-12
    return np.flatnonzero(narrow & (summary["units"] >= least))


def _named(keys: Sequence[tuple[Any, ...]], at: np.ndarray) -> tuple[str, str]:
    """How many groups, and the first by name."""
    first = ", ".join(map(str, keys[at[0]])) or "all"
    which = f"{first} and {len(at) - 1} more" if len(at) > 2 else f"{first} and one more" if len(at) > 1 else first
    return "a group" if len(at) == 1 else f"{len(at)} groups", which
