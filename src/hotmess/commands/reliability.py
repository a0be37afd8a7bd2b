"""`hotmess reliability`: pass@k, pass^k, flips, agreement and entropy of repeated responses."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.commands.options import (
    command,
    interval_option,
    json_option,
    names,
    number,
    positive,
    read_table,
    seed,
    table_options,
)
from hotmess.commands.printing import print_json, print_table, say, with_intervals
from hotmess.errors import BadInput, NotTestable

if TYPE_CHECKING:
    from hotmess.responses.table import Responses
    from hotmess.runs.modes import Modes
    from hotmess.runs.sources import Sources


NO_PAIR = (
    "There are no two models to compare: differences are of 2 to 12 models (choose them, as --where \"model in ('a', "
    "'b')\"), of models alone (without --by) where variance is divided, on questions that both answered."
)
MOST = 10**9
"""The greatest number of responses, levels or questions that is worked with."""


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = command(
        subparsers,
        "reliability",
        run,
        help="pass@k, pass^k, flips; sources of variance, judges, mistakes",
        description=(
            "How far one can rely on the next answer: pass@k (one of k is right), pass^k (all of k are), flips (of two "
            "runs one is right and one is not), agreement (two runs give the same answer), the intra-class correlation "
            "and the entropy of answers; unbiased for k up to the responses of every question, bounds beyond. With "
            "--source, how much of the variance of responses to a question is each source's; with --levels, how wide "
            "the interval of the mean score would be with other numbers of them."
        ),
        example="hotmess reliability responses.parquet --k 1,4,8 --differences",
        parents=[table_options(source=False)],
    )
    group = parser.add_argument_group("reliability")
    group.add_argument("--by", type=names, default=["model"], metavar="COLUMNS", help="columns that make sets")
    group.add_argument("--k", type=_whole, metavar="K,K", help="how many responses are taken (default: 1, 2, 4, …)")
    group.add_argument("--right", type=number, metavar="SCORE", help="a score from which a response counts as right")
    group.add_argument("--differences", action="store_true", help="differences of models on the questions of both")
    group.add_argument(
        "--estimator",
        choices=["unbiased", "latent"],
        default="unbiased",
        help="latent: pass@k, pass^k or the share of one --source from latent answer distributions",
    )
    group.add_argument("--modes", action="store_true", help="divide the variance by how answers differ; mistakes")
    group.add_argument(
        "--validation",
        metavar="FILE",
        help="a table with columns score (the judge's) and truth: takes the judge's errors out of bias² and variance",
    )
    group.add_argument(
        "--source", type=names, default=[], metavar="COLUMNS", help="divide the variance by these, as prompt,judge"
    )
    group.add_argument(
        "--levels",
        action="append",
        type=_levels,
        metavar="SOURCE=N,N",
        help="designs to look at, as judge=1,2,5 (sample=… for responses, question=… for questions); may be repeated, "
        "in the order of the work",
    )
    group.add_argument(
        "--cost", action="append", type=_price, metavar="SOURCE=X", help="what one more costs, as judge=0.2 or sample=1"
    )
    group.add_argument("--width", type=number, metavar="W", help="half width wanted of the mean score's interval")
    group.add_argument("--seed", type=seed, default=0, help="seed of the bootstrap over questions (default: 0)")
    interval_option(parser)
    json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Read, count, print."""
    from hotmess.runs.reliability import reliability

    _refuse_unused(args)
    responses = read_table(args, by=args.by)
    if args.validation:
        return _judged(args, responses)
    if args.levels:
        return _designs(args, responses)
    if args.estimator == "latent":
        return _latent(args, responses)
    if args.modes:
        from hotmess.runs.modes import modes

        return _parts(args, responses, modes(responses, args.by, interval=args.interval, seed=args.seed))
    if args.source:
        from hotmess.runs.sources import sources

        settings = {"interval": args.interval, "seed": args.seed, "differences": args.differences}
        divided = sources(responses, args.source, args.by, **settings)
        return (_between if args.differences else _parts)(args, responses, divided)
    settings = {"k": args.k, "right": args.right, "interval": args.interval, "seed": args.seed}
    found = reliability(responses, args.by, **settings, differences=args.differences)
    say(*responses.notes, *found.notes)
    if args.differences and not len(found.differences):
        raise NotTestable(NO_PAIR)
    records = found.difference_records() if args.differences else found.records()
    if args.json:
        print_json(records)
        return 0
    head = ["of", "against"] if args.differences else args.by
    print_table([_shown(record, head) for record in records])
    return 0


USES = {
    "--validation": (),
    "--levels": ("--cost", "--width"),
    "--estimator latent": ("--k", "--right"),
    "--modes": (),
    "--source": ("--differences",),
    "counts": ("--k", "--right", "--differences"),
}
"""What is printed, first named first, and the options that say how; all read --source, and all but designs --by."""


def _refuse_unused(args: argparse.Namespace) -> None:
    """An option that the numbers asked for do not depend on is an error, not silence."""
    given = {
        "--validation": args.validation,
        "--levels": args.levels,
        "--estimator latent": args.estimator == "latent",
        "--modes": args.modes,
        "--cost": args.cost,
        "--width": args.width is not None,
        "--k": args.k,
        "--right": args.right is not None,
        "--differences": args.differences,
        "--by": args.by != ["model"] and args.levels,
    }
    chosen = next((name for name in USES if given.get(name)), "--source" if args.source else "counts")
    uses = () if chosen == "--estimator latent" and args.source else USES[chosen]
    for name, value in given.items():
        if not value or name == chosen or name in uses:
            continue
        if name in ("--cost", "--width"):
            raise BadInput(f"{name} belongs to --levels, as --levels judge=1,2,5.")
        raise BadInput(f"{name} says nothing about what {chosen} prints: leave out one of them.")


def _parts(args: argparse.Namespace, responses: Responses, found: Modes | Sources) -> int:
    """Parts of variance, by source or by how answers differ."""
    say(*responses.notes, *found.notes)
    if args.json:
        print_json(found.records())
        return 0
    heads = [*args.by, "part", "questions"]
    rows = []
    for record in found.records():
        shown = {"value": record["value"], "value_low": record["low"], "value_high": record["high"]}
        shown |= {name: record[name] for name in record if name.startswith(("share", "incoherence"))}
        rows.append({name: record[name] for name in heads} | with_intervals(shown))
    print_table(rows)
    return 0


def _between(args: argparse.Namespace, responses: Responses, found: Sources) -> int:
    """Differences of models in their parts of variance."""
    say(*responses.notes, *found.notes)
    if not len(found.differences):
        raise NotTestable(NO_PAIR)
    if args.json:
        print_json(found.difference_records())
    else:
        print_table([with_intervals(record) for record in found.difference_records()])
    return 0


def _latent(args: argparse.Namespace, responses: Responses) -> int:
    """From latent models: the share of a source, or pass@k and pass^k."""
    from hotmess.runs.latent import latent_power, latent_share

    settings = {"interval": args.interval, "seed": args.seed}
    if len(args.source) > 1:
        raise BadInput("The latent model divides variance by one source: name one, or leave out --estimator latent.")
    if args.source:
        table = latent_share(responses, args.source[0], args.by, **settings)
    else:
        table = latent_power(responses, args.k or [1, 2], args.by, right=args.right, **settings)
    say(*responses.notes)
    records = [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
    if args.json:
        print_json(records)
        return 0
    name = "share" if args.source else "value"
    rows = [{**row, f"{name}_low": row["low"], f"{name}_high": row["high"]} for row in records]
    print_table([with_intervals({k: v for k, v in row.items() if k not in ("low", "high")}) for row in rows])
    return 0


def _judged(args: argparse.Namespace, responses: Responses) -> int:
    """The decomposition with a judge's errors taken out."""
    from hotmess.responses.facts import table_in
    from hotmess.runs.judges import judged

    path = Path(args.validation)
    if not path.is_file():
        raise BadInput(f"There is no file {args.validation!r} of validated responses.")
    out = judged(responses, table_in(path), args.by, interval=args.interval, seed=args.seed)
    say(*responses.notes, *out.notes)
    if args.json:
        print_json(out.records())
    else:
        rows = [{**record, "value_low": record["low"], "value_high": record["high"]} for record in out.records()]
        print_table([with_intervals({k: v for k, v in row.items() if k not in ("low", "high")}) for row in rows])
    return 0


def _designs(args: argparse.Namespace, responses: Responses) -> int:
    from hotmess.runs.decision import decision_study

    say(*responses.notes)
    levels = _once("--levels", args.levels)
    table = decision_study(
        responses,
        {name: numbers for name, numbers in levels.items() if name not in ("question", "sample")},
        questions=levels.get("question"),
        samples=levels.get("sample", [1]),
        cost=_once("--cost", args.cost) if args.cost else None,
        width=args.width,
        interval=args.interval,
    )
    records = table.to_dict("records")
    if args.json:
        print_json(records)
    else:
        print_table([{str(name): value for name, value in record.items()} for record in records])
    return 0


def _once(option: str, given: list[tuple[str, Any]]) -> dict[str, Any]:
    """What was given for each name; a name given twice is refused, not the first of the two passed over."""
    found = dict(given)
    for name in found:
        if sum(name == other for other, _ in given) > 1:
            raise BadInput(
                f"{option} is given twice for {name}; give it once, as --levels judge=1,2 or --cost judge=0.2."
            )
    return found


def _levels(text: str) -> tuple[str, list[int]]:
    name, equals, numbers = text.partition("=")
    if not (name and equals and numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is not SOURCE=N,N, as judge=1,2,5")
    return name.strip(), _whole(numbers)


def _price(text: str) -> tuple[str, float]:
    name, equals, price = text.partition("=")
    if not (name and equals and price):
        raise argparse.ArgumentTypeError(f"{text!r} is not SOURCE=X, as judge=0.2")
    return name.strip(), number(price)


def _shown(record: dict[str, Any], head: list[str]) -> dict[str, Any]:
    """A row for people: k in the quantity's name, the interval beside the value."""
    name, k = record["quantity"], record["k"]
    name = name if k is None else name.replace("@k", f"@{k}").replace("^k", f"^{k}").replace("of k", f"of {k}")
    value = record.get("value", record.get("difference"))
    column = "difference" if "difference" in record else "value"
    whole = with_intervals({column: value, f"{column}_low": record["low"], f"{column}_high": record["high"]})
    return {c: record[c] for c in head} | {"quantity": name, "questions": record["questions"]} | whole


def _whole(text: str) -> list[int]:
    found = [positive(one) for one in names(text)]
    if max(found, default=1) > MOST:
        raise argparse.ArgumentTypeError(f"{str(max(found))[:40]} is more than {MOST:,}")
    return found
