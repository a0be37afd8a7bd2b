"""Looks at data while they grow: error spent over them, and the record of them that a table carries.

boundaries   how much error a fraction of the information spends, and the thresholds that spend it
record       what was planned before the first look, and what each look found
seen         what identifies the table at a look
chosen       whether questions were asked again for what they had been answered
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hotmess.errors import BadInput

if TYPE_CHECKING:
    from hotmess.looks.record import Looks

FILE = "looks.json"
"""The record's name in a folder of logs."""

KEY = b"hotmess.looks"
"""Its place in the metadata of a Parquet file."""


def looks_in(kept: Path | str, where: str = "") -> Looks:
    """The record in a file, or in a text that `where` holds; what it needs is imported only then.

    Raises:
        BadInput: where it is none.
    """
    from hotmess.looks.record import load_looks, parse_looks

    return load_looks(kept) if isinstance(kept, Path) else parse_looks(kept, where)


def one_record(found: Sequence[Looks], given: Path | str | Looks | None = None) -> Looks | None:
    """The record of a table: what was given, else what its files hold; None where there is none.

    Raises:
        BadInput: where there are several that differ.
    """
    if given is not None:
        found = [*found, looks_in(Path(given)) if isinstance(given, (str, Path)) else given]
    if any(one != found[0] for one in found):
        raise BadInput("There are several records of looks, and they differ: read what was drawn in one run alone.")
    return found[0] if found else None
