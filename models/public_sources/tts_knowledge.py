"""Twelve models on SimpleQA and FRAMES at levels of thinking: XuZhao0/tts-knowledge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean
from public_sources.clones import Clone, Entry

NAME = re.compile(r".+_(frames|simpleqa)_(no_think|budget\d+|exd\d+|(?:low|medium|high)_effort)\.jsonl")
EFFORTS = {"low_effort": 1.0, "medium_effort": 2.0, "high_effort": 3.0}
SIZE = re.compile(r"-(\d+)b$")
ENDS = ("<｜end▁of▁sentence｜>", "<|im_end|>")
WHOLE = "completion_tokens include reasoning and answer"


def rows(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per response: the source's grade (A right, B wrong, C not attempted), the answer, and tokens.

    `budget` is a number of tokens, an effort from 1 to 3, or how often *Wait* was forced, as `budget_kind` says; it is
    0 without thinking. `reasoning_tokens` are the interface's or were counted by a tokenizer, and are missing where
    only `completion_tokens` of reasoning and answer together are known: `length_source` says which. Records that are
    of another benchmark than their file's name says are left out (one file of r1-distill-llama-8b holds the other's).
    The page's table lacks the files over 4 MiB, of the longest levels: that of a whole clone has them.
    """
    questions = {
        benchmark: {entry.take("id", int): entry.take("problem", str) for f in found for entry in clone.lines(f)}
        for benchmark in ("frames", "simpleqa")
        if (found := clone.files(f"benchmarks/{benchmark}_*.jsonl"))
    }
    for file in clone.files("outputs/*/*.jsonl"):
        named = NAME.fullmatch(file.name)
        if named is None:
            clone.left["files whose names say no benchmark and level"] += 1
            continue
        head = of_file(file, named[1], named[2])
        for record in clone.lines(file):
            question = record.take("id", int)
            if questions[named[1]].get(question) != record.take("problem", str):
                clone.left["records of another benchmark than their file's name says"] += 1
                continue
            grading = record.take("grading", str)
            if grading not in ("A", "B", "C"):
                raise BadInput(f"{record.where}: 'grading' must be A, B or C.")
            yield {
                **head,
                "question": str(question),
                "sample": 0,
                "score": float(grading == "A"),
                "grading": grading,
                "abstained": grading == "C",
                "text": answer(record),
                **tokens(record),
            }


def of_file(file: Path, benchmark: str, condition: str) -> dict[str, Any]:
    """What the rows of a file have in common."""
    size, digits = SIZE.search(file.parent.name), re.search(r"\d+", condition)
    kind = "token budget" if condition.startswith("budget") else "extensions (budget forcing)"
    if condition == "no_think":
        kind = "no thinking"
    elif condition in EFFORTS:
        kind = "effort"
    return {
        "benchmark": benchmark,
        "model": clean(file.parent.name),
        "model_size_b": float(size[1]) if size else None,
        "condition": condition,
        "budget": float(digits[0]) if digits else EFFORTS.get(condition, 0.0),
        "budget_kind": kind,
    }


def tokens(record: Entry) -> dict[str, Any]:
    """Lengths in tokens, and whose they are."""
    counted, own = record.maybe("thinking_tokens", float), record.maybe("reasoning_tokens", float)
    whole, said = record.maybe("completion_tokens", float), record.maybe("response_tokens", float)
    reasoning = counted if own is None else own
    source = "api" if own is not None else WHOLE if whole is not None else "tokenizer"
    return {"reasoning_tokens": reasoning, "completion_tokens": whole, "answer_tokens": said, "length_source": source}


def answer(record: Entry) -> str:
    """What stands after the last *Answer:*, without marks of bold type and of the end; the whole response elsewise.

    >>> answer(Entry({"response": "First.\\n\\n**Answer:** in 2016<|im_end|>"}, "a.jsonl"))
    'in 2016'
    """
    text = record.maybe("response", str) or ""
    for end in ENDS:
        text = text.replace(end, "")
    return (text.rpartition("Answer:")[2].replace("**", "").strip()) or text.strip()
