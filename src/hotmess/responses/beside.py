"""The same responses read with another outcome that their table holds: letters beside probability vectors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hotmess.errors import BadInput, NotTestable
from hotmess.responses.outcomes import OUTCOMES
from hotmess.responses.validate import present_outcomes, validate
from hotmess.responses.values import missing

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

ARM = ["benchmark", "model", "condition", "budget"]


def read_beside(responses: Responses) -> Responses | None:
    """The responses with the outcome that stands beside their own (`Outcome.beside`); None where there is none.

    Every response that was read is read again, none more: what has no letter among others that have one is unparsable,
    as in any table of letters.

    Raises
    ------
    NotTestable
        Where a model has none at all in a benchmark, condition or budget, since what was not recorded is not
        unparsable; where what is there cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": "m", "question": ["q", "q"], "answer": ["A", "B"], "target": "A"})
    >>> found = read_beside(validate(table.assign(probs=[[0.6, 0.4], [0.1, 0.9]])))
    >>> found.outcome, found.table["answer"].tolist()
    ('answer', [0, 1])
    """
    other, table = OUTCOMES[responses.outcome].beside, responses.table
    if other not in present_outcomes(table):
        return None
    given = table[ARM].assign(given=~missing(table[other])).groupby(ARM, observed=True)["given"].transform("any")
    if not given.all():
        row = table.loc[~given.to_numpy(bool)].iloc[0]
        of = ", ".join(f"{name} {row[name]!r}" for name in ARM if row[name])
        own = responses.outcome
        raise NotTestable(f"The column {other} is empty for {of}, so that it cannot take the place of {own}.")
    try:
        read = validate(table, outcome=other, length=responses.length)
    except BadInput as error:
        raise NotTestable(f"The column {other} cannot take the place of {responses.outcome}: {error}") from error
    return replace(read, notes=responses.notes, sources=responses.sources, looks=responses.looks)
