"""`hotmess report`: an HTML page with verdicts, figures and numbers; the numbers as JSON, the posteriors as netCDF."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.commands.options import columns, command, interval_option, patience_option, sampling_options, table_options
from hotmess.commands.out import force_option
from hotmess.commands.printing import say
from hotmess.commands.study import claims_options, make_study, stages
from hotmess.errors import BadInput

if TYPE_CHECKING:
    from hotmess.claims.study import Study

READ = ("where", "outcome", "length", "scorer", "filter", "tokenizer", "model", "merge", "canonical")


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = command(
        subparsers,
        "report",
        run,
        help="an HTML report with figures, numbers and posteriors",
        description="Test claims and write a report: report.html, results.json and the posteriors, in one folder.",
        example="hotmess report responses.parquet --out reports/mine",
        parents=[table_options(), sampling_options()],
    )
    claims_options(parser)
    patience_option(parser)
    interval_option(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write; an earlier report is replaced")
    parser.add_argument(
        "--texts",
        action="store_true",
        help="also write texts.html: the responses to the questions to read first, whole",
    )
    force_option(parser)


def run(args: argparse.Namespace) -> int:
    """Read, test, write."""
    from hotmess.claims.test import test_claims
    from hotmess.claims.user import chosen_claims
    from hotmess.claims.verdict import refuse_own
    from hotmess.inference.kept import keep, kept_fits
    from hotmess.remembered import remembering
    from hotmess.report.build import build_report
    from hotmess.report.folder import check
    from hotmess.report.sections import SECTIONS
    from hotmess.report.texts import need_texts

    if not args.out:
        raise BadInput("--out names no folder.")
    check(Path(args.out), inputs=args.files, force=args.force)  # before hours of work, not after
    claims = chosen_claims(args.claim, args.claims, args.negligible)
    try:
        with stages(len(claims) + len(SECTIONS) + 3) as stage, keep(unfinished(args.out)), kept_fits(), remembering():
            stage("reading")
            study = make_study(args, budgets=True)
            if args.texts:
                need_texts(study.responses)  # before hours of work, not after
            verdicts = test_claims(study, claims, population=args.population, interval=args.interval, progress=stage)
            page = build_report(
                study,
                verdicts,
                out=args.out,
                command=command_line(sys.argv[1:]),
                population=args.population,
                interval=args.interval,
                code=study_code(args, study),
                texts=args.texts,
                force=args.force,
                progress=stage,
            )
    except KeyboardInterrupt:
        resume = " The same command goes on from the fits it has finished." * unfinished(args.out).is_dir()
        left = f"{args.out} is as it was" if os.path.lexists(args.out) else f"nothing was written to {args.out}"
        say(f"hotmess: interrupted; {left}.{resume}")
        return 130
    say(*study.responses.notes, f"{page} is written.")
    refuse_own(verdicts)
    return 0


def unfinished(out: str) -> Path:
    """The folder, beside the report's own, of the fits that an interrupted report has finished."""
    out = os.path.abspath(out)
    return Path(os.path.dirname(out)) / f".{os.path.basename(out)}.fits"


def command_line(words: list[str]) -> str:
    """The command as one would type it.

    >>> command_line(["report", "a b.parquet", "--out", "x"])
    "hotmess report 'a b.parquet' --out x"
    """
    return "hotmess " + " ".join(shlex.quote(word) for word in words)


def study_code(args: argparse.Namespace, study: Study) -> str:
    """Python that makes the study that the options describe."""
    given: dict[str, Any] = {name: getattr(args, name) for name in READ if getattr(args, name) is not None}
    if args.embedder is not None:
        given["outcome"] = "text"
    if args.column:
        given["columns"] = columns(args.column)
    if args.allow_copies:
        given["allow_copies"] = True
    reading = ", ".join([repr(args.files), *(f"{k}={v!r}" for k, v in given.items())])
    lines = [f"responses = hm.read({reading})"]
    if args.embedder is not None:
        lines.insert(0, "from hotmess.responses.embed import embed")
        lines.append(f"responses = embed(responses, {args.embedder!r})")
    if args.difficulty is not None or args.reference is not None:
        lines.append(
            f"responses = responses.difficulty(reference={args.reference!r}, groups={args.groups}, "
            f"column={args.difficulty!r})"
        )
    names = ("metric", "groups", "reference", "difficulty", "seed", "draws", "warmup", "chains")
    settings = ", ".join(f"{k}={getattr(study, k)!r}" for k in names)
    lines.append(f"study = hm.Study(responses, {settings})")
    return "\n".join(lines)
