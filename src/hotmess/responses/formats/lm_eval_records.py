"""Records of lm-evaluation-harness and lmms-eval: one question under one filter, in one form.

lm-evaluation-harness writes `resps` as requests × repeats. lmms-eval writes them flat where there is one request,
leaves them out where the filter changed nothing, and names neither filters nor metrics.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean, count, label, mapping, number, parse, sequence
from hotmess.responses.formats.lm_eval_documents import (
    LONGEST_LIST,
    asked_of,
    content_of,
    is_plain,
    list_of,
    marked,
    options_of,
    text_of,
)

USUAL = ("exact_match", "acc", "acc_norm")
"""Metrics of records that do not list theirs."""

_NO_METRIC = frozenset(
    (
        *("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", "input"),
        *("token_counts", "doc_hash", "prompt_hash", "target_hash", "input_media"),
    )
)
_SAID, _RIGHT = ("parsed_pred", "pred", "prediction"), ("answer", "gt", "target")
_ROLLING = frozenset(("word_perplexity", "byte_perplexity", "bits_per_byte"))


class Record(NamedTuple):
    """One question under one filter."""

    id: str
    targets: tuple[str, ...]
    options: tuple[str, ...]
    right: tuple[int, ...]
    """Options that the question's document marks as right, where it marks several."""
    continuations: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    """Characters and bytes of each continuation."""
    responses: tuple[str, ...]
    tokens: tuple[tuple[float | None, float | None], ...]
    """Tokens that were generated, and those of them that were reasoning, of each response, where they are counted."""
    likelihoods: tuple[float, ...]
    repeats: int
    filtered: str | None
    all_filtered: tuple[str, ...]
    filter: str
    metrics: dict[str, Any]
    arguments: dict[str, Any]
    category: str | None
    content: str | None
    asked: str | None
    """A digest of the prompt, few-shot examples and all."""
    prompt: bool
    """Whether the question stands in its document, as lm-evaluation-harness writes it."""


def lines(path: Path, digest: Any) -> Iterator[tuple[Any, str]]:
    """The records of a file, with their place in words; every byte goes into the digest."""
    with path.open("rb") as file:
        if file.read(1) == b"[":
            file.seek(0)
            data = file.read()
            digest.update(data)
            for at, one in enumerate(sequence(parse(data, str(path))), 1):
                yield one, f"record {at} of {path}"
            return
        file.seek(0)
        for at, line in enumerate(file, 1):
            digest.update(line)
            if line.strip():
                where = f"line {at} of {path}"
                yield parse(line.removeprefix(b"\xef\xbb\xbf"), where), where


def record_of(raw: Any, where: str, delimiter: str = " ") -> Record:
    """A record from its JSON. `delimiter` stands between a prompt and its continuation.

    Raises `BadInput` naming `where` for a record without an id or without responses.
    """
    raw = mapping(raw)
    id, responses = label(raw.get("doc_id")), _responses(raw)
    if id is None or not responses:
        raise BadInput(f"The {where} is damaged: it has no doc_id or no resps.")
    doc, given = mapping(raw.get("doc")), mapping(raw.get("arguments"))
    pairs = [_likelihoods(one) for one in responses]
    texts: list[str] = []
    if any(pair is None for pair in pairs):
        pairs = []
        texts = [clean(text) for one in responses for text in sequence(one) if isinstance(text, str)]
        if len(texts) != sum(len(sequence(one)) for one in responses) or not texts:
            raise BadInput(f"The {where} is damaged: its resps are neither texts nor log-likelihoods.")
    requests = [mapping(given.get(f"gen_args_{place}")) for place in range(len(responses))]
    continuations = [request["arg_1"] if isinstance(request.get("arg_1"), str) else "" for request in requests]
    bare = [clean(text.removeprefix(delimiter)) for text in continuations]
    filtered = _filtered(raw)
    options = options_of(doc)
    targets = _targets(raw.get("target"))
    return Record(
        id=id,
        targets=targets,
        options=options,
        right=marked(doc, [text.strip() for text in bare]),
        continuations=tuple(text[:2_000].strip() for text in bare),
        sizes=tuple((len(text), len(text.encode())) for text in bare),
        responses=tuple(texts),
        tokens=_tokens(raw, len(texts)),
        likelihoods=tuple(pair[0] for pair in pairs if pair),
        repeats=max((len(pair) for pair in pairs if pair), default=len(texts)),
        filtered=filtered[0] if filtered else None,
        all_filtered=filtered if len(filtered) == len(texts) and len(texts) > 1 else (),
        filter=label(raw.get("filter")) or "none",
        metrics=_metrics(raw),
        arguments=dict(mapping(requests[0].get("arg_1"))),
        category=next((text for name in ("category", "subject") if (text := label(doc.get(name)))), None),
        content=content_of(raw, doc, options, targets),
        asked=asked_of(requests[0].get("arg_0")),
        prompt="doc" in raw,
    )


def _responses(raw: Mapping[str, Any]) -> list[Any]:
    """The responses as requests × repeats."""
    if "resps" not in raw and "filter" in raw:  # logs cut down to what was graded
        return [[one] for one in sequence(raw.get("filtered_resps"))]
    given = raw.get("resps", raw.get("filtered_resps"))
    if isinstance(given, str):
        return [[given]]
    listed = sequence(given)
    if "filter" not in raw and listed and all(isinstance(one, str) for one in listed):
        return [list(listed)]
    return list(listed)


def _likelihoods(response: Any) -> list[float] | None:
    """The log-likelihoods of one continuation, one for each repeat: [[value, is_greedy], …], or one bare pair."""
    listed = sequence(response)
    pairs = listed if listed and all(isinstance(one, list) for one in listed) else [listed]
    values = [_pair(sequence(pair)) for pair in pairs]
    known = [value for value in values if value is not None]
    return known if known and len(known) == len(values) else None


def _pair(pair: Sequence[Any]) -> float | None:
    if len(pair) != 2 or str(pair[1]) not in ("True", "False"):
        return None
    if str(pair[0]).lower() in ("-inf", "-infinity"):
        return -math.inf
    return number(pair[0])


def _filtered(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """What the filter made of the responses: of one of them, or of all where it selects none."""
    given = raw.get("filtered_resps")
    if isinstance(given, list) and len(given) == 1 and isinstance(given[0], list):
        given = given[0]
    listed = given if isinstance(given, list) else [given]
    texts = [clean(one) if isinstance(one, str) else clean(json.dumps(one)) for one in listed if is_plain(one)]
    return tuple(texts) if len(texts) == len(listed) else ()


def _tokens(raw: Mapping[str, Any], n: int) -> tuple[tuple[float | None, float | None], ...]:
    counted = [mapping(one) for one in sequence(raw.get("token_counts"))]
    if len(counted) != n:
        return ()
    return tuple((count(one.get("output_tokens")), count(one.get("reasoning_tokens"))) for one in counted)


def _metrics(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the metrics that a record lists; the usual ones where it lists none."""
    if "metrics" in raw:
        return {name: raw.get(name) for name in sequence(raw["metrics"]) if isinstance(name, str)}
    if "filter" in raw or any(name in raw for name in USUAL):
        return {name: raw[name] for name in USUAL if name in raw}
    return {name: _inner(value) for name, value in raw.items() if name not in _NO_METRIC}


def _inner(value: Any) -> Any:
    """The grade in a record of lmms-eval, which may be told by what was answered and what is right."""
    given = mapping(value)
    if not given:
        return value
    for name in ("score", "acc", "correct"):
        if name in given:
            return given[name]
    said, right = _first(given, _SAID), _first(given, _RIGHT)
    if said is None or right is None:
        return None
    return said in right if isinstance(right, list) else str(said) == str(right)


def _first(given: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((given[name] for name in names if name in given), None)


def contradicts(raw: Any) -> bool:
    """Whether a record of lmms-eval names another right answer beside its grade than its target."""
    raw = mapping(raw)
    if "filter" in raw or "metrics" in raw:
        return False
    told = [_first(mapping(value), _RIGHT) for name, value in raw.items() if name not in _NO_METRIC]
    goal = _targets(raw.get("target"))
    return any(isinstance(one, (str, int)) and str(one) not in goal for one in told)


def is_rolling(record: Record) -> bool:
    """Whether a record holds the likelihood of a text instead of an answer."""
    return bool(record.metrics) and set(record.metrics) <= _ROLLING


def _targets(value: Any) -> tuple[str, ...]:
    """The right answers: one, or several where the target is a list (written as Python shows it, or as JSON)."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]") and len(value) <= LONGEST_LIST:
        listed = list_of(value)
        if listed is not None:
            return tuple(dict.fromkeys(text_of(one) for one in listed))
    if isinstance(value, list):
        return tuple(dict.fromkeys(text_of(one) for one in value)) or ("",)
    return (text_of(value),)
