"""A study without a part of its data, for the guard of sensitivity: fewer draws, kept, so that claims share it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.claims.study import Study
from hotmess.errors import NotTestable

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses

DRAWS = 100  # per chain of a new fit, enough for a side


def without(study: Study, column: str, value: str) -> Study:
    """The study without one value of a column."""
    return _kept(study, f"{column}={value}", lambda: (table_of(study)[column].astype(str) != value).to_numpy())


def without_questions(study: Study, questions: pd.DataFrame, name: str) -> Study:
    """The study without some questions: rows of benchmark and question."""
    import pandas as pd

    keys = ["benchmark", "question"]

    def keep() -> np.ndarray:
        inside = pd.MultiIndex.from_frame(table_of(study)[keys]).isin(pd.MultiIndex.from_frame(questions[keys]))
        return np.asarray(~inside)

    return _kept(study, name, keep)


def values(study: Study, column: str) -> list[str]:
    """What can be left out one at a time: the values of a column, models by size."""
    table = table_of(study)
    if column not in table:
        return []
    found = table[column].dropna()
    if column == "model" and "model_size_b" in table:
        size = table.groupby("model", observed=True)["model_size_b"].first()
        return [str(v) for v in sorted(found.unique(), key=lambda m: (np.nan_to_num(size[m], nan=0.0), str(m)))]
    return sorted(str(v) for v in found.unique())


def other_models(cells: pd.DataFrame, value: str) -> pd.DataFrame | None:
    """Cells of the others, where they are of as many questions as all are; else None: the weights of questions for
    questions like these are then others."""
    keys, rest = ["benchmark", "question"], cells[cells["model"].astype(str) != value]
    same = len(rest) > 0 and len(rest[keys].drop_duplicates()) == len(cells[keys].drop_duplicates())
    return rest if same else None


def table_of(study: Study) -> pd.DataFrame:
    """The responses with the whole study's groups of difficulty, where it has any: they stay what they are."""
    return _grouped(study).table


def _kept(study: Study, name: str, keep: Callable[[], np.ndarray]) -> Study:
    def make() -> Study:
        base = _grouped(study)
        reduced = replace(base, table=base.table[keep()].reset_index(drop=True))
        return replace(study, responses=reduced, difficulty=None, draws=min(study.draws, DRAWS), reduced=True, made={})

    made: Study = study.once(f"without {name}", make)
    return made


def _grouped(study: Study) -> Responses:
    try:
        return study.grouped
    except NotTestable:
        return study.responses
