"""Where the columns of a response table are in the records of some format: one declaration for each format.

The path language: `hotmess.responses.layouts.paths`. A format of one's own: `hotmess.responses.layouts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.responses.json_forms import plain_values
from hotmess.responses.layouts.paths import Scope, has

if TYPE_CHECKING:
    import pandas as pd

Column = str | Callable[[Scope], Any]
"""Where a value is: a path, or a function of the row's scope."""


@dataclass(frozen=True)
class Layout:
    """One format.

    Attributes:
        name: what it is called in notes.
        signs: paths that a record of this format has, and hardly any other.
        columns: this package's columns → where they are.
        rows: the path to what is one response, in a record; empty where each record is one.
        without: values that say why a row is no response: a path, the value it then has, and the words to count it
        under
            (`("termination_reason", "infrastructure_error", "infrastructure failed")`).
        notes: sentences that are true of every file of this format.
        when: what else tells a record of this format, where its names are not always the same.
        finish: what is still to be done with the table of one file, which lies at this path.
    """

    name: str
    signs: Sequence[str]
    columns: Mapping[str, Column]
    rows: str = ""
    without: Sequence[tuple[str, Any, str]] = ()
    notes: Sequence[str] = ()
    finish: Callable[[pd.DataFrame, Path], pd.DataFrame] | None = field(default=None, repr=False)
    when: Callable[[dict[str, Any]], bool] | None = field(default=None, repr=False)

    def fits(self, record: Any) -> bool:
        """Whether a record is of this format."""
        if not isinstance(record, dict) or not all(has(record, sign) for sign in self.signs):
            return False
        return self.when is None or self.when(record)

    def table(self, records: Iterable[Any], path: Path, where: str) -> tuple[pd.DataFrame, list[str]]:
        """The rows that records hold, and notes; columns without a value are left out.

        Raises:
            BadInput: where there is none.
        """
        import pandas as pd

        columns: dict[str, list[Any]] = {name: [] for name in self.columns}
        left: Counter[str] = Counter()
        for record in records:
            if not self.fits(record):
                left["there is no response in the record"] += 1
                continue
            any_row = False
            for row in Scope(record).rows(self.rows):
                reason = self._no_response(row)
                any_row = True
                if reason:
                    left[reason] += 1
                    continue
                for name, place in self.columns.items():
                    columns[name].append(row.get(place) if isinstance(place, str) else place(row))
            if not any_row:
                left["there is no response in the record"] += 1
        frame = pd.DataFrame({name: pd.Series(plain_values(values), dtype=object) for name, values in columns.items()})
        notes = [f"{where} is read as {self.name}.", *self.notes]
        notes += [
            f"{number:,} row{'s' * (number != 1)} of {where} left out: {reason}." for reason, number in left.items()
        ]
        if not len(frame):
            reasons = "; ".join(left) or "it holds no record"
            raise BadInput(f"{where}, {self.name}, holds no response: {reasons}.")
        frame = frame.loc[:, [not frame[name].isna().all() for name in frame]]
        frame = frame.infer_objects()
        if self.finish is not None:
            frame = self.finish(frame, path)
        return frame, notes

    def _no_response(self, row: Scope) -> str | None:
        for path, value, reason in self.without:
            found = row.get(path)
            if (value is ... and found is not None) or (value is not ... and found == value):
                return reason
        return None
