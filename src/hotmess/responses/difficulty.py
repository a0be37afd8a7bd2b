"""Difficulty groups: questions sorted by the lengths a reference model needs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.question_checks import HAPPENED
from hotmess.responses.values import suggest


def difficulty_groups(
    table: pd.DataFrame,
    lengths: np.ndarray | None,
    *,
    length: str | None = None,
    reference: str | None = None,
    groups: int = 3,
    column: str | None = None,
) -> tuple[pd.Series, list[str]]:
    """The column `difficulty`, an ordered category that is constant in a question, and sentences on how it came about.

    Within each benchmark, the questions are sorted by the reference model's mean log₂ length (Hägele et al. 2026 use
    the largest model of the family) and cut into `groups` groups of equal counts: easy, medium, hard for three, else
    `1 of 5` and so on. Questions the reference has no length for get none, and are counted in a note.

    A reference that is itself among the models compared regresses to the mean: questions on which it did worst by
    chance look better for every other model. The notes say when that is so.

    Args:
        table: the rows of validated responses.
        lengths: (rows,) lengths, nan where there is none; None where the rows are counts, which hold sums of lengths.
        length: the column that the lengths are from; None where the table has none.
        reference: the model whose lengths count; default: the largest by model_size_b.
        groups: number of groups.
        column: a column that holds difficulty already: its values are used as they are if there are at most `groups`
            of them or they are text, else its mean in a question takes the length's place.

    Raises:
        BadInput: for an unknown reference or column, and where no lengths or sizes are recorded.
    """
    if groups < 2:
        raise BadInput(f"There must be at least 2 difficulty groups, not {groups}.")
    if column is not None:
        return _from_column(table, column, groups)
    said = ""
    if reference is None:
        reference = _largest(table)
        said = ", the largest model"
    elif reference not in set(table["model"]):
        near = suggest(reference, table["model"].unique())
        raise BadInput(f"There is no model {reference!r} to be the reference{near}.")
    if length is None and lengths is not None:
        raise BadInput(
            "Difficulty needs lengths, and the table has no column reasoning_tokens or actions; name one with "
            "--length, or give difficulty itself with --difficulty COLUMN."
        )
    mine = (table["model"] == reference).to_numpy(dtype=bool)
    measure = _mean_lengths(table, mine) if lengths is None else np.log2(lengths)
    measure = pd.Series(np.where(mine, measure, np.nan), index=table.index)
    if measure.isna().all():
        where = f" in column {length}" if length else ""
        raise BadInput(f"The reference {reference!r} has no lengths{where}; name another one.")
    out, notes = _cut(table, measure, groups)
    note = f"Difficulty groups are by the mean log length of {reference!r}{said}."
    if table["model"].nunique() > 1:
        note += " It is among the models compared: its own chance results shape the groups."
    return out, [*notes, note]


def _mean_lengths(table: pd.DataFrame, mine: np.ndarray) -> np.ndarray:
    """The reference's mean log₂ length of each row's question, from counts."""
    question = table.groupby(["benchmark", "question"], observed=True, sort=False).ngroup().to_numpy()
    total = np.bincount(question, weights=np.where(mine, table["sum_log2_length"], 0.0))
    number = np.bincount(question, weights=np.where(mine, table["with_length"], 0))
    with np.errstate(invalid="ignore"):
        return (total / number)[question]


def _largest(table: pd.DataFrame) -> str:
    sizes = table.groupby("model", observed=True)["model_size_b"].max()
    if len(sizes) == 1:
        return str(sizes.index[0])
    if sizes.isna().all():
        raise BadInput(
            "Which model is the largest cannot be told without a column model_size_b; name the reference with "
            f"--reference (models: {', '.join(map(str, sizes.index[:20]))})."
        )
    top = sizes.index[sizes == sizes.max()]
    if len(top) > 1:
        raise BadInput(f"Models {', '.join(map(repr, top))} are equally large; choose one with --reference.")
    return str(top[0])


def _from_column(table: pd.DataFrame, column: str, groups: int) -> tuple[pd.Series, list[str]]:
    if column not in table.columns:
        raise BadInput(f"There is no column {column!r} to take difficulty from{suggest(column, table.columns)}.")
    if column in HAPPENED:
        raise BadInput(
            f"Difficulty cannot be column {column}: how a response turned out is no difficulty that was known before; "
            "name a column of the questions, or leave it out for lengths of a reference."
        )
    values = table[column]
    many = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if many and values.nunique() > groups:
        out, notes = _cut(table, values.astype(float), groups)
        return out, [*notes, f"Difficulty groups are by column {column}."]
    kinds = values.groupby([table["benchmark"], table["question"]], observed=True).nunique()
    if (kinds > 1).any():
        raise BadInput(f"Column {column} changes within question {kinds.index[kinds > 1][0][1]!r}; difficulty may not.")
    category = values if isinstance(values.dtype, pd.CategoricalDtype) else values.astype("category")
    return category, [f"Difficulty is column {column}."]


def _cut(table: pd.DataFrame, measure: pd.Series, groups: int) -> tuple[pd.Series, list[str]]:
    """Groups of equal counts within each benchmark, by the mean of a measure in each question."""
    means = measure.groupby([table["benchmark"], table["question"]], observed=True).mean().dropna()
    # Ties are broken by the question's name, so that groups are of equal size and do not depend on the order of rows.
    frame = means.rename("measure").reset_index().sort_values(["benchmark", "measure", "question"], kind="stable")
    rank = frame.groupby("benchmark", observed=True).cumcount()
    size = frame.groupby("benchmark", observed=True)["question"].transform("size")
    small = frame.loc[size < groups, "benchmark"]
    if len(small):
        raise BadInput(f"Benchmark {small.iloc[0]!r} has fewer questions than the {groups} difficulty groups.")
    frame["group"] = (rank * groups // size).astype(int)
    names = ["easy", "medium", "hard"] if groups == 3 else [f"{g + 1} of {groups}" for g in range(groups)]
    key = pd.MultiIndex.from_frame(table[["benchmark", "question"]])
    code = frame.set_index(["benchmark", "question"])["group"].reindex(key).to_numpy(dtype=float)
    lost = np.isnan(code)
    category = pd.Categorical.from_codes(np.where(lost, -1, code).astype(int), pd.Index(names), ordered=True)
    notes = []
    if lost.any():
        missing = len(table.loc[lost, ["benchmark", "question"]].drop_duplicates())
        notes = [f"{missing:,} questions have no length by the reference and no difficulty group."]
    return pd.Series(category, index=table.index), notes
