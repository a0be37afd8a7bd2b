"""The formats that are declared: for each, where in its records the columns are (HELM has a file of its own).

To add one, write a `Layout` and put it into `KNOWN`; a format of one's own needs no change here (`add_layout`,
`--layout`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.responses.formats.hostile import count, label, mapping, text_hash
from hotmess.responses.layouts.helm import HELM
from hotmess.responses.layouts.layout import Column, Layout
from hotmess.responses.layouts.lighteval import LIGHTEVAL
from hotmess.responses.layouts.paths import Scope

if TYPE_CHECKING:
    import pandas as pd

_MACHINE = ("server", "serverOrTask", "task", "user")


def _hash(*paths: str) -> Any:
    """A digest of the texts at some paths: copies are told by it, and the text is not kept."""

    def of(row: Scope) -> int | None:
        texts = [found for path in paths if isinstance(found := row.get(path), str)]
        return text_hash(texts) if texts else None

    return of


def _assistant(path: str) -> Any:
    """How many messages are the agent's."""

    def of(row: Scope) -> int | None:
        messages = row.get(path)
        if not isinstance(messages, list) or not messages:
            return None
        out: int | None = sum(mapping(message).get("role") == "assistant" for message in messages)
        return out

    return of


def _agent_tokens(row: Scope) -> float | None:
    """Tokens that the agent generated; missing where one of its messages does not say."""
    total = 0.0
    messages = row.get("messages")
    for message in messages if isinstance(messages, list) else []:
        if mapping(message).get("role") == "assistant" and (usage := mapping(message).get("usage")) is not None:
            tokens = count(mapping(usage).get("completion_tokens"))
            if tokens is None:
                return None
            total += tokens
    return total or None


def _prefixed(word: str, path: str) -> Any:
    def of(row: Scope) -> str | None:
        name = label(row.get(path))
        return None if name is None else word + name

    return of


TAU_BENCH = Layout(
    "tau-bench trajectories",
    signs=("task_id", "reward", "trial", "traj", "info"),
    columns={
        "benchmark": "=tau-bench",
        "question": "task_id",
        "sample": "trial",
        "score": "reward",
        "actions": _assistant("traj"),
    },
    notes=("tau-bench does not say which domain and which model: they are in the file's name.",),
)

TAU2 = Layout(
    "tau2-bench results",
    signs=("info.agent_info", "simulations[].task_id", "simulations[].reward_info"),
    rows="simulations[]",
    columns={
        "benchmark": _prefixed("tau2-", "/info.environment_info.domain_name"),
        "model": "/info.agent_info.llm",
        "scaffold": "/info.agent_info.implementation",
        "user_model": "/info.user_info.llm",
        "temperature": "/info.agent_info.llm_args.temperature",
        "reasoning_effort": "/info.agent_info.llm_args.reasoning_effort",
        "question": "task_id",
        "sample": "trial",
        "score": "reward_info.reward",
        "actions": _assistant("messages"),
        "reasoning_tokens": _agent_tokens,
        "finish_reason": lambda row: "length" if row.get("termination_reason") == "max_steps" else None,
        "response_id": "id",
    },
    without=(
        ("termination_reason", "infrastructure_error", "the infrastructure failed"),
        ("reward_info.reward", None, "there is no reward"),
    ),
)


def _tests(row: Scope) -> list[int] | None:
    """Tests by name, 1 where passed: the same order in every trial of a task."""
    results = row.get("parser_results")
    if not isinstance(results, dict) or not results:
        return None
    return [int(results[name] == "passed") for name in sorted(results)]


def _trial(row: Scope) -> int | None:
    found = re.search(r"\.(\d{1,9})-of-\d{1,9}$", str(row.get("trial_name")))
    return int(found[1]) if found else None


def _beside(path: Path, name: str) -> dict[str, Any]:
    """A JSON object in a file beside another; an empty one where there is none that is sound."""
    try:
        found = json.loads((path.parent / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _tb_run(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Model and agent of a run, from the file beside its results."""
    said = _beside(path, "run_metadata.json")
    agent, model = label(said.get("agent_name")), label(said.get("model_name"))
    if model is not None:
        frame["model"] = model
    if agent is not None:
        frame["scaffold"] = agent
    if (run := label(said.get("run_id"))) is not None:
        frame["run"] = run
    name, version = label(said.get("dataset_name")), label(said.get("dataset_version"))
    if name is not None:
        frame["benchmark"] = name + (f"@{version}" if version else "")
    return frame


_TB_LIMITS = ("agent_timeout", "context_length_exceeded", "output_length_exceeded")
_TB: dict[str, Column] = {
    "benchmark": "=terminal-bench",
    "question": "task_id",
    "sample": _trial,
    "score": lambda row: float(row.get("is_resolved") is True),
    "test_results": _tests,
    "reasoning_tokens": lambda row: count(row.get("total_output_tokens")) or None,
    "failure_mode": "failure_mode",
    "finish_reason": lambda row: "length" if row.get("failure_mode") in _TB_LIMITS else None,
    "response_id": "uuid|id",
}
_TB_WITHOUT = tuple(
    ("failure_mode", mode, f"the machine failed ({mode})")
    for mode in ("agent_installation_failed", "unknown_agent_error", "unknown_harness_error")
)
_TB_NOTES = ("A trial whose tests could not be read counts as not resolved, as in terminal-bench's own accuracy.",)
TERMINAL_BENCH = Layout(
    "terminal-bench results",
    signs=("results[].trial_name", "results[].is_resolved"),
    rows="results[]",
    columns=_TB,
    without=_TB_WITHOUT,
    notes=_TB_NOTES,
    finish=_tb_run,
)
TERMINAL_BENCH_TRIAL = Layout(
    "a trial of terminal-bench",
    signs=("trial_name", "task_id", "is_resolved", "parser_results"),
    columns=_TB,
    without=_TB_WITHOUT,
    notes=_TB_NOTES,
)

HUMAN_EVAL = Layout(
    "HumanEval results",
    signs=("task_id", "completion", "result", "passed"),
    columns={
        "benchmark": lambda row: str(row.get("task_id")).partition("/")[0],
        "question": "task_id",
        "score": "passed",
        "text_hash": _hash("completion"),
    },
)


def _passed(*paths: str) -> Any:
    """1 where all statuses that there are say so, 0 where one does not; nothing where there is none."""

    def of(row: Scope) -> float | None:
        found = [status for path in paths if (status := row.get(path)) is not None]
        return float(all(status in ("pass", "success") for status in found)) if found else None

    return of


EVAL_PLUS = Layout(
    "EvalPlus results",
    signs=("eval[][].base_status",),
    rows="eval[][]",
    columns={
        "benchmark": lambda row: str(row.get("task_id|^.@")).partition("/")[0],
        "question": "task_id|^.@",
        "sample": "#",
        "score": _passed("base_status", "plus_status"),
        "base_score": _passed("base_status"),
        "text_hash": _hash("solution"),
    },
    notes=(
        "The score is EvalPlus's own: base and extra tests passed; --column score=base_score takes the base tests.",
    ),
)


def _own_tokens(row: Scope) -> float | None:
    """Tokens of one choice: usage is of all of them together, so that it says nothing where there are several."""
    choices = row.get("/response.body.choices")
    if not isinstance(choices, list) or len(choices) != 1:
        return None
    usage = mapping(row.get("/response.body.usage"))
    reasoning = count(mapping(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    return reasoning or count(usage.get("completion_tokens"))


OPENAI_BATCH = Layout(
    "OpenAI batch output",
    signs=("custom_id", "response.status_code", "response.body"),
    rows="response.body.choices[]",
    columns={
        "question": "/custom_id",
        "model": "/response.body.model",
        "sample": "index",
        "text": "message.content|text",
        "finish_reason": "finish_reason",
        "reasoning_tokens": _own_tokens,
    },
    notes=(
        "Batch output says of several choices of one request only what they used together: their lengths are missing "
        "(--tokenizer counts them).",
    ),
)

ANTHROPIC_BATCH = Layout(
    "Anthropic batch results",
    signs=("custom_id", "result.type"),
    rows="result.message",
    columns={
        "question": "/custom_id",
        "model": "model",
        "text": lambda row: (
            "".join(str(mapping(part).get("text") or "") for part in parts)
            if isinstance(parts := row.get("content"), list)
            else None
        ),
        "finish_reason": lambda row: "length" if row.get("stop_reason") == "max_tokens" else row.get("stop_reason"),
        "reasoning_tokens": lambda row: count(row.get("usage.output_tokens")),
    },
)


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

METR = Layout(
    "METR runs",
    signs=("task_id", "run_id", "alias", "score_binarized"),
    columns={
        "benchmark": "task_source|=METR",
        "model": "alias",
        "question": "task_id",
        "category": "task_family",
        "score": "score_binarized",
        "score_continuous": "score_cont",
        "response_id": "run_id",
        "reasoning_tokens": lambda row: count(row.get("tokens_count")) or None,
        "scaffold": "scaffold",
    },
    without=tuple(("fatal_error_from", who, f"an error of {who}") for who in _MACHINE),
)


def _verdicts(record: dict[str, Any]) -> bool:
    """An object of instances, each resolved or not."""
    return bool(record) and all(name.startswith("instance_") and isinstance(x, bool) for name, x in record.items())


SWE_BENCH_PRO = Layout(
    "SWE-bench Pro results",
    signs=(),
    when=_verdicts,
    rows="[]",
    columns={"benchmark": "=SWE-bench Pro", "question": "@", "score": ""},
)

OPEN_COMPASS = Layout(
    "OpenCompass details",
    signs=("accuracy", "details[].correct"),
    rows="details[]",
    columns={
        "question": "@",
        "score": lambda row: flag[0] if isinstance(flag := row.get("correct"), list) and len(flag) == 1 else flag,
        "text_hash": _hash("pred[0]|pred|predictions|prediction"),
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
        "text_hash": _hash("response.output"),
        "response_id": "id",
    },
    without=(("failureReason", 2, "it ended in an error"), ("error", ..., "it ended in an error")),
)


def _vf_run(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Model and environment of a run of verifiers, from the file beside its results."""
    said = _beside(path, "metadata.json")
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
