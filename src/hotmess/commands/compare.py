"""`hotmess compare`: is one model more coherent than another on the same questions, and by how much?"""

from __future__ import annotations

import argparse
from typing import Any

from hotmess.commands.options import (
    command,
    interval_option,
    json_option,
    metric_option,
    names,
    read_table,
    sampling_options,
    table_options,
)
from hotmess.commands.printing import print_json, print_table, say, with_intervals
from hotmess.commands.study import stages
from hotmess.terminal import one_line


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = command(
        subparsers,
        "compare",
        run,
        help="compare models on the same questions",
        description=(
            "Differences of incoherence, bias², variance and error between models, A − B, on the questions that both "
            "answered: the posterior, and the unbiased estimate without a model beside it."
        ),
        example="hotmess compare responses.parquet --models owl-1b,owl-64b",
        parents=[table_options(), sampling_options()],
    )
    parser.add_argument(
        "--models", type=names, default=[], metavar="A,B", help="two models or more: every pair (default: all)"
    )
    parser.add_argument(
        "--by", type=names, default=[], metavar="COLUMNS", help="columns that divide the comparison, as budget"
    )
    parser.add_argument(
        "--negligible",
        metavar="VALUE",
        help="what counts as practically none: half the width of the region around 0, or none (default: 0.02)",
    )
    metric_option(parser)
    interval_option(parser)
    json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Read, compare, print."""
    from hotmess.claims.regions import half_width
    from hotmess.inference.kept import kept_fits
    from hotmess.interpret.compare import compare

    responses = read_table(args, metric=args.metric, by=args.by)
    given = args.negligible
    region = {} if given is None else {"negligible": half_width(given, "--negligible")}
    with stages() as stage, kept_fits():
        stage("comparing")
        found = compare(
            responses,
            *args.models,
            by=args.by,
            metric=args.metric,
            population=args.population,
            interval=args.interval,
            **region,
            seed=args.seed,
            draws=args.draws,
            warmup=args.warmup,
            chains=args.chains,
        )
    say(*responses.notes, *found.notes)
    if args.json:
        print_json(found.records())
        return 0
    for sentence in found.sentences:
        print(one_line(sentence))
    if found.preregistration:
        print(f"Region preregistered: SHA-256 {found.preregistration}.")
    keep = ["of", "against", *args.by, "quantity", "value_of", "value_against", "difference", "low", "high"]
    keep += ["probability", "unbiased", "unbiased_low", "unbiased_high", "reliable"]
    rows = [{n: record[n] for n in keep} for record in found.records()]
    for row in rows:
        row["difference_low"], row["difference_high"] = row.pop("low"), row.pop("high")
        row["P(>0)"] = row.pop("probability")
        row["reliable"] = row.pop("reliable")
    print_table([with_intervals(row) for row in rows])
    return 0
