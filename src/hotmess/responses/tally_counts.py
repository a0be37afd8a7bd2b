"""Counts of equal responses, added up by cell without an engine: one sort of one whole number for each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

LARGEST = 2**62
"""Numbers of cells and values that one whole number of 64 bits tells apart."""


def tally_counts(frame: Mapping[str, Any], cell: Sequence[str]) -> dict[str, np.ndarray] | None:
    """What the query of `hotmess.responses.tally` counts, of a table of counts; None where it is to be asked.

    Args:
        frame: the codes of cells (and `context`), `value`, and the columns of counts.
        cell: names of the cell's codes.

    >>> frame = {"c0": [1, 0, 1], "value": [0] * 3, "copies": [2, 1, 4], "at_limit": [0] * 3}
    >>> frame |= {"sum_log2_length": [3.0, 1.0, 0.0], "with_length": [2, 1, 0]}
    >>> rows = tally_counts({name: np.array(values) for name, values in frame.items()}, ["c0"])
    >>> {name: rows[name].tolist() for name in ("c0", "row", "copies", "log2_length")}
    {'c0': [0, 1], 'row': [1, 0], 'copies': [1, 6], 'log2_length': [1.0, 3.0]}
    """
    keys: dict[str, np.ndarray] = {}
    for name in [*cell, *(["context"] if "context" in frame else []), "value"]:
        codes = _whole(frame[name], nulls=name == "context")
        if codes is None or not len(codes):
            return None
        keys[name] = codes
    key = _key(list(keys.values()))
    if key is None:
        return None
    order = np.argsort(key)
    if len(order) < 2**31:
        order = order.astype(np.int32)
    key = key[order]
    change = np.concatenate([[True], key[1:] != key[:-1]])
    del key
    sums = {
        "copies": frame["copies"],
        "log2_length": frame["sum_log2_length"],
        "lengths": frame["with_length"],
        "at_limit": frame["at_limit"],
    }
    if change.all():
        return {name: np.asarray(values)[order] for name, values in (keys | sums).items()} | {"row": order}
    start = np.flatnonzero(change)
    out = {name: codes[order[start]] for name, codes in keys.items()}
    out |= {name: np.add.reduceat(np.asarray(values)[order], start) for name, values in sums.items()}
    return out | {"row": np.minimum.reduceat(order, start)}


def changes(rows: Mapping[str, np.ndarray], names: Sequence[str]) -> np.ndarray:
    """Where a row's values differ from the row before."""
    out = np.zeros(len(rows["row"] if "row" in rows else rows["value"]), dtype=bool)
    out[0] = True
    for name in names:
        column = rows[name]
        if column.dtype.kind != "i":
            column = np.nan_to_num(column.astype(np.float64), nan=-1.0)
        out[1:] |= column[1:] != column[:-1]
    return out


def narrowed(copies: np.ndarray) -> np.ndarray:
    """Copies in 4 bytes each, if they can be."""
    return copies.astype(np.int32 if copies.max(initial=0) < 2**31 else np.int64, copy=False)


def one_hot(value: np.ndarray, width: int, kind: Any) -> np.ndarray:
    """Letters (m, width): 1 at their option, of those without one (−1) at the last; no more memory than that.

    >>> one_hot(np.array([0, -1, 1]), 3, np.int8).tolist()
    [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    """
    out = np.empty((len(value), width), dtype=kind)
    for option in range(width):
        out[:, option] = value == (option if option < width - 1 else -1)
    return out


def _whole(values: Any, *, nulls: bool) -> np.ndarray | None:
    """Whole numbers, −1 for null where there may be some; None for anything else."""
    missing = getattr(values, "null_count", 0)
    if missing and not nulls:
        return None
    codes = np.asarray(values.fill_null(-1) if missing else values)
    return codes if codes.dtype.kind == "i" else None


def _key(columns: Sequence[np.ndarray]) -> np.ndarray | None:
    """One whole number for each row, in the order of the columns; None where there are too many."""
    key, size = np.zeros(len(columns[0]), dtype=np.int64), 1
    for codes in columns:
        low, high = int(codes.min()), int(codes.max())
        span = high - low + 1
        size *= span
        if size > LARGEST:
            return None
        if span > 1:
            key *= span
            key += codes
            key -= low
    return key
