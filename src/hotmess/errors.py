"""The exceptions for input that cannot be used, and what arguments of many functions are checked by."""

from __future__ import annotations

import functools
import importlib
import inspect
import math
import numbers
import operator
import reprlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


class BadInput(ValueError):
    """Input that cannot be used: one sentence that says what is wrong, where, and what to do.

    The command line prints the sentence on stderr and exits with code 2.
    """


class Damaged(BadInput):
    """A file that is cut off, broken, ragged or unreadable: it stops a command unless damaged files are to be
    skipped."""


class NotTestable(BadInput):
    """Data that cannot speak to a question: one sentence that says why. A claim turns it into `not testable`.

    remedy: what to do, where it is another than getting what the claim needs.
    """

    def __init__(self, why: str, remedy: str = "") -> None:
        super().__init__(why)
        self.remedy = remedy


ASK_HARDER = "Ask questions that are answered wrong now and then: incoherence is a share of errors."
ASK_UNSETTLED = "Ask questions that are answered now one way, now another: variance is of answers that differ."


class OtherOutcome(NotTestable):
    """An outcome that cannot speak to a question of which another outcome of the same responses may: a claim turns to
    that one, where the table holds it."""


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


def checked_count(name: str, value: int, least: int = 1) -> int:
    """A whole number of draws, chains and the like, or `BadInput`.

    >>> checked_count("draws", 500)
    500
    >>> checked_count("draws", 1.5)
    Traceback (most recent call last):
    hotmess.errors.BadInput: draws is 1.5; it must be a whole number, at least 1.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise BadInput(f"{name} is {value!r}; it must be a whole number, at least {least}.")
    return number


MOST_DRAWS = 10_000_000


def few_enough(draws: int, chains: int = 1) -> None:
    """Refuse more draws in all than memory could hold.

    >>> few_enough(500, 4)
    >>> few_enough(10_000_000, 4)
    Traceback (most recent call last):
    hotmess.errors.BadInput: 4 × 10,000,000 draws are asked for; the most is 10,000,000.
    """
    if draws * chains > MOST_DRAWS:
        many = f"{chains} × {draws:,}" if chains != 1 else f"{draws:,}"
        raise BadInput(f"{many} draws are asked for; the most is {MOST_DRAWS:,}.")


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number, written as an integer or not.

    >>> is_whole(3), is_whole(3.0), is_whole(2.5), is_whole("3")
    (True, True, False, False)
    """
    return isinstance(value, numbers.Real) and math.isfinite(value) and value == math.floor(value)


def checked_number(
    name: str, value: Any, told: str, *, least: float = 0.0, beyond: bool = False, under: float | None = None
) -> float:
    """A number from `least` (with `beyond`: above it) and below `under`, or `BadInput`; told: what it should be.

    >>> checked_number("patience", 60, "seconds, from 0")
    60.0
    >>> checked_number("patience", float("nan"), "seconds, from 0")
    Traceback (most recent call last):
    hotmess.errors.BadInput: patience is nan; it must be seconds, from 0.
    >>> checked_number("The cost", float("inf"), "a number from 0", under=math.inf)
    Traceback (most recent call last):
    hotmess.errors.BadInput: The cost is inf; it must be a number from 0.
    """
    try:
        number = math.nan if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (number > least if beyond else number >= least) or (under is not None and not number < under):
        raise BadInput(f"{name} is {reprlib.repr(value) if math.isnan(number) else value}; it must be {told}.")
    return number


def checked_interval(interval: Any) -> float:
    """The probability inside an interval, or `BadInput`.

    >>> checked_interval(0.9)
    0.9
    >>> checked_interval(1)
    Traceback (most recent call last):
    hotmess.errors.BadInput: The interval is 1; it must be a probability between 0 and 1, as 0.9.
    """
    return checked_number("The interval", interval, "a probability between 0 and 1, as 0.9", beyond=True, under=1)


def tails(interval: Any) -> tuple[float, float]:
    """The probabilities below both ends of a central interval.

    >>> tails(0.5)
    (0.25, 0.75)
    """
    inside = checked_interval(interval)
    return (1 - inside) / 2, (1 + inside) / 2


def median_and_tails(interval: Any) -> tuple[float, float, float]:
    """The same with the median's, one half, between them.

    >>> median_and_tails(0.5)
    (0.25, 0.5, 0.75)
    """
    low, high = tails(interval)
    return low, 0.5, high


def one_seed(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with `random_seed`, ArviZ's and PyMC's word, under the name `seed`.

    >>> one_seed({"random_seed": 3, "draws": 50})
    {'draws': 50, 'seed': 3}

    Raises
    ------
    BadInput
        Where both are given.
    """
    if "random_seed" not in settings:
        return settings
    if "seed" in settings:
        raise BadInput("Both seed and random_seed are given, which are two names of one setting; leave out one.")
    rest = {name: value for name, value in settings.items() if name != "random_seed"}
    return {**rest, "seed": settings["random_seed"]}


def either_seed(make: F) -> F:
    """A function that takes its `seed` under the name `random_seed` too."""

    @functools.wraps(make)
    def made(*args: Any, **settings: Any) -> Any:
        return make(*args, **one_seed(settings))

    return cast(F, made)


def listed(*names: str) -> Callable[[F], F]:
    """A function whose arguments of these names are several values, and which takes one alone as one of them.

    >>> @listed("by")
    ... def count(by=()):
    ...     return len(by)
    >>> count("model"), count(by=3), count(["model", "budget"]), count()
    (1, 1, 2, 0)
    """

    def several(value: Any) -> Any:
        return (value,) if isinstance(value, (str, numbers.Number)) else value

    def wrap(make: F) -> F:
        given = inspect.signature(make).parameters
        places = {at for at, one in enumerate(given.values()) if one.name in names and one.kind != one.KEYWORD_ONLY}
        assert set(names) <= set(given), names
        alone = [name for name in names if isinstance(given[name].default, (str, numbers.Number))]
        assert not alone, f"{alone}: a default is taken as it is, and must be several values"

        @functools.wraps(make)
        def made(*args: Any, **settings: Any) -> Any:
            first = [several(value) if at in places else value for at, value in enumerate(args)]
            return make(*first, **{name: several(v) if name in names else v for name, v in settings.items()})

        return cast(F, made)

    return wrap


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
