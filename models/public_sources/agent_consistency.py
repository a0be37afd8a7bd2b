"""Three models as agents on HotpotQA, ten runs of each question: amanmehta-maniac/agent-consistency."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Any

from public_sources.clones import Clone, Entry

ARTICLES = re.compile(r"\b(?:a|an|the)\b")
PLAIN = str.maketrans("", "", string.punctuation)


def rows(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per run: its answer whole, whether it holds the gold one, actions, seconds, and what ended it.

    Runs at temperature 0 are the condition `temp0`, all others `default`. A run without an answer (the limit of steps,
    an error of the interface) has an empty text and is wrong. An answer that is no text (one model gave objects) stands
    as Python writes it. `exact` and `score_authors` are two other rules of being right, see `right`.
    """
    for file in clone.files("hotpotqa/results_*/*.json"):
        record = clone.object(file)
        condition = "temp0" if file.parent.name.endswith("temp0") else "default"
        head = {
            "benchmark": "hotpotqa-react",
            "question": record.take("task_id", str),
            "target": record.take("answer", str),
            "category": record.take("type", str),
            "level": record.take("level", str),
            "condition": condition,
        }
        for sample, run in enumerate(record.entries("runs")):
            text, actions = answer(run), [step.maybe("action", str) for step in run.entries("steps")]
            yield {
                **head,
                "model": run.take("model", str),
                "sample": sample,
                **right(text, head["target"]),
                "actions": len(actions),
                "searches": actions.count("Search"),
                "retrieves": actions.count("Retrieve"),
                "finished": run.take("success", bool),
                "duration_s": run.seconds("start_time", "end_time"),
                "text": text,
                "error": run.maybe("error", str),
            }


def answer(run: Entry) -> str:
    """The answer of a run as a text."""
    value = run.value.get("final_answer")
    if value is None:
        return ""
    return str(run.take("final_answer", str) if isinstance(value, str) else value)


def right(text: str, gold: str) -> dict[str, float]:
    """By three rules whether an answer is right.

    `score`: the gold answer's words stand in the answer one after the other, in lower case, without punctuation and
    articles; where the gold answer is yes or no, the first of these two words is it. `exact`: they are all of the
    answer. `score_authors`: either holds the other as letters, so that *no* stands in *documentary*.

    >>> right("It is the Blue Nile.", "Blue Nile")
    {'score': 1.0, 'score_authors': 1.0, 'exact': 0.0}
    >>> right("Yes, a documentary.", "no")
    {'score': 0.0, 'score_authors': 0.0, 'exact': 0.0}
    """
    said, wanted = words(text), words(gold)
    if wanted in (["yes"], ["no"]):
        score = [w for w in said if w in ("yes", "no")][:1] == wanted
    else:
        score = bool(wanted) and f" {' '.join(wanted)} " in f" {' '.join(said)} "
    lower, gold = text.lower(), gold.lower()
    authors = bool(text) and (gold in lower or lower in gold)
    return {"score": float(score), "score_authors": float(authors), "exact": float(said == wanted)}


def words(text: str) -> list[str]:
    """The words of an answer in lower case, without punctuation and articles.

    >>> words("The U.S. Navy, an arm")
    ['us', 'navy', 'arm']
    """
    return ARTICLES.sub(" ", text.lower().translate(PLAIN)).split()
