"""Several right answers: one right class of options, one right text."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from hotmess.errors import BadInput
from hotmess.responses.values import Place, canonical, missing, numbers, option_codes, vectors

MANY = 20  # answers of which one is right somewhere, if the right ones are written as answers are


def one_right(table: pd.DataFrame, outcome: str, place: Place) -> list[str]:
    """Where targets are lists, make them one right answer in place; and notes.

    Lists of texts may be written as text, as a CSV holds them: where an answer of the benchmark is one of its list,
    and none is a list itself.

    Of options the right ones become one class, and the others keep their order: of A to D with A and C right there are
    three classes, [A or C], B, D. Probabilities of the right ones are added. Of texts every right one becomes the
    first.

    Raises:
        BadInput: for an empty list, and for options that are none.
    """
    if outcome not in ("answer", "probs", "text") or "target" not in table.columns:
        return []
    if table["target"].dtype.kind in "iufb":
        return []
    targets = [_listed(value, outcome) for value in table["target"]]
    written = _written(table) if outcome == "text" and not any(target is not None for target in targets) else {}
    if written:
        targets = [written.get((name, value)) for name, value in zip(_benchmarks(table), table["target"], strict=True)]
    if not any(target is not None for target in targets):
        return []
    sets: list[tuple[Any, ...]] = []
    for at, target in enumerate(targets):
        values = (table["target"].iloc[at],) if target is None else tuple(target)
        if not values:
            raise BadInput(f"Column target is empty in {place(at)}.")
        sets.append(values)
    if outcome == "text":
        return _texts(table, sets)
    return _options(table, sets, outcome, place)


def none_right(table: pd.DataFrame) -> list[str]:
    """A note on benchmarks of many texts of which none is the right one: perhaps the target is written otherwise.

    >>> none_right(pd.DataFrame({"benchmark": "b", "text": ["x"] * 20, "target": "x|y"}))[0].partition(";")[0]
    "None of the 20 answers on b is the right one, as 'x' where 'x|y' is right"
    """
    there = table[~missing(table["text"])]
    right = there["text"].astype(object) == there["target"].astype(object)
    out = []
    for name, hits in right.groupby(there["benchmark"].astype(str)):
        if len(hits) >= MANY and not hits.any():
            text, target = (_short(there.loc[hits.index[0], column]) for column in ("text", "target"))
            out.append(
                f"None of the {len(hits):,} answers on {name} is the right one, as {text} where {target} is right; if "
                "it should be, write several right answers as a JSON list, or compare with --canonical math."
            )
    return out


def _short(value: Any) -> str:
    return repr(str(value) if len(str(value)) <= 40 else str(value)[:39] + "…")


def _listed(value: Any, outcome: str) -> Sequence[Any] | None:
    """A list of right answers; of options also as JSON in text. A text in brackets may well be an answer itself."""
    if isinstance(value, str) and outcome != "text" and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if isinstance(value, np.ndarray):
        return value.tolist() if value.ndim == 1 else None
    return list(value) if isinstance(value, (list, tuple)) else None


def _written(table: pd.DataFrame) -> dict[tuple[str, str], list[Any]]:
    """(benchmark, target) -> the list that this text is, in benchmarks whose answers show that it means several."""
    names = _benchmarks(table)
    lists: dict[str, list[Any] | None] = {}
    out: dict[tuple[str, str], list[Any]] = {}
    meant: set[str] = set()
    itself: set[str] = set()
    for name, text, target in zip(names, table["text"], table["target"], strict=True):
        if not isinstance(target, str) or not target.lstrip().startswith("["):
            continue
        if target not in lists:
            lists[target] = _read_list(target)
        values = lists[target]
        if values is None:
            continue
        out[name, target] = values
        if isinstance(text, str) and text.lstrip().startswith("["):
            itself.add(name)
        elif isinstance(text, str) and canonical(text) in {canonical(str(value)) for value in values}:
            meant.add(name)
    return {key: values for key, values in out.items() if key[0] in meant - itself}


def _read_list(text: str) -> list[Any] | None:
    r"""A list of texts and numbers as JSON or Python writes it; None for anything else.

    >>> _read_list("['a', \"b's\"]"), _read_list('["a", 1]'), _read_list("[]"), _read_list("[a]")
    (['a', "b's"], ['a', 1], None, None)
    """
    for parse in (json.loads, ast.literal_eval):
        try:
            with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
                value = parse(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        plain = isinstance(value, list) and value and all(isinstance(one, (str, int, float)) for one in value)
        return value if plain else None
    return None


def _benchmarks(table: pd.DataFrame) -> list[str]:
    return table["benchmark"].astype(str).tolist() if "benchmark" in table.columns else [""] * len(table)


def _texts(table: pd.DataFrame, sets: list[tuple[Any, ...]]) -> list[str]:
    several = sum(len(set(map(str, one))) > 1 for one in sets)
    forms = [[canonical(str(value)) for value in one if value is not None and str(value).strip()] for one in sets]
    if any(not form for form in forms):
        table["target"] = [one[0] if form else None for one, form in zip(sets, forms, strict=True)]
        return []
    # The same right answers in another order are the same; the first of them in the alphabet stands for all.
    first = [min(form) for form in forms]
    blank = missing(table["text"])
    texts = [
        None if empty else (right if canonical(str(text)) in form else text)
        for text, empty, right, form in zip(table["text"], blank, first, forms, strict=True)
    ]
    table["text"], table["target"] = pd.Series(texts, index=table.index, dtype=object), first
    return (
        [f"{several:,} rows have several right answers: each of them counts as the same right one."] if several else []
    )


def _options(table: pd.DataFrame, sets: list[tuple[Any, ...]], outcome: str, place: Place) -> list[str]:
    rows = np.repeat(np.arange(len(sets)), [len(one) for one in sets])
    flat = option_codes(
        pd.Series([value for one in sets for value in one]).infer_objects(),
        name="target",
        place=lambda at: place(int(rows[at])),
    )
    right = [tuple(sorted(set(part.tolist()))) for part in np.split(flat, np.cumsum([len(one) for one in sets])[:-1])]
    several = sum(len(one) > 1 for one in right)
    if not several:
        table["target"] = [one[0] for one in right]
        return []
    if outcome == "answer":
        choices = numbers(table["n_choices"], name="n_choices", place=place) if "n_choices" in table.columns else None
        if choices is None:
            raise BadInput("Several right options need the column n_choices, which says of how many.")
        answers = option_codes(table["answer"], name="answer", place=place)
        table["answer"] = [_class(answer, one) for answer, one in zip(answers.tolist(), right, strict=True)]
        table["n_choices"] = [n - len(one) + 1 for n, one in zip(choices, right, strict=True)]
    else:
        values, lengths = vectors(table["probs"], name="probs", place=place)
        merged = np.empty(len(table), dtype=object)
        for at, one in enumerate(right):
            merged[at] = _added(values[at, : lengths[at]], one) if lengths[at] else None
        table["probs"] = merged
        if "n_choices" in table.columns:
            choices = numbers(table["n_choices"], name="n_choices", place=place)
            table["n_choices"] = [n - len(one) + 1 for n, one in zip(choices, right, strict=True)]
    table["target"] = [_class(one[0], one) for one in right]
    return [
        f"{several:,} rows have several right options: they are one right class, and the wrong ones keep their order."
    ]


def _class(option: int, right: tuple[int, ...]) -> int:
    """The class of an option where the right ones are one, at the first one's place.

    >>> [_class(option, (0, 2)) for option in (0, 1, 2, 3, -1)]
    [0, 1, 0, 2, -1]
    """
    if option in right:
        option = right[0]
    return option - sum(one < option for one in right[1:])


def _added(probabilities: np.ndarray, right: tuple[int, ...]) -> np.ndarray:
    classes = [_class(option, right) for option in range(len(probabilities))]
    out = np.zeros(max(classes) + 1)
    np.add.at(out, classes, probabilities)
    return out
