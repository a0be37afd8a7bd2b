"""What is printed: text of others is shown and never obeyed, and a stream that is full or closed is said.

Names in logs may hold control characters, sequences that move a terminal's cursor or set its title, and marks that
reorder what is read. The two streams of the command line show them as `\\x1b` and `\\u202e`, whoever prints them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Any, TextIO

from hotmess.errors import BadInput

_PLAIN = re.compile(r"[\x20-\x7e\n\t]*")
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode's categories of characters that are not shown: control, format (bidirectional marks), surrogates, private,
unassigned, and separators of lines and paragraphs."""


def escaped(text: str, keep: str = "\n\t") -> str:
    """Text with every character that is not seen as an escape of Python's, those of `keep` as they are.

    >>> print(escaped("a\\x1b[2Jb\\u202ec\\x9d"))
    a\\x1b[2Jb\\u202ec\\x9d
    >>> print(escaped("two\\nlines", keep=""))
    two\\nlines
    """
    if _PLAIN.fullmatch(text) and (len(keep) == 2 or not ("\n" in text or "\t" in text)):
        return text
    return "".join(c if c in keep else _shown(c) for c in text)


@lru_cache(4096)
def _shown(c: str) -> str:
    if unicodedata.category(c) not in HIDDEN:
        return c
    known = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
    number = ord(c)
    return known.get(c) or (
        f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
    )


def one_line(text: str) -> str:
    """A sentence as one line, whatever the names in it hold.

    >>> one_line("No model 'a\\nb'.")
    "No model 'a\\\\nb'."
    """
    return escaped(text, keep="")


def to_json(value: Any, *, indent: int | None = 1) -> str:
    """JSON in which characters that are not seen are escaped, so that it is the same on a terminal and in a file.

    >>> print(to_json(["ü\\u202e\\x7f\\U000e0001"], indent=None))
    ["ü\\u202e\\u007f\\udb40\\udc01"]
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    if _PLAIN.fullmatch(text):
        return text
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in HIDDEN else json.dumps(c)[1:-1] if c != "\x7f" else "\\u007f"
        for c in text
    )


class Shown:
    """A stream that shows text of others.

    A reader that went away, as `head` does, is no fault of anybody: what is printed later goes nowhere, and the command
    ends as it would have. Any other failure is a `BadInput`.
    """

    def __init__(self, stream: TextIO | None, name: str, *, must: bool) -> None:
        self.stream, self.name, self.must, self.gone = stream, name, must, False

    def write(self, text: str) -> int:
        """Write text, escaped."""
        if self.stream is None and self.must and text:
            self._lost("it is closed")
        if self.stream is not None and not self.gone:
            with self._heard():
                shown = escaped(text)
                try:
                    self.stream.write(shown)
                except UnicodeEncodeError:  # a locale without the letter
                    encoding = self.stream.encoding or "ascii"
                    self.stream.write(shown.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        """Hand on what was written."""
        if self.stream is not None and not self.gone:
            with self._heard():
                self.stream.flush()

    def isatty(self) -> bool:
        """Whether somebody looks on."""
        return self.stream is not None and not self.gone and self.stream.isatty()

    @property
    def encoding(self) -> str:
        """The stream's encoding."""
        return getattr(self.stream, "encoding", None) or "utf-8"

    def fileno(self) -> int:
        """The stream's own number."""
        if self.stream is None:
            raise OSError(f"{self.name} is closed")
        return self.stream.fileno()

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            self._give_up()
        except (OSError, ValueError) as error:
            self._give_up()
            if self.must:
                self._lost(str(getattr(error, "strerror", None) or error))

    def _give_up(self) -> None:
        """Nothing more can be written, nor be left for the end of the process to write."""
        self.gone = True
        with contextlib.suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())  # type: ignore[union-attr]
            os.close(nowhere)

    def _lost(self, why: str) -> None:
        raise BadInput(f"The output cannot be written to {self.name}: {why}.")


@contextlib.contextmanager
def streams() -> Iterator[None]:
    """Inside the block stdout and stderr show text of others; what cannot be written to stdout is a `BadInput`."""
    before = sys.stdout, sys.stderr
    sys.stdout = Shown(sys.stdout, "stdout", must=True)
    sys.stderr = Shown(sys.stderr, "stderr", must=False)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def console() -> Any:
    """A console of rich on stderr itself, past the escaping: for progress alone, whose text is `plain_markup`'s."""
    from rich.console import Console

    stream = sys.stderr
    return Console(file=stream.stream if isinstance(stream, Shown) else stream)


def time_left() -> Any:
    """A column of a progress bar: how long the rest takes if it goes on as so far; nothing where that is not known."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class TimeLeft(ProgressColumn):
        def render(self, task: Task) -> Text:
            if not (task.completed and task.total and task.elapsed) or task.finished:
                return Text("")
            seconds = task.elapsed * (task.total / task.completed - 1)
            return Text(f"left, about {timedelta(seconds=round(seconds))}")

    return TimeLeft()


def label(text: str) -> str:
    """Text of others in a progress bar: escaped, and no markup of rich's.

    >>> label("a[red]\\x1b")
    'a\\\\[red]\\\\x1b'
    """
    from rich.markup import escape

    return escape(one_line(text))
