"""Chains of thought of Qwen2.5-Instruct by size: sohv/inverse-scaling-cot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from public_sources.clones import Clone, option

MODEL = re.compile(r"Qwen2\.5-(\d+(?:\.\d+)?)B-Instruct(-AWQ)?")
OPTIONS = {"aqua": 5, "arc_challenge": 4, "openbookqa": 4, "hellaswag": 4}


def rows(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per chain of thought, with its length in characters (the page's study counts tokens instead).

    Letters and digits counted from 1 become option indices from 0; an answer that is none is -1 (unparsable). Answers
    without a chain of thought, of which the repository holds one a question, are not read.
    """
    for file in clone.files("results/core_sweep/*/generation_results.jsonl"):
        found = MODEL.search(file.parent.name)
        benchmark = file.parent.name.rpartition("__")[2]
        if found is None or benchmark not in OPTIONS:
            clone.left["files of other models or benchmarks"] += 1
            continue
        head = {
            "benchmark": benchmark,
            "model": found[0],
            "family": "Qwen2.5-Instruct",
            "model_size_b": float(found[1]),
            "condition": "cot",
        }
        for record in clone.lines(file):
            question, target = record.take("id", str), option(record.take("correct_label", str))
            for sample in record.entries("cot_samples"):
                answer = option(sample.maybe("extracted_answer", str))
                yield {
                    **head,
                    "question": question,
                    "sample": sample.take("sample_idx", int),
                    "answer": answer if answer < OPTIONS[benchmark] else -1,
                    "target": target,
                    "n_choices": OPTIONS[benchmark],
                    "reasoning_chars": len(sample.take("cot_text", str)),
                }
