"""The response table: one row per sampled answer, validated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import BadInput
from hotmess.words import Short

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.looks.record import Looks

CELL = ("benchmark", "model", "question", "condition", "budget")
"""The columns whose values together name a cell."""


COUNTS = ("copies", "sum_log2_length", "with_length", "at_limit")
"""The columns that a table has where a row stands for several equal responses."""


@dataclass(frozen=True, repr=False)
class Responses(Short):
    """A validated table of responses; make one with `hotmess.read` or `hotmess.responses.validate.validate`.

    Attributes:
        table: one row per response. Always there: `benchmark model question condition budget context sample family
            model_size_b` and the columns of the outcome; unknown columns are carried along.
        outcome: the column that holds the outcome.
        length: the column that holds the length of the reasoning, or None.
        notes: plain sentences that account for the data: rows read, rows left out and why.
        sources: the columns that were named sources of scatter.
        looks: the record of looks, where responses were drawn until a claim was decided.
    """

    table: pd.DataFrame
    outcome: str
    length: str | None
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    looks: Looks | None = None

    def said(self) -> str:
        """One line for a print."""
        return self.summary()

    def shown(self) -> pd.DataFrame:
        """For a notebook."""
        groups = self.table.groupby(["benchmark", "model"], sort=False, observed=True)["question"]
        return groups.agg(questions="nunique", rows="size").reset_index()

    def __len__(self) -> int:
        return len(self.table)

    @property
    def counted(self) -> bool:
        """Whether a row stands for several equal responses of a cell, see `hotmess.responses.counted`."""
        return is_counted(self.table)

    @property
    def shared(self) -> str:
        """What responses of a cell share, in words: few-shot contexts, or the levels of the sources that were named."""
        return f"levels of {' and '.join(self.sources)}" if self.sources else "few-shot contexts"

    @staticmethod
    def need(given: object) -> None:
        """Refuse what is not a table of responses, and say how to make one."""
        if not isinstance(given, Responses):
            kind = type(given).__name__
            raise BadInput(f"Responses are asked for, not {kind}: hotmess.read makes them of files and data frames.")

    def need_single(self, what: str) -> None:
        """Refuse counts where responses are looked at one by one."""
        if self.counted:
            raise BadInput(f"{what} needs responses one by one, and the table holds counts of equal ones.")

    def where(self, sql: str) -> Responses:
        """The rows for which an SQL condition (DuckDB) holds.

        Raises:
            BadInput: when DuckDB refuses the condition, with its first line; when no row is left.
        """
        from hotmess.responses.filter import rows_where

        rows = rows_where(self.table, sql)
        note = f"{len(rows):,} of {len(self.table):,} rows are left by: {sql}."
        return replace(self, table=self.table.iloc[rows].reset_index(drop=True), notes=(*self.notes, note))

    def difficulty(self, *, reference: str | None = None, groups: int = 3, column: str | None = None) -> Responses:
        """Add the column `difficulty`: equal groups of questions, within each benchmark, by a reference's lengths.

        See `hotmess.responses.difficulty.difficulty_groups`, which says what is refused.
        """
        from hotmess.responses.difficulty import difficulty_groups

        found, notes = difficulty_groups(
            self.table,
            None if self.counted else self.lengths(),
            length=self.length,
            reference=reference,
            groups=groups,
            column=column,
        )
        return replace(self, table=self.table.assign(difficulty=found)).note(*notes)

    def note(self, *sentences: str) -> Responses:
        """The same responses with more notes."""
        return replace(self, notes=(*self.notes, *sentences))

    def summary(self) -> str:
        """One sentence: rows, models, questions, the outcome and the length in use."""
        table = self.table
        questions = len(table[["benchmark", "question"]].drop_duplicates())
        lengths = "no lengths" if self.length is None else f"lengths in {self.length}"
        if self.counted:
            lengths = f"counted in {len(table):,} rows"
        counts = (
            (int(table["copies"].sum()) if self.counted else len(table), "response"),
            (table["model"].nunique(), "model"),
            (questions, "question"),
            (table["benchmark"].nunique(), "benchmark"),
        )
        rows, models, asked, benchmarks = (f"{n:,} {noun}{'s' * (n != 1)}" for n, noun in counts)
        return f"{rows} of {models} to {asked} in {benchmarks}; outcome {self.outcome}, {lengths}."

    def lengths(self) -> np.ndarray:
        """Lengths as floats, NaN where not recorded or not positive."""
        if self.length is None:
            return np.full(len(self.table), np.nan)
        values = self.table[self.length].to_numpy(dtype=float, na_value=np.nan)
        return np.where(values > 0, values, np.nan)


def is_counted(table: pd.DataFrame) -> bool:
    """Whether a table has the columns of counts."""
    return all(name in table.columns for name in COUNTS)
