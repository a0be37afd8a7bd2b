"""`hotmess optimizer train|roll|report`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hotmess.commands.options import seed
from hotmess.errors import BadInput, need
from hotmess.terminal import console, label, to_json

EXTRA = "optimizer"


def add_parser(subparsers: Any) -> None:
    """Add the command to the command line's subparsers."""
    parser = subparsers.add_parser(
        "optimizer",
        help="train transformers of growing size to imitate steepest descent, roll them out, report bias and variance",
        description="Train transformers of growing size to imitate steepest descent, roll them out, report bias and "
        "variance of where they end.",
        epilog="example:\n  hotmess optimizer train --experiment tiny --checkpoints checkpoints",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("stage", choices=("train", "roll", "report"), help="train models; roll out; report on rollouts")
    parser.add_argument("--experiment", default="reduced", help="paper (for a GPU), reduced (for two cores) or tiny")
    parser.add_argument("--problem", type=seed, action="append", help="number of a quadratic; repeatable (default 0)")
    parser.add_argument("--seed", type=seed, action="append", help="seed of training; repeatable (default 0)")
    parser.add_argument("--checkpoints", default="optimizer-checkpoints", help="folder of the models' checkpoints")
    parser.add_argument("--out", default="optimizer", help="folder of the rollouts' summaries, and of the report")
    parser.add_argument("--json", action="store_true", help="report: the table as JSON on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run one stage. Training and rolling resume where they were interrupted."""
    from hotmess.optimizer.table import figures, plain_records, read_summaries, tidy

    if args.stage == "report":
        records = read_summaries(args.out)
        table = tidy(records)
        if args.json:
            print(to_json(plain_records(table), indent=None))
        else:
            print(table.to_string(index=False))
        for path in figures(records, args.out):
            print(f"wrote {path}", file=sys.stderr)
        return 0
    for module in ("equinox", "optax"):
        need(module, EXTRA)
    from hotmess.optimizer.experiment import EXPERIMENTS
    from hotmess.optimizer.sweep import sweep

    if args.experiment not in EXPERIMENTS:
        raise BadInput(f"There is no experiment {args.experiment!r}: choose from {', '.join(EXPERIMENTS)}.")
    experiment = EXPERIMENTS[args.experiment]
    stages = ("train",) if args.stage == "train" else ("roll",)
    with _progress() as progress:
        for problem in args.problem or [0]:
            for number in args.seed or [0]:
                written = sweep(
                    experiment,
                    problem=problem,
                    seed=number,
                    checkpoints=Path(args.checkpoints),
                    out=Path(args.out),
                    progress=progress,
                    stages=stages,
                )
                if args.stage == "roll":
                    print(f"problem {problem}, seed {number}: {len(written)} summaries in {args.out}", file=sys.stderr)
    return 0


@contextlib.contextmanager
def _progress() -> Iterator[Any]:
    """A bar on stderr; nothing where stderr is not a terminal."""
    from rich.progress import Progress

    shown = console()
    with Progress(
        console=shown, disable=not shown.is_terminal, transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda text, done: bar.update(task, description=label(text), completed=done)
