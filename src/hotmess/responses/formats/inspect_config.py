"""What Inspect records of how a run was made, and which of it cannot matter to what the model answers.

`HARMLESS` and `TELLING` name every field of Inspect's configuration (`EvalSpec`, `EvalConfig`, `EvalPlan`,
`EvalDataset`, `GenerateConfig`, …) once, under the names of the column `settings`: those of `EvalSpec`, `plan.…`, and
`generate.…` for the model's settings overlaid by the plan's. A field in neither, of a later Inspect, tells runs apart;
the test that walks Inspect's models then fails, so that somebody decides (`reports/studies/log_identity_inspect.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

_CONNECTION = (
    *("max_retries", "timeout", "attempt_timeout", "stream_idle_timeout", "max_connections", "adaptive_connections"),
    *("batch", "cache_prompt"),
)
_BESIDE = ("logprobs", "top_logprobs", "prompt_logprobs")

_GROUPS: dict[str, tuple[str, ...]] = {
    "columns of their own in the table": ("task", "model"),
    "when it ran, where, and under which label": (
        *("eval_set_id", "eval_id", "run_id", "task_id", "created", "task_file", "task_display_name"),
        *("task_description", "model_base_url", "dataset.location", "revision.origin", "revision.type", "viewer"),
        *("shards", "model_roles.*base_url", "model_args.base_url", "model_args.host", "model_args.port"),
        *("model_args.device", "model_args.cache_dir"),
    ),
    "which questions, in which order, how often: questions are known by their content": (
        *("config.limit", "config.sample_id", "config.sample_shuffle", "config.epochs", "config.epochs_reducer"),
        *("dataset.samples", "dataset.sample_ids", "dataset.shuffled", "task_args.limit", "task_args.epochs"),
    ),
    "seeds: repeats differ in them; what they choose (prompts, options) is seen in what was asked": (
        *("generate.seed", "task_args.seed", "solver_args.seed", "model_args.seed", "model_roles.*config.seed"),
    ),
    "connections, and how many at once": (
        "concurrency.*",
        *("config.max_samples", "config.max_dataset_memory", "config.max_tasks", "config.max_subprocesses"),
        *("config.max_sandboxes", "config.sandbox_cleanup", "config.sandbox_prebuilt"),
        *(f"generate.{name}" for name in _CONNECTION),
        *(f"model_roles.*config.{name}" for name in _CONNECTION),
    ),
    "what is logged, shown or told": (
        *("config.log_*", "config.score_display", "config.acp_server", "config.notification"),
        *(f"generate.{name}" for name in _BESIDE),
        *(f"model_roles.*config.{name}" for name in _BESIDE),
    ),
    "what happens after a failure of the machine: such samples are left out": (
        *("config.fail_on_error", "config.continue_on_fail", "config.retry_on_error", "config.score_on_error"),
    ),
    "how grades are summed up, and scorers whose grades are not taken": ("scorers", "metrics", "headline_metric"),
    "recorded a second time": ("*_passed", "model_generate_config"),
    "answers that the mock provider was told to give": (
        *("model_args.custom_outputs", "model_roles.*args.custom_outputs"),
    ),
}

HARMLESS = tuple(name for names in _GROUPS.values() for name in names)
"""Fields that may differ between repeats, as patterns; by reason in `_GROUPS`."""

TELLING = (
    *("task_version", "task_registry_name", "task_attribs", "task_args", "solver", "solver_args", "tags", "metadata"),
    *("dataset.name", "sandbox", "model_args", "model_roles", "revision.commit", "revision.dirty", "packages"),
    *("config.approval", "config.review", "config.sentinel", "config.message_limit", "config.token_limit"),
    *("config.token_limit_type", "config.turn_limit", "config.time_limit", "config.working_limit", "config.cost_limit"),
    *("plan.name", "plan.steps", "plan.finish", "scorer.name", "scorer.options", "scorer.metadata"),
    *("generate.system_message", "generate.max_tokens", "generate.top_p", "generate.temperature", "generate.stop_seqs"),
    *("generate.best_of", "generate.frequency_penalty", "generate.presence_penalty", "generate.logit_bias"),
    *("generate.top_k", "generate.num_choices", "generate.parallel_tool_calls", "generate.internal_tools"),
    *("generate.max_tool_output", "generate.fallback_models", "generate.fail_on_refusal", "generate.verbosity"),
    *("generate.effort", "generate.reasoning_effort", "generate.reasoning_mode", "generate.reasoning_tokens"),
    *("generate.reasoning_summary", "generate.reasoning_history", "generate.response_schema"),
    *("generate.extra_headers", "generate.extra_body", "generate.modalities", "generate.cache", "config_updates"),
)
"""Fields in which repeats agree. `scorer` is the scorer whose grades are taken."""


_PARTS = {"eval": "config", "generate": "generate"}


def configuration(log: Any) -> dict[str, Any]:
    """The configuration of a validated header of Inspect's, but for the scorer (see `scorer_of`)."""
    spec = log.eval.model_dump(exclude_none=True, warnings=False)
    plan = log.plan.model_dump(exclude_none=True, warnings=False)
    generate = {**(spec.get("model_generate_config") or {}), **(plan.pop("config", None) or {})}
    # Old logs hold only the arguments that were passed.
    for name in ("task_args", "solver_args"):
        spec[name] = spec.get(name) or spec.get(f"{name}_passed")
    for step in [*(plan.get("steps") or []), *filter(None, [plan.get("finish")])]:
        step["params"] = step.get("params") or step.get("params_passed")
    return {**spec, "plan": plan, "generate": generate, **_changed(log)}


def _changed(log: Any) -> dict[str, Any]:
    """What was set anew while it ran: later samples ran under other settings than the header's."""
    out: dict[str, list[Any]] = {}
    for update in getattr(log, "config_updates", None) or []:
        for change in update.changes:
            name = f"{_PARTS.get(change.config, change.config)}.{change.name}"
            if not any(fnmatchcase(name, pattern) for pattern in HARMLESS):
                out.setdefault(name, []).append("as before" if change.cleared else change.value)
    return {"config_updates": out} if out else {}


def scorer_of(config: Mapping[str, Any], scorer: str | None) -> dict[str, Any]:
    """What the header says of the scorer whose grades are taken; nothing where nobody graded."""
    if scorer is None:
        return {}
    name = scorer.partition("/")[0]
    found: Mapping[str, Any] = next((one for one in config.get("scorers") or [] if one.get("name") == name), {})
    return {"name": scorer, "options": found.get("options"), "metadata": found.get("metadata")}
