"""Files of a format that is declared as a table (`hotmess.responses.layouts`), with what the user maps beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.ask import Ask, parts
from hotmess.responses.json_forms import first_records
from hotmess.responses.layouts import Layout, layout_of, layouts
from hotmess.responses.opened import Opened
from hotmess.responses.values import missing


def nested_signs(ask: Ask) -> list[str]:
    """Paths into structures by which formats are known."""
    return [sign for layout in (*ask.layouts, *layouts()) for sign in layout.signs if "." in sign]


def by_layout(
    values: Any, kind: str, ask: Ask, opened: Opened, name: str
) -> tuple[pd.DataFrame, list[str], Ask] | None:
    """A table by a declared format, with what the user still wants mapped."""
    records = values if kind == "jsonl" or isinstance(values, list) else [values]
    layout = next((one for record in first_records(records) if (one := layout_of(record, ask.layouts))), None)
    if layout is None:
        return None
    # What the user maps is looked for among the columns of the format first, then in its records.
    own = {
        ours: theirs
        for ours, theirs in ask.columns.items()
        if not all(one in layout.columns for one in parts(theirs, list(layout.columns)))
    }
    more = {ours: f"{theirs}|/{theirs}" for ours, theirs in own.items()}
    whole: Layout = replace(layout, columns={**layout.columns, **more})
    frame, notes = whole.table(records, opened.path, name)
    for ours, theirs in own.items():
        if ours not in frame.columns or missing(frame[ours]).all():
            raise BadInput(f"The path {theirs} leads to nothing in {name} ({layout.name}), to use as {ours}.")
    rest = {ours: theirs for ours, theirs in ask.columns.items() if ours not in own}
    return frame, notes, replace(ask, columns=rest)
