"""`hotmess reliability`: pass@k, pass^k, flips, agreement and entropy of repeated responses."""

from __future__ import annotations

import argparse
from typing import Any

from hotmess.commands.options import (
    command,
    interval_option,
    json_option,
    names,
    positive,
    print_json,
    print_table,
    read_table,
    say,
    table_options,
    with_intervals,
)


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = command(
        subparsers,
        "reliability",
        run,
        help="pass@k, pass^k, flips, agreement and entropy of repeated responses",
        description=(
            "How far one can rely on the next answer: pass@k (one of k is right), pass^k (all of k are), flips (of two "
            "runs one is right and one is not), agreement (two runs give the same answer), the intra-class correlation "
            "and the entropy of answers; unbiased for k up to the responses of every question, bounds beyond."
        ),
        example="hotmess reliability responses.parquet --k 1,4,8 --differences",
        parents=[table_options()],
    )
    group = parser.add_argument_group("reliability")
    group.add_argument("--by", type=names, default=["model"], metavar="COLUMNS", help="columns that make sets")
    group.add_argument("--k", type=_whole, metavar="K,K", help="how many responses are taken (default: 1, 2, 4, …)")
    group.add_argument("--right", type=float, metavar="SCORE", help="a score from which a response counts as right")
    group.add_argument("--differences", action="store_true", help="differences of models on the questions of both")
    group.add_argument("--seed", type=int, default=0, help="seed of the bootstrap over questions (default: 0)")
    interval_option(parser)
    json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Read, count, print."""
    from hotmess.runs.reliability import reliability

    responses = read_table(args, by=args.by)
    found = reliability(responses, args.by, k=args.k, right=args.right, interval=args.interval, seed=args.seed)
    say(*responses.notes, *found.notes)
    records = found.difference_records() if args.differences else found.records()
    if args.json:
        print_json(records)
        return 0
    head = ["of", "against"] if args.differences else args.by
    print_table([_shown(record, head) for record in records])
    return 0


def _shown(record: dict[str, Any], head: list[str]) -> dict[str, Any]:
    """A row for people: k in the quantity's name, the interval beside the value."""
    name, k = record["quantity"], record["k"]
    name = name if k is None else name.replace("@k", f"@{k}").replace("^k", f"^{k}").replace("of k", f"of {k}")
    value = record.get("value", record.get("difference"))
    column = "difference" if "difference" in record else "value"
    whole = with_intervals({column: value, f"{column}_low": record["low"], f"{column}_high": record["high"]})
    return {c: record[c] for c in head} | {"quantity": name, "questions": record["questions"]} | whole


def _whole(text: str) -> list[int]:
    return [positive(one) for one in names(text)]
