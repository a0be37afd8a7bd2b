"""`hotmess decompose`: bias, variance and incoherence of groups of responses."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from hotmess.commands.options import (
    command,
    inside,
    json_option,
    metric_option,
    names,
    probability,
    read_table,
    sampling_options,
    table_options,
)
from hotmess.commands.printing import print_json, print_table, say, with_intervals
from hotmess.errors import BadInput

if TYPE_CHECKING:
    from hotmess.responses.table import Responses


def add_parser(subparsers: Any) -> None:
    """Add the command's parser."""
    parser = command(
        subparsers,
        "decompose",
        run,
        help="bias, variance and incoherence of groups of responses",
        description="Decompose error into bias² and variance; incoherence is their share of variance.",
        example="hotmess decompose responses.parquet --by model,difficulty --estimator unbiased --interval 0.9",
        parents=[table_options(), sampling_options()],
    )
    group = parser.add_argument_group("the decomposition")
    group.add_argument(
        "--by", default="model", metavar="COLUMNS", help="columns that make groups, with commas (default: model)"
    )
    metric_option(group)
    group.add_argument(
        "--estimator", choices=["plug-in", "unbiased", "latent"], default="plug-in", help="default: plug-in"
    )
    group.add_argument("--interval", type=inside, metavar="P", help="probability inside the intervals, as 0.9")
    group.add_argument("--formula", metavar="FORMULA", help="how latent distributions pool (default: by group)")
    group.add_argument("--delta", type=probability, default=1e-12, help="smoothing of kl (default: 1e-12)")
    group.add_argument(
        "--unparsable",
        choices=["uniform", "wrong"],
        default="uniform",
        help="what an unparsable answer is: the uniform vector (default), or one more wrong option",
    )
    json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Read, decompose, print."""
    by = names(args.by)
    responses = read_table(args, metric=args.metric, by=by, counts=True)
    if args.estimator == "latent":
        records, notes = _latent(args, responses, by)
    else:
        from hotmess.decompose.records import decompose

        if args.formula:
            raise BadInput("--formula is for --estimator latent.")
        out = decompose(
            responses,
            by=by,
            metric=args.metric,
            estimator=args.estimator,
            interval=args.interval,
            population=args.population,
            unparsable=args.unparsable,
            delta=args.delta,
            seed=args.seed,
            **({"draws": args.draws * args.chains} if getattr(args, "draws_given", False) else {}),
        )
        records, notes = out.records, out.notes
    say(*responses.notes, *notes)
    if args.json:
        print_json(records)
    else:
        constant = ("metric", "outcome", "estimator")
        title = ", ".join(f"{name} {records[0][name]}" for name in constant if records and name in records[0])
        rows = [with_intervals({n: v for n, v in record.items() if n not in constant}) for record in records]
        print_table(rows, title=title)
    return 0


def _latent(
    args: argparse.Namespace, responses: Responses, by: list[str]
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The posterior of latent answer distributions, pooled over the groups unless a formula says otherwise."""
    from hotmess.answers.latent_records import decompose_noted
    from hotmess.decompose.methods import choose_metric

    return decompose_noted(
        responses,
        by=by,
        metric=choose_metric(responses.outcome, args.metric),
        interval=args.interval,
        population=args.population,
        formula=args.formula,
        unparsable=args.unparsable,
        seed=args.seed,
        draws=args.draws,
        warmup=args.warmup,
        chains=args.chains,
    )
