"""Tables and logs in one frame: where each row comes from, rows chosen, rows of several files taken once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.values import labels


def together(frames: list[tuple[str, pd.DataFrame]]) -> tuple[pd.DataFrame, Any, np.ndarray]:
    """One frame from several, a function that names a row's place, and for each row the part it is of."""
    starts = np.cumsum([0, *(len(frame) for _, frame in frames)])
    names = [name for name, _ in frames]

    def place(at: int) -> str:
        which = int(np.searchsorted(starts, at, side="right")) - 1
        return f"row {at - int(starts[which]) + 1} of {names[which]}"

    parts: list[np.ndarray] = []
    for name, frame in frames:
        own = np.full(len(frame), name, dtype=object)
        if "outcome_kind" in frame.columns:
            own = np.array([f"{name} with {kind}" for kind in frame["outcome_kind"]], dtype=object)
        parts.append(own)
    if any(frame.columns.duplicated().any() for _, frame in frames):
        column = next(
            frame.columns[frame.columns.duplicated()][0] for _, frame in frames if frame.columns.duplicated().any()
        )
        raise BadInput(f"The column {column!r} stands twice in the table.")
    whole = frames[0][1].reset_index(drop=True)
    if len(frames) > 1:
        bare = [frame.dropna(axis="columns", how="all") for _, frame in frames]
        whole = pd.concat(bare, ignore_index=True)
    return whole, place, np.concatenate(parts)


def only(frame: pd.DataFrame, place: Any, origin: np.ndarray, rows: np.ndarray) -> tuple[pd.DataFrame, Any, np.ndarray]:
    return frame.iloc[rows].reset_index(drop=True), lambda at: place(int(rows[at])), origin[rows]


def once(frame: pd.DataFrame, place: Any, origin: np.ndarray) -> tuple[pd.DataFrame, Any, np.ndarray, list[str]]:
    """Rows of declared formats that several files hold, taken once by the id that the format gives them."""
    if "response_id" not in frame.columns:
        return frame, place, origin, []
    ids = labels(frame["response_id"])
    again = ids.notna() & ids.duplicated()
    frame = frame.drop(columns=["response_id"])
    if not again.any():
        return frame, place, origin, []
    kept = np.flatnonzero(~again.to_numpy())
    frame, place, origin = only(frame, place, origin, kept)
    return frame, place, origin, [f"{int(again.sum()):,} rows that are in several files (by their id) were taken once."]


def ranked(frame: pd.DataFrame) -> pd.DataFrame:
    """A ranking table (attribute, rater, entity, rank) in the columns of responses; any other table as it is."""
    from hotmess.rankings.table import as_responses, is_ranking

    return as_responses(frame) if is_ranking(frame) else frame
