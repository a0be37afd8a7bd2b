"""Numbers, names and lists as they stand in sentences and in JSON: the same on the page, at the shell, in figures."""

from __future__ import annotations

import re
import reprlib
import unicodedata
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def clean(text: object, limit: int = 60) -> str:
    """A name fit for a figure: no control or invisible characters, cut where it is long.

    >>> clean("a\\u202eb\\n"), clean("x" * 50, 9)
    ('ab', 'xxxxxxxx…')
    """
    kept = "".join(c for c in str(text) if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def brief(value: Any) -> str:
    """A value for a sentence, of whatever size and depth.

    >>> brief("up"), brief(list(range(100))), brief([10**5000])
    ("'up'", '[0, 1, 2, 3, 4, 5, ...]', 'a value of very many digits')
    """
    try:
        return reprlib.repr(value)
    except ValueError:  # Python writes no whole numbers of more than 4,300 digits
        return "a value of very many digits"


def show(value: Any, digits: int = 3) -> str:
    """A value for reading: numbers with `digits` decimals and a true minus sign, undefined ones as a dash.

    >>> show(-0.12345), show(float("nan")), show(12000), show(-0.00004), show("x")
    ('−0.123', '–', '12,000', '−0.000', 'x')
    """
    if value is None:
        return "–"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return f"{int(value):,}".replace("-", "−")
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if not np.isfinite(number):
            return "–"
        return f"{number:,.{digits}f}".replace("-", "−")
    return clean(value, 300)


def decimals(*values: float | None, least: int = 3) -> int:
    """Decimals that show two digits of the smallest of some numbers that are not zero, and `least` or more.

    >>> decimals(0.31), decimals(0.00042, 0.5), decimals(0.0)
    (3, 5, 3)
    """
    known = [abs(v) for v in values if v is not None and np.isfinite(v) and v != 0]
    return max(least, 1 - int(np.floor(np.log10(max(min(known), 1e-8))))) if known else least


def minus(sentence: str) -> str:
    """A sentence with true minus signs before its numbers.

    >>> minus("-0.2 [-0.5, 0.1] for claude-4 at 1e-05")
    '−0.2 [−0.5, 0.1] for claude-4 at 1e-05'
    """
    return re.sub(r"(?<![\w.)\]-])-(?=\d)", "−", sentence)


def with_interval(value: Any, low: Any, high: Any, digits: int = 3) -> str:
    """A number and its interval. Ends keep the sign of a 0, which says where they lie; the number does not.

    >>> with_interval(0.5, 0.4, 0.6, 2), with_interval(-0.001, -0.1, -0.001, 2)
    ('0.50 [0.40, 0.60]', '0.00 [−0.10, −0.00]')
    """
    said = show(value, digits)
    if not said.strip("−0."):
        said = said.lstrip("−")
    if said == "–" or low is None or not np.isfinite(low):
        return said
    return f"{said} [{show(low, digits)}, {show(high, digits)}]"


def percent(p: float) -> str:
    """
    >>> percent(0.9), percent(0.975)
    ('90%', '97.5%')
    """
    return f"{100 * p:.4g}%"


def metric_words(metric: str) -> str:
    """What a metric is called in a sentence."""
    known = {
        "brier": "the Brier score",
        "kl": "KL divergence",
        "zero-one": "0/1 loss",
        "score": "squared error of scores",
        "coverage": "coverage of the unit tests",
        "reply": "whether two replies differ",
    }
    return known.get(metric, metric)


def population_words(population: str) -> str:
    """What a population is called in a sentence."""
    return {"like-these": "questions like these", "these": "these questions"}[population]


def join(words: list[str], *, most: int = 6) -> str:
    """A list as English, cut where it is long.

    >>> join(["a", "b", "c"]), join(["a"])
    ('a, b and c', 'a')
    """
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def number(x: float) -> str:
    """A number as in a sentence.

    >>> number(0.5), number(72.0), number(1234.0)
    ('0.5', '72', '1,234')
    """
    return f"{x:,.0f}" if abs(x) >= 100 or float(x).is_integer() else f"{x:.3g}"


def size_words(billions: float) -> str:
    """A model's size in words.

    >>> size_words(72.0), size_words(0.5), size_words(9.46e-6)
    ('72 billion', '500 million', '9.46 thousand')
    """
    if billions >= 1:
        return f"{number(billions)} billion"
    return f"{number(billions * 1e3)} million" if billions >= 1e-3 else f"{number(billions * 1e6)} thousand"


def size_span(sizes: pd.Series | np.ndarray) -> str:
    """Sizes in billions, from the smallest to the largest, in words.

    >>> import pandas as pd
    >>> size_span(pd.Series([0.5, 72.0])), size_span(pd.Series([1.7, 32.0])), size_span(pd.Series([0.5, 0.5]))
    ('500 million to 72 billion', '1.7 to 32 billion', '500 million')
    """
    low, high = size_words(sizes.min()), size_words(sizes.max())
    if low == high:
        return low
    return f"{low.split()[0] if low.split()[-1] == high.split()[-1] else low} to {high}"


def plain(value: Any) -> Any:
    """A value in JSON's own types: numbers that are not finite become None.

    >>> plain({"a": float("nan"), "b": (1, 2.5)})
    {'a': None, 'b': [1, 2.5]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    return None if value != value else str(value)


def capital(text: str) -> str:
    """A text that begins with a capital letter; the rest of it as it is.

    >>> capital("R-hat of x"), capital("slope")
    ('R-hat of x', 'Slope')
    """
    return text[:1].upper() + text[1:]


def counted(number: int, noun: str) -> str:
    """A number and its noun, as 1 model, 1,200 cells.

    >>> counted(1, "model"), counted(1200, "cell")
    ('1 model', '1,200 cells')
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"


class Short:
    """What prints as one line, `said()`, and in a notebook with a table beneath it, `shown()`, all text escaped.

    Dataclasses that inherit it are made with `repr=False`.
    """

    def said(self) -> str:
        """One line."""
        raise NotImplementedError

    def shown(self) -> Any:
        """A data frame of a few rows, or None."""
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.said()}>"

    def _repr_html_(self) -> str:
        head = f"<b>{escape(type(self).__name__)}</b>: {escape(self.said())}"
        table = self.shown()
        return head if table is None else head + table.head(SHOWN).to_html(index=False, float_format="%.3g", border=0)


class Tabled(Short):
    """What has a `table`: it prints as how long and wide the table is, and in a notebook the table stands beneath."""

    table: pd.DataFrame

    def said(self) -> str:
        """One line."""
        names = ", ".join(clean(name, 24) for name in self.table.columns[:12])
        return f"{counted(len(self.table), 'row')} of {names}{', …' if len(self.table.columns) > 12 else ''}"

    def shown(self) -> pd.DataFrame:
        """For a notebook."""
        return self.table


SHOWN = 20
"""Rows of a table in a notebook."""
