"""Records of Inspect's samples as rows: which scorer's grade, which outcome, which length."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import count, label, number, option_index, sequence
from hotmess.responses.formats.identity import recorded
from hotmess.responses.formats.inspect_config import HARMLESS, scorer_of
from hotmess.responses.formats.inspect_samples import Record
from hotmess.responses.formats.registry import NoResponses, ReadOptions

if TYPE_CHECKING:
    import pandas as pd

GRADES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0}
"""Inspect's own values of grades: correct, incorrect, partly correct, no answer."""

OWN = ("temperature", "top_p", "reasoning_effort", "effort", "reasoning_tokens")
"""Settings of runs of the project's own sampling layer that are no part of its plan."""

UNGRADED = "samples left out: not graded"
SEVERAL = "samples left out: more than one option is right"


def table_of(
    records: Sequence[Record], facts: Mapping[str, Any], counts: Counter[str], path: Path, options: ReadOptions
) -> pd.DataFrame:
    """One row for each record that has a grade. Raises `BadInput` where several scorers graded and none is chosen."""
    import pandas as pd

    scorer = _choose(records, facts["scorers"], options.scorer, path)
    rows = []
    for record in records:
        score = _score(record, scorer)
        if score is None:
            counts[UNGRADED] += 1
        else:
            rows.append((record, *score))
    if not rows:
        graded = f"a grade by {scorer!r}" if scorer else "a grade or a text"
        raise NoResponses(f"{path} holds no response: none of its {len(records):,} samples has {graded}.")
    kind = _outcome(rows)
    if kind == "letters":
        single = [row for row in rows if len(row[0].target) == 1]
        counts[SEVERAL] += len(rows) - len(single)
        rows = single
    common = {
        "agents": any(record.actions for record, *_ in rows),
        "graded": scorer is not None,
        "settings": recorded({**facts["config"], "scorer": scorer_of(facts["config"], scorer)}, HARMLESS),
        # The sampling layer says itself what a condition is.
        "own": recorded({"generate": {name: facts["config"]["generate"].get(name) for name in OWN}}, HARMLESS),
    }
    table = pd.DataFrame([_row(*row, kind, facts, common) for row in rows])
    if options.completions:
        table["completion"] = [record.completion for record, *_ in rows]
    if kind == "letters":
        if "probs" in table and table["probs"].notna().any():
            kind = "probs"
        else:
            kind = "answer"
    table.attrs["outcome"] = kind
    return table


def _row(
    record: Record,
    value: float | None,
    answer: str | None,
    extra: Mapping[str, Any],
    kind: str,
    facts: Mapping[str, Any],
    common: Mapping[str, Any],
) -> dict[str, Any]:
    metadata = record.metadata
    own = metadata.get("own", False)
    usage = record.usage.get(facts["reported"])
    if usage is None and len(record.usage) == 1:
        usage = next(iter(record.usage.values()))
    output, reasoning = usage or (None, None)
    row: dict[str, Any] = {
        "benchmark": (own and metadata.get("benchmark")) or facts["benchmark"],
        "model": facts["model"],
        "question": (own and metadata.get("question")) or record.id,
        "condition": metadata.get("condition") or "",
        "budget": metadata.get("budget") or "",
        "context": metadata.get("context"),
        "sample": metadata["draw"] if own and record.epoch == 1 else None,
        "score": value,
        "reasoning_tokens": reasoning,
        "output_tokens": output,
        "actions": float(record.actions) if common["agents"] and record.actions is not None else None,
        "finish_reason": record.finish_reason,
        "temperature": facts["temperature"],
        "top_p": facts["top_p"],
        "seed": metadata.get("seed"),
        "category": metadata.get("category"),
        "option_order": metadata.get("option_order"),
        "text_hash": record.text_hash,
        "response_id": record.uuid or _slot(record, facts),
        "settings": common["own" if own else "settings"],
        "content": None if own else record.content,
        "options": None if own else record.options,
    }
    if row["sample"] is None:
        row["sample"] = record.epoch - 1 if record.epoch else 0
    if kind == "letters":
        n = len(record.choices)
        row.update(answer=_option(answer, record.choices, extra), target=option_index(record.target[0], record.choices))
        row.update(n_choices=n, probs=_probabilities(extra, n))
    elif kind == "text":
        row.update(text=answer if common["graded"] else record.completion, target=_text_target(record))
    return row


def _slot(record: Record, facts: Mapping[str, Any]) -> str:
    """What a sample without a uuid is known by. A run taken up again keeps its task id and copies its samples."""
    return f"{facts['task_id']}|{record.id}|{record.epoch}|{record.text_hash}"


def grade(value: Any) -> float | None:
    """A grade as a number: C 1, I 0, P 0.5, N 0, yes and no, numbers and their text; None for anything else.

    >>> grade("P"), grade(True), grade("0.25"), grade(float("nan")), grade({"a": 1})
    (0.5, 1.0, 0.25, None, None)
    """
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value in GRADES:
        return GRADES[value]
    if isinstance(value, str) and value.lower() in GRADES and len(value) > 1:
        return GRADES[value.lower()]
    return number(value)


def _choose(records: Sequence[Record], listed: Iterable[str], asked: Sequence[str], path: Path) -> str | None:
    """The scorer to take: the only one there is, or the one that was asked for."""
    there: dict[str, None] = {}
    for record in records:
        for name, (value, _, _) in record.scores.items():
            parts = [key for key in value if label(key)] if isinstance(value, dict) else []
            there.update(dict.fromkeys(f"{name}/{key}" for key in parts) if parts else {name: None})
    found = list(there) or list(dict.fromkeys(listed))
    wanted = [name for name in found if name in asked]
    names = ", ".join(found[:20])
    if len(wanted) > 1:
        raise BadInput(f"{path} was graded by {names}: choose only one of them with --scorer NAME.")
    if wanted:
        return wanted[0]
    if asked and found:
        raise BadInput(f"{path} has no scorer {' or '.join(asked)}: choose one of {names} with --scorer NAME.")
    if len(found) > 1:
        raise BadInput(f"{path} was graded by several scorers ({names}): choose one with --scorer NAME.")
    return found[0] if found else None


def _score(record: Record, scorer: str | None) -> tuple[float | None, str | None, Mapping[str, Any]] | None:
    """Grade, recorded answer and the scorer's metadata; None where the sample was not graded."""
    if scorer is None:  # Nobody graded: the text alone is the outcome.
        return (None, None, {}) if not record.scores and record.completion else None
    name, _, key = scorer.partition("/")
    if scorer in record.scores:
        value, answer, extra = record.scores[scorer]
    elif name in record.scores:
        value, answer, extra = record.scores[name]
        value = value.get(key) if isinstance(value, dict) else None
    else:
        return None
    graded = grade(value)
    parsed = answer is not None and (record.choices or record.target) and not isinstance(value, (dict, list))
    return (graded, answer, extra) if graded is not None or (parsed and value is not None) else None


def _outcome(rows: Sequence[tuple[Record, float | None, str | None, Mapping[str, Any]]]) -> str:
    """What a log's answers are: letters, text, or nothing but a score.

    Letters (or texts) are only taken for the outcome where they agree with the grades: right where the grade is 1, not
    right where it is 0. A scorer that judges something else has answers that contradict its grades.
    """
    if all(_has_options(record) for record, *_ in rows) and any(len(record.target) == 1 for record, *_ in rows):
        told = [(value, _told(record, answer, extra), record) for record, value, answer, extra in rows]
        if all(_agrees(value, code == option_index(record.target[0], record.choices)) for value, code, record in told):
            return "letters"
    if not all(value is not None for _, value, *_ in rows):
        return "text"
    said = any(answer is not None for _, _, answer, _ in rows)
    return "text" if said and all(_text_agrees(record, value, answer) for record, value, answer, _ in rows) else "score"


def _has_options(record: Record) -> bool:
    if record.metadata.get("format") == "open" or len(record.choices) < 2 or not record.target:
        return False
    return all(option_index(target, record.choices) >= 0 for target in record.target)


def _told(record: Record, answer: str | None, extra: Mapping[str, Any]) -> int:
    if len(record.target) > 1:
        return -2  # left out later
    return _option(answer, record.choices, extra)


def _agrees(value: float | None, right: bool) -> bool:
    return value is None or (value == 1.0) == right or 0 < value < 1


def _text_agrees(record: Record, value: float | None, answer: str | None) -> bool:
    from hotmess.responses.values import canonical

    if not any(record.target):
        return False
    if answer is None:  # wrongly formatted
        return value == 0.0
    said = canonical(answer)
    return value in (0.0, 1.0) and (value == 1.0) == any(said == canonical(target) for target in record.target)


def _option(answer: str | None, choices: Sequence[str], extra: Mapping[str, Any]) -> int:
    """The option that was answered: as the scorer recorded it in its metadata, else from the answer's text."""
    if "parsed" in extra and "answer" in extra:
        index = extra["answer"]
        return index if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(choices) else -1
    return option_index(answer, choices)


def _probabilities(extra: Mapping[str, Any], n: int) -> list[float] | None:
    values = [count(value) for value in sequence(extra.get("probs"))]
    if len(values) != n or any(value is None for value in values):
        return None
    numbers = [value for value in values if value is not None]
    total = math.fsum(numbers)
    return numbers if abs(total - 1) < 0.01 else None


def _text_target(record: Record) -> str | None:
    return record.target[0] if record.target and record.target[0] else None
