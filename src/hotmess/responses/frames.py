"""Tables in memory, of any library, as plain pandas frames: an index that means something becomes columns."""

from __future__ import annotations

from typing import Any

import pandas as pd

from hotmess.errors import BadInput


def is_table(given: Any) -> bool:
    """Whether something is a table in memory: pandas, Arrow, polars (lazy too), DuckDB, Ibis, …"""
    if isinstance(given, pd.DataFrame):
        return True
    return not isinstance(given, (str, bytes, list, tuple, dict)) and any(
        hasattr(given, way) for way in ("__arrow_c_stream__", "to_pandas", "to_arrow", "collect")
    )


def plain_table(given: Any, name: str) -> pd.DataFrame:
    """The table as a frame of plain columns with string names.

    Raises:
        BadInput: for several levels of column names, and where the library refuses.
    """
    frame = given if isinstance(given, pd.DataFrame) else _foreign(given, name)
    if frame.columns.nlevels > 1:
        raise BadInput(f"The columns of {name} have {frame.columns.nlevels} levels; give it one level of names.")
    frame = _with_index(frame)
    if not all(isinstance(column, str) for column in frame.columns):
        frame = frame.rename(columns=str)
    arrow = (
        [column for column in frame.columns if isinstance(frame[column].dtype, pd.ArrowDtype)] if _unique(frame) else []
    )
    if arrow:
        frame = frame.assign(**{column: _unpacked(frame[column]) for column in arrow})
    return frame


def _unique(frame: pd.DataFrame) -> bool:
    return not frame.columns.duplicated().any()


def _foreign(given: Any, name: str) -> pd.DataFrame:
    import pyarrow as pa

    try:
        if hasattr(given, "collect") and not hasattr(given, "__arrow_c_stream__"):
            given = given.collect()  # polars' lazy frames
        if hasattr(given, "__arrow_c_stream__"):
            out: pd.DataFrame = pa.table(given).to_pandas(ignore_metadata=True)
            return out
        frame = given.to_pandas() if hasattr(given, "to_pandas") else given.to_arrow().to_pandas()
    except Exception as error:  # each library raises its own
        raise BadInput(f"{name} cannot be read as a table: {str(error).splitlines()[0][:200]}.") from error
    if not isinstance(frame, pd.DataFrame):
        raise BadInput(f"{name} is a {type(given).__name__}, which gives no table.")
    return frame


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Named levels of the index as columns, unless there is a column of the name; a mere count is dropped."""
    names = [name for name in frame.index.names if name is not None and name not in frame.columns]
    if not names:
        return frame.reset_index(drop=True)
    drop: list[Any] = [at for at, name in enumerate(frame.index.names) if name not in names]
    if drop:
        frame = frame.droplevel(drop) if frame.index.nlevels > len(drop) else frame
    return frame.reset_index()


def _unpacked(series: pd.Series) -> pd.Series:
    import pyarrow as pa

    array: Any = pa.array(series)
    out = array.to_pandas()
    return pd.Series(out.to_numpy() if out.dtype == object else out.array, index=series.index)
