"""Options that commands share, and what they make of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from hotmess.commands import getting
from hotmess.errors import SEEDS, BadInput
from hotmess.limits import parse_size

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

Number = TypeVar("Number", int, float)

METRICS = ("brier", "kl", "zero-one", "coverage", "score", "reply", "embedding", "a-norm")

NARROWEST, WIDEST = 0.01, 0.9999
"""Probabilities inside intervals: further out they rest on no draw and on no question."""


def command(
    subparsers: Any,
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    help: str,
    description: str,
    example: str,
    parents: Sequence[argparse.ArgumentParser] = (),
) -> argparse.ArgumentParser:
    """A command's parser, in the form all commands have: a line, a description, an example."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        name,
        help=help,
        description=description,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=list(parents),
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    return parser


def table_options(*, files: bool = True, source: bool = True) -> argparse.ArgumentParser:
    """Options of every command that reads a table of responses; one with a --source of its own leaves that out."""
    parser = argparse.ArgumentParser(add_help=False)
    if files:
        parser.add_argument("files", nargs="+", metavar="FILE", help="tables, logs or folders of them")
    group = parser.add_argument_group("the table")
    group.add_argument("--where", metavar="SQL", help="only rows for which this holds, as \"condition = 'cot'\"")
    group.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="NAME=THEIRS",
        help="what a column is called in the files, as reasoning_tokens=tokens; a path into nested values, as "
        "score=evaluation.score; several with commas, joined; may be repeated",
    )
    getting.add_options(group, source=source)
    group.add_argument("--outcome", metavar="NAME", help="probs, answer, tests, score, text, embedding or point")
    group.add_argument(
        "--canonical",
        choices=["text", "math", "math-verify"],
        help="which answers in the column text are the same: text (case, white space), math (numbers, fractions, "
        "units), math-verify (expressions too; extra math)",
    )
    group.add_argument(
        "--embedder",
        metavar="NAME",
        help="embed the column text: wordllama (extra embed) or sentence-transformers:FOLDER",
    )
    group.add_argument("--length", metavar="COLUMN", help="lengths (default: reasoning_tokens, else actions)")
    group.add_argument(
        "--reference", metavar="MODEL", help="whose lengths make difficulty (default: the largest model)"
    )
    group.add_argument("--groups", type=positive, default=3, metavar="N", help="difficulty groups (default: 3)")
    group.add_argument("--difficulty", metavar="COLUMN", help="a column that holds difficulty itself")
    group.add_argument(
        "--memory",
        type=size,
        metavar="SIZE",
        help="memory that reading may use, as 2GB (default: half of what there is)",
    )
    logs = parser.add_argument_group("logs")
    logs.add_argument(
        "--scorer",
        action="append",
        metavar="NAME",
        help="whose answers count, where a log has several scorers; may be repeated, for logs of several tasks",
    )
    logs.add_argument("--filter", metavar="NAME", help="whose answers count, where a log has several filters")
    logs.add_argument("--tokenizer", metavar="FILE", help="tokenizer.json by which to count lengths")
    logs.add_argument("--model", metavar="NAME", help="the model's name, for logs and tables that do not hold it")
    logs.add_argument(
        "--merge",
        action="append",
        metavar="FIELD",
        help="pool runs that differ in this recorded setting, instead of telling them apart; may be repeated",
    )
    logs.add_argument("--allow-copies", action="store_true", help="accept repeats that are copies of each other")
    return parser


def sampling_options() -> argparse.ArgumentParser:
    """Options of every command that samples."""
    parser = argparse.ArgumentParser(add_help=False)
    group = parser.add_argument_group("sampling")
    group.add_argument("--seed", type=seed, default=0, help="seed of everything random (default: 0)")
    group.add_argument(
        "--draws",
        type=positive,
        default=500,
        action=Given,
        help="draws of each chain (default: 500, and more for claims that Monte Carlo error leaves open)",
    )
    warm = "warmup draws of each chain (default: 500, of which the joint model takes 250)"
    group.add_argument("--warmup", type=positive, default=500, help=warm)
    group.add_argument("--chains", type=positive, default=4, help="chains (default: 4)")
    group.add_argument(
        "--population",
        choices=["like-these", "these"],
        default="like-these",
        help="what intervals are about: questions like these (default), or these questions themselves",
    )
    return parser


class Given(argparse.Action):
    """Keep an option's value, and that it was given: `NAME_given`."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None) -> None:
        setattr(namespace, self.dest, values)
        setattr(namespace, f"{self.dest}_given", True)


def metric_option(parser: Any, metrics: Sequence[str] = METRICS) -> None:
    """--metric, of those that the command knows."""
    parser.add_argument("--metric", choices=metrics, help="decomposition (default: the outcome's own, as brier)")


def patience_option(parser: argparse.ArgumentParser, when: str = "") -> None:
    """--patience: how long a slow engine may take where a fast one fails its check."""
    parser.add_argument(
        "--patience",
        type=number,
        default=120.0,
        metavar="SECONDS",
        help=f"{when}how long the slow engine may take where the joint model's fast path fails (default: 120)",
    )


def interval_option(parser: argparse.ArgumentParser) -> None:
    """--interval: probability inside intervals that are always given."""
    parser.add_argument("--interval", type=inside, default=0.9, help="probability inside intervals (default: 0.9)")


def json_option(parser: argparse.ArgumentParser) -> None:
    """--json: stdout holds JSON and nothing else."""
    parser.add_argument("--json", action="store_true", help="print JSON; messages go to stderr")


def positive(text: str) -> int:
    """A whole number from 1, for argparse."""
    value = _parsed(int, text)
    if value is None or value < 1:
        raise argparse.ArgumentTypeError(f"{_short(text)} is not a whole number from 1")
    return value


def number(text: str) -> float:
    """A number, for argparse, which says so where it is none.

    >>> number("0.5")
    0.5
    """
    value = _parsed(float, text)
    if value is None or value != value:
        raise argparse.ArgumentTypeError(f"{_short(text)} is not a number")
    return value


def _parsed(kind: Callable[[str], Number], text: str) -> Number | None:
    try:
        return kind(text)
    except ValueError:
        return None


def _short(text: str) -> str:
    return repr(text) if not text.strip() else text if len(text) <= 40 else text[:39] + "…"


def seed(text: str) -> int:
    """A seed, for argparse: a whole number from 0 that all generators take.

    >>> seed("7")
    7
    """
    value = _parsed(int, text)
    if value is None or not 0 <= value < SEEDS:
        raise argparse.ArgumentTypeError(f"{_short(text)} is not a whole number from 0 to {SEEDS - 1}")
    return value


def size(text: str) -> int:
    """A size in bytes, for argparse."""
    try:
        return parse_size(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("--memory ").rstrip(".")) from None


def probability(text: str) -> float:
    """A number between 0 and 1, for argparse."""
    value = number(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def inside(text: str) -> float:
    """The probability inside intervals, for argparse: from `NARROWEST` to `WIDEST`.

    >>> inside("0.95")
    0.95
    """
    value = probability(text)
    if not NARROWEST <= value <= WIDEST:
        raise argparse.ArgumentTypeError(
            f"{text} is not from {NARROWEST:g} to {WIDEST:g}: further out an interval rests on no data"
        )
    return value


def columns(pairs: Iterable[str]) -> dict[str, str]:
    """`--column NAME=THEIRS` as a mapping.

    >>> columns(["reasoning_tokens=tokens"])
    {'reasoning_tokens': 'tokens'}
    """
    return getting.pairs_of(pairs, "--column needs NAME=THEIRS, as reasoning_tokens=tokens")


def names(text: str) -> list[str]:
    """A comma-separated list of names, in order, each once.

    >>> names("model, benchmark,model")
    ['model', 'benchmark']
    """
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def read_table(
    args: argparse.Namespace, *, metric: str | None = None, by: Sequence[str] = (), counts: bool = False
) -> Responses:
    """Read what the options name; add `difficulty` and `half` where they are asked for.

    counts: whether counts of equal responses are enough; large tables are then counted where they lie.
    """
    from hotmess.responses.read import read

    if args.embedder is not None and args.outcome not in (None, "text", "embedding"):
        raise BadInput(f"--embedder makes the outcome embedding of the column text, not {args.outcome}.")
    given = {name: getattr(args, name) for name in ("scorer", "filter", "tokenizer", "model", "merge")}
    asked = {
        "columns": columns(args.column),
        "where": args.where,
        "outcome": "text" if args.embedder is not None else args.outcome,
        "canonical": args.canonical,
        "metric": metric if args.embedder is None else None,
        "length": args.length,
        "allow_copies": args.allow_copies,
        **getting.asked(args),
        **{name: value for name, value in given.items() if value is not None},
    }
    responses = None
    if counts and args.embedder is None and "half" not in by:
        from hotmess.responses.large import count_if_large

        keep = [*by, *([] if args.difficulty is None else [args.difficulty])]
        responses = count_if_large(args.files, keep=keep, asked=asked)
    if responses is None:
        responses = read(args.files, **asked)
    if args.embedder is not None:
        from hotmess.responses.embed import embed

        responses = embed(responses, args.embedder)
    named = args.difficulty is not None or args.reference is not None
    if named or ("difficulty" in by and "difficulty" not in responses.table.columns):
        responses = responses.difficulty(reference=args.reference, groups=args.groups, column=args.difficulty)
    if "half" in by and "half" not in responses.table.columns:
        from hotmess.responses.halves import split_halves

        responses = split_halves(responses)
    return responses
