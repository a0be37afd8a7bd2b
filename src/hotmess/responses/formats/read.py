"""Reading logs of any known format, mixed, from files and folders, into one table."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hotmess.errors import BadInput, Damaged
from hotmess.responses.formats import cache as cached
from hotmess.responses.formats.registry import OPTIONS, NoResponses, Reader, ReadOptions, readers, search
from hotmess.terminal import console, label, time_left

if TYPE_CHECKING:
    import pandas as pd

MOST_NAMED = 40
"""So many logs are named one by one in a note."""

Paths = str | Path | Iterable[str | Path]


def read_logs(
    paths: Paths,
    *,
    scorer: str | Sequence[str] | None = None,
    filter: str | None = None,
    tokenizer: str | None = None,
    model: str | None = None,
    outcome: str | None = None,
    completions: bool = False,
    allow_copies: bool = False,
    merge: str | Sequence[str] = (),
    cache: bool = True,
    progress: bool = True,
    skip_damaged: bool = False,
    found: Sequence[tuple[Reader, Path, bool]] | None = None,
    canonical: str | None = None,
    beside: bool = False,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """One table, in the columns of a response table, of all responses in logs; and notes that account for the data.

    Args:
        paths: files or folders, or several of them; formats are found by content and may be mixed.
        scorer: which scorer's grades and answers to take, where a log has several; several names for several tasks.
        filter: which answer filter to take, where a log of lm-evaluation-harness has several.
        tokenizer: a `tokenizer.json`, or the name of one in the local cache, to count tokens where a log does not;
            nothing is ever downloaded.
        model: the model's name, for logs that do not hold it.
        outcome: `answer`, `probs`, `tests`, `score` or `text`: keep the logs and columns of this outcome only.
        completions: add the full text of each response, in column `completion`.
        allow_copies: take repeats that look like copies of each other; the notes then say so.
        merge: recorded settings over which runs are pooled on purpose, as `model_args.revision` or `revision`; the
            notes then say so. Runs that differ in any other setting are told apart.
        cache: keep what was read in the user's cache folder and take it from there while the log stays as it is.
        progress: draw a progress bar on stderr, if that is a terminal.
        skip_damaged: leave out damaged logs, with a note, instead of stopping at them.
        found: logs that were found already, each with its reader and whether it was named by itself. Where they hold
            different outcomes and `outcome` is None, all are kept, and told apart by the column `outcome_kind`.
        canonical: the canonical form in which texts will be judged anew (`hotmess.canonical_answers`), where they will.
        beside: tables are read beside the logs, which use `model` and `tokenizer` too.

    Raises:
        BadInput: for paths that are missing or of no known format, for damaged logs, for choices that must be made
            (scorer, filter), for logs that hold no responses, and for repeats that are copies.
    """
    from hotmess.responses.copies import check_copies
    from hotmess.responses.formats.joining import join, sentences, settle

    options = ReadOptions(
        scorer=(scorer,) if isinstance(scorer, str) else tuple(scorer or ()),
        filter=filter,
        tokenizer=tokenizer,
        model=model,
        completions=completions,
        canonical=canonical,
    )
    defer = found is not None and outcome is None
    listed, unknown = (list(found), []) if found is not None else _find(paths)
    _refuse_unknown([reader for reader, _, _ in listed], options, beside=beside)
    tables: dict[str, list[pd.DataFrame]] = {}
    refused: list[NoResponses] = []
    damaged: list[Damaged] = []
    rows: list[tuple[Path, int]] = []
    with _bar(listed, shown=progress) as bar:
        for reader, path, asked in listed:
            try:
                part = _read(reader, path, options, cache=cache)
                tables.setdefault(reader.name, []).append(part)
                rows.append((path, len(part)))
            except NoResponses as error:
                if asked:
                    raise
                refused.append(error)
            except Damaged as error:
                if not skip_damaged:
                    raise
                damaged.append(error)
            bar.advance(path)
    tables = {name: parts for name, parts in tables.items() if parts}
    if not tables:
        raise [*damaged, *refused][0]
    logs = sum(map(len, tables.values()))
    finish = {reader.name: reader.finish for reader in readers()}
    table, notes = join(tables, finish, outcome=outcome, defer=defer)
    table, more = settle(table, (merge,) if isinstance(merge, str) else merge, judged=canonical is not None)
    copies = check_copies(table, allow=allow_copies)
    accounts = sentences({f"responses read from {logs:,} log{'s' * (logs != 1)} ({', '.join(tables)})": len(table)})
    if len(rows) > 1:
        often = Counter(path.name for path, _ in rows)
        named = [path.name if often[path.name] == 1 else f"{path.parent.name}/{path.name}" for path, _ in rows]
        few = ", ".join(f"{name} ({number:,})" for name, (_, number) in zip(named[:MOST_NAMED], rows))
        rest = f", and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
        accounts.append(f"Responses of each log: {few}{rest}.")
    accounts += [f"Passed over: {error}" for error in refused]
    accounts += [f"Left out as damaged (--skip-damaged): {error}" for error in damaged]
    if unknown:
        accounts.append(_of_no_format(unknown))
    return table, (*accounts, *notes, *more, *copies)


def _find(paths: Paths) -> tuple[list[tuple[Reader, Path, bool]], list[Path]]:
    """All logs, each once, with whether it was named by itself; and files of no known format inside folders."""
    listed = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    if not listed:
        raise BadInput("No path was given to read logs from.")
    found: dict[tuple[str, Path], tuple[Reader, Path, bool]] = {}
    unknown: list[Path] = []
    for path in listed:
        if not path.exists():
            raise BadInput(f"There is no file or folder {path}.")
        here = search(path)
        if here.damaged:
            raise here.damaged[0]
        if not here.logs:
            known = ", ".join(reader.name for reader in readers())
            what = "The folder" if path.is_dir() else "The file"
            raise BadInput(f"{what} {path} holds no log of a known format ({known}).")
        unknown += here.unknown
        for reader, log in here.logs:
            key = (reader.name, log.resolve())
            asked = not path.is_dir() or log == path
            found[key] = (reader, log, asked or (key in found and found[key][2]))
    return list(found.values()), unknown


def _refuse_unknown(found: Sequence[Reader], options: ReadOptions, *, beside: bool) -> None:
    """An option is used or refused: one that no format here understands is no option of theirs."""
    for name in OPTIONS:
        if not getattr(options, name) or (beside and name in ("model", "tokenizer")):
            continue
        if found and not any(name in reader.options for reader in found):
            here = ", ".join(dict.fromkeys(reader.name for reader in found))
            there = ", ".join(reader.name for reader in readers() if name in reader.options)
            why = " which name their model themselves" if name == "model" else ""
            raise BadInput(
                f"--{name} means nothing to logs of {here}{',' * bool(why)}{why}: leave it out; it is for {there}."
            )


def _read(reader: Reader, path: Path, options: ReadOptions, *, cache: bool) -> pd.DataFrame:
    try:
        name = cached.key(reader, path, reader.inputs(path), options) if cache else None
        table = cached.load(name)
        if table is None:
            table = reader.read(path, options)
            if name is not None and name == cached.key(reader, path, reader.inputs(path), options):
                cached.save(name, table)  # not where the log changed while it was read
    except OSError as error:
        raise Damaged(f"{error.filename or path} cannot be read: {error.strerror or error}.") from error
    return table


def _of_no_format(unknown: Sequence[Path]) -> str:
    names = ", ".join(path.name for path in unknown[:3]) + (", …" if len(unknown) > 3 else "")
    return f"{len(unknown):,} file{'s' if len(unknown) > 1 else ''} of no known format passed over ({names})."


class _Bar(Protocol):
    def advance(self, path: Path) -> None: ...


class _Silent:
    def advance(self, path: Path) -> None:
        pass


@contextmanager
def _bar(found: Sequence[tuple[Reader, Path, bool]], *, shown: bool) -> Iterator[_Bar]:
    """A progress bar over the bytes of the logs, on stderr, if that is a terminal and there is enough to read."""
    sizes = {path: max(path.stat().st_size, 1) for _, path, _ in found}
    if not shown or not sys.stderr.isatty() or (len(sizes) < 2 and sum(sizes.values()) < 1 << 22):
        yield _Silent()
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (TextColumn("Reading logs"), BarColumn(), TaskProgressColumn(), time_left())
    described = TextColumn("{task.description}")
    with Progress(
        *columns, described, console=console(), transient=True, redirect_stdout=False, redirect_stderr=False
    ) as progress:
        task = progress.add_task("", total=sum(sizes.values()))

        class Shown:
            def advance(self, path: Path) -> None:
                progress.update(task, advance=sizes[path], description=label(path.name[:40]))

        yield Shown()
