"""`hotmess test`: verdicts with their guards."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hotmess.commands.options import (
    command,
    interval_option,
    json_option,
    metric_option,
    patience_option,
    sampling_options,
    table_options,
)
from hotmess.commands.printing import print_json, say
from hotmess.commands.study import claims_options, make_study, stages
from hotmess.terminal import one_line
from hotmess.words import capital, join

if TYPE_CHECKING:
    from hotmess.claims.verdict import Verdict

METRICS = ("brier", "coverage", "score", "embedding", "a-norm")


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = command(
        subparsers,
        "test",
        run,
        help="test claims: verdicts with their guards",
        description=(
            "Test claims about incoherence. A verdict is supported, contradicted, practically none (negligible in "
            "JSON), inconclusive or not testable."
        ),
        example="hotmess test responses.parquet --claim natural-overthinking --json",
        parents=[table_options(), sampling_options()],
    )
    claims_options(parser)
    metric_option(parser, METRICS)
    parser.add_argument(
        "--effect",
        action="append",
        default=[],
        metavar="CLAIM=VALUE",
        help="effect for which to say what would decide (default: half the smallest that the data could show)",
    )
    patience_option(parser)
    interval_option(parser)
    parser.add_argument("--strict", action="store_true", help="exit with code 1 when a claim is contradicted")
    json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from hotmess.claims.guards.several import expected_false_signs, wrong_signs
    from hotmess.claims.rule import CONTRADICTED
    from hotmess.claims.test import test_claims
    from hotmess.claims.user import chosen_claims
    from hotmess.claims.verdict import refuse_own
    from hotmess.inference.kept import kept_fits

    claims = chosen_claims(args.claim, args.claims, args.negligible, args.effect)
    study = make_study(args, metric=args.metric, budgets=True)
    with stages(len(claims)) as stage, kept_fits():
        verdicts = test_claims(study, claims, population=args.population, interval=args.interval, progress=stage)
    if args.json:
        print_json([v.record() for v in verdicts])
    else:
        for note in study.responses.notes:
            say(note)
        print_verdicts(verdicts, asked=args.claim is not None)
        skipped = [v.claim.name for v in verdicts if v.claim.long and study.large]
        if skipped:
            print(f"Not run for the size of the data: {', '.join(skipped)}; each by --claim NAME.")
        decided = expected_false_signs(verdicts)
        if decided["decided"] > 1:
            print(f"Of {decided['decided']} claims decided, {wrong_signs(decided['expected_false_signs'])}")
    refuse_own(verdicts)
    contradicted = any(v.verdict == CONTRADICTED for v in verdicts)
    return 1 if args.strict and contradicted else 0


def print_verdicts(verdicts: Sequence[Verdict], *, asked: bool) -> None:
    """Each verdict with what stands beside it; those not testable for one reason together; claims about what the data
    do not hold at all in one line, unless they were asked for by name."""
    from hotmess.claims.rule import NOT_TESTABLE

    silent = [v for v in verdicts if v.verdict == NOT_TESTABLE]
    elsewhere = {id(v) for v in silent if v.absent and not asked}
    alike = Counter(v.reasons for v in silent if id(v) not in elsewhere)
    told: set[tuple[str, ...]] = set()
    for verdict in verdicts:
        if id(verdict) in elsewhere or verdict.reasons in told:
            continue
        if alike[verdict.reasons] > 1 and verdict.verdict == NOT_TESTABLE:
            told.add(verdict.reasons)
            same = [v for v in silent if v.reasons == verdict.reasons and id(v) not in elsewhere]
            print(f"{', '.join(v.claim.name for v in same)}")
            print(f"  Not testable: {one_line(capital(verdict.reasons[0]).rstrip('.'))}.")
            steps = dict.fromkeys(v.next_step for v in same)
            for step in steps:
                of = "" if len(steps) == 1 else f" for {join([v.claim.name for v in same if v.next_step == step])}"
                print(f"  Next step{of}: {one_line(step)}")
            continue
        print(f"{verdict.claim.name}\n  {one_line(verdict.sentence)}")
        if verdict.claim.preregistration:
            print(f"  Preregistered: SHA-256 {verdict.claim.preregistration}.")
        for said in verdict.brief():
            print(f"  {one_line(said)}")
    if elsewhere:
        missing: dict[str, list[str]] = {}
        for verdict in verdicts:
            if id(verdict) in elsewhere:
                missing.setdefault(verdict.absent, []).append(verdict.claim.name)
        listed = "; ".join(f"no {what}: {', '.join(names)}" for what, names in missing.items())
        print(f"Not about these data, which hold {listed}.")
