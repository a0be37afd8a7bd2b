"""Grades of lm-evaluation-harness: which metric grades single responses, and what it calls right.

The harness grades one response of each question: the one that the filter selects. What it calls right is known where
the task grades by `exact_match` with its own arguments, which stand in the results; else several readings are tried,
and one is taken only where it agrees with the log's grades.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hotmess.errors import BadInput
from hotmess.responses.canonical import canonical_number
from hotmess.responses.formats import lm_eval_filters as filters
from hotmess.responses.formats.hostile import mapping, number, option_index, sequence
from hotmess.responses.formats.lm_eval_records import Record, is_rolling
from hotmess.responses.formats.registry import NoResponses
from hotmess.responses.values import canonical

TOLERATED = 0.01
"""Share of graded answers in which a reading may differ from the log's grade."""
PREFERRED = ("exact_match", "acc")
_LETTER = re.compile(r"\(?([A-Z])\)?\.?")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_WORDS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "correct": 1.0, "incorrect": 0.0, "c": 1.0, "i": 0.0}


class Reading(NamedTuple):
    """Answers and targets in a form in which equal means right, for each record."""

    name: str
    answers: list[list[str]]
    targets: list[list[str]]
    known: bool = False
    """Whether the log's own configuration says that this is how it grades."""

    def right(self) -> list[list[bool]]:
        """Whether each answer is right."""
        return [[answer in goal for answer in given] for given, goal in zip(self.answers, self.targets, strict=True)]


def grade(value: Any) -> float | None:
    """A grade as a number: numbers and their text, true and false in any form; None for anything else.

    >>> grade(True), grade("False"), grade("0.5"), grade([True]), grade(None)
    (1.0, 0.0, 0.5, None, None)
    """
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    return number(value)


def metric_of(
    records: Sequence[Record], asked: Sequence[str], config: Mapping[str, Any], lower: Mapping[str, Any], path: Path
) -> str | None:
    """The metric to take as the grade: the one asked for, else the usual one, else the only one.

    `lower` says of a metric whether higher is better. None where the records list no metrics.

    Raises:
        NoResponses: for logs that nobody graded, for likelihoods of texts, for metrics of a whole task.
        BadInput: where several metrics differ and none is chosen, and for one that is not there or no grade.
    """
    if config.get("output_type") == "loglikelihood_rolling" or any(map(is_rolling, records)):
        raise NoResponses(f"{path} holds the likelihood of texts (a perplexity), no answers: there is nothing to read.")
    names = list(dict.fromkeys(name for record in records for name in record.metrics))
    if names == ["bypass"] or (not names and records[0].prompt):
        raise NoResponses(
            f"{path} was written with --predict_only: nobody graded its responses; run the task without it."
        )
    usable = [name for name in names if any(grade(record.metrics.get(name)) is not None for record in records)]
    shown = ", ".join(usable[:20]) or "none"
    if asked:
        chosen = [name for name in names if name in asked]
        if len(chosen) > 1:
            raise BadInput(f"{path} has the metrics {shown}: choose only one of them with --scorer NAME.")
        if chosen and chosen[0] not in usable:
            raise BadInput(
                f"The metric {chosen[0]} of {path} has no number for each response, so it is no grade: choose another "
                f"({shown}) with --scorer NAME."
            )
        if not chosen:
            raise BadInput(f"{path} has no metric {' or '.join(asked)}: choose one of {shown} with --scorer NAME.")
    else:
        chosen = [name for name in PREFERRED if name in usable][:1] or usable
    better = [name for name in chosen if lower.get(name) is not False]
    if chosen and not better:
        raise BadInput(f"Of the metric {chosen[0]} of {path} less is better: it is no grade of responses.")
    if len(better) > 1 and not _agree(records, better):
        raise BadInput(
            f"{path} was graded by several metrics ({', '.join(better[:20])}): choose one with --scorer NAME."
        )
    if names and not better:
        raise NoResponses(
            f"{path} grades no single response: its metrics ({', '.join(names[:5])}) are computed over the whole task."
        )
    return better[0] if better else None


def _agree(records: Sequence[Record], names: Sequence[str]) -> bool:
    return all(len({grade(record.metrics.get(name)) for name in names}) == 1 for record in records)


def reading_of(
    records: Sequence[Record],
    answers: Sequence[Sequence[str]],
    selected: Sequence[int],
    metric: str | None,
    config: Mapping[str, Any],
    path: Path,
) -> tuple[Reading | None, list[str]]:
    """How to read the answers so that equal means right; None where no way agrees with the log's grades; and notes.

    `selected` is the place of the answer that was graded, −1 where it is none of them.

    Raises `BadInput` where nothing that was graded is right or tells how, and the ways to read it differ.
    """
    graded = _graded(records, selected, metric)
    known = _known(records, answers, metric, config)
    if known is not None and _differs(known, graded) == 0:
        return known, []
    agreeing = [one for one in _tried(records, answers) if _differs(one, graded) <= TOLERATED * len(graded)]
    ever = [one for one in agreeing if any(map(any, one.right()))]
    if not ever:
        # Nothing is right in any way that agrees: nothing was seen that could tell right from wrong.
        return None, []
    first = ever[0]
    notes = []
    if first.name:
        seen = (
            "as its grades say"
            if any(right for *_, right in graded)
            else "though no graded one was right to confirm it"
        )
        notes.append(f"Answers of {path.name} are right where {first.name}, {seen}.")
    if wrong := _differs(first, graded):
        notes.append(f"{wrong:,} of {len(graded):,} graded answers of {path.name} differ from that: the grade counts.")
    others = [one for one in ever[1:] if one.right() != first.right()]
    if others:
        pairs = [pair for two in zip(first.right(), others[0].right(), strict=True) for pair in zip(*two, strict=True)]
        n = sum(one != other for one, other in pairs)
        notes.append(f"In {path.name} {n:,} ungraded responses would be judged otherwise if {others[0].name}.")
    return first, notes


def letters_of(
    records: Sequence[Record],
    answers: Sequence[Sequence[str]],
    selected: Sequence[int],
    metric: str | None,
    config: Mapping[str, Any],
) -> Reading | None:
    """Answers and targets as indices of options, where all targets are letters, and right means the same option."""
    if not all(
        len(record.targets) == 1 and record.options and _LETTER.fullmatch(record.targets[0].strip())
        for record in records
    ):
        return None
    goals = [[option_index(record.targets[0], record.options)] for record in records]
    if any(goal[0] < 0 for goal in goals):
        return None
    codes = [
        [option_index(text, record.options) for text in given] for record, given in zip(records, answers, strict=True)
    ]
    reading = Reading(
        "", [[str(code) for code in given] for given in codes], [[str(code) for code in goal] for goal in goals]
    )
    known = _known(records, answers, metric, config)
    if known is not None and known.right() != reading.right():
        return None
    return None if _differs(reading, _graded(records, selected, metric)) else reading


def _graded(records: Sequence[Record], selected: Sequence[int], metric: str | None) -> list[tuple[int, int, bool]]:
    """Row, place and grade of the answers that were graded."""
    values = [grade(record.metrics.get(metric or "")) for record in records]
    return [
        (row, at, value >= 0.5)
        for row, (at, value) in enumerate(zip(selected, values, strict=True))
        if at >= 0 and value is not None
    ]


def _differs(reading: Reading, graded: Sequence[tuple[int, int, bool]]) -> int:
    return sum((reading.answers[row][place] in reading.targets[row]) != right for row, place, right in graded)


def _known(
    records: Sequence[Record], answers: Sequence[Sequence[str]], metric: str | None, config: Mapping[str, Any]
) -> Reading | None:
    """The task's own `exact_match`, by the arguments that its configuration gives."""
    if config.get("metric_list") is None and "doc_to_text" in config:
        # What the harness takes where a task names none.
        config = {**config, "metric_list": [{"metric": "exact_match"}]}
    entry = next(
        (mapping(one) for one in sequence(config.get("metric_list")) if mapping(one).get("metric") == metric), None
    )
    if metric != "exact_match" or entry is None or config.get("process_results") is not None:
        return None
    targets = [list(record.targets) for record in records]
    if config.get("doc_to_choice") is not None:
        targets = [_choices(record, config.get("doc_to_choice")) for record in records]
    try:
        flat = _plain([text for given in answers for text in given], entry)
        goals = _plain([text for goal in targets for text in goal], entry)
    except filters.Unknown:
        return None
    return Reading("", _as(flat, answers), _as(goals, targets), known=True)


def _choices(record: Record, choices: Any) -> list[str]:
    """The text of the choices that targets name by index."""
    listed = [str(one) for one in sequence(choices)] or list(record.options)
    return [
        listed[int(text)] if text.isdecimal() and len(text) < 4 and int(text) < len(listed) else text
        for text in record.targets
    ]


def _plain(texts: list[str], entry: Mapping[str, Any]) -> list[str]:
    """Texts as `exact_match` compares them: without what its arguments say to ignore."""
    for pattern in sequence(entry.get("regexes_to_ignore")):
        texts = filters.without(texts, str(pattern))
    if entry.get("ignore_case"):
        texts = [text.lower() for text in texts]
    for name, characters in (("ignore_punctuation", string.punctuation), ("ignore_numbers", string.digits)):
        if entry.get(name):
            table = str.maketrans("", "", characters)
            texts = [text.translate(table) for text in texts]
    return texts


def _as(flat: Sequence[str], shape: Sequence[Sequence[Any]]) -> list[list[str]]:
    rest = iter(flat)
    return [[next(rest) for _ in row] for row in shape]


def _tried(records: Sequence[Record], answers: Sequence[Sequence[str]]) -> list[Reading]:
    """Ways to read answers whose grade is by a rule of the task's own, the strictest first."""
    ways: list[tuple[str, Callable[[str], str], Callable[[str], str]]] = [
        ("", str, str),
        ("they are the target but for case, blanks and the way of writing", canonical, canonical),
        ("they are the target but for $, commas, a final full stop and what stands before ####", _sum, _sum),
        ("they are the same number as the target, or as what follows #### in it", canonical_number, _after_hashes),
        ("what follows #### in both is the same number", _after_hashes, _after_hashes),
        (r"the last \boxed{} of the response is the target", _in_box, _in_box),
    ]
    out = []
    for name, of_answer, of_target in ways:
        forms: dict[str, str] = {}
        out.append(
            Reading(
                name,
                [[_once(forms, of_answer, text) for text in given] for given in answers],
                [[of_target(text) for text in record.targets] for record in records],
            )
        )
    return out


def _once(forms: dict[str, str], form: Callable[[str], str], text: str) -> str:
    if text not in forms:
        forms[text] = form(text)
    return forms[text]


def _sum(text: str) -> str:
    """What the harness compares in word problems.

    >>> _sum("He has 3. #### $1,200.")
    '1200'
    """
    return text.rpartition("#### ")[2].replace(",", "").replace("$", "").removesuffix(".").lower()


def _after_hashes(text: str) -> str:
    return canonical_number(text.rpartition("####")[2])


def _in_box(text: str) -> str:
    """The content of the last box of a text, as a number where it is one; the text itself where it has no box.

    >>> _in_box(r"so \\boxed{1} or \\boxed{\\frac{1}{2}}."), _in_box("0.5")
    ('1/2', '1/2')
    """
    found = list(_BOXED.finditer(text))
    if not found:
        return canonical_number(text)
    start = at = found[-1].end()
    depth = 1
    while at < len(text) and depth:
        depth += (text[at] == "{") - (text[at] == "}")
        at += 1
    return canonical_number(text[start : at - 1] if not depth else text[start:])
