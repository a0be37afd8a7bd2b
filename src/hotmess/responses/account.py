"""The account of files: each is a table, a log, passed over for a reason, or damaged; none is left unnamed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from hotmess.errors import BadInput, Damaged
from hotmess.looks import FILE, KEY, looks_in
from hotmess.responses.ask import Ask, named
from hotmess.responses.by_layout import by_layout, nested_signs
from hotmess.responses.hive import partitions
from hotmess.responses.json_forms import first_records, records_of
from hotmess.responses.load import columns_of, frame_of, kept_text, records_in, rows_of, sniff, values_of
from hotmess.responses.naming import lacking, usual
from hotmess.responses.opened import Opened, irregular, open_file
from hotmess.responses.outcomes import OUTCOMES

if TYPE_CHECKING:
    from hotmess.looks.record import Looks
    from hotmess.responses.formats.registry import Reader

MOST_NAMED = 40
"""So many files are named one by one in a note."""

_DATA = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".eval", ".feather", ".arrow")
_PACKED = (".gz", ".zst", ".bz2", ".xz", ".zip")


@dataclass
class Table:
    """A table that was read: its rows under this package's names."""

    name: str
    frame: pd.DataFrame


@dataclass
class Account:
    """What came of each file."""

    tables: list[Table] = field(default_factory=list)
    logs: list[tuple[Reader, Path, bool]] = field(default_factory=list)
    passed: list[tuple[str, str]] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    looks: list[Looks] = field(default_factory=list)
    hidden: int = 0
    folders: int = 0

    def refuse_damaged(self, skip: bool) -> None:
        """One sentence on all files that are damaged; or a note on them, where they are to be skipped.

        Raises:
            Damaged: where they are not, or nothing else is left.
        """
        if not self.damaged:
            return
        said = "; ".join(sentence.rstrip(".") for sentence in self.damaged[:5])
        more = f"; and {len(self.damaged) - 5:,} more" if len(self.damaged) > 5 else ""
        if skip and (self.tables or self.logs):
            self.notes.append(f"Left out as damaged (--skip-damaged): {said}{more}.")
            return
        rest = " (or leave such files out with --skip-damaged)" if self.tables or self.logs else ""
        raise Damaged(f"{said}{more}; mend or remove what is damaged{rest}.")

    def sentences(self) -> list[str]:
        """Notes on the files that were read and those that were passed over, each by its name."""
        notes = list(self.notes)
        if len(self.tables) > 1 or self.folders:
            read = [f"{table.name} ({len(table.frame):,})" for table in self.tables]
            notes += [f"Rows of each table: {_listed(read)}."] if read else []
        reasons: dict[str, list[str]] = {}
        for name, reason in self.passed:
            reasons.setdefault(reason, []).append(name)
        notes += [f"Passed over, {reason}: {_listed(names)}." for reason, names in reasons.items()]
        if self.hidden:
            notes.append(f"{self.hidden:,} hidden file{'s were' if self.hidden > 1 else ' was'} not looked at.")
        return notes


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return shown + (f", and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else "")


def look(path: Path, ask: Ask, account: Account, *, shown: Callable[[Path], str] = str) -> None:
    """Take a file, or all files of a folder, into the account.

    Args:
        path: the file or folder.
        ask: what the user said about tables.
        account: what is added to.
        shown: the name by which to speak of a path.

    Raises:
        BadInput: for a file named itself that is no response table and no log, and for a folder without any.
    """
    from hotmess.responses.formats.registry import readers, search, sniff_file

    if not path.is_dir():
        try:
            _one(path, ask, account, shown(path), known=sniff_file(path, readers()))
        except Damaged as error:
            account.damaged.append(str(error))
        return
    account.folders += 1
    found = search(path)
    account.damaged += [str(error) for error in found.damaged]
    account.passed += [(_inside(one, path), reason) for one, reason in found.passed]
    account.hidden += found.hidden
    if not (found.logs or found.unknown or found.damaged or found.passed):
        raise BadInput(f"The folder {shown(path)!r} is empty.")
    before, refused = len(account.tables) + len(account.logs), []
    used = {file for reader, log in found.logs for file in reader.inputs(log)}
    for reader, log in found.logs:
        if log.is_dir() or not _is_table(log, ask, path):
            account.logs.append((reader, log, False))
        else:
            found.unknown.append(log)
    for file in sorted(found.unknown):
        if file in used and not any(file == log for _, log in found.logs):
            continue
        try:
            reason = _in_folder(file, ask, account, path)
        except Damaged as error:
            account.damaged.append(str(error))
            continue
        if reason is not None:
            refused.append(f"{_inside(file, path)} {reason}")
            account.passed.append((_inside(file, path), reason))
    if len(account.tables) + len(account.logs) == before and not account.damaged:
        if len(refused) == 1 and not account.passed[:-1]:
            # The one file that there is says what it needs, as if it had been named itself.
            return look(sorted(found.unknown)[0], ask, account, shown=shown)
        near = sorted(refused, key=lambda one: "lacks" not in one)
        why = f": {near[0]}" if near else ""
        raise BadInput(f"The folder {shown(path)!r} holds no response table and no log{why}.")


def _inside(file: Path, folder: Path) -> str:
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else file.name


def _is_table(file: Path, ask: Ask, root: Path) -> bool:
    """Whether a file has a response table's own columns, whatever reader would take it."""
    try:
        opened = Opened(file, file.name)
        kind = sniff(opened)
        if kind in ("parquet", "feather", "csv"):
            return not ask.lacks([*columns_of(opened, kind), *partitions(file, root)])
        if kind == "jsonl":
            import json

            first = opened.head().lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0]
            record = json.loads(first)
            return isinstance(record, dict) and not ask.lacks(list(record))
    except (BadInput, ValueError, RecursionError):
        return False
    return False


def _in_folder(file: Path, ask: Ask, account: Account, root: Path) -> str | None:
    """Read a file that lies in a folder, if it is a table; else the reason why not."""
    what = irregular(file)
    if what is not None:
        return what
    if file.suffix.lower() in _PACKED and Path(file.stem).suffix.lower() not in _DATA and file.suffix != ".zip":
        return "of no known format"
    if file.stat().st_size == 0 and file.suffix.lower() not in (*_DATA, *_PACKED):
        return "empty"
    reason = None
    if file.name == FILE:
        account.looks.append(looks_in(file))
        return None
    for opened in open_file(file):
        reason = _read(opened, ask, account, partitions(file, root), _inside(file, root), asked=False)
        if reason is not None and opened.name != file.name and len(opened.name.split("/")) > 1:
            account.passed.append((opened.name, reason))
            reason = None
    return reason


def _one(path: Path, ask: Ask, account: Account, shown: str, known: Reader | None) -> None:
    """Read a file that was named itself: everything that it may be is tried, and its sentence is the last resort's."""
    if known is not None and not _is_table(path, ask, path.parent):
        account.logs.append((known, path, True))
        return
    files = open_file(path)
    if not files:
        raise BadInput(f"{shown!r} is a zip without a table in it: unpack it, and name the folder.")
    for opened in files:
        reason = _read(opened, ask, account, {}, opened.name, asked=True)
        if reason is None:
            continue
        if len(files) > 1:
            account.passed.append((opened.name, reason))
            continue
        raise BadInput(f"The file {shown!r} {_last_resort(reason)}.")
    if not account.tables and not account.logs:
        raise BadInput(f"{shown!r} holds no response table: {account.passed[-1][0]} is {account.passed[-1][1]}.")


def _last_resort(reason: str) -> str:
    from hotmess.responses.formats.registry import readers

    if reason != "of no known format":
        return reason
    known = ", ".join(reader.name for reader in readers())
    return (
        f"is no table (Parquet, Feather, CSV, JSON), no log of a known format ({known}) and no declared layout; write "
        "it "
        "as JSON Lines with a record for each response, or declare where its columns are with --layout FILE"
    )


def _read(opened: Opened, ask: Ask, account: Account, extra: dict[str, str], name: str, *, asked: bool) -> str | None:
    """Read a table into the account; the reason where a file is none."""
    kind = sniff(opened)
    if kind == "other":
        return "of no known format"
    notes: list[str] = []
    declared = False
    if kind in ("json", "jsonl"):
        values = values_of(opened, kind)
        found = by_layout(values, kind, ask, opened, name)
        if found is not None:
            frame, notes, ask = found
            declared = True
        else:
            if kind == "jsonl" and not all(isinstance(value, dict) for value in values):
                at = next(at for at, value in enumerate(values, 1) if not isinstance(value, dict))
                raise Damaged(f"Record {at} of {opened.name!r} is not a JSON object.")
            try:
                document = values[0] if kind == "jsonl" and len(values) == 1 else values
                records, notes = records_of(document, f"The file {name!r}")
            except BadInput as error:
                if asked or isinstance(error, Damaged):
                    raise
                return str(error).removeprefix(f"The file {name!r} ").rstrip(".")
            keys = list(dict.fromkeys(key for record in first_records(records) for key in record))
            reason = _no_table(keys, ask, extra, asked=asked)
            if reason is not None:
                return reason
            frame = frame_of(records, opened.name)
    else:
        columns = columns_of(opened, kind)
        found = None
        if kind != "csv" and any(sign.partition(".")[0] in columns for sign in nested_signs(ask)):
            # Nested tables may be of a declared format: their rows are records like those of JSON.
            found = by_layout(records_in(opened, kind), "jsonl", ask, opened, name)
        if found is not None:
            frame, notes, ask = found
            declared = True
        else:
            reason = _no_table(columns, ask, extra, asked=asked)
            if reason is not None:
                return reason
            frame = rows_of(opened, kind)
    if kind == "parquet" and (text := kept_text(opened, KEY)) is not None:
        account.looks.append(looks_in(text, name))
    for key, value in extra.items():
        if key not in frame.columns:
            frame[key] = value
        elif not (frame[key].astype(str) == value).all():
            raise BadInput(
                f"{name} has a column {key} with other values than the folder {key}={value} that it lies in."
            )
    frame, said = named(frame, ask, name, guessing=not declared)
    account.notes += [note for note in (*notes, *said) if note not in account.notes]
    account.tables.append(Table(name, frame))
    return None


def _no_table(names: Sequence[str], ask: Ask, extra: dict[str, str], *, asked: bool) -> str | None:
    """Why columns do not make a response table, if they do not: by our names or by usual ones."""
    everything = [*names, *extra]
    from hotmess.rankings.table import COLUMNS as RANKING

    if set(RANKING) <= {*everything, *ask.columns, *ask.constants}:
        return None
    lacks = [one for one in ask.lacks(everything) if not usual(everything, one)]
    outcome = any(
        one in everything or one in ask.columns or one in ask.constants or usual(everything, one)
        for one in (*OUTCOMES, "copies")
    )
    if not lacks and (outcome or not ask.lacks(everything)):
        return None
    if not outcome and len(lacks) == 2 and not asked:
        return "of no known format"
    more = [] if outcome else ["score"]
    if not asked:
        words = [*lacks, *more]
        return f"no response table (it lacks {', '.join(words)})"
    return lacking(everything, [*lacks, *more]) + (" (or another outcome: answer, probs, tests, text)" if more else "")
