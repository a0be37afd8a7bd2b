"""What identifies a table at a look, so that a later one can be told to be the same, an extension of it, or neither.

A response is known by its cell, its answer, target and length; of equal ones the second, third, … each count. Each has
a 64-bit hash h. The digest is of all of them. Beside it stand their first bits, sorted, as differences: some two bytes
a response, in which each response of the earlier table is looked up. One that was changed or taken away is missed with
a chance of about (responses now)/(4096 × responses then), and of the table whole that chance is this to the power of
how many were changed. Of more than 100,000 responses a random half, quarter, … is kept (methods,
section 9).
"""

from __future__ import annotations

import base64
import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

if TYPE_CHECKING:
    import pandas as pd

MOST = 100_000
"""Responses whose hashes are kept."""

SPARE = 12
"""Bits beyond those that number the responses."""

_ESCAPE = 0xFFFF
_CELL = ("benchmark", "model", "question", "condition", "budget")
_OUTCOME = ("answer", "target", "score", "text", "probs", "tests", "embedding", "point")
_LENGTH = ("reasoning_tokens", "actions")


class Seen(BaseModel):
    """A table at a look.

    Attributes:
        models, questions, cells: how many there are.
        sides: how many (model, condition, budget).
        digest: of all responses.
        bits: that are kept of each hash.
        halvings: how often the responses that are kept were halved.
        kept: the hashes that are kept; empty where a later look holds them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    models: int = Field(ge=1)
    sides: int = Field(ge=1)
    questions: int = Field(ge=1)
    cells: int = Field(ge=1)
    digest: str = Field(max_length=32)
    bits: int = Field(default=0, ge=0, le=64)
    halvings: int = Field(default=0, ge=0, le=40)
    kept: str = Field(default="", max_length=900_000)

    @field_validator("kept")
    @classmethod
    def _readable(cls, text: str) -> str:
        _unpacked(text)
        return text


def seen(table: pd.DataFrame) -> Seen:
    """What identifies a table of responses (with the columns of a cell, and those of an outcome)."""
    hashes = np.sort(_hashes(table))
    halvings = max(0, math.ceil(math.log2(max(len(hashes), 1) / MOST)))
    bits = min(63, max(1, len(hashes) - 1).bit_length() + SPARE)
    few = _first(hashes, bits, halvings)
    cell, side = (table[list(names)].drop_duplicates() for names in (_CELL, ("model", "condition", "budget")))
    return Seen(
        models=table["model"].nunique(),
        sides=len(side),
        questions=len(cell[["benchmark", "question"]].drop_duplicates()),
        cells=len(cell),
        digest=hashlib.blake2b(hashes.astype("<u8").tobytes(), digest_size=16).hexdigest(),
        bits=bits,
        halvings=halvings,
        kept=_packed(few),
    )


def without_hashes(one: Seen) -> Seen:
    """What still tells a table from another, but no longer from an extension of it."""
    return one.model_copy(update={"bits": 0, "halvings": 0, "kept": ""})


def lost(table: pd.DataFrame, before: Seen) -> int:
    """How many responses of an earlier table (of those that are kept) are not in this one."""
    if not before.kept:
        return 0
    now = _first(_hashes(table), before.bits, before.halvings)
    return int((~np.isin(_unpacked(before.kept), now)).sum())


def _first(hashes: np.ndarray, bits: int, halvings: int) -> np.ndarray:
    """First bits of those hashes whose last bits, one for each halving, are zero; sorted, each once."""
    some = hashes[hashes & np.uint64((1 << halvings) - 1) == 0]
    return np.unique(some >> np.uint64(64 - bits))


def _hashes(table: pd.DataFrame) -> np.ndarray:
    """(responses,) uint64; equal responses are numbered, so that none is like another."""
    import pandas as pd

    names = [*_CELL, *(name for name in (*_OUTCOME, *_LENGTH) if name in table.columns)]
    words = [_words(table[name]) for name in names]
    text = pd.Series(["\x1f".join(row) for row in zip(*words, strict=True)], dtype=object)
    number = text.groupby(text, sort=False).cumcount()
    told = (f"{one}\x1e{k}".encode("utf-8", "surrogateescape") for one, k in zip(text, number, strict=True))
    return np.array([int.from_bytes(hashlib.blake2b(one, digest_size=8).digest(), "little") for one in told], np.uint64)


def _words(column: pd.Series) -> list[str]:
    """A column's values as text, alike whatever they were stored as."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        return ["" if np.isnan(x) else f"{x:.12g}" for x in values]
    return [
        np.asarray(x, float).tobytes().hex()
        if isinstance(x, (list, tuple, np.ndarray))
        else ""
        if x is None or x is pd.NA or x != x
        else str(x)
        for x in column.tolist()
    ]


def _packed(values: np.ndarray) -> str:
    """Sorted whole numbers as text: differences in two bytes, longer ones in several."""
    steps = np.diff(values.astype(np.int64), prepend=0)
    escapes, rest = np.divmod(steps, _ESCAPE)
    out = np.full(len(steps) + int(escapes.sum()), _ESCAPE, "<u2")
    out[np.cumsum(escapes + 1) - 1] = rest
    return base64.b64encode(out.tobytes()).decode()


def _unpacked(text: str) -> np.ndarray:
    """The numbers of `_packed`.

    >>> _unpacked(_packed(np.array([3, 65538, 400_000]))).tolist()
    [3, 65538, 400000]
    """
    steps = np.frombuffer(base64.b64decode(text, validate=True), "<u2").astype(np.int64)
    out: np.ndarray = np.cumsum(steps)[steps != _ESCAPE].astype(np.uint64)
    return out
