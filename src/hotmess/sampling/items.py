"""Questions to ask and examples to show, from any JSONL, JSON, CSV or Parquet file or Hugging Face data set."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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

    `target` holds an index from 0, a letter, or the text of the right option. `wrong`, if given, names columns of wrong
    options: the options are then the target's text followed by these (as in GPQA; ask for a permuted order then).
    """

    question: str = "question"
    choices: tuple[str, ...] = ("choices",)
    target: str = "target"
    id: str = "question_id"
    category: str = "category"
    worked: str = "worked"
    wrong: tuple[str, ...] = ()


def load_rows(source: str, *, split: str | None = None) -> list[dict[str, Any]]:
    """Rows of a file (.jsonl, .json, .csv, .parquet) or, as "hf:owner/name" or "hf:owner/name:config", of a Hugging Face data set.

    Raises `BadInput` where the file is missing, of another kind, or not readable as what its name says.
    """
    if source.startswith("hf:"):
        name, _, config = source.removeprefix("hf:").partition(":")
        datasets = need("datasets", "inspect")
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
            raise BadInput(f"{source} ends in {kind or 'nothing'}: questions are read from .jsonl, .json, .csv or .parquet.")
    except (ValueError, OSError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{source} cannot be read as {kind}: {error}.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadInput(f"{source} must hold a list of records, one for each question.")
    return rows


def read_items(source: str, *, columns: Columns | None = None, split: str | None = None) -> list[Item]:
    """The questions of a file or data set (see `load_rows`), with columns named by `columns`.

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
    target = row.get(names.target)
    choices: tuple[str, ...]
    if names.wrong:
        choices = tuple(str(row.get(name)).strip() for name in (names.target, *names.wrong))
        target = 0
    elif len(names.choices) > 1:
        choices = tuple(str(row[name]) for name in names.choices if row.get(name) is not None)
    else:
        listed = row.get(names.choices[0]) if names.choices else None
        if isinstance(listed, str):
            listed = json.loads(listed) if listed.lstrip().startswith("[") else listed.split("|")
        choices = () if listed is None else tuple(str(choice) for choice in _listed(listed))
    worked = {
        name.removeprefix(names.worked).lstrip("_"): text
        for name, text in row.items()
        if (name == names.worked or name.startswith(names.worked + "_")) and isinstance(text, str)
    }
    return Item(
        id=str(row.get(names.id, number)),
        question=question,
        choices=choices,
        target=_target(target, choices, where),
        category=str(row.get(names.category) or ""),
        worked=worked,
    )


def _listed(value: Any) -> Sequence[Any]:
    """Options as a sequence: lists, arrays, and the {"text": [...]} of some published data sets."""
    if isinstance(value, Mapping) and "text" in value:
        value = value["text"]
    return list(value)


def _target(value: Any, choices: tuple[str, ...], where: str) -> int | str | None:
    if not choices:
        return None if value is None else str(value)
    if not 2 <= len(choices) <= len(LETTERS):
        raise BadInput(f"There are {len(choices)} options in {where}: 2 to {len(LETTERS)} are needed.")
    if len(set(choices)) != len(choices):
        raise BadInput(f"Two options are equal in {where}: correct the question or leave it out.")
    if value is None:
        return None
    if isinstance(value, str):
        text = value.strip()
        if text in choices:
            return choices.index(text)
        text = text.strip("() ")
        index = LETTERS.find(text.upper()) if len(text) == 1 and text.isalpha() else -1
        if text.isdecimal():
            index = int(text)
    else:
        index = int(value) if float(value).is_integer() else -1
    if not 0 <= index < len(choices):
        raise BadInput(f"The target {value!r} in {where} is no index from 0, letter or text of one of the {len(choices)} options.")
    return index
