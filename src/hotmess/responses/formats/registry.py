"""Which readers of logs there are, and which of them reads a given path.

A format is found by what a file holds, never by its name. A format of one's own takes three lines:

    from hotmess.responses.formats import register

    @register("our-runs", sniff=lambda path, head: head.startswith(b"run,item,letter"))
    def read_our_runs(path, options):
        return pd.read_csv(path).rename(columns={"run": "sample", "item": "question", "letter": "answer"})

From then on `hotmess.read` and `read_logs` know it, in folders and beside other formats. The table has the columns of a
response table (`benchmark model question sample`, an outcome, optional ones); whatever else it holds is carried along.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hotmess.errors import BadInput, Damaged
from hotmess.responses.opened import irregular

if TYPE_CHECKING:
    import pandas as pd

HEAD_BYTES = 65_536
"""So many bytes from the beginning of a file are shown to `sniff`."""

_BUILT_IN = ("inspect_logs", "lm_eval", "swe_bench", "swe_bench_summary", "written_evals")


@dataclass(frozen=True)
class ReadOptions:
    """What the user asked for, the same for every reader; a reader looks at what concerns it.

    `scorer`: names of the scorers whose grade is wanted, one for each log. `filter`: name of the answer filter.
    `tokenizer`: path of a `tokenizer.json`, or the name of one in the local Hugging Face cache, for logs that hold no
    token counts. `model`: name of the model, for logs that do not say. `completions`: add the full text of each
    response as column `completion`. `canonical`: the form in which texts will be judged anew, where they are.
    """

    scorer: tuple[str, ...] = ()
    filter: str | None = None
    tokenizer: str | None = None
    model: str | None = None
    completions: bool = False
    canonical: str | None = None


OPTIONS = ("scorer", "filter", "tokenizer", "model")
"""Options that a reader may say it understands."""


class NoResponses(BadInput):
    """A log of a known format that holds no response: refused by name, passed over (and noted) inside a folder."""


@dataclass(frozen=True)
class Reader:
    """One format. Made by `register`."""

    name: str
    sniff: Callable[[Path, bytes], bool]
    read: Callable[[Path, ReadOptions], pd.DataFrame]
    finish: Callable[[pd.DataFrame], pd.DataFrame] | None
    inputs: Callable[[Path], Sequence[Path]]
    version: int
    folder: bool
    options: tuple[str, ...]


_readers: dict[str, Reader] = {}


def register(
    name: str,
    *,
    sniff: Callable[[Path, bytes], bool],
    finish: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    inputs: Callable[[Path], Sequence[Path]] | None = None,
    version: int = 1,
    folder: bool = False,
    options: Sequence[str] = (),
) -> Callable[[Callable[[Path, ReadOptions], pd.DataFrame]], Callable[[Path, ReadOptions], pd.DataFrame]]:
    """Register a function `(path, options) -> DataFrame` as the reader of a format.

    `sniff(path, head)` says whether a path is of this format, from the first 64 KiB of the file; the format registered
    last is asked first, so one's own format may take over from a built-in one. With `folder=True` the reader reads
    whole folders: `sniff` is asked about folders, with an empty head. `finish` gets the joined table of all paths of
    this format. `inputs(path)` lists the files that the result depends on (default: the path, or all files below a
    folder), for the cache; raise `version` when the reader changes what it returns. `options` names those of `OPTIONS`
    that the reader understands; the others are refused where no other format understands them.

    A reader may set `table.attrs["counts"]`, a dict of sentence ends and numbers (`{"samples left out: ...": 3}`),
    summed over all logs into the data accounting, and `table.attrs["notes"]`, a list of whole sentences.

    >>> import pandas as pd
    >>> @register("doctest", sniff=lambda path, head: head.startswith(b"doctest"))
    ... def read_doctest(path, options):
    ...     return pd.DataFrame({"model": ["m"], "question": ["q"], "score": [1.0]})
    >>> forget("doctest")
    """

    def add(
        read: Callable[[Path, ReadOptions], pd.DataFrame],
    ) -> Callable[[Path, ReadOptions], pd.DataFrame]:
        _readers.pop(name, None)
        _readers[name] = Reader(name, sniff, read, finish, inputs or _files, version, folder, tuple(options))
        return read

    return add


def forget(name: str) -> None:
    """Take a registered format out again."""
    _readers.pop(name, None)


def readers() -> tuple[Reader, ...]:
    """All registered readers, those asked first coming first."""
    modules = [f"{__package__}.{name}" for name in _BUILT_IN]
    for module in modules:
        importlib.import_module(module)
    own = [reader for reader in _readers.values() if reader.read.__module__ not in modules]
    built_in = [reader for reader in _readers.values() if reader.read.__module__ in modules]
    return (*reversed(own), *sorted(built_in, key=lambda reader: modules.index(reader.read.__module__)))


def find(path: str | Path) -> list[tuple[Reader, Path]]:
    """The logs at a path, each with its reader: the file itself, or what a folder holds, in order of name.

    Empty where nothing of a known format is found. Hidden files and folders are passed over.

    Raises:
        Damaged: for what cannot be read.
    """
    found = search(Path(path))
    if found.damaged:
        raise found.damaged[0]
    return found.logs


@dataclass
class Search:
    """What a path holds: logs with readers, files of no known format, what is no file (and why), what cannot be
    read."""

    logs: list[tuple[Reader, Path]] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)
    passed: list[tuple[Path, str]] = field(default_factory=list)
    damaged: list[Damaged] = field(default_factory=list)
    hidden: int = 0


def search(path: Path) -> Search:
    """All that a path holds; files that logs use are not of unknown format."""
    found = Search()
    _search(path, readers(), found)
    used = {file for reader, log in found.logs if not reader.folder for file in reader.inputs(log)}
    found.unknown = [file for file in found.unknown if file not in used]
    return found


def sniff_file(path: Path, known: Sequence[Reader]) -> Reader | None:
    """The reader of a file, by its content; None for no known format.

    Raises:
        Damaged: where the file cannot be read.
    """
    what = irregular(path)
    if what is not None:
        return None
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror or error}.") from error
    return next((reader for reader in known if not reader.folder and reader.sniff(path, head)), None)


def _search(path: Path, known: Sequence[Reader], found: Search) -> None:
    try:
        if not path.is_dir():
            reader = sniff_file(path, known)
            if reader is None:
                found.unknown.append(path)
            else:
                found.logs.append((reader, path))
            return
        reader = next((reader for reader in known if reader.folder and reader.sniff(path, b"")), None)
        entries = sorted(path.iterdir())
    except Damaged as error:
        found.damaged.append(error)
        return
    except OSError as error:
        found.damaged.append(Damaged(f"{error.filename or path} cannot be read: {error.strerror or error}."))
        return
    if reader is not None:
        found.logs.append((reader, path))
        return
    for entry in entries:
        if entry.name.startswith("."):
            found.hidden += 1
        elif entry.is_symlink() and entry.is_dir():
            found.passed.append((entry, "a link to a folder"))
        elif (what := irregular(entry)) is not None:
            found.passed.append((entry, what))
        else:
            _search(entry, known, found)


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
