"""`hotmess design`: how many questions, samples and models a claim needs, from a pilot."""

from __future__ import annotations

import argparse
from typing import Any

from hotmess.commands.options import command, json_option, probability, sampling_options, table_options
from hotmess.commands.printing import print_json, print_table, say
from hotmess.commands.study import make_study, stages
from hotmess.errors import BadInput
from hotmess.words import brief

ROWS = 5  # the cheapest designs shown; --json has all


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = command(
        subparsers,
        "design",
        run,
        help="how many questions, samples and models a claim needs",
        description=(
            "From a pilot's posterior: the probability that a claim is called supported (an effect that counts as "
            "none: practically none), for designs with more or fewer questions, samples and models; or the best split "
            "of a fixed number of responses."
        ),
        example="hotmess design pilot.parquet --claim natural-overthinking --effect 0.05 --probability 0.9",
        parents=[table_options(), sampling_options()],
    )
    parser.add_argument("--claim", required=True, metavar="NAME", help="the claim to be decided")
    parser.add_argument("--effect", metavar="SIZE", help="effect to be found (default: the pilot's own)")
    parser.add_argument("--negligible", metavar="SIZE", help="effects below it count as none (default: the claim's)")
    parser.add_argument("--probability", type=probability, default=0.8, metavar="P", help="wanted (default: 0.8)")
    parser.add_argument("--questions", type=numbers, metavar="N,…", help="numbers of questions to compare")
    parser.add_argument("--samples", type=numbers, metavar="N,…", help="numbers of samples per question to compare")
    parser.add_argument("--models", type=numbers, metavar="N,…", help="numbers of models (default: the pilot's)")
    parser.add_argument("--responses", type=int, metavar="N", help="a fixed total, split between questions and samples")
    json_option(parser)


def numbers(text: str) -> list[int]:
    """Whole numbers from 1, separated by commas, for argparse.

    >>> numbers("10, 30")
    [10, 30]
    """
    out = [int(word) for word in text.split(",") if word.strip()]
    if not out or min(out) < 1:
        raise argparse.ArgumentTypeError(f"{text} are not whole numbers from 1")
    return out


def own(text: str, claim: str, option: str) -> str:
    """The value in SIZE, or in CLAIM=SIZE as `hotmess test` takes it.

    >>> own("0.05", "my-claim", "--effect"), own("my_claim=1", "my-claim", "--effect")
    ('0.05', '1')
    """
    name, named, value = text.rpartition("=")
    if named and name.strip().replace("_", "-") != claim:
        raise BadInput(f"{option} is of {brief(name)}, and the design of {claim}; give the number alone.")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"--effect is {brief(text)}; the effect to be found is a number above 0.") from None


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from hotmess.claims.regions import half_width, region_of
    from hotmess.claims.test import find_claims
    from hotmess.design.planning import plan

    claim = find_claims([args.claim])[0]
    if args.negligible is not None:
        claim = region_of(claim, half_width(own(args.negligible, claim.name, "--negligible"), "--negligible"))
    effect = None if args.effect is None else _number(own(args.effect, claim.name, "--effect"))
    with stages(2) as stage:
        stage("pilot")
        study = make_study(args)
        stage("designs")
        found = plan(
            study,
            claim,
            effect=effect,
            probability=args.probability,
            questions=args.questions,
            samples=args.samples,
            models=args.models,
            responses=args.responses,
        )
    if args.json:
        print_json(found.record())
        return 0
    shown = found.table
    if args.responses is None and args.questions is None and args.samples is None:
        reach = shown[shown["rate"] >= args.probability]
        cheapest = reach.sort_values("responses").groupby(["models", "samples"], sort=True).head(1)
        shown = cheapest.sort_values("responses").head(ROWS) if len(cheapest) else shown.tail(ROWS)
    rounded = shown.round({"rate": 3, "rate_low": 3, "rate_high": 3})
    print_table([{str(k): v for k, v in row.items()} for row in rounded.to_dict("records")])
    print(found.notes[0])
    for note in found.notes[1:]:
        say(note)
    return 0
