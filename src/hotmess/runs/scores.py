"""Responses as scores and as answers, one row each, sorted into the questions they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotmess.arrays import Floats, Ints
from hotmess.errors import BadInput, NotTestable, OtherOutcome
from hotmess.responses.beside import another
from hotmess.responses.cut import parsed
from hotmess.responses.outcomes import refuse_outcomes
from hotmess.responses.table import CELL, Responses
from hotmess.responses.units import refuse_units
from hotmess.runs.sets_of_cells import refuse_taken

if TYPE_CHECKING:
    from collections.abc import Sequence


ANSWERS = ("answer", "text", "tests", "score", "reply")
"""Outcomes that are right or wrong, or between, or (replies) the same or not."""


@dataclass(frozen=True)
class Runs:
    """Repeated responses, by cell (benchmark, model, question, condition, budget and the columns asked for).

    Attributes
    ----------
    table
        One row per cell: its names, `responses`, and `contexts`, how many few-shot contexts it has.
    cell
        (N,) the cell of each response.
    score
        (N,) from 0 to 1; NaN where the table has no target.
    answer
        (N,) a whole number for each answer that means something within its question; equal answers are equal.
    binary
        Whether a response is right or wrong and nothing between.
    order
        (N,) the place of each response among those of its cell, by `sample`.
    row
        (N,) the row of the table that each response stands in.
    """

    table: pd.DataFrame
    cell: Ints
    score: Floats
    answer: Ints
    binary: bool
    order: Ints
    row: Ints


def unread(responses: Responses) -> list[str]:
    """A sentence where more than 1% of a model's responses are unparsable, or are no reply: how they count here."""
    table, replies = responses.table, responses.outcome == "reply"
    lost = table["reply"].isna().to_numpy(bool) if replies else ~parsed(responses)
    copies = table["copies"].to_numpy(float) if responses.counted else np.ones(len(table))
    model = table["model"].astype(str).to_numpy()
    share = pd.Series(lost * copies).groupby(model).sum() / pd.Series(copies).groupby(model).sum()
    if share.max() <= 0.01:
        return []
    worst = share.index[int(share.argmax())]
    what = "no reply; they count" if replies else "unparsable; they count as wrong and"
    return [f"{share.max():.1%} of the responses of {worst} are {what} as one more answer, equal to each other."]


def runs(responses: Responses, by: Sequence[str] = (), *, right: float | None = None) -> Runs:
    """Responses in the form that is counted.

    Parameters
    ----------
    responses
        Letters, texts, unit tests (right: all pass), scores, or replies without a target.
    by
        Further columns that divide cells.
    right
        A score from which a response counts as right; None: scores as they are.

    Raises
    ------
    BadInput
        For a column that is not there or is an outcome, or a threshold where there are no scores.
    NotTestable
        For outcomes that are no answers: probability vectors, embeddings, points; where clusters or weights of
        questions are named.
    """
    Responses.need(responses)
    refuse_units(responses.table, "Counting of right and wrong runs")
    table, outcome = responses.table, responses.outcome
    _need_answers(responses)
    if right is not None and outcome != "score":
        raise BadInput(f"A threshold makes scores right or wrong, and the outcome is {outcome}: leave out --right.")
    if right is not None and not (isinstance(right, Real) and 0 < right <= 1):
        raise BadInput(f"--right is {right!r}; scores lie between 0 and 1, and it is one from which on they are right.")
    refuse_outcomes(by)
    refuse_taken(by, ("responses", "contexts", "quantity", "k", "questions", "value", "low", "high", "kind", "part"))
    for name in by:
        if name not in table.columns:
            raise BadInput(f"There is no column {name!r} to group by; there are {', '.join(map(str, table.columns))}.")
    names = [*CELL, *(name for name in by if name not in CELL)]
    cell = table.groupby(names, sort=True, dropna=False, observed=True).ngroup().to_numpy(np.int64)
    score, answer = _values(table, outcome)
    if right is not None:
        score = (score >= right).astype(float)
    if responses.counted:
        copies = table["copies"].to_numpy(np.int64)
        place = np.repeat(np.arange(len(table)), copies)
    else:
        place = np.arange(len(table))
    order = np.lexsort((np.arange(len(table)), _numbers(table["sample"]), cell)) if not responses.counted else place
    place = order if not responses.counted else place[np.argsort(cell[place], kind="stable")]
    owner = np.asarray(cell[place], np.int64)
    n = np.bincount(owner)
    first = place[np.cumsum(n) - n]
    out = table[names].iloc[first].reset_index(drop=True)
    out["responses"] = n
    out["contexts"] = table["context"].groupby(cell).nunique().to_numpy() if "context" in table else 1
    inside = np.arange(len(owner)) - (np.cumsum(n) - n)[owner]
    given = score[np.isfinite(score)]
    binary = bool(np.isin(given, (0.0, 1.0)).all())
    return Runs(out, owner, score[place], answer[place], binary, inside.astype(np.int64), np.asarray(place, np.int64))


def scores_of(responses: Responses) -> Floats:
    """(N,) the score of every row: 1 where a letter, text or vector of unit tests is right, else 0; scores as they are.

    Raises
    ------
    NotTestable
        For outcomes that are no answers, and for replies, which have no target.
    """
    _need_answers(responses)
    if responses.outcome == "reply":
        raise NotTestable(
            "Replies have no target, so nothing is right or wrong: there are agreement, entropy and variance."
        )
    return _values(responses.table, responses.outcome)[0]


def _need_answers(responses: Responses) -> None:
    if responses.outcome not in ANSWERS:
        raise OtherOutcome(
            f"Reliability counts right and wrong answers, and the outcome {responses.outcome} is none"
            f"{another(responses.table, ANSWERS)}."
        )


def _numbers(sample: pd.Series) -> np.ndarray:
    """Samples in their order: numbers as numbers, names as they come."""
    values = pd.to_numeric(sample, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return values if np.isfinite(values).all() else np.asarray(pd.factorize(sample, sort=True)[0], float)


def _values(table: pd.DataFrame, outcome: str) -> tuple[Floats, Ints]:
    """(N,) scores and answers as whole numbers."""
    if outcome == "score":
        score = table["score"].to_numpy(float)
        return score, np.unique(score, return_inverse=True)[1].astype(np.int64)
    if outcome == "tests":
        passed = np.array([bool(np.all(v)) for v in table["tests"]], float)
        return passed, pd.factorize(np.array([np.asarray(v).tobytes() for v in table["tests"]], object))[0]
    if outcome == "answer":
        answer = table["answer"].to_numpy(np.int64)
        return (answer == table["target"].to_numpy(np.int64)).astype(float), answer
    if outcome == "reply":
        codes = pd.factorize(table["reply"].astype(object), use_na_sentinel=True)[0]
        return np.full(len(table), np.nan), codes.astype(np.int64)
    text = table["text"].astype(object)
    codes = pd.factorize(text, use_na_sentinel=True)[0]  # −1: unparsable, an answer of its own
    right = np.asarray(text.to_numpy() == table["target"].astype(object).to_numpy(), float)
    return right, codes.astype(np.int64)
