"""Records of lm-evaluation-harness as rows: probabilities, letters, text or scores; one row for each repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hotmess.errors import BadInput
from hotmess.responses.formats import lm_eval_filters as filters
from hotmess.responses.formats.hostile import number, option_index, text_hash
from hotmess.responses.formats.lm_eval_choices import rows_of_choices
from hotmess.responses.formats.lm_eval_grades import Reading, grade, letters_of, reading_of
from hotmess.responses.formats.lm_eval_records import Record
from hotmess.responses.formats.registry import NoResponses, ReadOptions
from hotmess.responses.formats.tokens import count_tokens
from hotmess.responses.values import OTHERWISE, canonical

Rows = list[dict[str, Any]]

OTHERWISE_RIGHT = (
    "responses graded as wrong and equal to the target but for case, blanks or writing (--canonical text or "
    "--canonical math counts them as right)"
)


class Answers(NamedTuple):
    """What the filter makes of every repeat, the place of the graded one (−1 for none), what stands for no answer."""

    given: list[list[str]]
    selected: list[int]
    missing: set[str]


def rows_of(
    records: Sequence[Record], metric: str | None, facts: Mapping[str, Any], path: Path, options: ReadOptions
) -> tuple[Rows, str, Counter[str], list[str]]:
    """Rows, the outcome they hold, counts and notes for the data accounting."""
    counts: Counter[str] = Counter()
    notes: list[str] = []
    rows: Rows | None
    if all(len(record.likelihoods) >= 2 for record in records):
        chosen = rows_of_choices(records, metric, counts, notes, facts["task"])
        kind = "probs"
        if chosen is None:
            notes.append(
                f"The grades of {facts['task']} are not those of the most probable option, so they are read as scores."
            )
            rows, kind = _of_scores(records, metric), "score"
        else:
            rows = [_base(one.pop("record"), metric) | one for one in chosen]
    elif all(record.responses for record in records):
        rows, kind = _of_texts(records, metric, facts, path, counts, notes)
        _lengths(rows, facts, options, notes)
    else:
        rows, kind = _of_scores(records, metric), "score"
    if not rows:
        raise NoResponses(f"{path} holds no response that can be used: it has neither texts, options nor a grade.")
    for row in rows:
        response = row.pop("_response", None)
        if response is not None:
            row["text_hash"] = text_hash([response])
            if options.completions:
                row["completion"] = response
    return rows, kind, counts, notes


def _base(record: Record, metric: str | None) -> dict[str, Any]:
    arguments = record.arguments
    sampled = arguments.get("do_sample")
    temperature = number(arguments.get("temperature"))
    return {
        "question": record.id,
        "score": grade(record.metrics.get(metric)) if metric else None,
        "category": record.category,
        "temperature": 0.0 if sampled is False else temperature,
        "top_p": number(arguments.get("top_p")),
        "content": record.content,
        "_asked": record.asked,
    }


def _of_scores(records: Sequence[Record], metric: str | None) -> Rows:
    """The graded response of each question; of several repeats the first stands for it."""
    rows = []
    for record in records:
        row = _base(record, metric)
        if row["score"] is not None:
            rows.append(row | _said(record, 0))
    return rows


def _said(record: Record, place: int) -> dict[str, Any]:
    """The text of a response and its tokens, where the log has them."""
    out: dict[str, Any] = {"_response": record.responses[place] if place < len(record.responses) else None}
    if place < len(record.tokens):
        out["output_tokens"], out["reasoning_tokens"] = record.tokens[place]
    return out


def _of_texts(
    records: Sequence[Record],
    metric: str | None,
    facts: Mapping[str, Any],
    path: Path,
    counts: Counter[str],
    notes: list[str],
) -> tuple[Rows, str]:
    several = any(len(record.responses) > 1 for record in records)
    values = [grade(record.metrics.get(metric or "")) for record in records]
    if several and metric is not None and metric.startswith("pass@"):
        raise BadInput(
            f"{path} grades all repeats of a question together ({metric}), and does not say which of them pass: run "
            "the task once for each repeat, with --repeats 1 and another seed, or grade each repeat by itself, "
            "as Inspect does, or in a table with one row for each."
        )
    whole = all(value in (0.0, 1.0, None) for value in values)
    answers = _answers(records, facts, path) if several or whole else None
    reading: Reading | None = None
    kind = "text"
    if answers is not None and whole:
        reading = letters_of(records, answers.given, answers.selected, metric, facts["config"])
        kind = "text" if reading is None else "answer"
        if reading is None:
            reading, said = reading_of(records, answers.given, answers.selected, metric, facts["config"], path)
            notes += said
        if reading is not None and kind == "text" and any(not canonical(goal[0]) for goal in reading.targets):
            reading = None
    if reading is None or answers is None:
        if not several:
            if metric is None:
                raise BadInput(f"{path} grades no single response, and no answer equals its target.")
            notes.append(f"The outcome of {facts['task']} is the log's own grade, {metric}.")
            return _of_scores(records, metric), "score"
        raise BadInput(
            f"{path} grades one of {max(len(record.responses) for record in records)} repeats of each question by "
            f"{metric}, and no way to read answers agrees with its grades: run the task once for each repeat, with "
            "--repeats 1 and another seed, so that each is graded, and read the folder of all runs."
        )
    return _with_answers(records, answers, reading, values, kind, metric, counts), kind


def _with_answers(
    records: Sequence[Record],
    answers: Answers,
    reading: Reading,
    values: Sequence[float | None],
    kind: str,
    metric: str | None,
    counts: Counter[str],
) -> Rows:
    rows: Rows = []
    otherwise = 0
    for at, (record, judged) in enumerate(zip(records, reading.right(), strict=True)):
        goal = reading.targets[at][0]
        for place, (answer, form, right) in enumerate(zip(answers.given[at], reading.answers[at], judged, strict=True)):
            value = values[at] if place == answers.selected[at] else None
            if value is not None:
                right = value >= 0.5
            row = _base(record, metric) | _said(record, place)
            row["score"] = float(right) if value is None else value
            if kind == "answer":
                code = option_index(answer, record.options)
                row.update(answer=code, target=int(goal), n_choices=len(record.options))
            elif right:
                row.update(text=goal, target=goal)
            else:
                text = None if answer in answers.missing or not canonical(form) else form
                if text is not None and canonical(text) == canonical(goal):
                    otherwise += 1
                    text += OTHERWISE
                row.update(text=text, target=goal)
            rows.append(row)
    counts[OTHERWISE_RIGHT] += otherwise
    return rows


def _lengths(rows: Rows, facts: Mapping[str, Any], options: ReadOptions, notes: list[str]) -> None:
    """Lengths of the responses: tokens counted here, or as the log counts them, else characters."""
    texts = [row["_response"] for row in rows]
    if facts["cut"]:
        if options.tokenizer is not None:
            raise BadInput(
                f"The log of {facts['task']} holds only what its model wrote after {facts['cut']}, so counting its "
                "tokens would not give the length of responses: leave out --tokenizer."
            )
        notes.append(
            f"The log of {facts['task']} holds only what its model wrote after {facts['cut']}: lengths are not known."
        )
    elif options.tokenizer is not None:
        for row, tokens in zip(rows, count_tokens(texts, options.tokenizer), strict=True):
            row.pop("output_tokens", None)
            row["reasoning_tokens"] = tokens
        notes.append(
            f"Length of {facts['task']} is the tokens of the response, counted with {Path(options.tokenizer).name}."
        )
    elif not all("output_tokens" in row for row in rows):
        for row, text in zip(rows, texts, strict=True):
            row["reasoning_characters"] = len(text)


def _answers(records: Sequence[Record], facts: Mapping[str, Any], path: Path) -> Answers:
    """What the filter makes of every repeat, and which of them the log graded."""
    name = facts["filter"]
    if all(len(record.responses) == 1 and record.filtered is not None for record in records):
        given = [[record.filtered or ""] for record in records]
        return Answers(given, [0] * len(records), filters.unanswered(steps_of(facts["config"], name)))
    if all(record.all_filtered for record in records):
        return Answers([list(record.all_filtered) for record in records], [-1] * len(records), {"[invalid]"})
    responses = [response for record in records for response in record.responses]
    listed = [record.options for record in records for _ in record.responses]
    try:
        steps = filters.steps_of(facts["config"], name)
        flat = iter(filters.apply(steps, responses, listed))
        given = [[next(flat) for _ in record.responses] for record in records]
        selected = []
        for record, answers in zip(records, given, strict=True):
            chosen = filters.select(steps, answers)
            if record.filtered is not None and chosen != record.filtered:
                raise filters.Unknown(f"for question {record.id} it gives another answer than the log")
            selected.append(answers.index(chosen) if chosen in answers else -1)
    except filters.Unknown as error:
        raise BadInput(
            f"The filter {name!r} of {path} cannot be applied to all repeats: {error}; choose another with "
            f"--filter NAME, or, where there is none, run the task once for each repeat, with --repeats 1 and another "
            "seed."
        ) from None
    return Answers(given, selected, filters.unanswered(steps))


def steps_of(config: Any, name: str) -> list[Any]:
    """The steps of a filter; none where the log does not describe it."""
    try:
        return filters.steps_of(config, name)
    except filters.Unknown:
        return []
