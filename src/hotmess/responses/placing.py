"""Positions of responses in the space of their outcome, and the targets there: one function per outcome.

Each takes (m,) counted values (codes, scores, or the number of a row that holds the vector), the cell of each, the
table of cells, the responses in which vectors are looked up, and the space asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from hotmess.decompose.kl import log_smoothed
from hotmess.responses.table import CELL

if TYPE_CHECKING:
    from hotmess.responses.table import Responses


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
    """Positions z (m, D) of counted values, targets (cells, D), and which values are right or unparsable.

    With `kind` (m,) each of the places where millions of letters stand is there once: z = places[kind].
    """

    places: np.ndarray
    target: np.ndarray
    right: np.ndarray
    unparsable: np.ndarray
    kind: np.ndarray | None = None

    @property
    def z(self) -> np.ndarray:
        """Positions, one for each value."""
        return self.places if self.kind is None else self.places[self.kind]


def one_score(value: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    """A score is its own position; 1 is right."""
    target = np.ones((len(cells), 1))
    return Placed(value.astype(float)[:, None], target, value.astype(float), np.zeros(len(value), dtype=np.int64))


def letters(code: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    """One-hot over the options of the question."""
    choices = cells["n_choices"].to_numpy(dtype=np.int64)
    goal = cells["target"].to_numpy(dtype=np.int64)
    widest = int(choices.max())
    # The further option of "wrong" comes right after the options of the question.
    extra = int(space.unparsable == "wrong")
    kind, option, size = _kinds(code, choices, owner)
    none = option < 0
    z = np.eye(widest + extra)[np.where(none, size if extra else 0, option)]
    if not extra:
        z[none] = (np.arange(widest) < size[none, None]) / size[none, None]
    if space.kind == "log":
        z = log_smoothed(z, size + extra, delta=space.delta)
    target = np.eye(widest + extra)[goal]
    return Placed(z, target, code == goal[owner], code < 0, kind)


def _kinds(code: np.ndarray, choices: np.ndarray, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which kind each of some letters is of, and of each kind that there is the option (below 0: none) and how many.

    >>> kind, option, size = _kinds(np.array([0, -1, 0, 0]), np.array([2, 3]), np.array([0, 0, 0, 1]))
    >>> kind.tolist(), option.tolist(), size.tolist()
    ([1, 0, 1, 2], [-1, 0, 0], [2, 2, 3])
    """
    sizes, which = np.unique(choices, return_inverse=True)
    each = int(sizes[-1]) + 1
    kind = (which * each + 1).astype(np.int32 if len(sizes) * each < 2**31 else np.int64)[owner]
    np.add(kind, code, out=kind, casting="unsafe")
    there = np.zeros(int(kind.max(initial=0)) + 1, dtype=bool)
    there[kind] = True
    used = np.flatnonzero(there)
    number = np.zeros(len(there), dtype=np.min_scalar_type(-len(used)))
    number[used] = np.arange(len(used))
    return number[kind], used % each - 1, sizes[used // each]


def texts(code: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    """One-hot over the distinct answers of a cell, the target first.

    The set of answers is unbounded: the uniform vector over C answers tends to the origin as C grows, and there an
    unparsable answer stands.
    """
    code = code.astype(np.int64)
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


def replies(code: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    """One-hot over the distinct answers of a cell, none among them; there is no target."""
    code = code.astype(np.int64)
    whole = cells.groupby(list(CELL), observed=True, sort=False).ngroup().to_numpy()[owner]
    keys, inverse = np.unique(np.c_[whole, code], axis=0, return_inverse=True)
    slot = (np.arange(len(keys)) - np.searchsorted(keys[:, 0], keys[:, 0]))[inverse.ravel()]
    size, nothing = int(slot.max(initial=0)) + 1, np.zeros(len(code), dtype=np.int64)
    return Placed(np.eye(size)[slot], np.full((len(cells), size), np.nan), nothing, (code < 0).astype(np.int64))


def reply_codes(responses: Responses) -> np.ndarray:
    """A number for each distinct reply, −1 for none."""
    return pd.factorize(responses.table["reply"].astype(object), sort=False, use_na_sentinel=True)[0]


def text_codes(responses: Responses) -> np.ndarray:
    """A number for each distinct answer in free text, −1 for none."""
    return pd.factorize(responses.table["text"].astype(object), sort=False, use_na_sentinel=True)[0]


def probs(row: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    """Probability vectors as they are, as logarithms, or as votes."""
    row = row.astype(np.int64)
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


def passes(row: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    """Pass and fail over √T, all ones over √T as the target: the error is the share of failed tests."""
    row = row.astype(np.int64)
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


def vectors(row: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
    """Embeddings (no target) and points (with one)."""
    row = row.astype(np.int64)
    table, outcome = responses.table, responses.outcome
    z = np.array(list(table[outcome].to_numpy(dtype=object)[row]))
    target = np.full((len(cells), z.shape[1]), np.nan)
    if outcome == "point":
        target[owner] = np.array(list(table["target_point"].to_numpy(dtype=object)[row]))
    return Placed(z, target, np.zeros(len(row), dtype=np.int64), np.zeros(len(row), dtype=np.int64))
