"""Responses that were cut off at a token limit: censored in length, and often unparsable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

SAME = 5


def cut_off(responses: Responses) -> np.ndarray:
    """(responses,) True where a response ended at its limit.

    That is where `finish_reason` says `length`; in tables without that column, where a response has its model's
    greatest length (per budget), and five or more responses share it, since lengths that are not cut off rarely tie
    at the very top.
    """
    table = responses.table
    if "finish_reason" in table and table["finish_reason"].notna().any():
        return (table["finish_reason"] == "length").to_numpy(bool)
    if responses.length is None:
        return np.zeros(len(table), bool)
    length = table[responses.length].astype(float)
    top = length.groupby([table["model"], table["condition"], table["budget"]], observed=True).transform("max")
    at_top = (length == top).to_numpy(bool)
    keys = [table["model"], table["condition"], table["budget"]]
    shared = np.asarray(at_top, int)
    count = table.assign(_top=shared).groupby(keys, observed=True)["_top"].transform("sum").to_numpy()
    spread = length.groupby(keys, observed=True).transform("nunique").to_numpy()
    return at_top & (count >= SAME) & (spread > 1)
