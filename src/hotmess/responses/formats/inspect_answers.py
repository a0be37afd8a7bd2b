"""What Inspect's graded samples answered: letters, sets of options, or text; each checked against the grade.

The grade is the truth. Letters and texts are the outcome where they say right or wrong as the grades do, but for
`TOLERATED` of them, and for these the grade counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from hotmess.responses.canonical import LONGEST, canonical_number
from hotmess.responses.formats.agreement import TOLERATED
from hotmess.responses.formats.hostile import option_index
from hotmess.responses.formats.inspect_grades import Graded
from hotmess.responses.formats.same_questions import fingerprint
from hotmess.responses.values import OTHERWISE, canonical

Columns = list[dict[str, Any]]

BY_GRADE = "answers that differ from what their grades say: the grade counts"
CLASS = "responses to questions with several right options, which count as one, the first"
SETS = "responses to questions with several right options, all of which have to be chosen: sets of options, as text"
WHERE = "responses whose answers are not compared with the right one as a whole: they are right where {}"
PARTLY = "responses of logs with letters, some graded as neither right nor wrong: the grade is the outcome"
OTHERWISE_RIGHT = "responses graded as wrong and equal to a right answer but for case, blanks or writing (--canonical)"


class Outcome(NamedTuple):
    """The outcome of a log, and the columns of each of its rows beside the score."""

    kind: str
    columns: Columns


def outcome_of(rows: Sequence[Graded], counts: Counter[str]) -> Outcome:
    """Letters, text, or nothing but the score."""
    if not all(row.value in (0.0, 1.0) for row in rows):
        if all(map(_has_options, rows)) and any(row.answer for row in rows):
            counts[PARTLY] += len(rows)
        return Outcome("score", [{} for _ in rows])
    recorded = sum(row.answer is not None or "parsed" in row.extra for row in rows)
    if all(map(_has_options, rows)) and recorded * 2 >= len(rows):
        found = _options(rows, counts)
        if found is not None:
            return found
    return _texts(rows, counts)


def ungraded(rows: Sequence[Graded]) -> Outcome:
    """The text of samples that nobody graded; one that equals any of several right answers is the first of them."""
    columns = []
    for row in rows:
        goals, text = _goals(row), row.record.completion
        goal = min(goals, key=canonical, default=None)
        several = len(goals) > 1 and (_same(text, goals) or _number(text, goals))
        columns.append({"text": goal if several else text, "target": goal})
    return Outcome("text", columns)


def _goals(row: Graded) -> list[str]:
    """The right answers that say anything."""
    return [target for target in row.record.target if canonical(target)]


def _has_options(row: Graded) -> bool:
    record = row.record
    if record.metadata.get("format") == "open" or len(record.choices) < 2 or not record.target:
        return False
    return all(option_index(target, record.choices) >= 0 for target in record.target)


def _options(rows: Sequence[Graded], counts: Counter[str]) -> Outcome | None:
    """Letters, or sets of letters where several have to be chosen; None where the answers are none."""
    right = [sorted({option_index(target, row.record.choices) for target in row.record.target}) for row in rows]
    chosen = [_chosen(row) for row in rows]
    several = sum(len(one) > 1 for one in right)
    told = [row.value == 1.0 for row in rows]
    any_of = [len(one) == 1 and one[0] in goal for one, goal in zip(chosen, right, strict=True)]
    all_of = [one == goal for one, goal in zip(chosen, right, strict=True)]
    as_sets = several > 0 and _differing(all_of, told) <= _differing(any_of, told)
    said = all_of if as_sets else any_of
    wrong = _differing(said, told)
    if wrong > TOLERATED * len(rows):
        # Too many to be what the scorer looked at: no letters; or they are, and the reader of both must choose.
        return None if as_sets or sum(map(bool, chosen)) * 2 < len(rows) else Outcome("answer", _letters(rows, right))
    counts[BY_GRADE] += wrong
    counts[SETS if as_sets else CLASS] += several
    if as_sets:
        return Outcome("text", [_set(*one) for one in zip(rows, chosen, right, strict=True)])
    columns = _letters(rows, right)
    for one, ok, good in zip(columns, told, said, strict=True):
        if ok != good:
            one["answer"] = one["target"] if ok else -1
    return Outcome("answer", columns)


def _differing(one: Sequence[bool], other: Sequence[bool]) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def _chosen(row: Graded) -> list[int]:
    """The options that were answered: as the scorer says in its metadata, else by letters or text; none if unclear."""
    extra, choices = row.extra, row.record.choices
    if "parsed" in extra and "answer" in extra:
        index = extra["answer"]
        fits = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(choices)
        return [index] if fits else []
    whole = option_index(row.answer, choices)
    if whole >= 0 or row.answer is None:
        return [whole] if whole >= 0 else []
    parts = [option_index(part, choices) for part in row.answer.split(",")]
    return sorted(set(parts)) if min(parts) >= 0 else []


def _letters(rows: Sequence[Graded], right: Sequence[list[int]]) -> Columns:
    """Columns of letters; several right options are one class, which comes first, and the others keep their order."""
    out: Columns = []
    for row, goal in zip(rows, right, strict=True):
        choices = row.record.choices
        chosen = _chosen(row)
        code = chosen[0] if len(chosen) == 1 else -1
        if len(goal) == 1:
            out.append({"answer": code, "target": goal[0], "n_choices": len(choices)})
            continue
        wrong = [place for place in range(len(choices)) if place not in goal]
        texts = [" | ".join(sorted(choices[place] for place in goal)), *(choices[place] for place in wrong)]
        answer = code if code < 0 else 0 if code in goal else 1 + wrong.index(code)
        options = fingerprint("", texts, [])[1]
        out.append({"answer": answer, "target": 0, "n_choices": len(texts), "options": options})
    return out


def _set(row: Graded, chosen: Sequence[int], right: Sequence[int]) -> dict[str, Any]:
    goal, said = (" | ".join(sorted(row.record.choices[place] for place in one)) for one in (right, chosen))
    return _text(row, said or None, [goal])


def _texts(rows: Sequence[Graded], counts: Counter[str]) -> Outcome:
    """Text that is right where the grade says so: short answers, or longer ones that are the target."""
    score = Outcome("score", [{} for _ in rows])
    goals = [_goals(row) for row in rows]
    if not all(goals):
        return score
    told = [row.value == 1.0 for row in rows]
    recorded = all(row.answer is not None or row.value == 0.0 for row in rows)
    answers = [row.answer if recorded else row.answer or row.record.completion for row in rows]
    lengths = sorted(len(answer) for answer in answers if answer is not None)
    if not lengths:
        return score
    short = lengths[(9 * (len(lengths) - 1)) // 10] <= LONGEST
    ways = [_same, _number] + ([_within] if short else [])
    enough = TOLERATED * len(rows)
    pairs = list(zip(answers, goals, strict=True))
    way = next((w for w in ways if _differing([w(a, goal) for a, goal in pairs], told) <= enough), None)
    if way is None and not (short and recorded):
        return score
    if way is not _same:
        where = {_number: "they are the same number", _within: "they hold it"}
        counts[WHERE.format(where[way] if way is not None else "their grades say so")] += len(rows)
    columns = [_text(row, answer, goal) for row, (answer, goal) in zip(rows, pairs, strict=True)]
    counts[OTHERWISE_RIGHT] += sum(str(one["text"]).endswith(OTHERWISE) for one in columns)
    counts["responses to questions with several right answers, each of which counts as the first"] += sum(
        len(goal) > 1 for goal in goals
    )
    return Outcome("text", columns)


def _text(row: Graded, answer: str | None, targets: Sequence[str]) -> dict[str, Any]:
    """The columns of a text: a right one is the first target, in the alphabet, whatever it was."""
    goal = min(targets, key=canonical)
    if row.value == 1.0:
        return {"text": goal, "target": goal}
    if answer is not None and canonical(answer) in map(canonical, targets):
        answer = goal + OTHERWISE
    return {"text": answer if answer is not None and canonical(answer) else None, "target": goal}


def _same(answer: str | None, targets: Sequence[str]) -> bool:
    return answer is not None and canonical(answer) in map(canonical, targets)


def _number(answer: str | None, targets: Sequence[str]) -> bool:
    return answer is not None and canonical_number(answer) in map(canonical_number, targets)


def _within(answer: str | None, targets: Sequence[str]) -> bool:
    return answer is not None and any(canonical(target) in canonical(answer) for target in targets)
