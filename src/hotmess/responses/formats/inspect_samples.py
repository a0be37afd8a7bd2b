"""Samples of Inspect's logs as rows: which grade, which outcome, which length."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean, count, label, mapping, number, sequence
from hotmess.responses.formats.registry import NoResponses, ReadOptions

if TYPE_CHECKING:
    import pandas as pd

GRADES = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0}
"""Inspect's own values of grades: correct, incorrect, partly correct, no answer."""

ERROR = "samples left out: ended in an error"
STOPPED = "samples left out: stopped by hand"
INVALID = "samples left out: marked invalid"
UNGRADED = "samples left out: not graded"
SEVERAL = "samples left out: more than one option is right"

_LIMITS = {"token": "length", "context": "length"}
_STOPS = {"max_tokens": "length", "model_length": "length"}
_CARRIED = ("context", "condition", "budget", "category", "seed")


class Record(NamedTuple):
    """What is kept of a sample."""

    id: str
    epoch: int
    uuid: str | None
    choices: tuple[str, ...]
    target: tuple[str, ...]
    metadata: dict[str, Any]
    scores: dict[str, tuple[Any, str | None, Mapping[str, Any]]]
    usage: dict[str, tuple[float | None, float | None]]
    completion: str
    text_hash: int
    actions: int | None
    finish_reason: str | None


def distil(sample: Any, where: str, *, completions: bool) -> Record | str:
    """The record of a sample, or the reason why it is left out.

    Raises `BadInput` where a sample has no id or epoch: then the log is damaged.
    """
    if not isinstance(sample, dict):
        raise BadInput(f"The {where} is no JSON object: the log is damaged.")
    name, epoch = label(sample.get("id")), sample.get("epoch")
    if name is None or not isinstance(epoch, int) or isinstance(epoch, bool) or not 0 <= epoch < 2**31:
        raise BadInput(f"The {where} has no id or no epoch: the log is damaged.")
    if sample.get("error") is not None:
        return ERROR
    if sample.get("invalidation") is not None:
        return INVALID
    limit = mapping(sample.get("limit")).get("type")
    if limit == "operator":
        return STOPPED
    output = mapping(sample.get("output"))
    replies, actions = _conversation(sample)
    completion = _completion(output)
    shown = replies if actions else [completion]
    return Record(
        id=name,
        epoch=epoch,
        uuid=label(sample.get("uuid")),
        choices=tuple(clean(text) for text in sequence(sample.get("choices")) if isinstance(text, str)),
        target=_targets(sample.get("target")),
        metadata=_metadata(mapping(sample.get("metadata"))),
        scores=_scores(sample),
        usage=_usage(sample, output, len(replies)),
        completion=completion if completions else completion[:2_000],
        text_hash=text_hash(shown),
        actions=actions,
        finish_reason=_finish(limit, output),
    )


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
    agents = any(record.actions for record, *_ in rows)
    columns = [_row(record, value, answer, extra, kind, facts, agents) for record, value, answer, extra in rows]
    table = pd.DataFrame(columns)
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
    agents: bool,
) -> dict[str, Any]:
    metadata = record.metadata
    own = metadata.get("own", False)
    usage = record.usage.get(facts["reported"])
    if usage is None and len(record.usage) == 1:
        usage = next(iter(record.usage.values()))
    output, reasoning = usage or (None, None)
    settings = facts["settings"]
    if own:  # The sampling layer says itself what a condition is.
        settings = {name: settings[name] for name in ("temperature", "top_p") if name in settings}
    row: dict[str, Any] = {
        "benchmark": (own and metadata.get("benchmark")) or facts["benchmark"],
        "model": facts["model"],
        "question": (own and metadata.get("question")) or record.id,
        "condition": metadata.get("condition") or "",
        "budget": metadata.get("budget") or facts["budget"],
        "context": metadata.get("context"),
        "sample": metadata["draw"] if own and record.epoch == 1 else None,
        "score": value,
        "reasoning_tokens": reasoning,
        "output_tokens": output,
        "actions": float(record.actions) if agents and record.actions is not None else None,
        "finish_reason": record.finish_reason,
        "temperature": facts["temperature"],
        "top_p": facts["top_p"],
        "seed": metadata.get("seed"),
        "category": metadata.get("category"),
        "option_order": metadata.get("option_order"),
        "text_hash": record.text_hash,
        "response_id": record.uuid or f"{facts['eval_id']}|{record.id}|{record.epoch}",
        "settings": json.dumps(settings, sort_keys=True),
    }
    if row["sample"] is None:
        row["sample"] = record.epoch - 1 if record.epoch else 0
    if kind == "letters":
        n = len(record.choices)
        row.update(answer=_option(answer, record.choices, extra), target=option_index(record.target[0], record.choices))
        row.update(n_choices=n, probs=_probabilities(extra, n))
    elif kind == "text":
        row.update(text=clean(answer if answer is not None else record.completion), target=_text_target(record))
    return row


def option_index(text: str | None, choices: Sequence[str]) -> int:
    """The option that an answer names by letter, in any brackets, or by its whole text; −1 for none or several.

    >>> option_index("(b)", ["yes", "no"]), option_index("No", ["yes", "no"]), option_index("A, B", ["yes", "no"])
    (1, 1, -1)
    """
    if text is None:
        return -1
    bare = text.strip().strip("()[].:").strip()
    if len(bare) == 1 and bare.isascii() and bare.isalpha():
        index = ord(bare.upper()) - ord("A")
        return index if index < len(choices) else -1
    folded = [choice.strip().casefold() for choice in choices]
    whole = text.strip().casefold()
    return folded.index(whole) if whole and folded.count(whole) == 1 else -1


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
    graded = all(value is not None for _, value, *_ in rows)
    if not graded or all(_text_agrees(record, value, answer) for record, value, answer, _ in rows):
        return "text"
    return "score"


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

    if answer is None or not record.target or not any(record.target):
        return False
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


def _targets(value: Any) -> tuple[str, ...]:
    """Right answers. The letters of several right options may come as one string ("A,C") or as a list."""
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(",")]
        letters = len(parts) > 1 and all(len(part) == 1 and part.isalpha() for part in parts)
        return tuple(parts) if letters else (clean(value),)
    return tuple(clean(item) for item in sequence(value) if isinstance(item, str))


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a sample's metadata that are columns; those of hotmess's own sampling layer are marked `own`."""
    kept: dict[str, Any] = {name: text for name in _CARRIED if (text := label(metadata.get(name))) and len(text) <= 100}
    order = sequence(metadata.get("option_order"))
    if order and all(isinstance(place, int) and not isinstance(place, bool) and abs(place) < 1_000 for place in order):
        kept["option_order"] = list(order)
    seed = metadata.get("seed")
    kept["seed"] = seed if isinstance(seed, int) and not isinstance(seed, bool) and abs(seed) < 2**62 else None
    draw = metadata.get("draw")
    if isinstance(draw, int) and not isinstance(draw, bool) and 0 <= draw < 2**31 and "option_order" in metadata:
        kept.update(own=True, draw=draw, format=metadata.get("format"))
        kept.update({name: label(metadata.get(name)) for name in ("benchmark", "question")})
    return kept


def _scores(sample: Mapping[str, Any]) -> dict[str, tuple[Any, str | None, Mapping[str, Any]]]:
    scores = sample.get("scores")
    if scores is None and "score" in sample:  # logs before several scorers
        scores = {"score": sample["score"]}
    out = {}
    for name, score in mapping(scores).items():
        if label(name) and isinstance(score, dict):
            answer = score.get("answer")
            text = clean(answer) if isinstance(answer, str) else None
            out[clean(name)] = (score.get("value"), text, mapping(score.get("metadata")))
    return out


def _usage(
    sample: Mapping[str, Any], output: Mapping[str, Any], replies: int
) -> dict[str, tuple[float | None, float | None]]:
    """Output and reasoning tokens by model. The usage of the last call counts only where it is the only call."""
    usage = {
        clean(name): (count(used.get("output_tokens")), count(used.get("reasoning_tokens")))
        for name, used in mapping(sample.get("model_usage")).items()
        if isinstance(used, dict)
    }
    last = output.get("usage")
    if not usage and replies == 1 and isinstance(last, dict):
        usage[""] = (count(last.get("output_tokens")), count(last.get("reasoning_tokens")))
    return usage


def _conversation(sample: Mapping[str, Any]) -> tuple[list[str], int | None]:
    """What the model wrote, message by message, and the number of its tool calls; None where it wrote nothing."""
    replies, actions = [], 0
    for message in sequence(sample.get("messages")):
        if not isinstance(message, dict) or message.get("role") != "assistant" or message.get("source") == "input":
            continue
        calls = sequence(message.get("tool_calls"))
        actions += len(calls)
        words = [_text(message.get("content"))]
        words += [json.dumps(mapping(call).get("arguments"), sort_keys=True, default=str)[:10_000] for call in calls]
        replies.append("\n".join(words))
    return replies, actions if replies else None


def _completion(output: Mapping[str, Any]) -> str:
    completion = output.get("completion")
    if isinstance(completion, str) and completion:
        return clean(completion)
    for choice in sequence(output.get("choices"))[:1]:
        return _text(mapping(mapping(choice).get("message")).get("content"))
    return ""


def _text(content: Any) -> str:
    """Text and reasoning of a message, whose content is a string or a list of parts."""
    if isinstance(content, str):
        return clean(content)
    parts = [mapping(part) for part in sequence(content)]
    words = [part.get(name) for part in parts for name in ("reasoning", "text")]
    return clean("\n".join(word for word in words if isinstance(word, str)))


def _finish(limit: Any, output: Mapping[str, Any]) -> str | None:
    if isinstance(limit, str) and limit:
        return _LIMITS.get(limit, f"{clean(limit)[:40]} limit")
    reason: Any = None
    for choice in sequence(output.get("choices"))[:1]:
        reason = mapping(choice).get("stop_reason")
    return _STOPS.get(reason, clean(reason)[:40]) if isinstance(reason, str) else None


def text_hash(texts: Iterable[str]) -> int:
    """64 bits of a text, to tell copies without keeping the text."""
    digest = hashlib.blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


__all__ = ["GRADES", "Record", "distil", "grade", "option_index", "table_of"]
