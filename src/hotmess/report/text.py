"""Numbers, tables and data as they stand in the page."""

from __future__ import annotations

import base64
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.words import show

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.report.section import Table

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def visible(value: Any) -> Any:
    """Text without characters that hide, reorder or end other text; markup of our own as it is.

    >>> visible("a\\u202eb\\x00c\\nd")
    'abc\\nd'
    """
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "".join(c for c in value if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Cn"))


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
    from hotmess.words import plain

    return {str(c): plain(data[c].astype(object).tolist()) for c in data.columns}
