"""What lm-evaluation-harness records of how a run was made, and which of it cannot matter to what the model answers.

`HARMLESS` and `TELLING` name every field of `results_<date>.json` once, under the names of the column `settings`:
`model_args.…`, `task.…` for the task's configuration, `generation.…` for its arguments of generation overlaid by those
of the command line, and the others by their own names. A field in neither, of a later version, tells runs apart; a test
then fails, so that somebody decides (`reports/studies/log_identity_lm_eval.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from hotmess.responses.formats.hostile import label, mapping, number, sequence

NAMES = ("peft", "delta", "pretrained", "model", "path", "engine")
"""Arguments that may name the model, the first of them that is there."""

_GROUPS: dict[str, tuple[str, ...]] = {
    "columns of their own in the table": ("task.task", "model_name", "model_name_sanitized", "model_num_parameters"),
    "when it ran, where, and under which label": (
        *("date", "start_time", "end_time", "total_evaluation_time_seconds", "pretty_env_info", "upper_git_hash"),
        *("task.task_alias", "task.tag", "task.group", "task.metadata.config_source", "device"),
        *("task.dataset_kwargs.data_files", "task.dataset_kwargs.data_dir", "task.dataset_kwargs.cache_dir"),
        *("model_args.base_url", "model_args.device", "model_args.device_map", "model_args.device_map_option"),
        *("model_args.cache_dir", "model_args.download_dir", "model_args.offload_folder", "model_args.api_key"),
    ),
    "which questions, and how often: questions are known by their content": (
        *("limit", "samples", "n-samples", "task.repeats", "task_hashes"),
    ),
    "seeds: repeats differ in them; what they choose (few-shot examples, options) is seen in what was asked": (
        *("random_seed", "numpy_seed", "torch_seed", "fewshot_seed", "generation.seed", "model_args.seed"),
    ),
    "how many at once, and how the machine is shared": (
        *("batch_size", "batch_sizes", "use_cache", "model_args.batch_size", "model_args.max_batch_size"),
        *("model_args.parallelize", "model_args.tensor_parallel_size", "model_args.data_parallel_size"),
        *("model_args.pipeline_parallel_size", "model_args.gpu_memory_utilization", "model_args.max_memory_per_gpu"),
        *("model_args.max_cpu_memory", "model_args.num_concurrent", "model_args.max_retries", "model_args.timeout"),
        *("model_args.swap_space", "model_args.max_num_seqs", "model_args.logits_cache"),
    ),
    "how grades are summed up, and the results themselves": (
        *("results", "groups", "group_subtasks", "higher_is_better", "bootstrap_iters", "task.metric.aggregation"),
        *("task.metric.higher_is_better", "task.should_decontaminate", "task.doc_to_decontamination_query"),
        "task.unsafe_code",
    ),
}

HARMLESS = tuple(name for names in _GROUPS.values() for name in names)
"""Fields that may differ between repeats, as patterns; by reason in `_GROUPS`."""

TELLING = (
    *("model_source", "model_args", "model.revision", "model.sha", "model.dtype", "version", "lm_eval_version"),
    *("transformers_version", "git_hash", "system_instruction", "chat_template", "fewshot_as_multiturn"),
    *("tokenizer_pad_token", "tokenizer_eos_token", "tokenizer_bos_token", "eot_token_id", "max_length"),
    *("generation", "task.custom_dataset", "task.dataset_path", "task.dataset_name", "task.dataset_kwargs"),
    *("task.training_split", "task.validation_split", "task.test_split", "task.fewshot_split", "task.process_docs"),
    *("task.doc_to_text", "task.doc_to_target", "task.doc_to_image", "task.doc_to_audio", "task.doc_to_choice"),
    *("task.process_results", "task.use_prompt", "task.description", "task.target_delimiter"),
    *("task.fewshot_delimiter", "task.fewshot_config", "task.num_fewshot", "task.metric", "task.output_type"),
    *("task.filter", "task.gen_prefix", "task.metadata"),
)
"""Fields in which repeats agree. `task.metric` and `task.filter` are those whose grades are taken."""

_TWICE = (
    *("configs", "config", "versions", "n-shot", "model_args", "gen_kwargs", "model", "chat_template_sha"),
    *("model_dtype", "model_revision", "model_sha"),
)
"""Fields of the results that `configuration` takes apart, or that are recorded a second time."""

_PACKED = re.compile(
    r"awq|gptq|gguf|exl2|bnb|quantized|mxfp4|nvfp4|nf4|fp8|fp4|int[48]|[48]-?bit|w[48]a\d+|aqlm|hqq|quip", re.IGNORECASE
)
_QUANTISED = (
    "load_in_4bit",
    "load_in_8bit",
    "autogptq",
    "gptqmodel",
    "quantization",
    "quantization_config",
    "gguf_file",
)
_SIZE = re.compile(r"(?<![A-Za-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)[bB](?![A-Za-z0-9])")


def arguments_of(given: Any) -> dict[str, Any]:
    """The model's arguments, from a mapping or from a text as `pretrained=org/m,dtype=float16`.

    >>> arguments_of("pretrained=org/m,enable_thinking=True,revision=step1")
    {'pretrained': 'org/m', 'enable_thinking': True, 'revision': 'step1'}
    """
    if isinstance(given, str) and given.lstrip().startswith("{"):
        given = _typed(given.strip())
    if isinstance(given, str):
        pairs = [part.split("=", 1) for part in _parts(given) if "=" in part]
        return {name.strip(): _typed(value.strip()) for name, value in pairs}
    return {str(name): value for name, value in mapping(given).items()}


def _parts(text: str) -> list[str]:
    """The parts between commas, but for commas in brackets."""
    parts, depth = [""], 0
    for character in text:
        depth = max(depth + (character in "{[(") - (character in "}])"), 0)
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _typed(text: str) -> Any:
    lower = text.lower()
    if lower in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[lower]
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    value = number(text) if re.fullmatch(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?", lower) else None
    if value is not None:
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def model_name(results: Mapping[str, Any]) -> str | None:
    """The model's name, as the harness gives it."""
    config = mapping(results.get("config"))
    given = arguments_of(config.get("model_args"))
    named = next((name for key in NAMES if (name := label(given.get(key)))), None)
    return label(results.get("model_name")) or named or label(config.get("model"))


def configuration(results: Mapping[str, Any], task: str, metric: str | None, filter: str, steps: Any) -> dict[str, Any]:
    """The recorded configuration of a run of one task, each thing once."""
    config = mapping(results.get("config"))
    arguments = arguments_of(config.get("model_args"))
    name = model_name(results)
    own = dict(mapping(mapping(results.get("configs")).get(task)))
    generation = {**mapping(own.pop("generation_kwargs", None)), **arguments_of(config.get("gen_kwargs"))}
    own["metric"] = next(
        (one for one in sequence(own.pop("metric_list", None)) if mapping(one).get("metric") == metric), metric
    )
    own.pop("filter_list", None)
    own["filter"] = {"name": filter, "steps": steps}
    own.setdefault("num_fewshot", mapping(results.get("n-shot")).get(task))
    metadata = dict(mapping(own.get("metadata")))
    version = mapping(results.get("versions")).get(task, metadata.get("version"))
    own["metadata"] = {
        key: value for key, value in metadata.items() if key != "version" and arguments.get(key, object()) != value
    }
    rest = {key: value for key, value in results.items() if key not in _TWICE}
    rest |= {key: value for key, value in config.items() if key not in _TWICE}
    if rest.get("system_instruction"):
        rest.pop("system_instruction_sha", None)
    rest["system_instruction"] = rest.get("system_instruction") or rest.pop("system_instruction_sha", None)
    rest["chat_template"] = results.get("chat_template") or results.get("chat_template_sha")
    if not rest["chat_template"]:
        rest.pop("fewshot_as_multiturn", None)  # without a template there are no turns
    source = results.get("model_source")
    return {
        **rest,
        "model_source": config.get("model") if source in (None, "CUSTOM") else source,
        "model_args": {key: value for key, value in arguments.items() if not (key in NAMES and label(value) == name)},
        "model": {
            "revision": None if "revision" in arguments else config.get("model_revision"),
            "sha": str(config["model_sha"])[:12] if config.get("model_sha") else None,
            "dtype": config.get("model_dtype"),
        },
        "version": version,
        "generation": generation,
        "task": own,
    }


def size_of(results: Mapping[str, Any], model: str) -> tuple[float | None, list[str]]:
    """Billions of parameters, where the log is sure of them, and a note where it is not.

    The number that is logged is −1 where it is not known, and of packed quantised weights it counts the packed ones.
    """
    config = mapping(results.get("config"))
    given = number(config.get("model_num_parameters"))
    if given is None or given <= 0:
        return None, []
    arguments = arguments_of(config.get("model_args"))
    names = " ".join(str(arguments.get(key) or "") for key in NAMES) + f" {results.get('model_name') or model}"
    packed = bool(_PACKED.search(names)) or any(arguments.get(key) for key in _QUANTISED)
    said = _SIZE.search(names)
    told = float(said[2]) * float(said[1] or 1) if said else None
    if not packed and (told is None or 0.6 < given / 1e9 / told < 1.7):
        return given / 1e9, []
    why = "its weights are quantised and may be packed" if packed else "its name says otherwise"
    return None, [
        f"The size of {model} is unknown: the log counts {given / 1e9:.3g} billion parameters, but {why}; give it in a "
        "models table, or as a column model_size_b."
    ]
