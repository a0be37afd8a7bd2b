"""Leaving out some questions or models of a table, by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput, NotTestable

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses


def rest_of(responses: Responses, questions: Sequence[Any], models: Sequence[str]) -> Responses:
    """The responses without some questions, names or (benchmark, question) pairs, and models; see `kept_rows`."""
    keep = kept_rows(responses.table, questions, models)
    return replace(responses, table=responses.table.iloc[keep].reset_index(drop=True))


def kept_rows(table: pd.DataFrame, questions: Sequence[Any], models: Sequence[str]) -> np.ndarray:
    """Rows of a table of cells without some questions, names or (benchmark, question) pairs, and models.

    Raises
    ------
    BadInput
        For a name that is not there.
    NotTestable
        If nothing is left.
    """
    keep = np.ones(len(table), bool)
    names = {c: table[c].astype(str).to_numpy() for c in ("benchmark", "question", "model")}
    for one in questions:
        pair = one if isinstance(one, tuple) else (None, one)
        hit = names["question"] == str(pair[1])
        if pair[0] is not None:
            hit &= names["benchmark"] == str(pair[0])
        if not hit.any():
            raise BadInput(f"There is no question {one!r} to leave out.")
        keep &= ~hit
    for one in [models] if isinstance(models, str) else models:
        if not (names["model"] == str(one)).any():
            have = ", ".join(sorted(set(names["model"])))
            raise BadInput(f"There is no model {one!r} to leave out; there are {have}.")
        keep &= names["model"] != str(one)
    if not keep.any():
        raise NotTestable("Nothing is left of the responses.")
    return np.flatnonzero(keep)
