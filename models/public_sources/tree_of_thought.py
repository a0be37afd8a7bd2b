"""GPT-4 at the game of 24, and its stories with their judgements: princeton-nlp/tree-of-thought-llm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hotmess.errors import BadInput
from public_sources.clones import Clone, Entry

GAME = "logs/game24/gpt-4_0.7_naive_{}_sample_100_start900_end1000.json"
STORIES = "logs/text/gpt-4_1.0_naive_{}_sample_10_start0_end100.json"
PROMPTS = ("standard", "cot")


def game24(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per response to a game under one of two prompts: the source's score, its last line, and its length.

    Several expressions are right, so the text is no letter of an answer. The tree search itself is not read: it gives
    one set of candidates a question, not repeated responses.
    """
    for prompt in PROMPTS:
        for record, question in records(clone, GAME.format(prompt)):
            texts = record.items("ys", str)
            if "accs" in record.value:
                scores = [float(right) for right in record.items("accs", bool)]
            else:
                scores = [info.take("r", float) for info in record.entries("infos")]
            alike(record, texts, scores)
            for sample, (text, score) in enumerate(zip(texts, scores)):
                yield {
                    "benchmark": "game24",
                    "model": "gpt-4",
                    "condition": prompt,
                    "question": question,
                    "sample": sample,
                    "score": score,
                    "text": last_line(text),
                    "response_chars": len(text),
                    "temperature": 0.7,
                }


def creative_writing(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per judgement (1 to 10) of a story: `sample` numbers the stories, `judge_sample` their judgements.

    `score` is the rating brought to 0 to 1. Judgements that gave no number are not in the source's lists, so the later
    ones of such a story have moved up.
    """
    for prompt in PROMPTS:
        for record, question in records(clone, STORIES.format(prompt)):
            texts, judged = record.items("ys", str), list(record.entries("infos"))
            alike(record, texts, judged)
            for sample, (text, info) in enumerate(zip(texts, judged)):
                ratings = info.items("rs", int)
                if not all(1 <= rating <= 10 for rating in ratings):
                    raise BadInput(f"{info.where}: ratings must be from 1 to 10.")
                for judgement, rating in enumerate(ratings):
                    yield {
                        "benchmark": "tot-creative-writing",
                        "model": "gpt-4",
                        "condition": prompt,
                        "question": question,
                        "sample": sample,
                        "judge_sample": judgement,
                        "judge": "gpt-4",
                        "score": (rating - 1) / 9,
                        "rating": rating,
                        "response_chars": len(text),
                    }


def records(clone: Clone, file: str) -> Iterator[tuple[Entry, str]]:
    """The questions of a log and their names."""
    (found,) = clone.files(file)
    for record in clone.objects(found):
        yield record, str(record.take("idx", int))


def alike(record: Entry, texts: list[str], others: list[Any]) -> None:
    """Refuse lists of texts and of what belongs to them that are not equally long."""
    if len(texts) != len(others):
        raise BadInput(f"{record.where} has {len(texts)} texts and {len(others)} scores.")


def last_line(text: str) -> str:
    """The last line of a response, without what announces an answer.

    >>> last_line("Steps: 2 * 12 = 24 (left: 24)\\nAnswer: 2 * 12 = 24\\n")
    '2 * 12 = 24'
    """
    return text.strip().rpartition("\n")[2].removeprefix("Answer: ")
