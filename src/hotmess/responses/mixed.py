"""Tables and logs of different outcomes in one: the outcome that all of them have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.outcomes import OUTCOMES, metrics
from hotmess.responses.values import missing

WORDS = {
    "answer": "letters",
    "probs": "probabilities",
    "tests": "unit tests",
    "score": "scores",
    "text": "free text",
    "embedding": "embeddings",
    "point": "points",
}
_NEEDS = {"answer": ("target",), "probs": ("target",), "text": ("target",), "point": ("target_point",)}


def shared_outcome(
    frame: pd.DataFrame, origin: Sequence[str] | np.ndarray, *, outcome: str | None, metric: str | None
) -> tuple[np.ndarray, str | None, list[str]]:
    """Which rows to keep and which outcome to use, where parts of a table hold different ones; and notes.

    Args:
        frame: rows of several tables and logs.
        origin: for each row the name of the part that it comes from.
        outcome: the outcome asked for: the parts without it are left out.
        metric: only outcomes that it can use are looked for.

    Returns:
        A mask of the rows; the outcome, None where the parts do not differ and nothing is to be decided here.

    Raises:
        BadInput: where the parts share no outcome and none was asked for.
    """
    codes, names = pd.factorize(np.asarray(origin, dtype=object))
    everything = np.ones(len(frame), dtype=bool)
    there = [name for name in OUTCOMES if name in frame.columns]
    if len(names) < 2 or len(there) < 2:
        return everything, None, []
    has = {name: _parts_with(frame, name, codes, len(names)) for name in there}
    if all(parts.all() or not parts.any() for parts in has.values()):
        return everything, None, []
    if outcome is not None:
        keep = has[outcome][codes] if outcome in has else everything
        if keep.all() or not keep.any():
            return everything, None, []
        return keep, outcome, [f"{int((~keep).sum()):,} responses without the outcome {outcome} are left out."]
    wanted = [name for name in (metrics().get(metric, ()) if metric else OUTCOMES) if name in has]
    common = next((name for name in wanted if has[name].all()), None)
    held = _held(has, [str(name) for name in names])
    if common is None:
        raise BadInput(
            f"The responses hold different outcomes, {held}, and share none: choose one with --outcome NAME, or some "
            "of the "
            "rows with --where."
        )
    return everything, common, [f"The responses hold {held}: {WORDS[common]} are the outcome that all of them have."]


def _parts_with(frame: pd.DataFrame, name: str, codes: np.ndarray, parts: int) -> np.ndarray:
    """Which parts have an outcome: any value of it, and everything that it needs; a score in each row."""
    given = ~missing(frame[name])
    rows = np.bincount(codes, minlength=parts)
    some = np.bincount(codes[given], minlength=parts)
    has = some == rows if name == "score" else some > 0
    for needed in _NEEDS.get(name, ()):
        full = ~missing(frame[needed]) if needed in frame.columns else np.zeros(len(frame), dtype=bool)
        has &= np.bincount(codes[full], minlength=parts) == rows
    return has


def _held(has: dict[str, np.ndarray], names: Sequence[str]) -> str:
    """Which part holds which outcomes, in words."""
    words: dict[str, list[str]] = {}
    for at, name in enumerate(names):
        kinds = " and ".join(WORDS[one] for one in has if has[one][at]) or "no outcome"
        words.setdefault(kinds, []).append(name)
    return "; ".join(
        f"{kinds} in {', '.join(some[:3])}{', …' if len(some) > 3 else ''}" for kinds, some in words.items()
    )
