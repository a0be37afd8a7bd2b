"""From a command's options to a study."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from hotmess.commands.options import read_table
from hotmess.terminal import console, label, time_left

if TYPE_CHECKING:
    from hotmess.claims.study import Study


def claims_options(parser: argparse.ArgumentParser) -> None:
    """--claim, --claims, --negligible: which claims are tested, and what counts as practically none."""
    parser.add_argument("--claim", action="append", metavar="NAME", help="a claim; may be repeated (default: all)")
    parser.add_argument(
        "--claims", action="append", metavar="FILE", help="claims of your own, as YAML; may be repeated"
    )
    parser.add_argument(
        "--negligible",
        action="append",
        default=[],
        metavar="CLAIM=VALUE",
        help="what counts as practically none: half the width of the region around 0; may be repeated",
    )


def make_study(args: argparse.Namespace, *, metric: str | None = None, budgets: bool = False) -> Study:
    """Read the table and set up the analysis that the options describe.

    budgets: whether one response of a question at each of some budgets is enough, whose accuracy can be compared.
    """
    from hotmess.claims.study import MOST_DRAWS, Study
    from hotmess.rankings.table import COLUMNS
    from hotmess.responses.cells import need_repeats

    study = Study(
        read_table(args, metric=metric),
        metric=metric or "",
        groups=args.groups,
        reference=args.reference,
        difficulty=args.difficulty,
        seed=args.seed,
        draws=args.draws,
        warmup=args.warmup,
        chains=args.chains,
        most_draws=0 if getattr(args, "draws_given", False) else MOST_DRAWS,
        patience=getattr(args, "patience", 120.0),
    )
    table = study.responses.table
    rankings = set(COLUMNS) <= set(table.columns)  # are no responses, and have no repeats
    if not rankings and not (budgets and table["budget"].nunique() > 1):
        need_repeats(study.cells)
    return study


@contextlib.contextmanager
def stages(total: int | None = None) -> Iterator[Callable[[str], None]]:
    """Progress by named stages on stderr; silent where stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns: list[ProgressColumn] = [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
    ]
    if total:
        columns.append(time_left())
    with Progress(
        *columns, console=console(), transient=True, redirect_stdout=False, redirect_stderr=False
    ) as progress:
        task = progress.add_task("starting", total=total)
        started = False

        def stage(name: str) -> None:
            nonlocal started
            progress.update(task, description=label(name), advance=1 if started else 0)
            started = True

        yield stage
