"""Formats declared in a file of the user's (`--layout`)."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hotmess.errors import BadInput
from hotmess.responses.layouts.layout import Layout


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
