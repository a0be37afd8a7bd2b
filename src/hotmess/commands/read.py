"""`hotmess read`: logs and tables to one validated table."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hotmess.commands import getting
from hotmess.commands.options import columns, command, names, read_table, table_options
from hotmess.commands.out import check_file, force_option
from hotmess.commands.printing import print_table, say
from hotmess.responses.written import table_is_ours, write

if TYPE_CHECKING:
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
    group = parser.add_argument_group("an engine")
    group.add_argument(
        "--engine",
        metavar="ADDRESS",
        help="count equal responses where they lie (duckdb, duckdb://?memory_limit=2GB, spark://HOST:PORT, …); the "
        "table written then holds counts, which decompose and fit take",
    )
    group.add_argument("--keep", type=names, default=[], metavar="COLUMNS", help="further columns that tell rows apart")
    parser.add_argument("--out", required=True, metavar="FILE", help="the Parquet file to write")
    force_option(parser)


def run(args: argparse.Namespace) -> int:
    """Read, check, write."""
    out = check_file(args.out, args.files, table_is_ours, force=args.force, suffix=".parquet")
    responses = read_table(args) if args.engine is None else _counted(args)
    write(responses.table, out, looks=responses.looks)
    say(*responses.notes, responses.summary(), f"Written to {args.out}.")
    _formats(responses)
    return 0


def _counted(args: argparse.Namespace) -> Responses:
    """The counts that an engine makes."""
    from hotmess.responses.read import read

    given = {name: getattr(args, name) for name in ("scorer", "filter", "tokenizer", "model", "merge")}
    return read(
        args.files,
        columns=columns(args.column),
        where=args.where,
        outcome=args.outcome,
        length=args.length,
        allow_copies=args.allow_copies,
        engine=args.engine,
        keep=args.keep,
        **getting.asked(args),
        **{name: value for name, value in given.items() if value is not None},
    )


def _formats(responses: Responses) -> None:
    """Wrongly formatted responses by model, condition and budget, where there are any."""
    from hotmess.sampling.wrong_format import format_table

    if responses.outcome not in ("answer", "probs", "text") or responses.counted:
        return
    wanted = ("model", "condition", "budget", "finish_reason", responses.outcome)
    table = format_table(responses.table[[name for name in wanted if name in responses.table.columns]])
    if not table["wrong"].any():
        return
    records: list[dict[Any, Any]] = table.astype(object).where(table.notna(), None).to_dict("records")
    constant = [name for name in ("condition", "at_the_limit") if len({record[name] for record in records}) == 1]
    rows = [{name: value for name, value in record.items() if name not in constant} for record in records]
    print_table(rows, title="Wrongly formatted responses")
