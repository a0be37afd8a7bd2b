"""`hotmess fit`: latent answer distributions, saved as netCDF."""

from __future__ import annotations

import argparse
from typing import Any

from hotmess.commands.options import command, json_option, names, read_table, sampling_options, table_options
from hotmess.commands.out import check_file, force_option
from hotmess.commands.printing import print_json, print_table, say, with_intervals
from hotmess.commands.study import stages
from hotmess.words import plain

MOST = 5
"""Reasons why a fit is not reliable that are said; the rest are counted."""


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = command(
        subparsers,
        "fit",
        run,
        help="fit latent answer distributions, save the posterior",
        description=(
            "Fit latent answer distributions. With a formula, groups are partially pooled around a regression; without "
            "one every group stands alone."
        ),
        example="hotmess fit responses.parquet --formula 'benchmark + log(model_size_b)' --out fit.nc",
        parents=[table_options(), sampling_options()],
    )
    parser.add_argument(
        "--formula", metavar="RHS", help="right-hand side over columns, as 'difficulty * log(model_size_b)'"
    )
    parser.add_argument(
        "--by", type=names, default=["model"], metavar="COLUMNS", help="table to print (default: model)"
    )
    parser.add_argument(
        "--unparsable", choices=["uniform", "wrong"], default="uniform", help="what an unparsable response is"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="netCDF file to write")
    force_option(parser)
    json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from hotmess.answers.fit import fit
    from hotmess.answers.latent_records import unreliable
    from hotmess.inference.gate import MORE
    from hotmess.inference.store import is_ours

    out = check_file(args.out, args.files, is_ours, force=args.force, suffix=".nc")
    responses = read_table(args, by=_mentioned(args), counts=True)
    with stages() as stage:
        stage("fitting")
        result = fit(
            responses,
            args.formula,
            by=[c for c in args.by if c in responses.table],
            unparsable=args.unparsable,
            seed=args.seed,
            draws=args.draws,
            warmup=args.warmup,
            chains=args.chains,
        )
        table = result.summary(args.by, population=args.population)
        stage("saving")
        result.save(str(out))
    say(*responses.notes)  # a formula that cannot be is one sentence, without them
    if args.json:
        print_json(table.to_dict("records"))
    else:
        print_table([with_intervals(plain(row)) for row in table.to_dict("records")])
    groups = list(table[args.by].itertuples(index=False, name=None)) if args.by else [()] * len(table)
    about = {"metric": "brier", "population": args.population}
    few = unreliable(result, table, groups, args.by, **about)[1]
    for sentence in (*getattr(result, "notes", ()), *getattr(result, "misfit", ()), *few):
        say(f"hotmess: {sentence}")
    reasons = result.gate.reasons
    for reason in reasons[:MOST]:
        say(f"hotmess: not reliable: {reason}.")
    if len(reasons) > MOST:
        say(f"hotmess: and {len(reasons) - MOST} more.")
    if reasons:
        say(f"hotmess: {MORE}.")
    say(f"{args.out} holds the posterior.")
    return 0


def _mentioned(args: argparse.Namespace) -> list[str]:
    """Columns that the formula or --by name, so that difficulty and half are made when asked for."""
    from hotmess.answers.groups import formula_words

    return list(dict.fromkeys([*args.by, *formula_words(args.formula or "")]))
