"""Columns that are sources of scatter: which can be one, and where the levels of one stand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.outcomes import refuse_source
from hotmess.responses.table import CELL
from hotmess.responses.values import suggest

OF = ("benchmark", "model", "question", "sample")
"""What a response is of, whatever it scatters by."""


def need_source(table: pd.DataFrame, name: str, *, sets: Sequence[str] = (), full: bool = False) -> None:
    """Refuse what is no source of scatter; full: also one that is empty in some rows.

    Raises
    ------
    BadInput
        For a column that is not there, that makes the sets or says what a response is of, and for an outcome.

    >>> need_source(pd.DataFrame({"prompt": ["a"]}), "promt")
    Traceback (most recent call last):
    hotmess.errors.BadInput: There is no column 'promt' to be a source of scatter (did you mean 'prompt'?).
    """
    if name in sets:
        raise BadInput(f"The column {name} makes the sets, so it is no source of scatter in them.")
    if name in OF:
        raise BadInput(f"The column {name} says what a response is of, and cannot be a source of its scatter.")
    refuse_source(name)
    if name not in table.columns:
        raise BadInput(f"There is no column {name!r} to be a source of scatter{suggest(name, table.columns)}.")
    if full and (empty := int(level_names(table, name).isna().sum())):
        raise BadInput(
            f"{empty:,} of {len(table):,} responses have no value in {name}; leave them out, as --where "
            f'"{name} is not null".'
        )


def level_names(table: pd.DataFrame, name: str) -> pd.Series:
    """The levels of a source; a judged response is one of its own cell, whatever it is called."""
    values = table[_column(table, name)]
    if values.dtype == object and values.map(lambda one: isinstance(one, (list, dict, np.ndarray))).any():
        values = values.map(str, na_action="ignore")  # a prompt as a list of messages
    if name != "judged_response":
        return values
    own = table.assign(judged_response=values).groupby([*CELL, name], sort=True, observed=True).ngroup()
    return own.where(values.notna())


def _column(table: pd.DataFrame, name: str) -> str:
    """Where a source stands: reading with a source that is part of the cell, or the context, puts it aside."""
    aside = f"{name}_source"
    return aside if name in (*CELL, "context") and aside in table.columns else name
