"""What a decomposition gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from hotmess.words import Short, counted


@dataclass(frozen=True, repr=False)
class Decomposition(Short):
    """Records, one per group, and notes: plain sentences on what was left out and how intervals were made."""

    records: list[dict[str, Any]]
    notes: tuple[str, ...]

    def frame(self) -> pd.DataFrame:
        """The records as a table; undefined numbers are NaN."""
        return pd.DataFrame.from_records(self.records)

    def said(self) -> str:
        """One line."""
        how = ", ".join(str(self.records[0][name]) for name in ("metric", "outcome", "estimator"))
        return f"{counted(len(self.records), 'group')}; {how}; records, frame()"

    def shown(self) -> pd.DataFrame:
        """For a notebook."""
        return self.frame()
