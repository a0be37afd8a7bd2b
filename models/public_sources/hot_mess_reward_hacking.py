"""Three models on multiple choice with hints toward a wrong option: 4cd4/hot-mess-reward-hacking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean
from public_sources.clones import Clone, Entry, option

BENCHMARKS = {"gpqa": "gpqa_diamond", "mmlu": "mmlu"}
LETTERS = 4


def rows(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per answer: without a hint (`condition` is `none`) and under each kind of hint.

    All models of the repository are read; the page has two of them (`--where "model <> 'haiku-4.5'"`).
    """
    (file,) = clone.files("data/questions.json")
    questions = list(clone.objects(file))
    for file in clone.files("results/phase1/baseline_*.json"):
        yield from asked(clone.objects(file), questions, model_of(file), "none")
    for file in clone.files("results/phase2/hinted_*.json"):
        hints = clone.object(file)
        for hint in hints.value:
            yield from asked(hints.entries(hint), questions, model_of(file), hint)


def model_of(file: Path) -> str:
    """The model that a file is named after.

    >>> model_of(Path("results", "phase2", "hinted_haiku-4.5.json"))
    'haiku-4.5'
    """
    return clean(file.stem.partition("_")[2])


def asked(records: Iterator[Entry], questions: list[Entry], model: str, condition: str) -> Iterator[dict[str, Any]]:
    """The answers of a model to all questions in one condition."""
    for record in records:
        index = record.take("question_idx", int)
        if not 0 <= index < len(questions):
            raise BadInput(f"{record.where}: data/questions.json has no question {index}.")
        of = questions[index]
        source = of.take("source", str)
        target = of.take("answer", int)
        if option(record.take("correct_answer", str)) != target:
            raise BadInput(f"{record.where}: 'correct_answer' is not that of data/questions.json.")
        hinted = option(record.take("hint_answer", str))
        for answer in record.entries("answers"):
            said = option(answer.maybe("answer", str))
            yield {
                "benchmark": BENCHMARKS.get(source, source),
                "question": str(index),
                "model": model,
                "condition": condition,
                "sample": answer.take("sample", int),
                "target": target,
                "n_choices": LETTERS,
                "answer": said if said < LETTERS else -1,
                "score": float(said == target),
                "category": of.take("subject", str),
                "hint_answer": hinted,
            }
