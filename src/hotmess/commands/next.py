"""`hotmess next`: for a table that grows outside, whether to go on, and which questions to ask how often."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.commands.options import command, json_option, sampling_options, table_options
from hotmess.commands.out import check_file, force_option
from hotmess.commands.printing import print_json, say
from hotmess.commands.study import make_study, stages
from hotmess.errors import BadInput
from hotmess.files import whole_file

if TYPE_CHECKING:
    from hotmess.claims.claim import Claim
    from hotmess.claims.study import Study
    from hotmess.looks.record import Looks


HEAD = ["benchmark", "question", "responses", "more"]
"""Columns of the CSV: `more` responses to ask for, of every model and arm that has been asked the question."""


def _is_ours(path: Path) -> bool:
    """Whether a file begins as the CSV of this command."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline(200).rstrip("\r\n") == ",".join(HEAD)
    except (OSError, ValueError):
        return False


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = command(
        subparsers,
        "next",
        run,
        help="which questions to ask how often next, until a claim is decided",
        description=(
            "Look at all responses so far: whether the claim is decided, or will hardly be, and if neither, which "
            "questions to ask how often next, as CSV. The looks are kept in --record; the verdict on the table is then "
            "that of hotmess test with --looks RECORD."
        ),
        example="hotmess next so-far.parquet --claim natural-overthinking --record looks.json --responses 5000",
        parents=[table_options(), sampling_options()],
    )
    parser.add_argument("--claim", required=True, metavar="NAME", help="the claim that decides when to stop")
    parser.add_argument("--claims", action="append", metavar="FILE", help="claims of your own, as YAML")
    parser.add_argument("--record", required=True, metavar="FILE", help="the record of looks: made at the first one")
    parser.add_argument("--responses", type=int, metavar="N", help="the budget: responses of the whole table at most")
    parser.add_argument("--most-looks", type=int, default=5, metavar="N", help="looks at most, 1 to 10 (default: 5)")
    parser.add_argument(
        "--futility", type=float, default=0.05, metavar="P", help="chance of a decision below which to stop (0.05)"
    )
    parser.add_argument("--out", metavar="FILE", help="the CSV to write (default: on stdout)")
    force_option(parser)
    json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Look, record, say what to ask next."""
    from dataclasses import replace

    from hotmess.claims.user import chosen_claims
    from hotmess.looks.record import save_looks
    from hotmess.sequential.allocation import next_counts
    from hotmess.sequential.interim import look_at, told

    own = chosen_claims(None, args.claims) if args.claims else []
    named = next((one for one in own if one.name == args.claim), None)
    claim = named or chosen_claims([args.claim], None)[0]
    out = None if args.out is None else check_file(args.out, args.files, _is_ours, force=args.force, suffix=".csv")
    with stages(3) as stage:
        stage("reading")
        study = make_study(args)
        study = replace(study, responses=replace(study.responses, looks=None), made=study.made)
        plan = _plan(args, claim, study)
        responses = len(study.responses.table)
        stage("looking")
        seen = bool(plan.history) and responses == plan.history[-1].responses
        if not seen:
            plan, _ = look_at(study, claim, plan)
            save_looks(plan, args.record)
        stage("choosing")
        look = plan.history[-1]
        table = None
        if not look.stop:
            left = plan.most_looks - len(plan.history)
            more = max(1, (plan.most_responses - responses) // left)
            table = next_counts(study, more, alike=not claim.change)
    for note in study.responses.notes:
        say(note)
    say(told(plan))
    records = [] if table is None else table[table["more"] > 0].to_dict("records")
    if args.json:
        print_json({"looks": plan.model_dump(), "next": records})
        return 0
    if table is None:
        return 0
    text = io.StringIO()
    table[table["more"] > 0][HEAD].to_csv(text, index=False)
    if out is None:
        print(text.getvalue(), end="")
    else:
        with whole_file(out) as file:
            file.write(text.getvalue().encode())
        say(f"{len(records):,} questions are to be asked again: {args.out}.")
    return 0


def _plan(args: argparse.Namespace, claim: Claim, study: Study) -> Looks:
    """The record so far, or a new plan."""
    from hotmess.looks.record import MOST_LOOKS, Looks, load_looks

    if Path(args.record).exists():
        plan = load_looks(args.record)
        if (plan.claim, plan.preregistration) != (claim.name, claim.preregistration):
            raise BadInput(
                f"{args.record!r} is the record of a run for {plan.claim}"
                f"{', defined otherwise' * (plan.claim == claim.name)}, not {claim.name}: each claim has its own."
            )
        if args.responses is not None and args.responses != plan.most_responses:
            raise BadInput(
                f"{args.record!r} was planned for {plan.most_responses:,} responses; a budget that is changed after a "
                "look makes its error unknown."
            )
        return plan
    if args.responses is None:
        raise BadInput("The first look needs a budget: --responses N, of the whole table at most.")
    if args.responses < len(study.responses.table):
        raise BadInput(f"The table has {len(study.responses.table):,} responses already, more than --responses.")
    if not 1 <= args.most_looks <= MOST_LOOKS:
        raise BadInput(f"--most-looks {args.most_looks} is not a number from 1 to {MOST_LOOKS}.")
    if not 0 <= args.futility <= 0.5:
        raise BadInput(f"--futility {args.futility:g} is not a probability from 0 to 0.5.")
    return Looks(
        claim=claim.name,
        preregistration=claim.preregistration,
        population=args.population,
        most_looks=args.most_looks,
        most_responses=args.responses,
        futility=args.futility,
    )
