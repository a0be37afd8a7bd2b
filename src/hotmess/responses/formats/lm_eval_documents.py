"""Documents of questions in logs of lm-evaluation-harness: their options, their right answers, and what they ask."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from hotmess.responses.formats.hostile import clean, mapping, sequence
from hotmess.responses.formats.same_questions import fingerprint

LONGEST_LIST = 100_000
"""Characters of a target up to which it is read as a list of right answers."""

_IDS = frozenset(("id", "idx", "index", "key", "doc_id", "question_id", "sample_id", "uuid", "ind"))


def is_plain(value: Any) -> bool:
    """Whether a value is a text or a number."""
    return isinstance(value, (str, int, float)) and value is not None


def list_of(text: str) -> list[Any] | None:
    """A list of texts and numbers, as Python shows it or as JSON; None for anything else."""
    for read in (ast.literal_eval, json.loads):
        try:
            listed = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(listed, list) and listed and all(is_plain(one) for one in listed):
            return listed
    return None


def text_of(value: Any) -> str:
    """A value as text."""
    return clean(value if isinstance(value, str) else json.dumps(value, default=str))


def options_of(doc: Mapping[str, Any]) -> tuple[str, ...]:
    """Options of a question, where its document shows them in one of the usual ways."""
    for name in ("choices", "options", "endings"):
        listed = doc.get(name)
        listed = listed.get("text") if isinstance(listed, dict) else listed
        if isinstance(listed, str) and listed.startswith("[") and len(listed) <= LONGEST_LIST:
            listed = list_of(listed)
        if isinstance(listed, list) and len(listed) >= 2 and all(isinstance(one, str) for one in listed):
            return tuple(clean(one) for one in listed)
    for names in ([*"ABCDEFGHIJ"], [f"choice{place}" for place in range(1, 11)]):
        texts: list[str] = []
        for name in names:
            if not isinstance(doc.get(name), str):
                break
            texts.append(clean(doc[name]))
        if len(texts) >= 2:
            return tuple(texts)
    return ()


def marked(doc: Mapping[str, Any], continuations: Sequence[str]) -> tuple[int, ...]:
    """Options that the document marks with 1 in `labels` beside the very texts of the continuations."""
    for value in (doc, *doc.values()):
        value = mapping(value)
        labels, choices = sequence(value.get("labels")), sequence(value.get("choices"))
        fits = len(labels) == len(choices) == len(continuations) >= 2 and all(one in (0, 1) for one in labels)
        if fits and [str(choice).strip() for choice in choices] == list(continuations):
            return tuple(place for place, mark in enumerate(labels) if mark == 1)
    return ()


def content_of(
    raw: Mapping[str, Any], doc: Mapping[str, Any], options: Sequence[str], targets: Sequence[str]
) -> str | None:
    """A digest of the question: the texts of its document, in whatever order its options stand."""
    texts: set[str] = set()
    _leaves(doc or raw.get("input"), texts, len(options))
    if not texts:
        return None
    right = [options[place] for text in targets if 0 <= (place := _place(text)) < len(options)]
    return fingerprint(sorted(texts - {option.strip() for option in options}), options, right or sorted(targets))[0]


def asked_of(prompt: Any) -> str | None:
    """A digest of a prompt."""
    if prompt is None:
        return None
    text = prompt if isinstance(prompt, str) else json.dumps(prompt, default=str)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()


def _place(text: str) -> int:
    bare = text.strip().strip("()[].:")
    if bare.isdecimal() and len(bare) < 4:
        return int(bare)
    return ord(bare) - ord("A") if len(bare) == 1 and "A" <= bare <= "Z" else -1


def _leaves(value: Any, texts: set[str], n: int, depth: int = 0) -> None:
    """The texts and numbers of a document without ids, and without what moves with the order of its `n` options."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        text = value.strip() if isinstance(value, str) else text_of(value)
        if text and not (n and _place(text) >= 0):
            texts.add(clean(text))
    elif depth < 6 and isinstance(value, dict):
        for key, inner in value.items():
            if key.lower() not in _IDS:
                _leaves(inner, texts, n, depth + 1)
    elif depth < 6 and isinstance(value, list):
        for inner in value:
            _leaves(inner, texts, n, depth + 1)
