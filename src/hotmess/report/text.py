"""Numbers, tables and data as they stand in the page."""

from __future__ import annotations

import base64
import re
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.plot.style import clean

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.report.parts import Table

FORMULA = ("=", "+", "-", "@", "\t", "\r")


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


def visible(value: Any) -> Any:
    """Text without characters that hide, reorder or end other text; markup of our own as it is.

    >>> visible("a\\u202eb\\x00c\\nd")
    'abc\\nd'
    """
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "".join(c for c in value if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Cn"))


def with_interval(value: Any, low: Any, high: Any, digits: int = 3) -> str:
    """A number and its interval.

    >>> with_interval(0.5, 0.4, 0.6, 2)
    '0.50 [0.40, 0.60]'
    """
    said = show(value, digits)
    if said == "–" or low is None or not np.isfinite(low):
        return said
    return f"{said} [{show(low, digits)}, {show(high, digits)}]"


def rows(table: Table) -> tuple[list[tuple[str, bool]], list[list[tuple[str, str]]]]:
    """Heads (text, whether numbers) and rows of a table; a cell is a text and its interval, or no interval."""
    data, numbers = table.data, {}
    for column in table.heads:
        values = data[column]
        numbers[column] = values.dtype.kind in "iuf" and column != "bin"
    heads = [(table.heads[c], numbers[c]) for c in table.heads]
    out = []
    for _, row in data.iterrows():
        cells = []
        for column in table.heads:
            value = row[column]
            if data[column].dtype.kind in "iu" and value == value:
                value = int(value)
            digits = table.places.get(column, table.digits)
            said, between = show(value, digits), ""
            if said != "–" and f"{column}_low" in data and np.isfinite(row[f"{column}_low"]):
                low, high = (show(row[f"{column}_{end}"], digits) for end in ("low", "high"))
                between = f"[{low}, {high}]"
            cells.append((said, between))
        out.append(cells)
    return heads, out


def csv(data: pd.DataFrame) -> str:
    """A table as CSV. Text that a spreadsheet would run as a formula gets an apostrophe in front.

    >>> import pandas as pd
    >>> csv(pd.DataFrame({"model": ["=1+1", "a,b"], "x": [-0.5, 2.0]})).splitlines()
    ['model,x', "'=1+1,-0.5", '"a,b",2']
    """
    safe = data.copy()
    for column in safe.columns:
        if safe[column].dtype.kind not in "iufb":
            safe[column] = [_safe(value) for value in safe[column]]
    safe.columns = [_safe(c) for c in safe.columns]
    return safe.to_csv(index=False, float_format=lambda v: f"{v:.8g}", lineterminator="\n")


def _safe(value: Any) -> str:
    if value is None or value != value:
        return ""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def data_uri(text: str) -> str:
    """CSV text as an address that holds it."""
    return "data:text/csv;charset=utf-8;base64," + base64.b64encode(text.encode("utf-8", "replace")).decode("ascii")


def columns_json(data: pd.DataFrame) -> dict[str, list[Any]]:
    """A table for results.json: column -> values, undefined numbers None."""
    from hotmess.commands.options import plain

    return {str(c): plain(data[c].astype(object).tolist()) for c in data.columns}


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
    }
    return known.get(metric, metric)


def population_words(population: str) -> str:
    """What a population is called in a sentence."""
    return {"like-these": "questions like these", "these": "these questions"}[population]
