"""Options scored by their log-likelihoods, as probabilities."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from hotmess.responses.formats.hostile import option_index
from hotmess.responses.formats.lm_eval_grades import grade
from hotmess.responses.formats.lm_eval_records import Record
from hotmess.responses.formats.same_questions import fingerprint

NO_TARGET = "questions left out: no right option is named"

BY_LENGTH = {"acc_norm": "characters", "acc_bytes": "bytes"}
MUTUAL = "acc_mutual_info"
NEAR = 1e-6
"""How far the probability of the right options may be from a grade that is their probability."""


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


def scores_of(record: Record, metric: str | None) -> list[float]:
    """What the metric compares: log-likelihoods, by characters or bytes, or above those without the question."""
    values = list(record.likelihoods)
    if MUTUAL in record.metrics:
        half = len(values) // 2
        if metric == MUTUAL:
            return [value - alone for value, alone in zip(values[:half], values[half:], strict=True)]
        values = values[:half]
    if metric in BY_LENGTH:
        place = list(BY_LENGTH).index(metric)
        return [value / max(size[place], 1) for value, size in zip(values, record.sizes, strict=False)]
    return values


def rows_of_choices(
    records: Sequence[Record], metric: str | None, counts: Counter[str], notes: list[str], task: str
) -> list[dict[str, Any]] | None:
    """Columns of each question's row; None where the grades contradict the options' likelihoods.

    Several right options are one right class, which comes first: their probability is the sum.
    """
    rows: list[dict[str, Any]] = []
    merged = 0
    for record in records:
        row = _row(record, metric)
        if row is None:
            return None
        if not row:
            counts[NO_TARGET] += 1
            continue
        merged += row.pop("merged")
        rows.append({"record": record, **row})
    if metric in BY_LENGTH and rows:
        notes.append(
            f"Probabilities of {task} are of log-likelihoods divided by {BY_LENGTH[metric]}, as {metric} compares them."
        )
    elif metric == MUTUAL and rows:
        notes.append(
            f"Probabilities of {task} are of log-likelihoods above those without the question, as {metric} is."
        )
    if merged:
        notes.append(f"{merged:,} questions of {task} have several right options: they count as one, the first.")
    again = max((record.repeats for record in records), default=1)
    if again > 1:
        notes.append(f"Log-likelihoods of {task} were computed {again:,} times for each question: they are read once.")
    return rows


def _row(record: Record, metric: str | None) -> dict[str, Any] | None:
    """The row of a question: empty where no right option is named, None where its grade says otherwise."""
    values = scores_of(record, metric)
    n = len(values)
    probs = softmax(values) if n else None
    graded = grade(record.metrics.get(metric or ""))
    right = sorted(_right(record, n))
    whole = graded is None or graded in (0.0, 1.0)
    if not whole:  # the grade is the probability of all right options, as of truthfulqa_mc2
        right = list(record.right)
        if not right or probs is None or abs(sum(probs[place] for place in right) - (graded or 0.0)) > NEAR:
            return None
    if not right:
        return {}
    best = -1 if probs is None else values.index(max(values))
    if whole and graded is not None and probs is not None and (graded == 1.0) != (best in right):
        return None
    texts = list(record.continuations[:n]) if not record.options or len(record.options) != n else list(record.options)
    if len(right) == 1:
        order = list(range(n))
        target = right[0]
        answer = best
    else:  # one right class, then the others
        wrong = [place for place in range(n) if place not in right]
        if not wrong:
            return {}
        if probs is not None:
            probs = [math.fsum(probs[place] for place in right), *(probs[place] for place in wrong)]
        texts = [" | ".join(sorted(texts[place] for place in right)), *(texts[place] for place in wrong)]
        target, order = 0, [right[0], *wrong]
        answer = -1 if best < 0 else 0 if best in right else 1 + wrong.index(best)
    return {
        "probs": probs,
        "answer": answer,
        "target": target,
        "n_choices": len(order),
        "options": fingerprint("", texts, [])[1],
        "merged": len(right) > 1,
    }


def _right(record: Record, n: int) -> set[int]:
    """The indices of right options, given as indices, letters, or option texts."""
    return {place for text in record.targets if (place := _index(text.strip().strip('"'), record, n)) is not None}


def _index(text: str, record: Record, n: int) -> int | None:
    if text.isdecimal() and len(text) < 4:
        return int(text) if int(text) < n else None
    for listed in (record.continuations[:n], record.options[:n]):
        bare = [one.strip() for one in listed]
        if bare.count(text) == 1:
            return bare.index(text)
    index = option_index(text, [""] * n)
    return index if index >= 0 else None
