"""Lengths in Inspect's logs: the tokens that the model under evaluation generated to answer, never a judge's.

A sample's `model_usage` is a sum over all calls by model: a judge that is the same model is in it. The calls themselves
are in the sample's events, each with its usage, its role, and the span (or step) in which it was made: those of the
evaluated model, without a role, outside scorers, are the answer. Where a log holds no events, the usage of the output
counts if it was the only call; else the sum by model, without its named roles, if no scorer could have called a model.
What cannot be known is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from hotmess.responses.formats.hostile import clean, count, label, mapping, sequence

Tokens = tuple[float | None, float | None]
"""Output tokens, and reasoning tokens among them where the log tells them apart."""

CALL_NO_MODEL = frozenset(
    {
        *("choice", "exact", "includes", "match", "pattern", "answer", "f1", "math", "parsed_answer"),
    }
)
"""Scorers, Inspect's and this project's, that call no model."""

_NONE: Tokens = (None, None)


class Calls(NamedTuple):
    """What a sample says of its calls: `answering` by model, outside scorers and without a role; the `only` one;
    sums of the sample by model and by role."""

    answering: dict[str, Tokens]
    only: Tokens | None
    by_model: dict[str, Tokens]
    by_role: dict[str, Tokens]


def calls_of(sample: Mapping[str, Any], replies: int) -> Calls:
    """The calls of a sample in which the model wrote `replies` messages."""
    last = mapping(sample.get("output")).get("usage")
    return Calls(
        answering=_answering(sample),
        only=_tokens(last) if replies == 1 and isinstance(last, dict) else None,
        by_model=_sums(sample.get("model_usage")),
        by_role=_sums(sample.get("role_usage")),
    )


def length_of(calls: Calls, model: str, roles: Mapping[str, Iterable[str]], scorers: Iterable[str]) -> Tokens:
    """Output and reasoning tokens of the answer.

    `roles`: the models of each role; `scorers`: names of all scorers of the sample.

    >>> calls = Calls({}, None, {"a/m": (50.0, None)}, {"grader": (40.0, None)})
    >>> length_of(calls, "a/m", {"grader": ["a/m"]}, ["exact"]), length_of(calls, "a/m", {}, ["judge"])
    ((10.0, None), (None, None))
    """
    name = _named(calls.answering, model)
    if name is not None:
        return calls.answering[name]
    if calls.only is not None:
        return calls.only
    name = _named(calls.by_model, model)
    if name is None or not all(map(_calls_none, scorers)):
        return _NONE
    whole = calls.by_model[name]
    for role, models in roles.items():
        if role in calls.by_role and any(_same(one, model) for one in models):
            whole = _less(whole, calls.by_role[role])
    return whole


def _calls_none(scorer: str) -> bool:
    """Whether a scorer is known to call no model; a second one of a name has a number behind it."""
    name = scorer.rpartition("/")[2]
    return name in CALL_NO_MODEL or name.rstrip("0123456789") in CALL_NO_MODEL


def _answering(sample: Mapping[str, Any]) -> dict[str, Tokens]:
    """Sums over calls that were made to answer, by model."""
    events = sample.get("events")
    if events is None:
        events = mapping(sample.get("transcript")).get("events")
    scoring: set[str] = set()
    depth = 0
    out: dict[str, Tokens] = {}
    for event in map(mapping, sequence(events)):
        kind = event.get("event")
        if kind == "span_begin":
            if event.get("type") in ("scorer", "scorers") or label(event.get("parent_id")) in scoring:
                scoring.add(label(event.get("id")) or "")
        elif kind == "step":  # as older logs tell them
            begins = event.get("action") == "begin"
            if depth or (begins and event.get("type") == "scorer"):
                depth = max(depth + (1 if begins else -1), 0)
        elif kind == "model" and not depth and label(event.get("span_id")) not in scoring and not event.get("role"):
            output = mapping(event.get("output"))
            if event.get("error") is not None or event.get("pending") or not sequence(output.get("choices")):
                continue  # tried again, or not answered
            name = label(event.get("model")) or ""
            tokens = _tokens(output.get("usage"))
            out[name] = _sum(out[name], tokens) if name in out else tokens
    return out


def _sums(usage: Any) -> dict[str, Tokens]:
    return {clean(name): _tokens(used) for name, used in mapping(usage).items() if isinstance(used, dict)}


def _tokens(usage: Any) -> Tokens:
    used = mapping(usage)
    return count(used.get("output_tokens")), count(used.get("reasoning_tokens"))


def _sum(one: Tokens, other: Tokens) -> Tokens:
    """Output tokens are known if those of both are; reasoning tokens are told by some calls only."""
    output = None if one[0] is None or other[0] is None else one[0] + other[0]
    told = [value for value in (one[1], other[1]) if value is not None]
    return output, sum(told) if told else None


def _less(whole: Tokens, part: Tokens) -> Tokens:
    output = None if whole[0] is None or part[0] is None else max(whole[0] - part[0], 0.0)
    reasoning = None if whole[1] is None else max(whole[1] - (part[1] or 0.0), 0.0)
    return output, reasoning


def _named(by_model: Mapping[str, Tokens], model: str) -> str | None:
    return next((name for name in by_model if _same(name, model)), None)


def _same(one: str, other: str) -> bool:
    """Whether two names are of one model, with or without the provider's.

    >>> _same("openai/gpt-4o", "gpt-4o"), _same("openai/gpt-4o", "openai/gpt-4o-mini")
    (True, False)
    """
    return one == other or one.partition("/")[2] == other or other.partition("/")[2] == one
