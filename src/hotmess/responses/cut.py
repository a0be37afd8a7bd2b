"""Responses that were cut off at a token limit: censored in length, and often unparsable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from hotmess.responses.table import CELL
from hotmess.words import counted

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

SAME = 5
ARM = [name for name in CELL if name != "question"]


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
    length = table[responses.length].to_numpy(float, na_value=np.nan)
    keys = ["model", "condition", "budget"]
    group = table.groupby(keys, observed=True, sort=False).ngroup().to_numpy()
    top, low = (np.full(int(group.max(initial=-1)) + 2, edge) for edge in (-np.inf, np.inf))
    np.fmax.at(top, group, length)
    np.fmin.at(low, group, length)
    at_top = (length == top[group]) & (group >= 0)  # -1, the last place, is of rows without a setting
    count = np.bincount(group + 1, at_top, len(top))[group + 1]
    return np.asarray(at_top & (count >= SAME) & (low < top)[group])


def parsed(responses: Responses) -> np.ndarray:
    """(responses,) True where a letter or a text could be read; True for outcomes that are always read."""
    table = responses.table
    if responses.outcome == "answer":
        return (table["answer"] >= 0).to_numpy(bool)
    return table["text"].notna().to_numpy(bool) if responses.outcome == "text" else np.ones(len(table), bool)


def some_lengths_missing(responses: Responses) -> bool:
    """Whether some responses of a setting that records lengths have none."""
    return bool(_missing(responses).any())


def _missing(responses: Responses) -> np.ndarray:
    if responses.length is None:
        return np.zeros(len(responses), bool)
    lost: np.ndarray = np.isnan(responses.lengths())
    if not lost.any():
        return lost
    keys = [responses.table[name] for name in ARM]
    recorded = responses.table.assign(_has=~lost).groupby(keys, observed=True)["_has"].transform("any")
    out: np.ndarray = lost & recorded.to_numpy(bool)
    return out


def fill_lengths(responses: Responses, how: Literal["max", "min"]) -> Responses:
    """Missing lengths become the longest (`max`) or the shortest (`min`) of the same benchmark, model and setting."""
    from dataclasses import replace

    lengths = responses.table.assign(_length=responses.lengths())
    edge = lengths.groupby(ARM, observed=True)["_length"].transform(how)
    filled = np.where(_missing(responses), edge, lengths["_length"])
    return replace(responses, table=responses.table.assign(**{str(responses.length): filled}))


def length_bounds(responses: Responses) -> dict[str, Responses]:
    """Where lengths are missing, rarely at random: the longest, or the shortest of the same setting, in their place."""
    if not some_lengths_missing(responses):
        return {}
    return {
        "missing lengths as the longest": fill_lengths(responses, "max"),
        "missing lengths as the shortest": fill_lengths(responses, "min"),
    }


def whole_and_parsed(responses: Responses) -> Responses | None:
    """Responses that were neither cut off nor unparsable; None where that leaves nothing, or all."""
    from dataclasses import replace

    keep = ~cut_off(responses) & parsed(responses)
    if keep.all() or not keep.any():
        return None
    return replace(responses, table=responses.table[keep].reset_index(drop=True))


def missing_lengths_note(responses: Responses) -> str:
    """How many lengths are missing in settings that record them, and how their responses do; empty for none.

    Doing well is the accuracy, or the mean share of tests passed or score.
    """
    lost = _missing(responses)
    if not lost.any():
        return ""
    number = int(lost.sum())
    has = "has" if number == 1 else "have"
    said = f"{counted(number, 'response')} {has} no {responses.length} in settings that record it"
    marks = _marks(responses)
    if marks is None:
        return f"{said}; those lengths may not be missing at random."
    keys = [responses.table[name] for name in ARM]
    some = responses.table.assign(_lost=lost).groupby(keys, observed=True)["_lost"].transform("any").to_numpy(bool)
    without, others = float(marks[lost].mean()), float(marks[some & ~lost].mean())
    return (
        f"{said}; {without:.0%} of these are right and {others:.0%} of the others there, so lengths are not "
        "taken to be missing at random: claims are repeated with the longest and the shortest length in their place."
    )


def _marks(responses: Responses) -> np.ndarray | None:
    table = responses.table
    if responses.outcome == "score":
        return table["score"].to_numpy(float)
    if responses.outcome == "tests":
        return np.array([float(np.mean(value)) for value in table["tests"]])
    if responses.outcome in ("answer", "text"):
        out: np.ndarray | None = (table[responses.outcome].to_numpy(object) == table["target"].to_numpy(object)).astype(
            float
        )
        return out
    return None
