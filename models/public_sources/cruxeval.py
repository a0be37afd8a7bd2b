"""CodeLlama-7B on inputs and outputs of 800 functions, ten samples each: facebookresearch/cruxeval."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hotmess.errors import BadInput
from hotmess.words import brief
from public_sources.clones import Clone

SCORED = "samples/evaluation_results/sample_scored_codellama-7b_temp0.2_{}.json"


def rows(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per sample of the one model whose samples lie open in the repository, as its authors scored them.

    `cruxeval-i` asks for an input that gives the output (another than the reference is right too), `cruxeval-o` for the
    output. Other models are in `samples/*.zip`, which is not read.
    """
    reference = {
        (kind, entry.take("id", str)): entry.take(kind, str)
        for file in clone.files("data/cruxeval.jsonl")
        for entry in clone.lines(file)
        for kind in ("input", "output")
    }
    for kind in ("input", "output"):
        (file,) = clone.files(SCORED.format(kind))
        record = clone.object(file)
        texts, scores = record.object("raw_generations"), record.object("raw_scored_generations")
        for question in texts.value:
            said, found = texts.items(question, str), scores.items(question, bool)
            if len(said) != len(found):
                raise BadInput(f"{texts.where}: {brief(question)} has {len(said)} samples and {len(found)} scores.")
            if (kind, question) not in reference:
                raise BadInput(f"{texts.where}: {brief(question)} is not in data/cruxeval.jsonl.")
            target = reference[kind, question]
            for sample, (text, score) in enumerate(zip(said, found)):
                yield {
                    "benchmark": f"cruxeval-{kind[0]}",
                    "family": "codellama",
                    "model": "codellama-7b",
                    "model_size_b": 7.0,
                    "condition": "temp0.2",
                    "question": question,
                    "sample": sample,
                    "score": float(score),
                    "text": text,
                    "target": target,
                }
