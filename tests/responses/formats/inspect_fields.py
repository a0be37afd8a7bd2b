"""Every field that Inspect records of how a run was made, with two values of it: what becomes of two such runs."""

from __future__ import annotations

import copy
import json
import warnings
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from make_logs import inspect_sample

from hotmess.errors import BadInput
from hotmess.responses.formats.inspect_config import HARMLESS, TELLING, configuration, scorer_of
from hotmess.responses.formats.recorded import recorded
from hotmess.responses.read import read

ONE: dict[str, Any] = {
    "created": "2026-03-01T10:00:00+00:00",
    "eval_id": "e1",
    "run_id": "r1",
    "task_id": "t1",
    "task": "toy",
    "model": "mock/m",
    "dataset": {"name": "toy", "samples": 2},
    "config": {"epochs": 1},
    "plan": {"name": "plan", "steps": [{"solver": "generate", "params": {"cache": False}}], "config": {}},
    "model_roles": {"grader": {"model": "mock/judge"}},
    "revision": {"type": "git", "origin": "git@host:tasks", "commit": "c1", "dirty": False},
    "scorers": [{"name": "choice", "options": {"strict": False}, "metrics": [{"name": "mock/accuracy"}]}],
}
"""The header of one run; the other differs from it in one field."""

SPEC: dict[str, Any] = {
    **dict.fromkeys(("eval_set_id", "eval_id", "run_id", "task_id", "task_file", "task_display_name"), "other"),
    **dict.fromkeys(("task_description", "task_registry_name", "solver", "model_base_url", "task", "model"), "other"),
    "created": "2026-03-02T10:00:00+00:00",
    "task_version": 2,
    **{key: {"hint": True} for key in ("task_attribs", "task_args", "task_args_passed", "solver_args")},
    **{key: {"hint": True} for key in ("solver_args_passed", "model_args", "metadata")},
    "tags": ["second"],
    "sandbox": {"type": "docker", "config": "compose.yaml"},
    "packages": {"inspect_ai": "0.3.1"},
    "viewer": {"trust_content": False},
    "metrics": [{"name": "mock/std"}],
    "headline_metric": {"metric": "std"},
    "shards": {"selection": "none", "ledger": []},
}
CONFIG: dict[str, Any] = {
    "limit": 2,
    "sample_id": ["q0"],
    "sample_shuffle": 7,
    "epochs": 2,
    "epochs_reducer": ["mode"],
    "approval": {"approvers": [{"name": "auto", "tools": "*"}]},
    "review": {"reviewers": [{"name": "human", "tools": "*"}]},
    "sentinel": {"name": "watch"},
    "notification": "slack",
    **dict.fromkeys(("message_limit", "token_limit", "turn_limit", "time_limit", "working_limit", "cost_limit"), 7),
    "token_limit_type": "output",
    **dict.fromkeys(("max_samples", "max_dataset_memory", "max_tasks", "max_subprocesses", "max_sandboxes"), 7),
    **dict.fromkeys(("retry_on_error", "log_buffer", "log_shared", "acp_server"), 7),
    **dict.fromkeys(("fail_on_error", "continue_on_fail", "score_on_error", "sandbox_cleanup"), True),
    **dict.fromkeys(("sandbox_prebuilt", "log_samples", "log_realtime", "log_images", "log_model_api"), True),
    "score_display": True,
}
PLAN: dict[str, Any] = {"name": "other", "finish": {"solver": "submit", "params": {}}}
STEP: dict[str, Any] = {"solver": "chain_of_thought", "params": {"cache": True}, "params_passed": {"cache": True}}
DATASET: dict[str, Any] = {"name": "other", "location": "/home/x/d.json", "samples": 9, "sample_ids": ["q0"]}
DATASET["shuffled"] = True
REVISION: dict[str, Any] = {"origin": "git@other:tasks", "commit": "c2", "dirty": True}
SCORER: dict[str, Any] = {
    "options": {"strict": True},
    "metrics": [{"name": "mock/std"}],
    "metadata": {"prompt": "strictly"},
}
ROLE: dict[str, Any] = {"model": "mock/other", "base_url": "http://other", "args": {"revision": "r2"}}
GENERATE: dict[str, Any] = {
    **dict.fromkeys(("max_retries", "timeout", "attempt_timeout", "stream_idle_timeout", "max_connections"), 7),
    **dict.fromkeys(("max_tokens", "best_of", "seed", "top_k", "num_choices", "top_logprobs", "prompt_logprobs"), 7),
    **dict.fromkeys(("max_tool_output", "reasoning_tokens", "adaptive_connections", "batch"), 7),
    **dict.fromkeys(("top_p", "temperature", "frequency_penalty", "presence_penalty"), 0.5),
    **dict.fromkeys(("logprobs", "parallel_tool_calls", "internal_tools", "cache_prompt", "fail_on_refusal"), True),
    **dict.fromkeys(("verbosity", "effort", "reasoning_effort"), "low"),
    "cache": {"expiry": "1D"},
    "system_message": "Be brief.",
    "stop_seqs": ["stop"],
    "logit_bias": {"1": 5.0},
    "fallback_models": ["mock/n"],
    "reasoning_mode": "pro",
    "reasoning_summary": "concise",
    "reasoning_history": "all",
    "response_schema": {"name": "r", "json_schema": {"type": "object"}},
    "extra_headers": {"x": "y"},
    "extra_body": {"enable_thinking": False},
    "modalities": ["image"],
}
UPDATES: dict[str, Any] = {"eval.token_limit": 7, "eval.max_samples": 7, "generate.max_retries": 7, "concurrency.x": 7}

MEMBERS: dict[str, dict[str, Any]] = {
    "": SPEC,
    "config": CONFIG,
    "plan": PLAN,
    "plan.steps.0": STEP,
    "plan.config": GENERATE,
    "model_generate_config": GENERATE,
    "dataset": DATASET,
    "revision": REVISION,
    "scorers.0": SCORER,
    "model_roles.grader": ROLE,
    "model_roles.grader.config": GENERATE,
    "config_updates": UPDATES,
    "task_args": {"seed": 7, "limit": 7},
    "model_args": {"base_url": "http://x", "device": "cuda:1", "revision": "step1", "custom_outputs": ["x"]},
}
"""Names and other values of the fields of each part of the header."""

PATHS = tuple(f"{part}.{name}".lstrip(".") for part, names in MEMBERS.items() for name in names)

ANOTHER = ("task", "model")
"""Fields that are columns of their own."""


def changed(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The headers of two runs that differ in one field."""
    other = copy.deepcopy(ONE)
    part, name = next(
        (part, path.removeprefix(f"{part}.") if part else path)
        for part in sorted(MEMBERS, key=len, reverse=True)
        if path.startswith(f"{part}." if part else "")
        and (path.removeprefix(f"{part}.") if part else path) in MEMBERS[part]
    )
    value = MEMBERS[part][name]
    if part == "config_updates":
        kind, _, field = name.partition(".")
        change = {"config": kind, "name": field, "value": value}
        provenance = {"timestamp": "2026-03-01T10:00:00+00:00", "author": "me"}
        other["config_updates"] = [{"changes": [change], "scope": "task", "provenance": provenance}]
        return ONE, other
    here: Any = other
    for key in filter(None, part.split(".")):
        here = here[int(key)] if isinstance(here, list) else here.setdefault(key, {})
    here[name] = value
    if name == "params_passed":
        here.pop("params", None)
    return ONE, other


def _log(header: dict[str, Any], samples: list[dict[str, Any]]) -> Any:
    from inspect_ai.log import EvalLog

    spec = {name: value for name, value in header.items() if name not in ("plan", "config_updates")}
    rest = {name: header[name] for name in ("plan", "config_updates") if name in header}
    return EvalLog.model_validate({"version": 2, "status": "success", "eval": spec, "samples": samples, **rest})


def settings_of(header: dict[str, Any], harmless: tuple[str, ...] = ()) -> dict[str, str]:
    """The settings that are recorded of a run."""
    config = configuration(_log(header, []))
    said: dict[str, str] = json.loads(recorded({**config, "scorer": scorer_of(config, "choice")}, harmless))
    return said


def recorded_as(path: str) -> list[str]:
    """The names in the settings in which the two runs differ."""
    one, other = map(settings_of, changed(path))
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def listed(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a field, or one that it is part of, is in a list."""
    parts = name.split(".")
    return any(fnmatchcase(".".join(parts[:end]), pattern) for end in range(1, len(parts) + 1) for pattern in patterns)


def expected(path: str) -> bool:
    """Whether the lists say that two runs are repeats. Raises `KeyError` for a field in neither list."""
    names = [name for name in recorded_as(path) if not listed(name, HARMLESS)]
    for name in names:
        if not listed(name, TELLING):
            raise KeyError(name)
    return not names and path not in ANOTHER


def pooled(path: str, folder: Path, suffix: str = ".json") -> bool | str:
    """Whether two runs that differ in one field are read as repeats; the sentence where they are refused."""
    from inspect_ai.log import write_eval_log

    for day, header in enumerate(changed(path)):
        usage = {header["model"]: {"output_tokens": 40 + day, "total_tokens": 60}}
        samples = [inspect_sample(q, uuid=f"{day}-{q}", model_usage=usage) for q in range(2)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            log = _log(header, samples)
            write_eval_log(log, str(folder / f"{day}{suffix}"), format="eval" if suffix == ".eval" else "json")
    try:
        table = read(folder, cache=False, progress=False, allow_copies=True).table
    except BadInput as error:
        return str(error)
    cells = [name for name in ("benchmark", "model", "condition", "budget") if name in table]
    return len(table[cells].drop_duplicates()) == 1
