"""Records of lm-evaluation-harness as rows: probabilities, letters, text or scores; one row for each repeat."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hotmess.errors import BadInput
from hotmess.responses.formats import lm_eval_filters as filters
from hotmess.responses.formats.hostile import number, option_index, text_hash
from hotmess.responses.formats.lm_eval import Record
from hotmess.responses.formats.registry import NoResponses, ReadOptions
from hotmess.responses.formats.tokens import count_tokens
from hotmess.responses.values import canonical

Rows = list[dict[str, Any]]

SEVERAL = "questions left out: more than one option is right"
NO_TARGET = "questions left out: no right option is named"

_LETTER = re.compile(r"\(?([A-Z])\)?\.?")
_PREFERRED = ("exact_match", "acc")


def rows_of(
    records: Sequence[Record], facts: Mapping[str, Any], path: Path, options: ReadOptions
) -> tuple[Rows, str, Counter[str], list[str]]:
    """Rows, the outcome they hold, counts and notes for the data accounting."""
    counts: Counter[str] = Counter()
    notes: list[str] = []
    metric = _metric(records, options, path)
    if all(len(record.likelihoods) >= 2 for record in records):
        rows, kind = _of_likelihoods(records, metric, counts)
    elif all(record.responses for record in records):
        rows, kind = _of_texts(records, metric, facts, path, options, notes)
    else:
        rows, kind = _of_scores(records, metric), "score"
    if not rows:
        raise NoResponses(f"{path} holds no response that can be used: it has neither texts, options nor a grade.")
    seen: Counter[str] = Counter()
    run = f"{facts['run']}|{facts['task']}|{facts['model']}"
    for row in rows:
        row["sample"] = seen[row["question"]]
        seen[row["question"]] += 1
        row.update(
            benchmark=facts["task"], model=facts["model"], settings=json.dumps(facts["settings"], sort_keys=True)
        )
        row.update(response_id=f"{run}|{row['question']}|{row['sample']}")
        if facts["size"]:
            row["model_size_b"] = facts["size"] / 1e9
    return rows, kind, counts, notes


def _metric(records: Sequence[Record], options: ReadOptions, path: Path) -> str | None:
    """The metric to take as a score: the one asked for, else the usual one, else the only one."""
    names = list(dict.fromkeys(name for record in records for name in record.metrics))
    asked = [name for name in options.scorer if name in names]
    if len(asked) > 1:
        raise BadInput(f"{path} has the metrics {', '.join(names)}: choose only one of them with --scorer NAME.")
    if asked:
        return asked[0]
    usual = [name for name in _PREFERRED if name in names]
    return usual[0] if usual else names[0] if len(names) == 1 else None


def _base(record: Record, metric: str | None) -> dict[str, Any]:
    arguments = record.arguments
    sampled = arguments.get("do_sample")
    temperature = number(arguments.get("temperature"))
    return {
        "question": record.id,
        "score": record.metrics.get(metric) if metric else None,
        "category": record.category,
        "temperature": 0.0 if sampled is False else temperature,
        "top_p": number(arguments.get("top_p")),
    }


def softmax(values: Sequence[float]) -> list[float] | None:
    """Probabilities proportional to exp(value); None where no value is finite.

    >>> softmax([0.0, math.log(3.0), -math.inf])
    [0.25, 0.75, 0.0]
    """
    top = max(values)
    if not math.isfinite(top):
        return None
    weights = [math.exp(value - top) for value in values]
    total = math.fsum(weights)
    return [weight / total for weight in weights]


def _of_likelihoods(records: Sequence[Record], metric: str | None, counts: Counter[str]) -> tuple[Rows, str]:
    """Probabilities of the options: the softmax of their log-likelihoods, not normalised for length."""
    rows: Rows = []
    contradicted = False
    for record in records:
        values = record.likelihoods
        if "acc_mutual_info" in record.metrics:  # the second half are the unconditional ones
            values = values[: len(values) // 2]
        probs = softmax(values)
        target = _right(record, len(values))
        if target is None:
            counts[SEVERAL if record.target.startswith("[") else NO_TARGET] += 1
            continue
        answer = -1 if probs is None else probs.index(max(probs))
        acc = record.metrics.get("acc")
        contradicted |= acc in (0.0, 1.0) and (acc == 1.0) != (answer == target) and probs is not None
        row = _base(record, metric)
        row.update(probs=probs, answer=answer, target=target, n_choices=len(values))
        rows.append(row)
    if contradicted:
        # The target is not the index of an option after all: only the grade is sure.
        return _of_scores(records, metric), "score"
    return rows, "probs"


def _right(record: Record, n: int) -> int | None:
    """The index of the right option, given as an index, as a letter, or as the option's text."""
    text = record.target.strip().strip('"')
    if text.isdecimal() and len(text) < 4:
        return int(text) if int(text) < n else None
    for listed in (record.continuations[:n], record.options[:n]):
        if [one.strip() for one in listed].count(text) == 1:
            return [one.strip() for one in listed].index(text)
    index = option_index(text, [""] * n)
    return index if index >= 0 else None


def _of_scores(records: Sequence[Record], metric: str | None) -> Rows:
    return [_base(record, metric) for record in records if metric and metric in record.metrics]


def _of_texts(
    records: Sequence[Record],
    metric: str | None,
    facts: Mapping[str, Any],
    path: Path,
    options: ReadOptions,
    notes: list[str],
) -> tuple[Rows, str]:
    answers = _answers(records, facts, path)
    letters = all(_LETTER.fullmatch(record.target.strip()) and record.options for record in records)
    letters = letters and all(option_index(record.target, record.options) >= 0 for record in records)
    graded = [
        (record.metrics.get(metric or ""), record, selected)
        for record, (_, selected) in zip(records, answers, strict=True)
    ]
    letters = letters and all(_same(grade, _is_right(one, said, letters=True)) for grade, one, said in graded)
    wrong = sum(not _same(grade, _is_right(one, said, letters=letters)) for grade, one, said in graded)
    kind = "answer" if letters else "text"
    if wrong and not any(len(record.responses) > 1 for record in records):
        return _of_scores(records, metric), "score"
    if wrong:
        notes.append(
            f"Answers to {facts['task']} are right where they equal the target, which differs from {metric} "
            f"in {wrong:,} of {len(records):,} questions."
        )
    rows: Rows = []
    for record, (given, _) in zip(records, answers, strict=True):
        for response, answer in zip(record.responses, given, strict=True):
            row = _base(record, metric)
            if len(record.responses) > 1:  # the grade is of one answer only
                row["score"] = None if wrong else float(_is_right(record, answer, letters=letters))
            if letters:
                code, right = (option_index(text, record.options) for text in (answer, record.target))
                row.update(answer=code, target=right, n_choices=len(record.options))
            else:
                row.update(text=answer, target=record.target)
            row["text_hash"] = text_hash([response])
            if options.tokenizer is None:
                row["reasoning_characters"] = len(response)
            if options.completions:
                row["completion"] = response
            rows.append(row)
    if options.tokenizer is not None:
        texts = [response for record in records for response in record.responses]
        for row, tokens in zip(rows, count_tokens(texts, options.tokenizer), strict=True):
            row["reasoning_tokens"] = tokens
        notes.append(
            f"Length of {facts['task']} is the tokens of the response, counted with {Path(options.tokenizer).name}."
        )
    return rows, kind


def _is_right(record: Record, answer: str | None, *, letters: bool) -> bool:
    if answer is None:
        return False
    if letters:
        return option_index(answer, record.options) == option_index(record.target, record.options)
    return canonical(answer) == canonical(record.target)


def _same(graded: float | None, right: bool) -> bool:
    return graded is None or (graded == 1.0) == right


def _answers(records: Sequence[Record], facts: Mapping[str, Any], path: Path) -> list[tuple[list[str], str | None]]:
    """For each record what the filter makes of every repeat, and the one answer that the log graded."""
    if all(len(record.responses) == 1 and record.filtered is not None for record in records):
        return [([record.filtered or ""], record.filtered) for record in records]
    name = facts["filter"]
    responses = [response for record in records for response in record.responses]
    listed = [record.options for record in records for _ in record.responses]
    try:
        steps = filters.steps_of(facts["config"], name)
        flat = iter(filters.apply(steps, responses, listed))
        given = [[next(flat) for _ in record.responses] for record in records]
        for record, answers in zip(records, given, strict=True):
            if record.filtered is not None and filters.select(steps, answers) != record.filtered:
                raise filters.Unknown(f"for question {record.id} it gives another answer than the log")
    except filters.Unknown as error:
        raise BadInput(
            f"The filter {name!r} of {path} cannot be applied to all repeats: {error}; choose another with "
            "--filter NAME."
        ) from None
    return [(answers, filters.select(steps, answers)) for answers in given]
