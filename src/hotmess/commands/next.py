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
    parser.add_argument("--most-looks", type=int, metavar="N", help="looks at most, 1 to 10 (default: 5)")
    parser.add_argument(
        "--futility", type=float, metavar="P", help="chance of a decision below which to stop (default: 0.05)"
    )
    parser.add_argument("--out", metavar="FILE", help="the CSV to write (default: on stdout)")
    force_option(parser)
    json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Look, record, say what to ask next."""
    from dataclasses import replace

    from hotmess.claims.user import chosen_claims
    from hotmess.looks.needed import not_known
    from hotmess.looks.record import save_looks
    from hotmess.sequential.allocation import next_counts
    from hotmess.sequential.interim import look_at, told

    own = chosen_claims(None, args.claims) if args.claims else []
    named = next((one for one in own if one.name == args.claim), None)
    claim = named or chosen_claims([args.claim], None)[0]
    out = None if args.out is None else check_file(args.out, args.files, _is_ours, force=args.force, suffix=".csv")
    known = _known(args, claim)
    with stages(3) as stage:
        stage("reading")
        study = make_study(args)
        study = replace(study, responses=replace(study.responses, looks=None), made=study.made)
        plan = known or _planned(args, claim, study)
        responses = len(study.responses.table)
        stage("looking")
        seen = bool(plan.history) and responses == plan.history[-1].responses
        if not seen:
            plan, _ = look_at(study, claim, plan)
            save_looks(plan, args.record)
        elif why := not_known(study.responses.table, plan, study.seen):
            raise BadInput(f"{why}.")
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
        print_json({"looks": plan.shown(), "next": records})
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


READING = (
    *("where", "column", "set", "model_table", "question_table", "layout", "source", "scale", "outside_unparsable"),
    *("outcome", "canonical", "embedder", "length", "reference", "groups", "difficulty", "scorer", "filter"),
    *("tokenizer", "model", "merge"),
)
"""Options that decide what the table is, and what is asked of it."""


def _reading(args: argparse.Namespace) -> dict[str, str]:
    """Those that were given, in words."""
    given = {name: getattr(args, name, None) for name in READING}
    given["groups"] = None if args.groups == 3 else args.groups
    shown = {
        name: ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        for name, value in given.items()
        if value not in (None, [], False)
    }
    return {f"--{name.replace('_', '-')}": value for name, value in shown.items()}


def _known(args: argparse.Namespace, claim: Claim) -> Looks | None:
    """The record so far, if there is one: as it was planned, so it goes on."""
    from hotmess.looks.record import load_looks

    if not Path(args.record).exists():
        return None
    plan = load_looks(args.record)
    if plan.settings:
        raise BadInput(
            f"{args.record!r} is the record of a run that draws by itself (hotmess sample --until): go on with that, "
            "or begin a record of your own."
        )
    if (plan.claim, plan.preregistration) != (claim.name, claim.preregistration):
        raise BadInput(
            f"{args.record!r} is the record of a run for {plan.claim}"
            f"{', defined otherwise' * (plan.claim == claim.name)}, not {claim.name}: each claim has its own."
        )
    planned = {
        "--responses": (args.responses, plan.most_responses),
        "--most-looks": (args.most_looks, plan.most_looks),
        "--futility": (args.futility, plan.futility),
        "--population": (args.population, plan.population),
    }
    for name, (asked, kept) in planned.items():
        if asked is not None and asked != kept:
            raise BadInput(
                f"{args.record!r} was planned with {name} {kept}, not {asked}; what is changed after a look makes its "
                f"error unknown: go on with {name} {kept}."
            )
    reading = _reading(args)
    before = bool(plan.history) and plan.history[-1].seen is None  # written when reading was not kept
    known = reading if before else plan.reading
    for name in sorted({*known, *reading}):
        if known.get(name) != reading.get(name):
            was, now = (one.get(name, "left out") for one in (known, reading))
            raise BadInput(
                f"At the first look the table was read with {name} {was}, and now with {name} {now}: read it as it "
                "was read then."
            )
    return plan


def _planned(args: argparse.Namespace, claim: Claim, study: Study) -> Looks:
    """A new plan."""
    from hotmess.looks.record import MOST_LOOKS, Looks

    if args.responses is None:
        raise BadInput("The first look needs a budget: --responses N, of the whole table at most.")
    if args.responses < len(study.responses.table):
        raise BadInput(f"The table has {len(study.responses.table):,} responses already, more than --responses.")
    most_looks = 5 if args.most_looks is None else args.most_looks
    futility = 0.05 if args.futility is None else args.futility
    if not 1 <= most_looks <= MOST_LOOKS:
        raise BadInput(f"--most-looks {most_looks} is not a number from 1 to {MOST_LOOKS}.")
    if not 0 <= futility <= 0.5:
        raise BadInput(f"--futility {futility:g} is not a probability from 0 to 0.5.")
    return Looks(
        claim=claim.name,
        preregistration=claim.preregistration,
        population=args.population,
        most_looks=most_looks,
        most_responses=args.responses,
        futility=futility,
        reading=_reading(args),
    )
