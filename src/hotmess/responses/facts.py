"""What is said of responses from outside their table: facts about models and questions, lengths counted here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.ask import Ask, named
from hotmess.responses.frames import is_table, plain_table
from hotmess.responses.json_forms import records_of
from hotmess.responses.load import frame_of, numbers_where_all, rows_of, sniff, values_of
from hotmess.responses.opened import open_file
from hotmess.responses.values import suggest

Facts = Any
"""A table of facts about models or questions: in memory, or a file."""


def facts_of(given: Facts, key: str) -> pd.DataFrame:
    """A table of facts by model or question."""
    name = called(given, key)
    if is_table(given):
        frame = plain_table(given, name)
    else:
        path = Path(given)
        if not path.is_file():
            raise BadInput(f"There is no file {str(path)!r}{near(path)}.")
        frame, _ = named(table_in(path), Ask(), name)
        frame = numbers_where_all(frame)
    if key not in frame.columns:
        raise BadInput(f"{name} has no column {key!r}{suggest(key, frame.columns)}.")
    return frame


def called(given: Facts, key: str) -> str:
    return f"The table of {key}s" if is_table(given) else f"The table {Path(given).name!r}"


def near(path: Path) -> str:
    """What a path that is not there may have been meant to be, in words."""
    try:
        return suggest(path.name, [other.name for other in path.parent.iterdir()])
    except OSError:
        return ""


def counted_lengths(frame: pd.DataFrame, tokenizer: str) -> pd.DataFrame:
    """Tokens of the column `completion` where no length is recorded."""
    from hotmess.responses.formats.tokens import count_tokens

    if "reasoning_tokens" in frame.columns and frame["reasoning_tokens"].notna().all():
        raise BadInput("--tokenizer counts lengths that are not recorded, and all are; leave it out.")
    if "completion" not in frame.columns:
        raise BadInput(
            "--tokenizer counts the tokens of whole responses, in the column completion, which the table does not "
            "have; "
            "name it with --column completion=ITS_NAME."
        )
    texts = frame["completion"]
    given = texts.notna()
    values = np.full(len(frame), np.nan)
    values[given.to_numpy()] = count_tokens([str(text) for text in texts[given]], tokenizer)
    lengths = pd.Series(values, index=frame.index)
    if "reasoning_tokens" in frame.columns:
        lengths = pd.to_numeric(frame["reasoning_tokens"], errors="coerce").fillna(lengths)
    return frame.assign(reasoning_tokens=lengths)


def table_in(path: Path) -> pd.DataFrame:
    """A table of facts in a file, as it stands there.

    Raises:
        BadInput: where the file is none.
    """
    files = open_file(path)
    if len(files) != 1 or (kind := sniff(files[0])) == "other":
        raise BadInput(f"The file {str(path)!r} holds no table.")
    if kind in ("json", "jsonl"):
        values = values_of(files[0], kind)
        return frame_of(records_of(values, f"The file {path.name!r}")[0], path.name)
    return rows_of(files[0], kind)
