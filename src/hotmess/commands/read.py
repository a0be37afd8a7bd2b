"""`hotmess read`: logs and tables to one validated table."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.commands.options import command, print_table, read_table, say, table_options
from hotmess.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses


def add_parser(subparsers: Any) -> None:
    """Add the command's parser."""
    parser = command(
        subparsers,
        "read",
        run,
        help="logs and tables to one validated table of responses",
        description="Read tables (Parquet, CSV, JSON Lines) and logs, check them, and write one table as Parquet.",
        example="hotmess read logs/ --out responses.parquet",
        parents=[table_options()],
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="the Parquet file to write")


def run(args: argparse.Namespace) -> int:
    """Read, check, write."""
    responses = read_table(args)
    write(responses.table, Path(args.out))
    say(*responses.notes, responses.summary(), f"Written to {args.out}.")
    _formats(responses)
    return 0


def _formats(responses: Responses) -> None:
    """Wrongly formatted responses by model, condition and budget, where there are any."""
    from hotmess.sampling.table import format_table

    if responses.outcome not in ("answer", "probs", "text"):
        return
    names = ("model", "condition", "budget", "finish_reason", responses.outcome)
    table = format_table(responses.table[[name for name in names if name in responses.table.columns]])
    if not table["wrong"].any():
        return
    records = table.astype(object).where(table.notna(), None).to_dict("records")
    constant = [name for name in ("condition", "at_the_limit") if len({record[name] for record in records}) == 1]
    rows = [{name: value for name, value in record.items() if name not in constant} for record in records]
    print_table(rows, title="Wrongly formatted responses")


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet beside its place and move it there: readers never see half a file.

    Raises:
        BadInput: where the file cannot be written.
    """
    import pyarrow.parquet as pq

    from hotmess.responses.filter import arrow

    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        pq.write_table(arrow(table), beside, compression="zstd")
        os.replace(beside, path)
    except OSError as error:
        raise BadInput(f"The file {str(path)!r} cannot be written: {error.strerror or error}.") from None
    finally:
        beside.unlink(missing_ok=True)
