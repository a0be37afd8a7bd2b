"""Outcomes of your own: positions in a space, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.values import Place

Position = Callable[[Any], "np.typing.ArrayLike"]


@dataclass(frozen=True)
class Own:
    """How values of an outcome become positions, and which column holds the target."""

    position: Position
    target: str


OWN: dict[str, Own] = {}


def add_outcome(name: str, position: Position, *, target: str = "target") -> None:
    """Make a column of response tables an outcome, for all of reading, decomposition, fits, laws, claims and reports.

    Parameters
    ----------
    name
        The column; it is also the name of the metric, which is of the squared family.
    position
        A value -> its position, a vector. Two values at one position are the same response. The target's position may
        not be the zero vector, which is where responses stand that could not be read (None).
    target
        The column that holds the right value of each question.

    Raises
    ------
    BadInput
        If there is such an outcome or metric already.

    Examples
    --------
    Angles, where 359° is nearly 1°; error is the squared chord:

    >>> import pandas as pd
    >>> from hotmess import decompose
    >>> from hotmess.responses.validate import validate
    >>> add_outcome("angle", lambda degrees: [np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
    >>> table = pd.DataFrame({"model": "m", "question": "q", "angle": [0.0, 90.0, 0.0, 90.0], "target": 0.0})
    >>> round(decompose(validate(table, outcome="angle")).records[0]["error"], 6)
    1.0
    >>> remove_outcome("angle")
    """
    from hotmess.decompose.methods import DEFAULT_METRIC
    from hotmess.responses.outcomes import CHECKS
    from hotmess.responses.table import OUTCOMES
    from hotmess.responses.validate import METRICS

    if name in OWN:
        remove_outcome(name)
    if name in METRICS or name in OUTCOMES:
        raise BadInput(f"There is an outcome or metric {name!r} already; give yours another name.")
    OWN[name] = Own(position, target)
    OUTCOMES.append(name)
    METRICS[name] = (name,)
    DEFAULT_METRIC[name] = name
    CHECKS[name] = lambda table, place: check(name, table, place)


def remove_outcome(name: str) -> None:
    """Forget an outcome of your own."""
    from hotmess.decompose.methods import DEFAULT_METRIC
    from hotmess.responses.outcomes import CHECKS
    from hotmess.responses.table import OUTCOMES
    from hotmess.responses.validate import METRICS

    OUTCOMES.remove(name)
    for registry in (OWN, METRICS, DEFAULT_METRIC, CHECKS):
        registry.pop(name)  # type: ignore[attr-defined]


def check(name: str, table: pd.DataFrame, place: Place) -> None:
    """Every value has a position of one length, the target is constant in a question and not the origin."""
    from hotmess.responses.outcomes import _constant, _require
    from hotmess.responses.values import missing

    own = OWN[name]
    _require(table, name, own.target)
    blank = missing(table[own.target])
    if blank.any():
        raise BadInput(f"Column {own.target} is empty in {place(int(np.argmax(blank)))}.")
    _constant(table, np.array([repr(value) for value in table[own.target]], dtype=object), "the target", place)
    width = None
    for column in (own.target, name):
        values = table[column].to_numpy(object)
        empty = missing(table[column])
        for at in np.unique(keys(values, empty), return_index=True)[1]:
            if empty[at]:
                continue
            try:
                z = np.asarray(own.position(values[at]), float)
            except Exception as error:  # a function of the user's, which may raise anything
                raise BadInput(
                    f"Column {column} holds {values[at]!r} in {place(at)}, which has no position: {error}."
                ) from error
            width = len(z) if width is None and z.ndim == 1 else width
            if z.shape != (width,) or not np.isfinite(z).all():
                raise BadInput(
                    f"The position of {values[at]!r} in {place(at)} is not a vector of {width or 'some'} finite "
                    "numbers."
                )
            if column == own.target and not z.any():
                raise BadInput(f"The target {values[at]!r} in {place(at)} stands at the origin; move the origin.")


def keys(values: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """Equal values have equal keys, whatever their type."""
    return np.array(["" if blank else repr(value) for value, blank in zip(values, empty)], dtype=object)


def positions_of(name: str, values: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """(values, D) positions; zero where there is nothing."""
    position = OWN[name].position
    where, inverse = np.unique(keys(values, empty), return_index=True, return_inverse=True)[1:]
    made = [None if empty[at] else np.asarray(position(values[at]), float) for at in where]
    width = next((len(z) for z in made if z is not None), 1)
    return np.array([np.zeros(width) if z is None else z for z in made])[inverse.ravel()]
