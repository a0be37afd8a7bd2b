"""--out: what may be written over, asked before hours of work and not after."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from hotmess.errors import BadInput
from hotmess.report.folder import same_or_inside


def force_option(parser: argparse.ArgumentParser) -> None:
    """--force, of every command that writes."""
    parser.add_argument("--force", action="store_true", help="write over what hotmess did not write")


def check_file(out: str, inputs: Iterable[str], ours: Callable[[Path], bool], *, force: bool, suffix: str) -> Path:
    """The file to write, if it may be written.

    Raises:
        BadInput: where it is a folder, or its folder is missing; without `force`, where it is one of the inputs, or
            there and none of `ours`, or named as something else than `suffix`.
    """
    if not out:
        raise BadInput("--out names no file.")
    path = Path(out)
    if not path.parent.is_dir():
        raise BadInput(
            f"--out {out!r} cannot be written: the folder {str(path.parent)!r} does not exist; make it first."
        )
    if path.is_dir():
        raise BadInput(f"--out {out!r} is a folder; give the name of a file.")
    if force:
        return path
    source = next((one for one in inputs if same_or_inside(path, one)), None)
    if source is not None:
        raise BadInput(f"--out {out!r} is one of the inputs; choose another name, or write over it with --force.")
    named = path.suffix.lower()
    if named in OTHERS and named != suffix:
        raise BadInput(
            f"--out {out!r} is named {named} and would hold {KINDS[suffix]}; name it {suffix}, or use --force."
        )
    if os.path.lexists(path) and not ours(path):
        raise BadInput(
            f"--out {out!r} is a file that hotmess did not write; choose another name, or write over it with --force."
        )
    return path


KINDS = {".parquet": "Parquet", ".nc": "netCDF", ".csv": "CSV"}
OTHERS = (*KINDS, ".tsv", ".json", ".jsonl", ".eval", ".txt", ".xlsx")
"""Endings of names that say what a file holds."""
