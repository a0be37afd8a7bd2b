"""Which questions are the same: those of equal content, whatever their ids are.

Readers hand over two columns: `content`, digests of a question's input and of its essence (option texts and right
answers), and `options`, digests of the option texts in the order of the row's letters (`fingerprint`). A log numbers
its questions as it likes: ids may be shuffled between runs, and options too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def fingerprint(input: Any, options: Sequence[str], target: Iterable[str]) -> tuple[str, str | None]:
    """The columns `content` and `options` of a question.

    input: anything of JSON: a text, or messages. target: the right answers, options by their text.

    >>> one, other = fingerprint("Is it?", ["yes", "no"], ["yes"]), fingerprint("Is it?", ["no", "yes"], ["yes"])
    >>> one[0] == other[0], one[1] == other[1], fingerprint("Is it", ["yes", "no"], ["yes"])[0] == one[0]
    (True, False, False)
    """
    texts = [" ".join(text.split()) for text in options]
    essence = json.dumps([sorted(texts), sorted(" ".join(text.split()) for text in target)])
    given = input if isinstance(input, str) else json.dumps(input, sort_keys=True, default=str)
    content = f"{_digest(' '.join(given.split()), 12)} {_digest(essence, 8)}"
    return content, " ".join(_digest(text, 6) for text in texts) or None


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=size).hexdigest()


def match_questions(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The table with questions named by their content and letters in one order of options; and notes.

    Rows without `content` are left as they are. Of one id with several contents, the first seen keeps the id; others
    get the id under which they were seen first, or a number behind their own. Runs of different settings whose
    questions differ in the input alone, id by id, asked the same questions in other words.
    """
    if "content" not in table or not table["content"].notna().any():
        return table, []
    table = table.copy(deep=False)
    notes: list[str] = []
    keys = [name for name in ("benchmark", "question", "content", "settings", "_log") if name in table]
    seen = table.loc[table["content"].notna(), keys].drop_duplicates()
    names: dict[tuple[str, str, str], str] = {}
    moved: set[str] = set()
    split: set[str] = set()
    for benchmark, part in seen.groupby("benchmark", sort=False):
        several = part.groupby("question")["content"].nunique().max() > 1
        if several or part.groupby("content")["question"].nunique().max() > 1:
            for (question, content), name in _names(part).items():
                names[str(benchmark), question, content] = name
                if name != question:
                    (split if name.startswith(f"{question} (") else moved).add(f"{benchmark} {name}")
    if names:
        rows = zip(*(table[name] for name in ("benchmark", "question", "content")), strict=True)
        table["question"] = [names.get((str(b), q, c), q) for b, q, c in rows]
    if moved:
        has = "questions have" if len(moved) > 1 else "question has"
        notes.append(f"{len(moved):,} {has} another id in another run: matched by input, options and target.")
    if split:
        shares = "questions share their ids with questions" if len(split) > 1 else "question shares its id with one"
        notes.append(f"{len(split):,} {shares} of other content: told apart by a number behind the id.")
    reordered = _reorder(table)
    if reordered:
        plural = "s" * (reordered != 1)
        notes.append(
            f"Options stand in another order in {reordered:,} response{plural}: they are matched by their text."
        )
    return table, notes


def _names(seen: pd.DataFrame) -> dict[tuple[str, str], str]:
    """The name of each (id, content) of a benchmark."""
    by_run: dict[Any, dict[str, dict[str, None]]] = {}
    logs = seen["_log"] if "_log" in seen else [0] * len(seen)
    settings = seen["settings"] if "settings" in seen else [None] * len(seen)
    config: dict[Any, Any] = {}
    for question, content, log, of in zip(seen["question"], seen["content"], logs, settings, strict=True):
        by_run.setdefault(log, {}).setdefault(content, {})[question] = None
        config[log] = of
    # A content under several ids of one run does not say which is which: such questions go by their ids.
    vague = {content for run in by_run.values() for content, ids in run.items() if len(ids) > 1}
    same = _reworded(by_run, config, vague)
    taken: dict[str, str] = {}
    name_of: dict[str, str] = {}
    out: dict[tuple[str, str], str] = {}
    for run in by_run.values():
        for content, ids in run.items():
            for question in ids:
                if content in vague:
                    out[question, content] = question
                    taken.setdefault(question, "")
                    continue
                one = same.get(content, content)
                if one not in name_of:
                    name_of[one] = _free(question, one, taken)
                out[question, content] = name_of[one]
    return out


def _free(question: str, content: str, taken: dict[str, str]) -> str:
    name, number = question, 2
    while taken.get(name, content) != content:
        name, number = f"{question} ({number})", number + 1
    taken[name] = content
    return name


def _reworded(
    by_run: Mapping[Any, Mapping[str, Mapping[str, None]]], config: Mapping[Any, Any], vague: set[str]
) -> dict[str, str]:
    """Contents that are others in other words: content → the content seen first."""
    kinds: dict[Any, dict[str, dict[str, None]]] = {}
    for log, run in by_run.items():
        for content, ids in run.items():
            if content not in vague:
                for question in ids:
                    kinds.setdefault(config[log], {}).setdefault(question, {})[content] = None
    same: dict[str, str] = {}
    ordered = list(kinds.values())
    for at, later in enumerate(ordered):
        for earlier in ordered[:at]:
            both = [q for q in later if q in earlier and len(later[q]) == len(earlier[q]) == 1]
            pairs = {next(iter(later[q])): next(iter(earlier[q])) for q in both}
            pairs = {new: old for new, old in pairs.items() if new != old}
            known = {content for contents in earlier.values() for content in contents}
            if not pairs or len(pairs) < len(both) or any(new in known for new in pairs):
                continue
            essences = [old.partition(" ")[2] for old in pairs.values()]
            telling = len(set(essences)) > 1 or not all(question.isdigit() for question in both)
            if telling and essences == [new.partition(" ")[2] for new in pairs]:
                same.update({new: same.get(old, old) for new, old in pairs.items() if new not in same})
    return same


def _reorder(table: pd.DataFrame) -> int:
    """Letters and probabilities in the order of options that a question had first; how many rows are changed."""
    if "options" not in table or "answer" not in table or not table["options"].notna().any():
        return 0
    import pandas as pd

    kinds = ["benchmark", "question", "options"]
    first = table[table["options"].notna()].drop_duplicates(kinds[:2])[kinds]
    merged = table[kinds].merge(first, on=kinds[:2], how="left", suffixes=("", "_first"))
    other = (merged["options"].notna() & (merged["options"] != merged["options_first"])).to_numpy(dtype=bool)
    rows = np.flatnonzero(other)
    if not len(rows):
        return 0
    columns = {
        name: table[name].to_numpy(dtype=object).copy() for name in ("answer", "target", "probs") if name in table
    }
    changed = 0
    places: dict[tuple[str, str], list[int] | None] = {}
    for row in rows.tolist():
        now, was = str(merged["options"].iat[row]), str(merged["options_first"].iat[row])
        if (now, was) not in places:
            here, before = now.split(), was.split()
            fits = len(set(here)) == len(here) and set(here) == set(before)
            places[now, was] = [before.index(option) for option in here] if fits else None
        place = places[now, was]
        if place is None:
            continue
        changed += 1
        for name in ("answer", "target"):
            value = columns.get(name, [None] * (row + 1))[row]
            if isinstance(value, (int, float, np.integer)) and not pd.isna(value) and 0 <= int(value) < len(place):
                columns[name][row] = place[int(value)]
        if "probs" in columns and columns["probs"][row] is not None and len(columns["probs"][row]) == len(place):
            moved = [0.0] * len(place)
            for at, share in zip(place, columns["probs"][row], strict=True):
                moved[at] = share
            columns["probs"][row] = moved
    for name, values in columns.items():
        table[name] = pd.Series(values, index=table.index, dtype=object).infer_objects()
    return changed
