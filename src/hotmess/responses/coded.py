"""Many counts in few bytes: names as numbers with a list of the distinct ones, whole numbers as short as they are."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotmess.responses.table import CELL, COUNTS, is_counted
from hotmess.responses.values import labels

if TYPE_CHECKING:
    import pyarrow as pa

NAMES = (*CELL, "context", "family", "category")
"""Columns of names, which stay categories."""


def coded_table(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """Batches as one table, texts coded and whole numbers narrowed as each batch comes.

    The wide rows of one batch only are in memory beside the table.
    """
    import pyarrow as pa

    chunks: list[list[Any]] = [[] for _ in schema]
    for batch in batches:
        for at, column in enumerate(batch.columns):
            chunks[at].append(_coded(column))
    columns = {}
    for at, field in enumerate(schema):
        parts, chunks[at] = chunks[at], []
        if not parts:
            columns[field.name] = pa.chunked_array([], type=field.type)
            continue
        if pa.types.is_integer(parts[0].type):
            widest = max((part.type for part in parts), key=lambda kind: kind.bit_width)
            parts = [part.cast(widest) for part in parts]
        columns[field.name] = pa.chunked_array(parts).unify_dictionaries().combine_chunks()
        del parts
        release()
    return pa.table(columns)


def _coded(column: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.cast(pa.string()).dictionary_encode()
    if pa.types.is_integer(kind) and kind.bit_width > 32 and len(column):
        ends = pc.min_max(column).as_py()
        if ends["min"] is None or -(2**31) <= ends["min"] <= ends["max"] < 2**31:
            return column.cast(pa.int32())
    # A copy: one column that is kept as it is would keep its whole batch.
    return pa.concat_arrays([column, column.slice(0, 0)])


def coded_frame(given: dict[str, pa.ChunkedArray]) -> pd.DataFrame:
    """Columns as a frame: `NAMES` become categories in their order. What is given is emptied column by column."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for name in list(given):
        column = given.pop(name)
        if pa.types.is_dictionary(column.type) and name not in NAMES:
            columns[name] = column.cast(column.type.value_type).to_pandas()
        elif pa.types.is_dictionary(column.type):
            array = column.combine_chunks()
            array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
            codes = np.asarray(array.indices.fill_null(-1))
            columns[name] = _categories(codes, pd.Series(array.dictionary.to_pylist(), dtype="str"))
        else:
            columns[name] = column.to_pandas()
    return pd.DataFrame(columns, copy=False)


def release() -> None:
    """Give back to the system what Arrow and the C library hold for later tables."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def names_of(series: pd.Series, *, fill: str | None = None) -> pd.Series:
    """As `labels`, but what comes as categories stays so, in the order of their names.

    >>> names_of(pd.Series(["b", None, "a"], dtype="category"), fill="").cat.categories.tolist()
    ['', 'a', 'b']
    """
    if not isinstance(series.dtype, pd.CategoricalDtype):
        return labels(series, fill=fill)
    codes = series.cat.codes.to_numpy()
    values = labels(pd.Series(series.cat.categories.to_numpy()))
    if fill is not None and (codes < 0).any():
        codes = np.where(codes < 0, len(values), codes)
        values = pd.Series([*values, fill], dtype="str")
    return pd.Series(_categories(codes, values), index=series.index)


def one_name(value: str | None, size: int) -> pd.Series:
    """One name, or none, for all rows."""
    return pd.Series(_categories(np.full(size, -(value is None), np.int8), pd.Series([value or ""], dtype="str")))


def _categories(codes: np.ndarray, values: pd.Series) -> pd.Categorical:
    """Codes (−1 for none) of values, as categories: the distinct values that there are, in order."""
    there = np.zeros(len(values) + 1, dtype=bool)
    there[codes] = True  # −1 is the last
    used = np.flatnonzero(there[:-1])
    names, rank = np.unique(values.to_numpy(dtype=object)[used], return_inverse=True)
    kind = np.min_scalar_type(-max(len(names), 1))
    new = np.full(len(values) + 1, -1, dtype=kind)
    new[used] = rank
    return pd.Categorical.from_codes(new[codes], categories=pd.Index(names, dtype="str"))


def is_coded(table: pd.DataFrame) -> bool:
    """Whether the table holds counts whose names are categories: they stay so, for there may be many."""
    return is_counted(table) and isinstance(table["question"].dtype, pd.CategoricalDtype)


def narrow(table: pd.DataFrame, *names: str) -> None:
    """Whole numbers of such a table in the fewest bytes that hold them, in place; nothing is done to other tables.

    In 4 bytes or more for numbers of responses; sizes of models in 4 where these hold all of them exactly.
    """
    for name in (names or table.columns) if is_coded(table) else ():
        if name == "model_size_b" and table[name].dtype == np.float64:
            with np.errstate(over="ignore"):
                short = table[name].astype(np.float32)
            if np.array_equal(short, table[name], equal_nan=True):
                table[name] = short
        elif table[name].dtype == np.int64:
            size = max(-int(table[name].min()) - 1, int(table[name].max()))
            least = np.int32 if name in COUNTS else np.int16
            kind = next(kind for kind in (least, np.int32, np.int64) if size <= np.iinfo(kind).max)
            table[name] = table[name].astype(kind)


def usual(series: pd.Series) -> pd.Series:
    """Names and numbers of counts as other tables have them: texts, and 8 bytes."""
    if isinstance(series.dtype, pd.CategoricalDtype) and isinstance(series.cat.categories.dtype, pd.StringDtype):
        return series.astype("str")
    if series.dtype == np.float32:
        return series.astype(np.float64)
    return series.astype(np.int64) if series.dtype in (np.int8, np.int16, np.int32) else series
