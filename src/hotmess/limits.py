"""How much memory may be used for what is read: one setting, asked wherever bytes become objects.

What is hostile or huge is refused by a sentence before the machine is out of memory. The setting is half of the memory
there is (of the machine, its container, or the process's own limit, whichever is least); `--memory SIZE` and `limited`
change it. It bounds what single steps make of their input, not the process as a whole.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from hotmess.errors import BadInput

UNITS = {
    "": 1,
    "b": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}
"""Bytes of a unit; a `b` at its end means nothing more."""

LEAST = 64 << 20
"""Least memory that can be asked for, in bytes: with less no table can be read at all."""

ADDRESSES = 2_500_000_000
"""Least bytes of addresses for a process: with fewer, threads of compiled code find no place and end it unasked."""

OBJECT = 100
"""Bytes that a value of a JSON document takes as an object of Python, with its place in a list or mapping."""

_given: int | None = None


def memory() -> int:
    """Bytes that may be used for what is read: those given, else half of what there is."""
    return _given if _given is not None else machine() // 2


@contextlib.contextmanager
def limited(size: int | None) -> Iterator[None]:
    """Another limit, in bytes, inside the block; None leaves it as it is.

    >>> with limited(parse_size("1GiB")):
    ...     memory()
    1073741824
    """
    global _given
    before = _given
    _given = before if size is None else size
    try:
        yield
    finally:
        _given = before


def parse_size(text: str) -> int:
    """A size in bytes: a number and a unit (kB, MB, GB, TB; KiB, MiB, GiB), from 64 MiB.

    >>> parse_size("2GB"), parse_size("1.5 GiB"), parse_size("512m")
    (2000000000, 1610612736, 512000000)
    """
    found = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*([kmgt]?i?)b?\s*", text, re.IGNORECASE | re.ASCII)
    unit = found and UNITS.get(found[2].lower())
    if not found or not unit:
        raise BadInput(f"--memory {text!r} is not a size: give a number and a unit, as 2GB or 512MiB.")
    size = int(float(found[1]) * unit)
    if size < LEAST:
        raise BadInput(f"--memory {text!r} is less than the {show(LEAST)} with which a table can be read.")
    return size


def machine() -> int:
    """Memory there is, in bytes: the least of the machine's, its container's and the process's own limit."""
    sizes = [8 << 30]  # where nothing says how much there is
    with contextlib.suppress(ValueError, OSError, AttributeError):
        sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for place in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            sizes.append(int(Path(place).read_text()))
    own = of_process()
    return max(min([*sizes, own] if own else sizes), LEAST)


def of_process() -> int | None:
    """The process's own limit of addresses (`ulimit -v`), in bytes; None where it has none."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        soft = resource.getrlimit(resource.RLIMIT_AS)[0]
        return None if soft == resource.RLIM_INFINITY else soft
    return None


def require_addresses() -> None:
    """Refuse to begin under a limit of addresses that leaves no place for the libraries.

    Raises:
        BadInput: where the process may use less than `ADDRESSES`.
    """
    own = of_process()
    if own is not None and own < ADDRESSES:
        raise BadInput(
            f"This process may use {show(own)} of addresses (ulimit -v), and needs {show(ADDRESSES)}: raise that "
            "limit, and bound what is read with --memory."
        )


def require(size: float, what: str) -> None:
    """Refuse what would take more than `memory()`.

    Raises:
        BadInput: naming `what`, how much it would take and the option that decides.
    """
    if size > memory():
        raise BadInput(
            f"{what} would take {show(size)} of memory, more than the {show(memory())} that are allowed: allow more "
            "with --memory, or read a part of it."
        )


class Budget:
    """Memory that is spent piece by piece, for what is not known beforehand.

    >>> with limited(1000):
    ...     budget = Budget("The file 'x'")
    ...     budget.spend(900)
    ...     budget.spend(200)
    Traceback (most recent call last):
    hotmess.errors.BadInput: The file 'x' would take more than the 1.0 kB of memory that are allowed: allow more ...
    """

    def __init__(self, what: str) -> None:
        self.what, self.left = what, memory()

    def spend(self, size: int) -> None:
        """Raises `BadInput` where all pieces together take more than there is."""
        self.left -= size
        if self.left < 0:
            raise BadInput(
                f"{self.what} would take more than the {show(memory())} of memory that are allowed: allow more with "
                "--memory, or read a part of it."
            )


def json_cost(data: bytes | str) -> int:
    """Bytes that the objects of a JSON document take, from above for documents of small values.

    A character of text takes 1 to 4 bytes, a value in an array or a mapping `OBJECT` more.

    >>> json_cost(b'{"a": [1, 2, 3]}')
    516
    """
    comma, bracket, brace = (b",", b"[", b"{") if isinstance(data, bytes) else (",", "[", "{")
    values = data.count(comma) + data.count(bracket) + data.count(brace)  # type: ignore[arg-type]
    return len(data) + OBJECT * (values + 1)


def show(size: float) -> str:
    """Bytes for reading.

    >>> show(1_500_000_000), show(70_000), show(12)
    ('1.5 GB', '70.0 kB', '12 B')
    """
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size:.0f} B"
