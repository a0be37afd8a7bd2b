"""gemma-4-12B on MMLU-Pro, its answers, and letters along its traces: tobypullan/logit_cot_overthinking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hotmess.errors import BadInput
from public_sources.clones import Clone, Entry, option

RUNS = (("matched_controls", 0), ("candidate_reruns", 10))
"""Folders of runs, and what is added to the seed for a response's number: some questions are in both."""
LETTERS = "ABCDEFGHIJ"
PROBES = (
    *("question_id", "answer", "category", "options", "run_seed", "decile", "prediction"),
    *("prefix_token_count", "trace_token_count", "choice_probabilities", "choice_probability_mass"),
)


def natural(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per trace: the letter that the model gave itself, -1 where it gave none, and the trace's tokens.

    Read are the runs in which traces that met the limit of tokens were continued (`_extended`), on MMLU-Pro.
    """
    for run, first in RUNS:
        for file in clone.files(f"outputs/{run}_gemma4_12b_extended/mmlu_pro/seed_*/traces.jsonl"):
            for trace in clone.lines(file):
                answer = option(trace.maybe("generated_answer", str))
                head = of_question(trace, run, first)
                yield {
                    **head,
                    "condition": "natural",
                    "answer": answer if answer < head["n_choices"] else -1,
                    "trace_tokens": trace.take("trace_token_count", int),
                    "cohort": trace.maybe("baseline_cohort", str),
                }


def probes(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per trace and share of it that was kept (`budget`, a percentage): the letters' probabilities there.

    `probs` are brought to a sum of 1; `choice_mass` is what they had of the next token. `answer` is the largest.
    """
    for run, first in RUNS:
        for file in clone.files(f"outputs/{run}_gemma4_12b_extended/mmlu_pro/seed_*/trajectory.parquet"):
            for place in clone.parquet(file, PROBES):
                head = of_question(place, run, first)
                yield {
                    **head,
                    "condition": "prefix_probe",
                    "budget": place.take("decile", int),
                    "answer": option(place.take("prediction", str)),
                    "probs": probabilities(place, head["n_choices"]),
                    "choice_mass": place.take("choice_probability_mass", float),
                    "reasoning_tokens": place.take("prefix_token_count", int),
                    "trace_tokens": place.take("trace_token_count", int),
                }


def of_question(row: Entry, run: str, first: int) -> dict[str, Any]:
    """What a row says of its question and its run."""
    return {
        "benchmark": "mmlu_pro",
        "model": "gemma-4-12B-it",
        "family": "gemma-4",
        "model_size_b": 12.0,
        "question": f"mmlu_pro:{row.take('question_id', str)}",
        "category": row.take("category", str),
        "sample": first + row.take("run_seed", int),
        "source_run": run,
        "target": option(row.take("answer", str)),
        "n_choices": len(row.take("options", list)),
    }


def probabilities(place: Entry, options: int) -> list[float]:
    """The probabilities of the options' letters, brought to a sum of 1.

    >>> place = Entry({"choice_probabilities": {"A": 0.1, "B": 0.3, "C": None}}, "a.parquet, row 1")
    >>> [round(p, 2) for p in probabilities(place, 2)]
    [0.25, 0.75]
    """
    said = place.object("choice_probabilities")
    masses = [said.take(letter, float) for letter in LETTERS[:options]]
    if min(masses) < 0 or not sum(masses):
        raise BadInput(f"{place.where}: probabilities of letters must be 0 or more, and not all 0.")
    return [mass / sum(masses) for mass in masses]
