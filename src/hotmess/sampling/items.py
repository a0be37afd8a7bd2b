"""Questions to ask and examples to show, from any JSONL, JSON, CSV or Parquet file or Hugging Face data set."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hotmess.errors import BadInput, need
from hotmess.sampling.prompts import LETTERS


@dataclass(frozen=True)
class Item:
    """One question. `target` is an option's index, or a text where there are no options, or None if nothing is right.

    `worked` maps a budget ("" for any) to a worked answer, for items used as few-shot examples.
    """

    id: str
    question: str
    choices: tuple[str, ...] = ()
    target: int | str | None = None
    category: str = ""
    worked: Mapping[str, str] = field(default_factory=dict)

    def worked_for(self, budget: str) -> str:
        """The worked answer for a budget, else the one for any budget, else none."""
        return self.worked.get(budget) or self.worked.get("", "")


@dataclass(frozen=True)
class Columns:
    """Names of the columns. `choices` is one list column, or several columns with one option each.

    `target` holds an index from 0, a letter, or the text of the right option. With `wrong`, names of columns of wrong
    options, the options are these and the target's text, in an order that hangs on the question alone. With `inside`
    the options are lines such as "(A) yes" at the end of the question's own text.
    """

    question: str = "question"
    choices: tuple[str, ...] = ("choices",)
    target: str = "target"
    id: str = "question_id"
    category: str = "category"
    worked: str = "worked"
    wrong: tuple[str, ...] = ()
    inside: bool = False


LAYOUTS = {
    "gpqa": Columns(
        question="Question",
        target="Correct Answer",
        wrong=("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"),
        id="Record ID",
        category="High-level domain",
    ),
    "mmlu": Columns(target="answer", category="subject"),
    "model-written-evals": Columns(target="answer_not_matching_behavior", inside=True),
}
"""Columns of published files. In Model-Written Evals the target is the answer that does not match the behaviour."""


def load_rows(source: str, *, split: str | None = None) -> list[dict[str, Any]]:
    """Rows of a file (.jsonl, .json, .csv, .parquet), or of a Hugging Face data set: "hf:owner/name[:config]".

    Raises `BadInput` where the file is missing, of another kind, or not readable as what its name says.
    """
    if source.startswith("hf:"):
        name, _, config = source.removeprefix("hf:").partition(":")
        datasets = need("datasets", "huggingface")
        return [dict(row) for row in datasets.load_dataset(name, config or None, split=split or "test")]
    path = Path(source)
    if not path.is_file():
        raise BadInput(f"There is no file {source}: give a .jsonl, .json, .csv or .parquet file, or hf:owner/name.")
    kind = path.suffix.lower()
    try:
        if kind == ".jsonl":
            with path.open(encoding="utf-8") as lines:
                rows = [json.loads(line) for line in lines if line.strip()]
        elif kind == ".json":
            rows = json.loads(path.read_text(encoding="utf-8"))
        elif kind in (".csv", ".parquet"):
            import pandas as pd

            table = pd.read_csv(path) if kind == ".csv" else pd.read_parquet(path)
            rows = table.astype(object).where(table.notna(), None).to_dict("records")
        else:
            raise BadInput(
                f"{source} ends in {kind or 'nothing'}: questions are read from .jsonl, .json, .csv or .parquet."
            )
    except (ValueError, OSError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{source} cannot be read as {kind}: {error}.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{source} must hold a list of records, one for each question.")
    return rows


def read_items(source: str, *, columns: Columns | None = None, split: str | None = None) -> list[Item]:
    """The questions of a file or data set (see `load_rows`), with columns named by `columns` (see also `LAYOUTS`).

    Raises `BadInput` naming the row for a missing question, fewer than two or equal options, a target that is not an
    option, or an id that occurs twice.
    """
    names = columns or Columns()
    items: list[Item] = []
    seen: set[str] = set()
    for number, row in enumerate(load_rows(source, split=split), 1):
        where = f"row {number} of {source}"
        item = _item(row, names, number, where)
        if item.id in seen:
            raise BadInput(f"The id {item.id!r} occurs twice, the second time in {where}: give every question its own.")
        seen.add(item.id)
        items.append(item)
    if not items:
        raise BadInput(f"{source} holds no questions.")
    return items


def _item(row: Mapping[str, Any], names: Columns, number: int, where: str) -> Item:
    question = row.get(names.question)
    if not isinstance(question, str) or not question.strip():
        raise BadInput(f"There is no question in column {names.question!r} of {where}: name the column that holds it.")
    name = row.get(names.id)
    identity = str(number if name is None else name)
    target = row.get(names.target)
    if names.inside:
        question, choices = split_choices(question)
    elif names.wrong:
        right = str(target).strip()
        texts = [right, *(str(row[column]).strip() for column in names.wrong if row.get(column) is not None)]
        choices = tuple(sorted(texts, key=lambda text: hashlib.blake2b(f"{identity}\0{text}".encode()).digest()))
        target = None if target is None else choices.index(right)
    elif len(names.choices) > 1:
        choices = tuple(str(row[column]) for column in names.choices if row.get(column) is not None)
    else:
        choices = _listed(row.get(names.choices[0]) if names.choices else None, where)
    worked = {
        column.removeprefix(names.worked).lstrip("_"): text
        for column, text in row.items()
        if (column == names.worked or column.startswith(names.worked + "_")) and isinstance(text, str)
    }
    return Item(
        id=identity,
        question=question,
        choices=choices,
        target=_target(target, choices, where),
        category=str(row.get(names.category) or ""),
        worked=worked,
    )


_OPTION = re.compile(r"^[ \t]{0,8}\(([A-Z])\)[ \t]{0,8}(\S.*)$", re.MULTILINE)


def split_choices(text: str) -> tuple[str, tuple[str, ...]]:
    """A question and the options listed at its end as lines "(A) …", "(B) …", in that order; a line "Choices:" goes.

    >>> split_choices("Is it so?\\n\\nChoices:\\n (A) Yes\\n (B) No")
    ('Is it so?', ('Yes', 'No'))
    """
    found = list(_OPTION.finditer(text))
    if [match.group(1) for match in found] != list(LETTERS[: len(found)]) or not found:
        return text, ()
    stem = text[: found[0].start()].rstrip()
    return stem.removesuffix("Choices:").rstrip(), tuple(match.group(2).strip() for match in found)


def _listed(value: Any, where: str) -> tuple[str, ...]:
    """Options as texts: from a list, an array, JSON, "a|b|c", or the {"text": [...]} of some published data sets."""
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.lstrip().startswith("[") else value.split("|")
        except ValueError as error:
            raise BadInput(f"The options of {where} are not a JSON list: {error}.") from error
    if isinstance(value, Mapping) and "text" in value:
        value = value["text"]
    return () if value is None else tuple(str(choice) for choice in value)


def _target(value: Any, choices: tuple[str, ...], where: str) -> int | str | None:
    if not choices:
        return None if value is None else str(value)
    if not 2 <= len(choices) <= len(LETTERS):
        raise BadInput(f"There are {len(choices)} options in {where}: 2 to {len(LETTERS)} are needed.")
    if len(set(choices)) != len(choices):
        raise BadInput(f"Two options are equal in {where}: correct the question or leave it out.")
    if isinstance(value, list | tuple):
        # Several right options: there is no single target.
        value = value[0] if len(value) == 1 else None
    if value is None:
        return None
    meant = set()
    if isinstance(value, str):
        text = value.strip()
        bare = text.strip("() ")
        if text in choices:
            meant.add(choices.index(text))
        if len(bare) == 1 and bare.upper() in LETTERS[: len(choices)]:
            meant.add(LETTERS.index(bare.upper()))
        if not meant and text.isdecimal():
            meant.add(int(text))
    elif isinstance(value, int | float | np.integer) and float(value).is_integer():
        meant.add(int(value))
    if len(meant) > 1:
        raise BadInput(
            f"The target {value!r} in {where} is both a letter and the text of another option: give its index from 0."
        )
    if not meant or not 0 <= min(meant) < len(choices):
        raise BadInput(
            f"The target {value!r} in {where} is no index from 0, letter or text of one of the {len(choices)} options."
        )
    return meant.pop()
