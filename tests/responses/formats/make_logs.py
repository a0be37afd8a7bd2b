"""Logs for tests, written by the libraries' own writers, or in their layout where a library is heavy to install."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

DATE = "2026-03-01T10-00-00.000001"


def inspect_sample(number: int, epoch: int = 1, **changes: Any) -> dict[str, Any]:
    """A sample of a multiple-choice task as keyword arguments of `EvalSample`; the right answer is given."""
    letter = "ABCD"[number % 4]
    text = f"I think about question {number} in epoch {epoch}.\n\nANSWER: {letter}"
    sample: dict[str, Any] = {
        "id": f"q{number}",
        "epoch": epoch,
        "input": f"Question {number}?",
        "choices": ["one", "two", "three", "four"],
        "target": letter,
        "messages": [
            {"role": "user", "content": f"Question {number}?", "source": "input"},
            {"role": "assistant", "content": text, "source": "generate"},
        ],
        "output": {
            "model": "m",
            "choices": [{"message": {"role": "assistant", "content": text}, "stop_reason": "stop"}],
            "completion": text,
        },
        "scores": {"choice": {"value": "C", "answer": letter}},
        "model_usage": {
            "mock/m": {"input_tokens": 9, "output_tokens": 40 + 7 * number + 3 * epoch, "total_tokens": 60}
        },
        "uuid": f"u{number}-{epoch}",
    }
    sample.update(changes)
    return sample


def answered(number: int, epoch: int, letter: str, **changes: Any) -> dict[str, Any]:
    """The same with another answer, graded accordingly."""
    right = letter == "ABCD"[number % 4]
    return inspect_sample(
        number, epoch, scores={"choice": {"value": "C" if right else "I", "answer": letter}}, **changes
    )


def write_inspect(path: Path, samples: Sequence[Mapping[str, Any]], **spec: Any) -> Path:
    """Write a log with Inspect's own writer, as `.eval` or `.json` by the name of the path."""
    from inspect_ai.log import EvalLog, write_eval_log

    header: dict[str, Any] = {
        "created": "2026-03-01T10:00:00+00:00",
        "task": "toy",
        "model": "mock/m",
        "dataset": {"name": "toy", "samples": len(samples)},
        "config": {"epochs": 1},
        "eval_id": f"e-{path.name}",
        "run_id": f"r-{path.name}",
    }
    plan = {"name": "plan", "config": spec.pop("generate", {})}
    status = spec.pop("status", "success")
    header.update(spec)
    log = EvalLog.model_validate(
        {"version": 2, "status": status, "eval": header, "plan": plan, "samples": [dict(sample) for sample in samples]}
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_eval_log(log, str(path), format="eval" if path.suffix == ".eval" else "json")
    return path


def lm_record(number: int, **changes: Any) -> dict[str, Any]:
    """A record of a generation task of lm-evaluation-harness, as its tracker writes it: all values text."""
    record = {
        "doc_id": number,
        "doc": {"question": f"What is {number} + 1?"},
        "target": str(number + 1),
        "arguments": {"gen_args_0": {"arg_0": "prompt", "arg_1": {"until": ["\n\n"], "temperature": 0.7}}},
        "resps": [[f"It is #### {number + 1}"]],
        "filtered_resps": [f"{number + 1}"],
        "filter": "strict-match",
        "metrics": ["exact_match"],
        "doc_hash": "h",
        "prompt_hash": "h",
        "target_hash": "h",
        "exact_match": 1.0,
    }
    return {**record, **changes}


def likelihood_record(number: int, values: Sequence[float], right: int, **changes: Any) -> dict[str, Any]:
    """A record of a multiple-choice task scored by log-likelihoods."""
    pairs = [[str(value), "False"] for value in values]
    record = {
        "doc_id": number,
        "doc": {"question": f"Question {number}", "choices": [f"option {i}" for i in range(len(values))]},
        "target": str(right),
        "arguments": {f"gen_args_{i}": {"arg_0": "prompt", "arg_1": f" option {i}"} for i in range(len(values))},
        "resps": [[pair] for pair in pairs],
        "filtered_resps": pairs,
        "filter": "none",
        "metrics": ["acc"],
        "acc": float(int(np.argmax(values)) == right),
    }
    return {**record, **changes}


GSM = [
    {
        "name": "strict-match",
        "filter": [
            {"function": "regex", "regex_pattern": r"#### (\-?[0-9\.\,]+)"},
            {"function": "take_first"},
        ],
    },
    {
        "name": "flexible-extract",
        "filter": [
            {"function": "regex", "group_select": -1, "regex_pattern": r"(-?[$0-9.,]{2,})|(-?[0-9]+)"},
            {"function": "take_first"},
        ],
    },
]
"""The filters of gsm8k."""


def write_lm_eval(
    folder: Path,
    records: Sequence[Mapping[str, Any]],
    *,
    task: str = "gsm8k",
    model: str = "org/model-1b",
    date: str = DATE,
    results: bool = True,
    filter_list: Any = GSM,
    **config: Any,
) -> Path:
    """Write `samples_<task>_<date>.jsonl` and, unless told not to, `results_<date>.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"samples_{task}_{date}.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    if results:
        body = {
            "results": {task: {"alias": task}},
            "configs": {task: {"task": task, "filter_list": filter_list, "num_fewshot": 5, **config}},
            "config": {"model": "hf", "model_args": f"pretrained={model},dtype=float", "model_num_parameters": 10**9},
        }
        (folder / f"results_{date}.json").write_text(json.dumps(body), encoding="utf-8")
    return path


def lmms_record(number: int, answer: str, target: str = "B", **changes: Any) -> dict[str, Any]:
    """A record of a generation task of lmms-eval, as its tracker writes it since it flattens what is one request's."""
    record = {
        "doc_id": number,
        "target": target,
        "input": f"Question {number}?\nA. w\nB. x\nC. y",
        "resps": [f"The answer is {answer}"],
        "filtered_resps": answer,
        "token_counts": [{"input_tokens": 9, "output_tokens": 20 + number, "reasoning_tokens": None}],
        "doc_hash": f"h{number}",
        "mmmu_acc": {"id": f"v_{number}", "answer": target, "parsed_pred": answer},
    }
    return {**record, **changes}


def write_lmms_eval(folder: Path, records: Sequence[Mapping[str, Any]], task: str = "mmmu_val", **results: Any) -> Path:
    """Write `<date>_samples_<task>.jsonl` and `<date>_results.json`, as lmms-eval names them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"20260301_100000_samples_{task}.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    body = {"configs": {task: {"task": task}}, "config": {"model": "qwen2_vl"}, "model_name": "org/vl-2b", **results}
    (folder / "20260301_100000_results.json").write_text(json.dumps(body), encoding="utf-8")
    return path


def swe_report(instance: str, fix: Mapping[str, bool], keep: Mapping[str, bool]) -> dict[str, Any]:
    """A `report.json` of an applied patch: test name → passed, for FAIL_TO_PASS and PASS_TO_PASS."""

    def lists(tests: Mapping[str, bool]) -> dict[str, list[str]]:
        return {"success": [t for t, ok in tests.items() if ok], "failure": [t for t, ok in tests.items() if not ok]}

    status = {"FAIL_TO_PASS": lists(fix), "PASS_TO_PASS": lists(keep)}
    status.update({name: {"success": [], "failure": []} for name in ("FAIL_TO_FAIL", "PASS_TO_FAIL")})
    return {
        instance: {
            "patch_is_None": False,
            "patch_exists": True,
            "patch_successfully_applied": True,
            "resolved": all(fix.values()) and all(keep.values()),
            "tests_status": status,
        }
    }


def unapplied(instance: str) -> dict[str, Any]:
    """A report of a patch that did not apply."""
    entry = {"patch_is_None": False, "patch_exists": True, "patch_successfully_applied": False, "resolved": False}
    return {instance: entry}


def write_swe(root: Path, run: str, model: str, instance: str, report: Any, **files: str) -> Path:
    """Write the folder of one instance of one run; `report` None means that there is none."""
    folder = root / "logs" / "run_evaluation" / run / model / instance
    folder.mkdir(parents=True, exist_ok=True)
    if report is not None:
        (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    (folder / "patch.diff").write_text("diff --git a b\n", encoding="utf-8")
    (folder / "run_instance.log").write_text("INFO\n", encoding="utf-8")
    for name, text in files.items():
        (folder / name.replace("__dot__", ".")).write_text(text, encoding="utf-8")
    return folder


def swe_summary(ids: Mapping[str, str], **lists: Any) -> dict[str, Any]:
    """A run's summary, `<model>.<run_id>.json`; instance → resolved, unresolved, empty_patch, error, infra, incomplete.

    In the structure of `make_run_report` of SWE-bench 5.0.2, where infrastructure failures stay among the unresolved.
    """
    by = {kind: sorted(name for name, one in ids.items() if one == kind) for kind in set(ids.values())}
    get = lambda *kinds: sorted(name for kind in kinds for name in by.get(kind, []))  # noqa: E731
    body: dict[str, Any] = {
        "completed_ids": get("resolved", "unresolved", "infra"),
        "incomplete_ids": get("incomplete"),
        "empty_patch_ids": get("empty_patch"),
        "submitted_ids": get("resolved", "unresolved", "infra", "empty_patch", "error"),
        "resolved_ids": get("resolved"),
        "unresolved_ids": get("unresolved", "infra"),
        "infra_failure_ids": get("infra"),
        "ambiguous_failure_ids": [],
        "failure_reasons": dict.fromkeys(get("infra"), "out_of_memory"),
        "error_ids": get("error"),
        "schema_version": 2,
    }
    totals = {name.removesuffix("_ids") + "_instances": len(of) for name, of in body.items() if name.endswith("_ids")}
    return {"total_instances": len(ids), **totals, **body, **lists}


def some_inspect(
    path: Path, *, questions: int = 6, epochs: int = 3, letter: Callable[[int, int], str] | None = None
) -> Path:
    """A log of several questions and epochs with varied answers."""
    pick = letter or (lambda number, epoch: "ABCD"[(number * 7 + epoch * epoch) % 4])
    samples = [answered(q, e, pick(q, e)) for e in range(1, epochs + 1) for q in range(questions)]
    return write_inspect(path, samples, config={"epochs": epochs})
