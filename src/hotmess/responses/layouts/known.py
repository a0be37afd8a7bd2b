"""The formats that are declared, and where in its records each has the columns.

Agents, batches, code, HELM and lighteval have files of their own. To add one, write a `Layout` and put it into `KNOWN`;
a format of one's own needs no change here (`add_layout`, `--layout`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from hotmess.responses.formats.hostile import count, label, mapping, text_hash
from hotmess.responses.layouts.agents import METR, SWE_BENCH_PRO, TAU2, TAU_BENCH, TERMINAL_BENCH, TERMINAL_BENCH_TRIAL
from hotmess.responses.layouts.batches import ANTHROPIC_BATCH, OPENAI_BATCH
from hotmess.responses.layouts.code import EVAL_PLUS, HUMAN_EVAL
from hotmess.responses.layouts.found import beside, digest
from hotmess.responses.layouts.helm import HELM
from hotmess.responses.layouts.layout import Layout
from hotmess.responses.layouts.lighteval import LIGHTEVAL
from hotmess.responses.layouts.paths import Scope

if TYPE_CHECKING:
    import pandas as pd


def _reference_letter(row: Scope) -> str | int | None:
    """The right option by the place of the right text among the options."""
    choices, right = row.get("input.choices"), row.get("input.reference")
    right = right if isinstance(right, list) else [right]
    if not isinstance(choices, list) or not right:
        return None
    places = [choices.index(one) for one in right if choices.count(one) == 1]
    return places[0] if len(places) == len(right) == 1 else None


EEE = Layout(
    "Every Eval Ever instances",
    signs=("schema_version", "evaluation_name", "model_id", "sample_id", "evaluation.score"),
    columns={
        "benchmark": "evaluation_name",
        "model": "model_id",
        "question": "sample_id",
        "evaluation_id": "evaluation_id",
        "score": "evaluation.score",
        "reasoning_tokens": lambda row: (
            count(row.get("token_usage.reasoning_tokens")) or count(row.get("token_usage.output_tokens"))
        ),
        "text_hash": lambda row: (
            text_hash(map(str, raw if isinstance(raw, list) else [raw])) if (raw := row.get("output.raw")) else None
        ),
        "target_option": _reference_letter,
        "question_content": "sample_hash",
    },
    without=(("error", ..., "it ended in an error"), ("evaluation.score", None, "there is no grade")),
)

OPEN_COMPASS = Layout(
    "OpenCompass details",
    signs=("accuracy", "details[].correct"),
    rows="details[]",
    columns={
        "question": "@",
        "score": lambda row: flag[0] if isinstance(flag := row.get("correct"), list) and len(flag) == 1 else flag,
        "text_hash": digest("pred[0]|pred|predictions|prediction"),
    },
)

PROMPTFOO = Layout(
    "promptfoo results",
    signs=("results.results[].success",),
    rows="results.results[]",
    columns={
        "benchmark": "/config.description|=promptfoo",
        "model": "provider.id|provider",
        "prompt": "promptIdx|promptId",
        "question": "testIdx|testCase.description",
        "score": lambda row: score if (score := row.get("score")) is not None else row.get("success"),
        "reasoning_tokens": lambda row: (
            count(row.get("response.tokenUsage.completionDetails.reasoning"))
            or count(row.get("response.tokenUsage.completion"))
        ),
        "text_hash": digest("response.output"),
        "response_id": "id",
    },
    without=(("failureReason", 2, "it ended in an error"), ("error", ..., "it ended in an error")),
)


def _vf_run(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Model and environment of a run of verifiers, from the file beside its results."""
    said = beside(path, "metadata.json")
    for ours, theirs in (("model", "model"), ("benchmark", "env_id"), ("benchmark", "env")):
        if (name := label(said.get(theirs))) is not None and ours not in frame:
            frame[ours] = name
    arguments = mapping(said.get("sampling_args"))
    if "temperature" in arguments and "temperature" not in frame:
        frame["temperature"] = arguments["temperature"]
    return frame


VERIFIERS = Layout(
    "verifiers results",
    signs=("prompt", "completion", "reward", "task"),
    columns={
        "question": "example_id|id",
        "category": "task",
        "score": "reward",
        "reasoning_tokens": lambda row: count(row.get("token_usage.output_tokens")),
        "text_hash": lambda row: text_hash([json.dumps(row.get("completion"))]),
    },
    without=(("error", ..., "it ended in an error"),),
    finish=_vf_run,
)

KNOWN: tuple[Layout, ...] = (
    HELM,
    LIGHTEVAL,
    EEE,
    TAU2,
    TAU_BENCH,
    TERMINAL_BENCH,
    TERMINAL_BENCH_TRIAL,
    HUMAN_EVAL,
    EVAL_PLUS,
    OPENAI_BATCH,
    ANTHROPIC_BATCH,
    METR,
    SWE_BENCH_PRO,
    OPEN_COMPASS,
    PROMPTFOO,
    VERIFIERS,
)
