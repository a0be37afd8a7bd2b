"""The one exception for input that cannot be used, and the one for an extra that is not installed."""

from __future__ import annotations

import importlib
import operator
from types import ModuleType


class BadInput(ValueError):
    """Input that cannot be used: one sentence that says what is wrong, where, and what to do.

    The command line prints the sentence on stderr and exits with code 2.
    """


class Damaged(BadInput):
    """A file that is cut off, broken, ragged or unreadable: it stops a command unless damaged files are to be
    skipped."""


class NotTestable(BadInput):
    """Data that cannot speak to a question: one sentence that says why. A claim turns it into `not testable`."""


SEEDS = 2**32
"""Seeds are below this: JAX, NumPy and nutpie all take them."""


def checked_seed(seed: int) -> int:
    """A seed that all generators take, or `BadInput`.

    >>> checked_seed(7)
    7
    >>> checked_seed(-1)
    Traceback (most recent call last):
    hotmess.errors.BadInput: The seed is -1; it must be a whole number from 0 to 4294967295.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number < SEEDS:
        raise BadInput(f"The seed is {seed!r}; it must be a whole number from 0 to {SEEDS - 1}.")
    return number


def need(module: str, extra: str) -> ModuleType:
    """Import `module`, or raise `BadInput` with the sentence that names the extra that brings it.

    >>> need("json", "inspect").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise BadInput(
            f"This needs the package {package}, which is not installed: pip install 'hotmess[{extra}]'."
        ) from error
