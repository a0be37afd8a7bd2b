"""Answers against the grades that stand beside them: where they contradict each other, somebody has to choose.

The log's own grade is the truth. Readers take letters and texts only where these are what was graded; this is the check
on all of them, response by response, readers of one's own and plain tables included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotmess.errors import BadInput
from hotmess.responses.grades import grades
from hotmess.responses.values import canonical

TABLES = "take the grade as the outcome with --outcome score, or read the table without its column score"

if TYPE_CHECKING:
    import pandas as pd

NUMBER = "responses_"
"""The column that says how many responses a row stands for, where it is one for each answer and grade."""

TOLERATED = 0.01
"""Share of graded answers that may differ from their grades."""

CHOICE = "take the grade as the outcome with --outcome score, or another one with --scorer NAME"


def check_agreement(table: pd.DataFrame, *, judged: bool = False, choice: str = CHOICE) -> None:
    """Refuse answers that contradict their grades in more than `TOLERATED` of the rows of a benchmark.

    Args:
        table: columns question, score, target, and answer or text; the column `_outcome`, where it is there, says what
            each row's outcome is: rows whose outcome is the score are right by themselves.
        judged: texts are judged anew by a canonical form, whatever their grades.
        choice: what there is to choose, for the sentence.

    Raises:
        BadInput: naming the first contradiction and what to do.

    >>> import pandas as pd
    >>> rows = {"benchmark": "b", "question": ["q1", "q2"], "answer": [0, 1], "target": 0, "score": [1.0, 0.0]}
    >>> check_agreement(pd.DataFrame(rows))
    >>> check_agreement(pd.DataFrame({**rows, "score": 1.0}))
    Traceback (most recent call last):
    hotmess.errors.BadInput: 1 of 2 answers to b contradict their grades, the first to question q2 (answer B, right \
A, graded 1): take the grade as the outcome with --outcome score, or another one with --scorer NAME.
    """
    if "score" not in table or "target" not in table:
        return
    for kind in ("answer", "text"):
        if kind in table and not (kind == "text" and judged):
            _check(table, kind, choice)


def check_table(table: pd.DataFrame, outcome: str, *, judged: bool = False) -> None:
    """The same for a validated table, whose column score may hold grades in words, or no grades at all.

    Raises:
        BadInput: as `check_agreement` does.
    """
    if outcome not in ("answer", "text") or "score" not in table or "target" not in table:
        return
    names = [name for name in ("benchmark", "question", outcome, "target", NUMBER) if name in table]
    try:
        told = grades(table["score"], place=str)
    except BadInput:  # no grades, whatever they are
        return
    check_agreement(table[names].assign(score=told), judged=judged, choice=TABLES)


def _check(table: pd.DataFrame, kind: str, choice: str) -> None:
    compared = (table["score"].isin([0.0, 1.0]) & table["target"].notna()).to_numpy(dtype=bool)
    if "_outcome" in table:
        compared = compared & (table["_outcome"] == kind).to_numpy(dtype=bool)
    rows = table[compared]
    if not len(rows):
        return
    told = rows["score"].to_numpy(dtype=float) == 1.0
    if kind == "answer":
        said = (rows["answer"] == rows["target"]).to_numpy(dtype=bool)
    else:
        forms = {text: canonical(str(text)) for text in {*rows["text"].dropna(), *rows["target"]}}
        pairs = zip(rows["text"], rows["target"], strict=True)
        said = np.array([text in forms and forms[text] == forms[goal] for text, goal in pairs], dtype=bool)
    wrong = said != told
    many = rows[NUMBER].to_numpy(dtype=int) if NUMBER in rows else np.ones(len(rows), int)
    names = rows["benchmark"].astype(str).to_numpy() if "benchmark" in rows else np.full(len(rows), "the questions")
    for name in dict.fromkeys(names[wrong]):
        here = names == name
        number, whole = int(many[wrong & here].sum()), int(many[here].sum())
        if number > TOLERATED * whole:
            first = rows.iloc[int(np.argmax(wrong & here))]
            shown = [_shown(first[column], kind) for column in (kind, "target")]
            more = "" if kind == "answer" else ", or judge the texts anew with --canonical text or --canonical math"
            raise BadInput(
                f"{number:,} of {whole:,} answers to {name} contradict their grades, the first to question "
                f"{first['question']} ({kind} {shown[0]}, right {shown[1]}, graded {first['score']:g}): {choice}{more}."
            )


def _shown(value: object, kind: str) -> str:
    if kind == "answer" and isinstance(value, (int, float, np.integer)) and 0 <= value < 26:
        return chr(65 + int(value))
    return "none" if value is None or value != value or value == -1 else repr(str(value)[:40])
