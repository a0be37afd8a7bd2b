"""Grades in Inspect's logs: whose they are, and what they are worth."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import label, number
from hotmess.responses.formats.inspect_samples import Record
from hotmess.responses.formats.registry import NoResponses

GRADES = {
    "c": 1.0,
    "i": 0.0,
    "p": 0.5,
    "n": 0.0,
    "yes": 1.0,
    "no": 0.0,
    "true": 1.0,
    "false": 0.0,
    "correct": 1.0,
    "incorrect": 0.0,
}
"""Inspect's own values of grades (correct, incorrect, partly correct, no answer) and the usual words, in any case."""

UNGRADED = "samples left out: not graded"

_LIKELIHOODS = ("perplexity", "target_perplexity", "perplexity_per_seq", "perplexity_per_token")


class Graded(NamedTuple):
    """A sample with its grade (None where nobody graded), the answer that the scorer recorded, and its metadata."""

    record: Record
    value: float | None
    answer: str | None
    extra: Mapping[str, Any]


def grade(value: Any) -> float | None:
    """A grade as a number: C 1, I 0, P 0.5, N 0, yes and no, true and false, numbers and their text; else None.

    >>> grade("P"), grade(True), grade("0.25"), grade("False"), grade(float("nan")), grade({"a": 1})
    (0.5, 1.0, 0.25, 0.0, None, None)
    """
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value.strip().lower() in GRADES:
        return GRADES[value.strip().lower()]
    return number(value)


def choose(records: Sequence[Record], listed: Iterable[str], asked: Sequence[str], path: Path) -> str | None:
    """The scorer to take: the only one there is, or the one that was asked for; None where nobody graded.

    Raises:
        BadInput: where several graded and none is chosen, or one that did not.
        NoResponses: for likelihoods of texts, which grade no answer.
    """
    there: dict[str, None] = {}
    for record in records:
        for name, (value, _, _) in record.scores.items():
            parts = [key for key in value if label(key)] if isinstance(value, dict) else []
            there.update(dict.fromkeys(f"{name}/{key}" for key in parts) if parts else {name: None})
    found = list(there)
    wanted = [name for name in found if name in asked]
    names = ", ".join(found[:20])
    if len(wanted) > 1:
        raise BadInput(f"{path} was graded by {names}: choose only one of them with --scorer NAME.")
    if asked and not wanted:
        known = names or ", ".join(dict.fromkeys(listed))
        if known:
            raise BadInput(f"{path} has no scorer {' or '.join(asked)}: choose one of {known} with --scorer NAME.")
        raise BadInput(f"{path} was graded by nobody: leave out --scorer.")
    if not wanted and len(found) > 1:
        raise BadInput(f"{path} was graded by several scorers ({names}): choose one with --scorer NAME.")
    chosen = next(iter(wanted or found), None)
    if chosen is not None and chosen.partition("/")[0] in _LIKELIHOODS:
        raise NoResponses(f"{path} holds the likelihood of texts (a perplexity), no answers: there is nothing to read.")
    return chosen


def graded(records: Sequence[Record], scorer: str | None, counts: Counter[str], path: Path) -> list[Graded]:
    """The records that the scorer graded; the others are counted. Without a scorer all that hold a text.

    Raises:
        BadInput: for a grade that is none, naming it.
    """
    rows = []
    for record in records:
        if scorer is None:
            one = Graded(record, None, None, {}) if record.completion and not record.scores else None
        else:
            one = _by(record, scorer, path)
        if one is None:
            counts[UNGRADED] += 1
        else:
            rows.append(one)
    return rows


def _by(record: Record, scorer: str, path: Path) -> Graded | None:
    name, _, key = scorer.partition("/")
    value: Any
    if scorer in record.scores:
        value, answer, extra = record.scores[scorer]
    elif name in record.scores:
        value, answer, extra = record.scores[name]
        value = value.get(key) if isinstance(value, dict) else None
    else:
        return None
    worth = grade(value)
    if worth is not None:
        return Graded(record, worth, answer, extra)
    if value is None or (isinstance(value, float) and math.isnan(value)) or value == "":
        return None
    raise BadInput(
        f"The scorer {scorer!r} graded sample {record.id} (epoch {record.epoch}) of {path} as {_short(value)}, which "
        "is no grade (C, I, P, N, true, false, yes, no, or a number): choose another scorer with --scorer NAME, or "
        "grade the log anew with `inspect score`."
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
