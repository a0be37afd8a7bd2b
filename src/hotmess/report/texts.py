"""The responses to the questions to read first, whole, on a page of their own: text is text there, whatever it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from hotmess.errors import BadInput
from hotmess.laws.waiting import TEXTS
from hotmess.report import templates
from hotmess.responses.table import CELL
from hotmess.words import show

if TYPE_CHECKING:
    from hotmess.responses.table import Responses

FILE = "texts.html"
MOST, LONGEST = 60, 20_000
"""Responses shown of a question, and characters of each."""


def anchor(number: int) -> str:
    """The place of a question on the page: questions are numbered from 1.

    >>> anchor(3)
    'question-3'
    """
    return f"question-{number}"


def text_columns(responses: Responses) -> list[str]:
    """The columns that hold what was written: reasoning first, then the answer."""
    return [name for name in TEXTS if name in responses.table.columns and responses.table[name].notna().any()]


def has_texts(responses: Responses) -> bool:
    """Whether there is anything to read."""
    return bool(text_columns(responses))


def need_texts(responses: Responses) -> None:
    """Refuse to show texts where there are none.

    Raises
    ------
    BadInput
        If the table has no column of texts.
    """
    if not has_texts(responses):
        raise BadInput(
            "The table has no texts to show (column reasoning_text, reasoning, completion or text); leave out --texts, "
            "or name the column of texts, as --column text=THEIRS."
        )


def texts_page(responses: Responses, rows: pd.DataFrame) -> str:
    """HTML with every response to some questions.

    rows: one per question (benchmark, model, question, condition, budget, signature), in the order of reading.

    Raises
    ------
    BadInput
        If the table has no texts.
    """
    need_texts(responses)
    columns = text_columns(responses)
    shown = [_question(responses, row, number, columns) for number, (_, row) in enumerate(rows.iterrows(), 1)]
    return templates.page("texts.html", templates.read("texts.css"), questions=shown)


def _question(responses: Responses, row: pd.Series, number: int, columns: list[str]) -> dict[str, Any]:
    table = responses.table
    same = pd.Series(True, index=table.index)
    for name in CELL:
        if name in row.index:
            same &= table[name].astype(str) == str(row[name])
    own = table[same]
    where = [str(row[name]) for name in ("benchmark", "model", "condition", "budget") if row.get(name)]
    answers = [_response(one, columns) for _, one in own.head(MOST).iterrows()]
    rest = f"{len(own):,} responses; the first {MOST} are shown." if len(own) > MOST else ""
    return {
        "id": anchor(number),
        "question": str(row["question"]),
        "where": " · ".join(where),
        "signature": str(row.get("signature", "")),
        "target": _value(own.iloc[0], "target") if len(own) else "",
        "responses": answers,
        "rest": rest,
    }


def _response(row: pd.Series, columns: list[str]) -> dict[str, Any]:
    parts = []
    for name in columns:
        said = row[name]
        if isinstance(said, str) and said:
            cut = f" … ({len(said) - LONGEST:,} characters more)" if len(said) > LONGEST else ""
            parts.append((name.replace("_", " "), said[:LONGEST] + cut))
    return {"sample": str(row["sample"]), "answer": _value(row, "answer"), "parts": parts}


def _value(row: pd.Series, name: str) -> str:
    """What a row says, where it is one value: option indices are counted from 0, -1 could not be read."""
    value = row.get(name)
    if value is None or isinstance(value, (list, tuple, dict)) or not pd.api.types.is_scalar(value) or pd.isna(value):
        return ""
    if name == "answer" and value == -1:
        return "could not be read"
    return show(value, 3)
