"""What is kept of a sample of Inspect's logs: grades, answers, token counts, tool calls, metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean, label, mapping, number, option_index, sequence, text_hash
from hotmess.responses.formats.inspect_lengths import Calls, calls_of
from hotmess.responses.formats.same_questions import fingerprint

ERROR = "samples left out: ended in an error"
STOPPED = "samples left out: stopped by hand"
INVALID = "samples left out: marked invalid"
FALLBACK = "samples left out: another model answered, as a fallback"

_LIMITS = {"token": "length", "context": "length"}
_STOPS = {"max_tokens": "length", "model_length": "length"}
_LIMITED = ("token_limit", "message_limit", "time_limit")
_CARRIED = ("context", "condition", "budget", "category", "seed", "round")


class Record(NamedTuple):
    """What is kept of a sample."""

    id: str
    epoch: int
    uuid: str | None
    choices: tuple[str, ...]
    target: tuple[str, ...]
    metadata: dict[str, Any]
    scores: dict[str, tuple[Any, str | None, Mapping[str, Any]]]
    calls: Calls
    completion: str
    text_hash: int
    actions: int | None
    finish_reason: str | None
    content: str
    options: str | None
    limits: tuple[tuple[str, float], ...]
    written: str | None


def distil(sample: Any, where: str, *, completions: bool, texts: bool = False) -> Record | str:
    """The record of a sample, or the reason why it is left out; with `texts` all that the model wrote.

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
    if mapping(output.get("fallback")).get("fallback_model"):
        return FALLBACK
    replies, actions = _conversation(sample)
    completion = _completion(output)
    shown = replies if actions else [completion]
    choices = tuple(clean(text) for text in sequence(sample.get("choices")) if isinstance(text, str))
    target = _targets(sample.get("target"), bool(choices))
    right = [choices[at] if (at := option_index(one, choices)) >= 0 else one for one in target]
    try:
        content, options = fingerprint(_asked(sample), choices, right)
    except RecursionError:
        raise BadInput(f"The {where} is nested too deeply to be a sample: the log is damaged.") from None
    return Record(
        id=name,
        epoch=epoch,
        uuid=label(sample.get("uuid")),
        choices=choices,
        target=target,
        metadata=_metadata(mapping(sample.get("metadata"))),
        scores=_scores(sample),
        calls=calls_of(sample, len(replies)),
        completion=completion if completions else completion[:2_000],
        text_hash=text_hash(shown),
        actions=actions,
        finish_reason=_finish(limit, output),
        content=content,
        options=options,
        limits=tuple((name, value) for name in _LIMITED if (value := number(sample.get(name))) is not None),
        written="\n".join(replies or [completion]) if texts else None,
    )


def _asked(sample: Mapping[str, Any]) -> Any:
    """The input of a sample: its text, or role and content of each message; without ids, which differ between runs."""
    attached = mapping(sample.get("attachments"))

    def resolved(value: Any) -> Any:
        if isinstance(value, str):
            return (
                attached.get(value.removeprefix("attachment://"), value) if value.startswith("attachment:") else value
            )
        if isinstance(value, list):
            return [resolved(item) for item in value]
        if isinstance(value, dict):
            return {name: resolved(item) for name, item in value.items() if name not in ("id", "internal", "source")}
        return value

    asked = sample.get("input")
    if not isinstance(asked, list):
        return resolved(asked)
    return [[message.get("role"), resolved(message.get("content"))] for message in map(mapping, asked)]


def _targets(value: Any, options: bool) -> tuple[str, ...]:
    """Right answers. The letters of several right options may come as one string ("A,C") or as a list."""
    if isinstance(value, str) and not options:
        return (clean(value),)
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
