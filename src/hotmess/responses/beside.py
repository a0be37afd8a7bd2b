"""The same responses read with another outcome that their table holds: letters beside probability vectors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from hotmess.errors import BadInput, NotTestable
from hotmess.responses.outcomes import OUTCOMES
from hotmess.responses.validate import present_outcomes, validate
from hotmess.responses.values import missing

if TYPE_CHECKING:
    import pandas as pd

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


def another(table: pd.DataFrame, among: Iterable[str], *, own: str = "") -> str:
    """What to do where an outcome is the wrong one, by those `among` that the table holds, for the end of a sentence.

    >>> import pandas as pd
    >>> another(pd.DataFrame({"score": [1.0], "text": ["a"]}), ["answer", "text", "score"], own="score")
    '; choose another, as --outcome text'
    >>> another(pd.DataFrame({"score": [1.0]}), ["answer", "text"])
    ', and the table has no column answer or text'
    """
    names = [name for name in among if name != own]
    there = present_outcomes(table)
    if found := [name for name in names if name in there]:
        return "; choose another, as " + " or ".join(f"--outcome {name}" for name in found)
    return f", and the table has no column {', '.join(names[:-1])} or {names[-1]}"
