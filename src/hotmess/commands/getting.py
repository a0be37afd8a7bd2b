"""Options by which any table gets in: constants, facts about models, declared formats, settings, grades."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from hotmess.errors import BadInput


def add_options(group: Any, *, source: bool = True) -> None:
    """Add the options to a group of a parser; without `source` the command has one that divides by cells' columns
    too."""
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="a column that has this value in all rows, as benchmark=mmlu; may be repeated",
    )
    group.add_argument(
        "--model-table", metavar="FILE", help="a table with a column model: sizes (model_size_b), families, … of models"
    )
    group.add_argument(
        "--question-table", metavar="FILE", help="a table with a column question: target, n_choices, … of questions"
    )
    group.add_argument(
        "--layout", metavar="FILE", help="formats of your own: a TOML file that says where their columns are"
    )
    if source:
        group.add_argument(
            "--source",
            action="append",
            default=[],
            metavar="COLUMNS",
            help="columns that are sources of scatter, as judge,prompt: responses of a cell that share them are "
            "a cluster",
        )
    group.add_argument(
        "--cluster",
        metavar="COLUMN",
        help="the clusters that questions come in (a passage, a template): like these are clusters like these",
    )
    group.add_argument("--weight", metavar="COLUMN", help="the weights that questions have (default: all alike)")
    group.set_defaults(reads_source=source)
    group.add_argument(
        "--scale", type=scale, metavar="LOW,HIGH", help="the range of grades in the column score, as 1,10"
    )
    group.add_argument(
        "--outside-unparsable",
        action="store_true",
        help="count an answer that is none of the question's options as unparsable",
    )
    group.add_argument(
        "--looks",
        metavar="FILE",
        help="the record of looks, where responses were drawn until a claim was decided (see hotmess next)",
    )
    group.add_argument(
        "--skip-damaged", action="store_true", help="leave damaged files out instead of stopping at them"
    )


def asked(args: argparse.Namespace) -> dict[str, Any]:
    """What the options say, as arguments of `hotmess.read`."""
    from hotmess.responses.table import CELL

    sources = [name.strip() for one in args.source for name in one.split(",") if name.strip()]
    # A study of designs names its sources by their levels.
    sources += [name for name, _ in getattr(args, "levels", None) or () if name not in ("sample", "question")]
    return {
        "constants": pairs_of(args.set, "--set needs COLUMN=VALUE, as benchmark=mmlu"),
        "models": args.model_table,
        "questions": args.question_table,
        "layouts": args.layout or (),
        "sources": [name for name in dict.fromkeys(sources) if args.reads_source or name not in CELL],
        "cluster": args.cluster,
        "weight": args.weight,
        "scale": args.scale,
        "outside_unparsable": args.outside_unparsable,
        "skip_damaged": args.skip_damaged,
        "looks": args.looks,
    }


def pairs_of(pairs: Iterable[str], need: str) -> dict[str, str]:
    """`NAME=VALUE` as a mapping.

    >>> pairs_of(["a=b", "c = d=e"], "--set needs COLUMN=VALUE")
    {'a': 'b', 'c': 'd=e'}
    """
    out: dict[str, str] = {}
    for pair in pairs:
        ours, equals, theirs = (part.strip() for part in pair.partition("="))
        if not (ours and equals and theirs):
            raise BadInput(f"{need}, not {pair!r}.")
        if out.setdefault(ours, theirs) != theirs:
            raise BadInput(f"{need.split()[0]} names {ours} twice, as {out[ours]} and as {theirs}.")
    return out


def scale(text: str) -> tuple[float, float]:
    """`LOW,HIGH` as two numbers, for argparse."""
    low, comma, high = text.partition(",")
    try:
        bounds = float(low), float(high)
    except ValueError:
        comma = ""
    if not comma or not bounds[0] < bounds[1]:
        raise argparse.ArgumentTypeError(f"{text} is not LOW,HIGH with LOW below HIGH, as 1,10")
    return bounds
