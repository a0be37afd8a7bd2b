"""Turning the values of one column into clean arrays: labels, option codes, numbers, vectors, free text."""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hotmess.arrays import Bools, Floats, Ints
from hotmess.errors import BadInput

Place = Callable[[int], str]
"""Names the place of the row at a position, as in `row 5 of answers.csv`."""

OTHERWISE = " (written otherwise)"
"""Behind an answer that is the target but for its writing, and graded as wrong: `canonical_answers` takes it off."""

_LETTER = re.compile(r"^[(\[]?([A-Za-z])[)\].:]?$")
_INDEX = re.compile(r"^[+-]?\d{1,9}$")
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)$")


def suggest(name: str, names: Iterable[object]) -> str:
    """` (did you mean 'x'?)`, or nothing where no name is near.

    >>> suggest("modle", ["model", "question"])
    " (did you mean 'model'?)"
    """
    near = difflib.get_close_matches(str(name), [str(other) for other in names], n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def missing(series: pd.Series) -> Bools:
    """Where a column holds null, NaN or an empty string."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return np.append(missing(pd.Series(series.cat.categories)), True)[series.cat.codes.to_numpy()]
    null = series.isna().to_numpy(dtype=bool)
    if isinstance(series.dtype, pd.StringDtype):
        null = null | (series == "").to_numpy(dtype=bool, na_value=False)
    elif not pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
        null = null | np.fromiter((isinstance(v, str) and not v for v in series.array), dtype=bool, count=len(series))
    return null


def labels(series: pd.Series, *, fill: str | None = None) -> pd.Series:
    """A column as strings: whole numbers lose their `.0`, nulls become `fill` (or stay null).

    >>> labels(pd.Series([10.0, None]), fill="").tolist()
    ['10', '']
    """
    null = series.isna()
    if pd.api.types.is_float_dtype(series):
        values = series.to_numpy(dtype=float, na_value=np.nan)
        whole = np.isfinite(values) & (values == np.round(values)) & (np.abs(values) < 2**53)
        text = [str(int(v)) if w else str(v) for v, w in zip(values, whole, strict=True)]
        series = pd.Series(text, index=series.index, dtype="str")
    elif not isinstance(series.dtype, pd.StringDtype):
        code, unique = _factorize(series)
        names = np.array([*(_label(value) for value in unique), None], dtype=object)
        series = pd.Series(names[code], index=series.index).astype("str")
    if fill is not None:
        return series.mask(null, fill) if null.any() else series
    return series.astype(object).where(~null, None).astype("str") if null.any() else series


def _label(value: Any) -> str:
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def option_codes(series: pd.Series, *, name: str, place: Place) -> Ints:
    """Option indices from indices or letters; −1 where null, empty or −1.

    Raises:
        BadInput: for values that are neither, and for letters and indices mixed in one column.

    >>> option_codes(pd.Series(["A", "(b)", None]), name="answer", place=str).tolist()
    [0, 1, -1]
    """
    if pd.api.types.is_bool_dtype(series):
        raise BadInput(f"Column {name} holds true/false; it needs option indices from 0, or letters.")
    if pd.api.types.is_numeric_dtype(series):
        values = series.to_numpy(dtype=float, na_value=np.nan)
        given = ~np.isnan(values)
        with np.errstate(invalid="ignore"):
            bad = given & ((values != np.round(values)) | (values < -1) | (values >= 2**31))
        if bad.any():
            at = int(np.argmax(bad))
            raise BadInput(
                f"Column {name} holds {series.iloc[at]} in {place(at)}; it needs option indices from 0, or letters, "
                "with -1 or nothing where the response could not be parsed."
            )
        return np.where(given, values, -1).astype(np.int64)
    where, unique = _factorize(series)
    kinds: list[str] = []
    codes = np.full(len(unique) + 1, -1, dtype=np.int64)
    for number, value in enumerate(unique):
        kind, codes[number] = _code(value)
        kinds.append(kind)
        if kind == "":
            at = int(np.argmax(where == number))
            raise BadInput(
                f"Column {name} holds {_short(value)} in {place(at)}, neither a letter nor an option index; leave it "
                "empty where the response could not be parsed, and put free-form answers in a column named text."
            )
    if {"letter", "index"} <= set(kinds):
        letter, index = kinds.index("letter"), kinds.index("index")
        at = int(np.argmax(where == max(letter, index)))
        raise BadInput(
            f"Column {name} mixes letters and indices ({_short(unique[letter])} and {_short(unique[index])}, "
            f"{place(at)}): write it in one way."
        )
    return codes[where]


def _code(value: Any) -> tuple[str, int]:
    """Kind and code of one value: letter, index, none (unparsable), or the empty kind for anything else."""
    if isinstance(value, (bool, np.bool_)):
        return "", -1
    if isinstance(value, (int, np.integer)):
        return ("index", int(value)) if 0 <= value < 2**31 else ("none", -1) if value == -1 else ("", -1)
    if isinstance(value, (float, np.floating)):
        return _code(int(value)) if float(value).is_integer() else ("none", -1) if np.isnan(value) else ("", -1)
    if not isinstance(value, str):
        return "", -1
    text = value.strip()
    if text in ("", "-1"):
        return "none", -1
    if _INDEX.match(text):
        return _code(int(text))
    if re.fullmatch(r"\d+\.0", text):
        return _code(int(text[:-2]))
    letter = _LETTER.match(text)
    return ("letter", ord(letter[1].upper()) - ord("A")) if letter else ("", -1)


def _factorize(series: pd.Series) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """Codes and distinct values (−1 for null); values that cannot be hashed, as lists, become text."""
    values = series.astype(object)
    try:
        return pd.factorize(values.to_numpy(), use_na_sentinel=True)
    except TypeError:
        return pd.factorize(values.map(str, na_action="ignore").to_numpy(), use_na_sentinel=True)


def numbers(series: pd.Series, *, name: str, place: Place) -> Floats:
    """Floats, from numbers or their strings; null and empty become NaN.

    >>> numbers(pd.Series(["1.5", None, "2"]), name="score", place=str).tolist()
    [1.5, nan, 2.0]
    """
    if pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series):
        return series.to_numpy(dtype=float, na_value=np.nan)
    blank = missing(series)
    values = pd.to_numeric(series.astype(object).where(~blank, None), errors="coerce").to_numpy(dtype=float)
    bad = np.isnan(values) & ~blank
    if bad.any():
        at = int(np.argmax(bad))
        raise BadInput(f"Column {name} holds {_short(series.iloc[at])} in {place(at)}, where a number is needed.")
    return values


def vectors(series: pd.Series, *, name: str, place: Place) -> tuple[Floats, Ints]:
    """Lists of numbers (or their JSON) as a (rows, longest) array padded with 0, and their lengths (0 where null)."""
    lists: list[Any] = []
    for at, value in enumerate(series.array):
        lists.append(value if isinstance(value, (np.ndarray, list)) else _vector(value, name, place, at))
    lengths = np.array([len(value) for value in lists], dtype=np.int64)
    try:
        flat = np.concatenate([np.asarray(value, dtype=np.float64) for value in lists]) if lists else np.zeros(0)
    except (TypeError, ValueError) as error:
        for at, value in enumerate(lists):
            _floats(value, name, place, at)
        raise BadInput(f"Column {name} holds something other than lists of numbers ({error}).") from error
    out = np.zeros((len(lists), int(lengths.max(initial=0))))
    out[np.arange(out.shape[1]) < lengths[:, None]] = flat
    return out, lengths


def _vector(value: Any, name: str, place: Place, at: int) -> list[Any] | NDArray[Any]:
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise BadInput(f"Column {name} holds {_short(value)} in {place(at)}, not a list of numbers.") from None
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, (np.ndarray, list)):
        return value
    if value is None or value is pd.NA or (isinstance(value, (str, float)) and (value == "" or value != value)):
        return []
    raise BadInput(f"Column {name} holds {_short(value)} in {place(at)}, where a list of numbers is needed.")


def _floats(value: Any, name: str, place: Place, at: int) -> None:
    try:
        if np.asarray(value, dtype=np.float64).ndim == 1:
            return
    except (TypeError, ValueError):
        pass
    raise BadInput(f"Column {name} holds {_short(value)} in {place(at)}, where a list of numbers is needed.")


def canonical(text: str) -> str:
    """A free-form answer in one form of writing, so that equal answers compare equal.

    Unicode is normalised (NFKC), case folded, white space collapsed, enclosing `$` and a final full stop dropped;
    plain numbers lose thousands separators and trailing zeros.

    >>> canonical(" $1,200.50$. "), canonical("New  York")
    ('1200.5', 'new york')
    """
    out = " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".").strip()
    if len(out) > 1 and out.startswith("$") and out.endswith("$"):
        out = out.strip("$").strip()
    plain = out.replace(",", "") if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", out) else out
    if len(plain) < 40 and _NUMBER.match(plain):
        whole, _, rest = plain.lstrip("+").partition(".")
        rest = rest.rstrip("0")
        negative, digits = whole.startswith("-"), whole.lstrip("-").lstrip("0") or "0"
        zero = digits == "0" and not rest
        return ("-" if negative and not zero else "") + digits + (f".{rest}" if rest else "")
    return out


def _short(value: Any, limit: int = 40) -> str:
    text = repr(value) if len(str(value)) <= limit else repr(str(value)[:limit] + "…")
    return text
