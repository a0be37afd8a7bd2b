"""Positions of responses in the space of their outcome, and the targets there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

from hotmess.decompose.kl import log_smoothed
from hotmess.responses.own import OWN, positions_of
from hotmess.responses.table import CELL, Responses
from hotmess.responses.values import missing


@dataclass(frozen=True)
class Space:
    """Which space positions live in.

    Attributes:
        kind: "linear" (the squared family), "log" (logarithms of smoothed predictions, the KL family) or "votes"
            (the arg max of a probability vector, ties split: 0/1 loss).
        delta: the smoothing of the KL family, f ← (f + δ)/(1 + Cδ).
        unparsable: "uniform", the uniform vector 1/C, or "wrong", one more wrong option.
    """

    kind: Literal["linear", "log", "votes"] = "linear"
    delta: float = 1e-12
    unparsable: Literal["uniform", "wrong"] = "uniform"


@dataclass(frozen=True)
class Placed:
    """Positions z (m, D) of counted values, targets (cells, D), and which values are right or unparsable."""

    z: np.ndarray
    target: np.ndarray
    right: np.ndarray
    unparsable: np.ndarray


def positions(
    values: pa.ChunkedArray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space
) -> Placed:
    """Positions of the counted values of each cell.

    Args:
        values: (m,) what was counted: codes, scores, or the number of a row that holds the vector.
        owner: (m,) the cell of each value.
        cells: the table of cells.
        responses: where vectors are looked up.
        space: the space asked for.
    """
    value = values.to_numpy()
    if responses.outcome == "score":
        target = np.ones((len(cells), 1))
        return Placed(value.astype(float)[:, None], target, value.astype(float), np.zeros(len(value), dtype=np.int64))
    if responses.outcome in OWN:
        return _own(value.astype(np.int64), owner, cells, responses)
    place = {"answer": _letters, "text": _texts, "probs": _probs, "tests": _tests}.get(responses.outcome, _vectors)
    return place(value.astype(np.int64), owner, cells, responses, space)


def _letters(code: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    choices = cells["n_choices"].to_numpy(dtype=np.int64)
    goal = cells["target"].to_numpy(dtype=np.int64)
    widest = int(choices.max())
    none = code < 0
    # The further option of "wrong" comes right after the options of the question.
    extra = int(space.unparsable == "wrong")
    z = np.eye(widest + extra)[np.where(none, choices[owner] if extra else 0, code)]
    if not extra:
        z[none] = (np.arange(widest) < choices[owner[none], None]) / choices[owner[none], None]
    target = np.eye(widest + extra)[goal]
    right = (code == goal[owner]).astype(np.int64)
    if space.kind == "log":
        z = log_smoothed(z, (choices + extra)[owner], delta=space.delta)
    return Placed(z, target, right, none.astype(np.int64))


def _texts(code: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    """One-hot over the distinct answers of a cell, the target first.

    The set of answers is unbounded: the uniform vector over C answers tends to the origin as C grows, and there an
    unparsable answer stands.
    """
    row = pd.Series(np.arange(len(responses.table))).groupby(text_codes(responses)).first()
    text = np.array([*responses.table["text"], None], dtype=object)
    answer = text[row.reindex(code, fill_value=-1).to_numpy()]
    answer[code < 0] = None
    right = (answer == cells["target"].to_numpy(dtype=object)[owner]).astype(np.int64)
    none = code < 0
    other = ~none & (right == 0)
    # Number the distinct wrong answers from 1, alike in all parts of a cell that a split divides, and over contexts.
    whole = cells.groupby(list(CELL), observed=True, sort=False).ngroup().to_numpy()[owner]
    keys, inverse = np.unique(np.c_[whole[other], code[other]], axis=0, return_inverse=True)
    start = np.searchsorted(keys[:, 0], keys[:, 0]) if len(keys) else np.zeros(0, dtype=np.int64)
    slot = np.zeros(len(code), dtype=np.int64)
    slot[other] = (np.arange(len(keys)) - start + 1)[inverse.ravel()]
    size = int(slot.max(initial=0)) + 1
    hot = np.eye(size + 1)[slot]
    if space.unparsable == "wrong":
        hot[none] = np.eye(size + 1)[size]
    else:
        hot[none] = 0.0
    return Placed(hot, np.eye(size + 1)[np.zeros(len(cells), dtype=np.int64)], right, none.astype(np.int64))


def text_codes(responses: Responses) -> np.ndarray:
    """A number for each distinct answer in free text, −1 for none."""
    return pd.factorize(responses.table["text"].astype(object), sort=False, use_na_sentinel=True)[0]


def _probs(row: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    choices = cells["n_choices"].to_numpy(dtype=np.int64)
    goal = cells["target"].to_numpy(dtype=np.int64)
    widest = int(choices.max())
    lists = responses.table["probs"].to_numpy(dtype=object)[row]
    none = np.array([value is None for value in lists])
    z = np.zeros((len(row), widest))
    valid = np.arange(widest) < choices[owner][:, None]
    uniform = valid / choices[owner][:, None]
    z[valid & ~none[:, None]] = np.concatenate([value for value in lists if value is not None] or [np.zeros(0)])
    extra = int(space.unparsable == "wrong")
    if extra:
        z = np.c_[z, np.zeros(len(z))]
        z[none, choices[owner[none]]] = 1.0
    else:
        z[none] = uniform[none]
    target = np.eye(widest + extra)[goal]
    best = z >= z.max(axis=1, keepdims=True)
    votes = best / best.sum(axis=1, keepdims=True)
    if none.any() and not extra:
        votes[none] = uniform[none]
    right = np.where(none, 0.0, votes[np.arange(len(row)), goal[owner]])
    if space.kind == "votes":
        z = votes
    elif space.kind == "log":
        z = log_smoothed(z, (choices + extra)[owner], delta=space.delta)
    return Placed(z, target, right, none.astype(np.int64))


def _tests(row: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    """Pass and fail over √T, all ones over √T as the target: the error is the share of failed tests."""
    lists = responses.table["tests"].to_numpy(dtype=object)[row]
    size = np.array([len(value) for value in lists])
    widest = int(size.max())
    valid = np.arange(widest) < size[:, None]
    z = np.zeros((len(row), widest))
    z[valid] = np.concatenate(list(lists))
    right = (z.sum(axis=1) == size).astype(np.int64)
    root = np.sqrt(size)[:, None]
    target = np.zeros((len(cells), widest))
    target[owner] = valid / root
    return Placed(z / root, target, right, np.zeros(len(row), dtype=np.int64))


def _own(row: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses) -> Placed:
    """Positions by the user's function, the target's too; responses that could not be read at the origin."""
    own, table = OWN[responses.outcome], responses.table
    values = table[responses.outcome].iloc[row]
    none = missing(values)
    z = positions_of(responses.outcome, values.to_numpy(object), none)
    goal = table[own.target].iloc[row[np.unique(owner, return_index=True)[1]]].to_numpy(object)
    target = positions_of(responses.outcome, goal, np.zeros(len(goal), bool))
    if z.shape[1] < target.shape[1]:  # nothing was read at all
        z = np.zeros((len(z), target.shape[1]))
    right = (np.abs(z - target[owner]).max(axis=1) < 1e-9).astype(np.int64)
    return Placed(z, target, right, none.astype(np.int64))


def _vectors(row: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    """Embeddings (no target) and points (with one)."""
    table, outcome = responses.table, responses.outcome
    z = np.array(list(table[outcome].to_numpy(dtype=object)[row]))
    target = np.full((len(cells), z.shape[1]), np.nan)
    if outcome == "point":
        target[owner] = np.array(list(table["target_point"].to_numpy(dtype=object)[row]))
    return Placed(z, target, np.zeros(len(row), dtype=np.int64), np.zeros(len(row), dtype=np.int64))
