"""Formats of what agents did: tau-bench, tau2-bench, terminal-bench, METR, SWE-bench Pro."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.responses.formats.hostile import count, label, mapping
from hotmess.responses.layouts.found import beside
from hotmess.responses.layouts.layout import Column, Layout
from hotmess.responses.layouts.paths import Scope

if TYPE_CHECKING:
    import pandas as pd

_MACHINE = ("server", "serverOrTask", "task", "user")


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


def _tb_run(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Model and agent of a run, from the file beside its results."""
    said = beside(path, "run_metadata.json")
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
