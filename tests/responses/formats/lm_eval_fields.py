"""Every field that lm-evaluation-harness records of a run, with two values of it: what becomes of two such runs.

The names are those of version 0.4.13: `TaskConfig`, `EvalResults`, `_EvalConfig`, and the arguments of its models for
Transformers, vLLM and APIs.
"""

from __future__ import annotations

import copy
import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from lm_eval_runs import KINDS, Run, results_of, write_run

from hotmess.errors import BadInput
from hotmess.responses.formats.lm_eval_config import HARMLESS, TELLING, configuration
from hotmess.responses.formats.lm_eval_rows import steps_of
from hotmess.responses.formats.recorded import recorded
from hotmess.responses.read import read

TASK = "plain"

# Fields of the results, of its `config`, and of the task: another value than that of `results_of`.
RESULTS: dict[str, Any] = {
    "results": {TASK: {"alias": "other"}},
    "groups": {"g": {"acc,none": 0.5}},
    "group_subtasks": {"g": [TASK]},
    "versions": {TASK: 2.0},
    "n-shot": {TASK: 5},
    "higher_is_better": {TASK: {"exact_match": None}},
    "n-samples": {TASK: {"original": 99, "effective": 12}},
    "samples": None,
    "git_hash": "deadbeef",
    "date": 1.0,
    "pretty_env_info": "another machine",
    "transformers_version": "5.0.0",
    "lm_eval_version": "0.4.14",
    "upper_git_hash": "cafe",
    "tokenizer_pad_token": ["<pad>", "0"],
    "tokenizer_eos_token": ["</s>", "2"],
    "tokenizer_bos_token": ["<s>", "1"],
    "eot_token_id": 7,
    "max_length": 2048,
    "model_source": "vllm",
    "model_name": "org/other",
    "model_name_sanitized": "org__other",
    "system_instruction": "Be brief.",
    "system_instruction_sha": "abc",
    "fewshot_as_multiturn": False,
    "chat_template": "{{messages}}",
    "chat_template_sha": "def",
    "task_hashes": {TASK: "other"},
    "total_evaluation_time_seconds": "1.5",
}
CONFIG: dict[str, Any] = {
    "model": "vllm",
    "model_num_parameters": 1_000_000_001,
    "model_dtype": "torch.bfloat16",
    "model_revision": "step1000",
    "model_sha": "0000000000",
    "batch_size": "auto",
    "batch_sizes": [64],
    "device": "cuda:1",
    "use_cache": "/tmp/cache",
    "limit": 100,
    "bootstrap_iters": 10,
    "gen_kwargs": {"temperature": 0.9},
    "random_seed": 7,
    "numpy_seed": 7,
    "torch_seed": 7,
    "fewshot_seed": 7,
}
OWN: dict[str, Any] = {
    "task_alias": "other",
    "tag": ["math"],
    "custom_dataset": "def load(): …",
    "dataset_path": "org/data",
    "dataset_name": "main",
    "dataset_kwargs": {"trust_remote_code": True},
    "training_split": "train",
    "validation_split": "validation",
    "test_split": "dev",
    "fewshot_split": "train",
    "process_docs": "def process_docs(docs): …",
    "doc_to_text": "Q: {{question}}",
    "doc_to_target": "{{gold}}",
    "doc_to_image": "image",
    "doc_to_audio": "audio",
    "unsafe_code": True,
    "doc_to_choice": ["a", "b"],
    "process_results": "def process_results(doc, results): …",
    "use_prompt": "promptsource:*",
    "description": "Answer.",
    "target_delimiter": "\n",
    "fewshot_delimiter": "###",
    "fewshot_config": {"sampler": "first_n"},
    "num_fewshot": 5,
    "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True, "ignore_numbers": True}],
    "output_type": "generate_until ",
    "generation_kwargs": {"until": ["\n\n"], "do_sample": True, "temperature": 0.2},
    "repeats": 2,
    "filter_list": [{"name": "none", "filter": [{"function": "lowercase"}, {"function": "take_first"}]}],
    "should_decontaminate": True,
    "doc_to_decontamination_query": "question",
    "gen_prefix": "Well,",
    "metadata": {"version": 1.0, "subset": "hard"},
}
ARGUMENTS: dict[str, Any] = {
    **dict.fromkeys(("peft", "delta", "backend", "revision", "subfolder", "tokenizer", "dtype"), "other"),
    **dict.fromkeys(("softmax_dtype", "mixed_precision_dtype", "tp_plan", "gguf_file", "quantization"), "other"),
    **dict.fromkeys(("tokenizer_mode", "tokenizer_revision", "lora_local_path", "truncation_side"), "other"),
    **dict.fromkeys(("base_url", "tokenizer_backend", "eos_string", "device", "offload_folder"), "other"),
    **dict.fromkeys(("ca_cert_path", "auth_token", "header", "reasoning_effort"), "other"),
    **dict.fromkeys(("truncation", "trust_remote_code", "use_fast_tokenizer", "add_bos_token", "parallelize"), True),
    **dict.fromkeys(("autogptq", "gptqmodel", "enable_thinking", "tokenized_requests", "truncate"), True),
    **dict.fromkeys(("load_in_4bit", "load_in_8bit", "logits_cache", "verify_certificate"), True),
    **dict.fromkeys(("max_length", "batch_size", "max_batch_size", "prefix_token_id", "max_memory_per_gpu"), 7),
    **dict.fromkeys(("max_cpu_memory", "think_end_token", "tensor_parallel_size", "max_gen_toks", "seed"), 7),
    **dict.fromkeys(("max_model_len", "data_parallel_size", "max_lora_rank", "num_concurrent", "max_retries"), 7),
    **dict.fromkeys(("custom_prefix_token_id", "timeout", "max_images"), 7),
    "chat_template_args": {"reasoning_effort": "high"},
}

PATHS = (
    *RESULTS,
    *(f"config.{name}" for name in CONFIG),
    *(f"configs.{name}" for name in OWN),
    *(f"config.model_args.{name}" for name in ARGUMENTS),
    "config.gen_kwargs.seed",
    "configs.metadata.config_source",
    "configs.dataset_kwargs.data_files",
)

ANOTHER_MODEL = ("model_name", "config.model_args.peft", "config.model_args.delta")
"""Fields that name the model."""

ALONE = {"n-shot": "configs.num_fewshot", "config.model": "model_source"}
"""Fields that tell only where another does not say the same: that one is left out of both runs."""

REFUSED = ("config.model_num_parameters",)
"""Fields in which runs of one model cannot differ: they are refused, as one model has one size."""

UNDER_A_TEMPLATE = ("fewshot_as_multiturn",)
"""Fields that mean something with a chat template only."""


def changed(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The results of two runs that differ in one field."""
    one = results_of(TASK, KINDS[TASK](1, 1).config)
    if path in ALONE:
        _drop(one, ALONE[path])
    if path in UNDER_A_TEMPLATE:
        one["chat_template"] = "{{messages}}"
    other = copy.deepcopy(one)
    part, _, name = path.rpartition(".")
    own, arguments = other["configs"][TASK], other["config"]["model_args"]
    if path in RESULTS:
        other[path] = RESULTS[path]
    elif part == "config":
        other["config"][name] = CONFIG[name]
    elif part == "configs":
        own[name] = OWN[name]
    elif part == "config.model_args":
        arguments[name] = ARGUMENTS[name]
        if path in ANOTHER_MODEL:
            other["model_name"] = ARGUMENTS[name]
    elif path == "config.gen_kwargs.seed":
        other["config"]["gen_kwargs"] = {"seed": 7}
    else:
        own[part.partition(".")[2]][name] = "other"
    return one, other


def _drop(results: dict[str, Any], path: str) -> None:
    part, _, name = path.rpartition(".")
    (results["configs"][TASK] if part == "configs" else results).pop(name, None)


def recorded_as(path: str) -> list[str]:
    """The names in the settings in which the two runs differ."""
    one, other = (
        json.loads(
            recorded(configuration(results, TASK, "exact_match", "none", steps_of(results["configs"][TASK], "none")))
        )
        for results in changed(path)
    )
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def _settings(results: dict[str, Any]) -> dict[str, str]:
    steps = steps_of(results["configs"][TASK], "none")
    settings: dict[str, str] = json.loads(recorded(configuration(results, TASK, "exact_match", "none", steps)))
    return settings


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
    return not names and path not in ANOTHER_MODEL


def pooled(path: str, folder: Path, text: bool = False) -> bool | str:
    """Whether two runs that differ in one field are read as repeats; the sentence where they are refused.

    `text`: the model's arguments are written as text, as the command line has them, where they are plain.
    """
    for day, results in enumerate(changed(path), 1):
        arguments = results["config"]["model_args"]
        if text and not any(isinstance(value, (dict, list)) for value in arguments.values()):
            results["config"]["model_args"] = ",".join(f"{name}={value}" for name, value in arguments.items())
        run = KINDS[TASK](1, day)
        write_run(folder, TASK, Run({}, run.records, {}), results, day)
    try:
        table = read(folder, cache=False, progress=False, allow_copies=True, outcome="score").table
    except BadInput as error:
        return str(error)
    cells = ["model", *(name for name in ("condition", "budget") if name in table)]
    return len(table[cells].drop_duplicates()) == 1
