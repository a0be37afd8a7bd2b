"""Outcomes of your own: positions in a space, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hotmess.errors import BadInput
from hotmess.responses.outcome import Outcome
from hotmess.responses.outcomes import OUTCOMES, first_rows, metrics
from hotmess.responses.placing import Placed, Space
from hotmess.responses.question_checks import constant, need_column
from hotmess.responses.values import missing

if TYPE_CHECKING:
    import pandas as pd

    from hotmess.responses.table import Responses
    from hotmess.responses.values import Place

Position = Callable[[Any], "np.typing.ArrayLike"]


def own_outcome(name: str, position: Position, *, target: str = "target") -> Outcome:
    """The outcome whose values have these positions; see `add_outcome`."""

    def check(table: pd.DataFrame, place: Place) -> None:
        _check(name, position, target, table, place)

    def place(row: np.ndarray, owner: np.ndarray, cells: pd.DataFrame, responses: Responses, space: Space) -> Placed:
        return _place(name, position, target, row.astype(np.int64), owner, cells, responses)

    def values(responses: Responses) -> np.ndarray:
        column = responses.table[name]
        return first_rows(_keys(column.to_numpy(object), missing(column)))

    return Outcome(
        name,
        check,
        place,
        {name: 0},
        values=values,
        refusal=f"The outcome {name} is continuous, no two responses are at one place; use the unbiased estimator.",
        own=True,
    )


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
    if name in OUTCOMES and OUTCOMES[name].own:
        remove_outcome(name)
    if name in metrics() or name in OUTCOMES:
        raise BadInput(f"There is an outcome or metric {name!r} already; give yours another name.")
    OUTCOMES[name] = own_outcome(name, position, target=target)


def remove_outcome(name: str) -> None:
    """Forget an outcome of your own."""
    if not OUTCOMES[name].own:
        raise BadInput(f"The outcome {name!r} is not one of your own.")
    del OUTCOMES[name]


def _check(name: str, position: Position, target: str, table: pd.DataFrame, place: Place) -> None:
    """Every value has a position of one length, the target is constant in a question and not the origin."""
    need_column(table, name, target)
    blank = missing(table[target])
    if blank.any():
        raise BadInput(f"Column {target} is empty in {place(int(np.argmax(blank)))}.")
    constant(table, np.array([repr(value) for value in table[target]], dtype=object), "the target", place)
    width = None
    for column in (target, name):
        values = table[column].to_numpy(object)
        empty = missing(table[column])
        for at in np.unique(_keys(values, empty), return_index=True)[1]:
            if empty[at]:
                continue
            try:
                z = np.asarray(position(values[at]), float)
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
            if column == target and not z.any():
                raise BadInput(f"The target {values[at]!r} in {place(at)} stands at the origin; move the origin.")


def _place(
    name: str,
    position: Position,
    target: str,
    row: np.ndarray,
    owner: np.ndarray,
    cells: pd.DataFrame,
    responses: Responses,
) -> Placed:
    """Positions by the user's function, the target's too; responses that could not be read at the origin."""
    table = responses.table
    values = table[name].iloc[row]
    none = missing(values)
    z = _positions(position, values.to_numpy(object), none)
    goal = table[target].iloc[row[np.unique(owner, return_index=True)[1]]].to_numpy(object)
    y = _positions(position, goal, np.zeros(len(goal), bool))
    if z.shape[1] < y.shape[1]:  # nothing was read at all
        z = np.zeros((len(z), y.shape[1]))
    right = (np.abs(z - y[owner]).max(axis=1) < 1e-9).astype(np.int64)
    return Placed(z, y, right, none.astype(np.int64))


def _keys(values: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """Equal values have equal keys, whatever their type."""
    return np.array(["" if blank else repr(value) for value, blank in zip(values, empty)], dtype=object)


def _positions(position: Position, values: np.ndarray, empty: np.ndarray) -> np.ndarray:
    """(values, D) positions; zero where there is nothing."""
    where, inverse = np.unique(_keys(values, empty), return_index=True, return_inverse=True)[1:]
    made = [None if empty[at] else np.asarray(position(values[at]), float) for at in where]
    width = next((len(z) for z in made if z is not None), 1)
    return np.array([np.zeros(width) if z is None else z for z in made])[inverse.ravel()]
