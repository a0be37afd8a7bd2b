"""Grades as people write them: true and false, C and I, pass and fail, 1 to 10; as numbers from 0 to 1."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hotmess.arrays import Floats
from hotmess.errors import BadInput
from hotmess.responses.values import Place, numbers

WORDS: dict[str, float] = {
    **dict.fromkeys(("true", "yes", "c", "correct", "right", "pass", "passed", "success", "resolved"), 1.0),
    **dict.fromkeys(("false", "no", "i", "incorrect", "wrong", "fail", "failed", "failure", "unresolved", "n"), 0.0),
    "p": 0.5,
}
"""What words are worth: Inspect's C, I, P (partial) and N (no answer), and the usual others, in any case."""


def grades(series: pd.Series, *, place: Place) -> Floats:
    """Scores as numbers; words are worth what `WORDS` says, nothing becomes NaN.

    Raises:
        BadInput: for anything else.

    >>> grades(pd.Series(["C", "i", "P", "0.25", None]), place=str).tolist()
    [1.0, 0.0, 0.5, 0.25, nan]
    """
    if pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series):
        return numbers(series, name="score", place=place)
    codes, unique = pd.factorize(series.astype(object).map(_hashable), use_na_sentinel=True)
    worth = np.full(len(unique) + 1, np.nan)
    for at, value in enumerate(unique):
        worth[at] = _worth(value)
        if np.isnan(worth[at]) and not (isinstance(value, str) and not value.strip()):
            row = int(np.argmax(codes == at))
            raise BadInput(
                f"Column score holds {_short(value)} in {place(row)}, where a number from 0 to 1, true or false, or a "
                "grade "
                "(C, I, P, N, pass, fail) is needed."
            )
    return worth[codes]


def _hashable(value: Any) -> Any:
    return str(value) if isinstance(value, (list, dict, np.ndarray)) else value


def _worth(value: Any) -> float:
    if isinstance(value, (bool, np.bool_)):
        return float(value)
    if isinstance(value, str):
        text = value.strip().lower()
        if text in WORDS:
            return WORDS[text]
        return float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", text) else np.nan
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def rescaled(frame: pd.DataFrame, scale: Sequence[float] | None, place: Place) -> tuple[pd.DataFrame, list[str]]:
    """Grades from LOW to HIGH as scores from 0 to 1: (grade - LOW) / (HIGH - LOW).

    Raises:
        BadInput: where there is no column of scores, or a grade outside.

    >>> rescaled(pd.DataFrame({"score": [1, 10, 5.5]}), (1, 10), str)[0]["score"].tolist()
    [0.0, 1.0, 0.5]
    """
    if scale is None:
        return frame, []
    try:
        low, high = (float(end) for end in scale)
    except (TypeError, ValueError):
        raise BadInput(f"The scale is {scale!r}; it is the lowest and the highest grade, as (1, 10).") from None
    if not (np.isfinite([low, high]).all() and low < high):
        raise BadInput(f"--scale needs LOW,HIGH with LOW below HIGH, not {low:g},{high:g}.")
    if "score" not in frame.columns:
        raise BadInput(
            "--scale brings grades to scores, and there is no column score; name it with --column score=ITS_NAME."
        )
    words = (
        pd.Series(frame["score"])
        .astype(object)
        .map(lambda value: isinstance(value, str) and value.strip().lower() in WORDS)
    )
    if words.any():
        at = int(np.argmax(words.to_numpy()))
        raise BadInput(
            f"Column score holds {frame['score'].iloc[at]!r} in {place(at)}, no grade from {low:g} to {high:g}."
        )
    values = numbers(frame["score"], name="score", place=place)
    bad = (values < low) | (values > high)
    if bad.any():
        at = int(np.argmax(bad))
        raise BadInput(
            f"Column score holds {values[at]:g} in {place(at)}; --scale says grades run from {low:g} to {high:g}."
        )
    note = f"Scores are grades from {low:g} to {high:g}, brought to 0 to 1."
    return frame.assign(score=(values - low) / (high - low)), [note]


def needs_scale(values: Floats) -> str:
    """What to say beside a score above 1: the scale that it may be of.

    >>> needs_scale(np.array([1.0, 7.0]))
    '; grades of another range are brought to it with --scale LOW,HIGH, as --scale 1,10'
    """
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    low = float(np.nanmin(values)) if np.isfinite(values).any() else 0.0
    high = next((bound for bound in (5, 7, 10, 100) if top <= bound), None)
    if high is None:
        return "; grades of another range are brought to it with --scale LOW,HIGH"
    high = 10 if 5 < top <= 10 else high
    start = 0 if low < 1 or high == 100 else 1
    return f"; grades of another range are brought to it with --scale LOW,HIGH, as --scale {start},{high}"


def _short(value: Any) -> str:
    return repr(str(value)[:40] + ("…" if len(str(value)) > 40 else ""))
