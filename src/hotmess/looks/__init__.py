"""Looks at data while they grow: error spent over them, and the record of them that a table carries.

boundaries   how much error a fraction of the information spends, and the thresholds that spend it
record       what was planned before the first look, and what each look found
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
