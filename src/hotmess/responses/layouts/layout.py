"""Where the columns of a response table are in the records of some format: one declaration for each format.

A format of one's own takes a few lines, here or in a file for `--layout` (see `read_layouts`):

    from hotmess.responses.layouts import Layout, add_layout

    add_layout(Layout("our-runs", signs=("run.item", "run.reply"), columns={
        "model": "/config.model", "question": "run.item", "answer": "run.reply.letter", "target": "run.key",
        "n_choices": "=4"}))

From then on every file whose first record has the paths in `signs` is read so. The path language:
`hotmess.responses.layouts.paths`.
"""

from __future__ import annotations

import tomllib
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


_own: dict[str, Layout] = {}


def add_layout(layout: Layout) -> None:
    """Make a format known; one of the same name gives way. It is asked before those that are built in.

    >>> add_layout(Layout("doctest", signs=("item",), columns={"question": "item"}))
    >>> layout_of({"item": 1}).name
    'doctest'
    >>> remove_layout("doctest")
    """
    _own[layout.name] = layout


def remove_layout(name: str) -> None:
    """Take a format of one's own out again."""
    _own.pop(name, None)


def layouts() -> list[Layout]:
    """All formats, those asked first coming first."""
    from hotmess.responses.layouts.known import KNOWN

    return [*reversed(_own.values()), *KNOWN]


def layout_of(record: Any, more: Sequence[Layout] = ()) -> Layout | None:
    """The format of a record, `more` asked first; None for no known one."""
    return next((layout for layout in (*more, *layouts()) if layout.fits(record)), None)


def read_layouts(file: str | Path) -> list[Layout]:
    """Formats declared in a TOML file, a table for each.

        [our-runs]
        signs = ["run.item", "run.reply"]
        rows = "replies[]"
        [our-runs.columns]
        question = "^.run.item"
        answer = "letter"

    Raises:
        BadInput: for a file that cannot be read, and for anything in it that is none of these.
    """
    try:
        tables = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"The file {str(file)!r} cannot be read: {error.strerror or error}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"The file {str(file)!r} is not sound TOML: {error}.") from None
    if not tables:
        raise BadInput(f"The file {str(file)!r} declares no format: a table [name] with signs and columns is needed.")
    return [_declared(name, table, str(file)) for name, table in tables.items()]


def _declared(name: str, table: Any, file: str) -> Layout:
    known = {"signs", "columns", "rows", "notes"}
    if not isinstance(table, dict) or set(table) - known or not isinstance(table.get("columns"), dict):
        raise BadInput(f"The format {name!r} in {file!r} needs signs and columns, and may have rows and notes.")
    signs, rows, notes = table.get("signs", []), table.get("rows", ""), table.get("notes", [])
    texts = [rows, *table["columns"].values(), *(signs if isinstance(signs, list) else [None])]
    texts += notes if isinstance(notes, list) else [None]
    if not signs or not all(isinstance(text, str) for text in texts):
        raise BadInput(f"The format {name!r} in {file!r} needs a list of signs, and paths as text for its columns.")
    return Layout(name, signs=signs, columns=table["columns"], rows=rows, notes=notes)
