"""Records of our own making in the form of each declared format, with the outcomes that they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd


def helm(answers=("A", "B"), right="two", outputs=1, **spec: Any) -> dict[str, Any]:
    states = []
    for number, answer in enumerate(answers):
        states.append(
            {
                "instance": {
                    "id": f"id{number}",
                    "input": {"text": "?"},
                    "references": [
                        {"output": {"text": text}, "tags": ["correct"] if text == right else []}
                        for text in ("one", "two", "three")
                    ],
                },
                "train_trial_index": 0,
                "output_mapping": {"A": "one", "B": "two", "C": "three"},
                "request": {"model": "org/m"},
                "result": {"success": True, "completions": [{"text": f" {answer}", "tokens": [{}, {}]}] * outputs},
            }
        )
    return {"adapter_spec": {"method": "multiple_choice_joint", "model": "org/m"} | spec, "request_states": states}


def tau2() -> dict[str, Any]:
    def run(task: str, trial: int, reward: float | None, why: str = "user_stop") -> dict[str, Any]:
        said = {"role": "assistant", "content": "x", "usage": {"completion_tokens": 7}}
        return {
            "id": f"{task}-{trial}",
            "task_id": task,
            "trial": trial,
            "termination_reason": why,
            "reward_info": None if reward is None else {"reward": reward},
            "messages": [said, {"role": "user", "content": "y", "usage": {"completion_tokens": 90}}, said],
        }

    agent = {"implementation": "llm_agent", "llm": "gpt", "llm_args": {"temperature": 0.0}}
    return {
        "info": {
            "agent_info": agent,
            "user_info": {"llm": "u"},
            "environment_info": {"domain_name": "retail"},
            "num_trials": 2,
        },
        "tasks": [],
        "simulations": [run("1", 0, 1.0), run("1", 1, 0.0, "max_steps"), run("2", 0, None), run("2", 1, 1.0)],
    }


def trial(task: str, number: int, resolved: bool | None, mode: str = "unset") -> dict[str, Any]:
    return {
        "id": f"{task}{number}",
        "trial_name": f"{task}.{number}-of-2",
        "task_id": task,
        "is_resolved": resolved,
        "failure_mode": mode,
        "parser_results": None if resolved is None else {"b": "passed", "a": "failed"},
        "total_output_tokens": 50,
    }


def batch(name: str, replies: list[str], **usage: Any) -> dict[str, Any]:
    choices = [{"index": i, "message": {"content": text}, "finish_reason": "stop"} for i, text in enumerate(replies)]
    body = {"model": "gpt", "choices": choices, "usage": {"completion_tokens": 40} | usage}
    return {"id": "b", "custom_id": name, "response": {"status_code": 200, "body": body}, "error": None}


def eee(sample: str, score: float, **more: Any) -> dict[str, Any]:
    return {
        "schema_version": "0.2.1",
        "evaluation_id": "e",
        "evaluation_name": "mmlu",
        "model_id": "org/m",
        "sample_id": sample,
        "input": {"raw": "?", "reference": ["b"], "choices": ["a", "b"]},
        "output": {"raw": [f"{score}"]},
        "evaluation": {"score": score, "is_correct": score == 1},
        "token_usage": {"output_tokens": 9, "reasoning_tokens": None},
    } | more


HUMAN = [
    {"task_id": f"HumanEval/{q}", "completion": f"x{q}{s}", "result": "passed" if s else "failed: x", "passed": bool(s)}
    for q in range(2)
    for s in range(2)
]
PLUS = {
    "eval": {
        f"HumanEval/{q}": [
            {
                "task_id": f"HumanEval/{q}",
                "solution": f"{q}{s}",
                "base_status": "pass",
                "plus_status": ["fail", "pass"][s],
            }
            for s in range(2)
        ]
        for q in range(2)
    }
}
METR = [
    {"task_id": "t", "task_family": "f", "run_id": n, "alias": "M", "model": "m-1", "score_binarized": n % 2,
     "score_cont": 0.5, "fatal_error_from": "server" if n == 3 else None, "tokens_count": 100}
    for n in range(4)
]  # fmt: skip
COMPASS = {"accuracy": 50.0, "details": {str(q): {"prompt": "?", "pred": "A", "correct": bool(q)} for q in range(2)}}
PROMPTFOO = {
    "config": {"description": "mine"},
    "results": {
        "results": [
            {"provider": {"id": "openai:gpt"}, "promptIdx": 0, "testIdx": t, "success": True, "score": t / 2,
             "response": {"output": f"o{t}", "tokenUsage": {"completion": 12}}}
            for t in range(3)
        ]
    },
}  # fmt: skip
VERIFIERS = [
    {"example_id": q, "prompt": [], "completion": [{"role": "assistant", "content": f"{q}{s}"}], "task": "gsm",
     "reward": float(s)}
    for q in range(2)
    for s in range(2)
]  # fmt: skip
ANTHROPIC = [
    {"custom_id": "q1", "result": {"type": "succeeded", "message": {
        "model": "c", "content": [{"type": "text", "text": "B"}], "stop_reason": "end_turn",
        "usage": {"output_tokens": 5}}}},
    {"custom_id": "q2", "result": {"type": "errored", "error": {}}},
]  # fmt: skip
TAU = [{"task_id": q, "reward": float(t), "trial": t, "info": {}, "traj": []} for q in range(2) for t in range(2)]
KEYS = pd.DataFrame({"question": ["q1", "q2"], "target": ["B", "B"]})

CASES: dict[str, tuple[Any, dict[str, Any], list[Any]]] = {
    "tau-bench trajectories": (TAU, {"model": "gpt"}, [0, 1, 0, 1]),
    "tau2-bench results": (tau2(), {}, [1, 0, 1]),
    "terminal-bench results": (
        {
            "results": [
                trial("a", 1, True),
                trial("a", 2, None, "parse_error"),
                trial("b", 1, None, "unknown_agent_error"),
            ]
        },
        {"model": "x"},
        [1, 0],
    ),
    "a trial of terminal-bench": ([trial("a", 1, True), trial("a", 2, False)], {"model": "x"}, [1, 0]),
    "HumanEval results": (HUMAN, {"model": "x"}, [0, 1, 0, 1]),
    "EvalPlus results": (PLUS, {"model": "x"}, [0, 1, 0, 1]),
    "METR runs": (METR, {}, [0, 1, 0]),
    "Every Eval Ever instances": ([eee("a", 1.0), eee("b", 0.0), eee("c", 0.0, error="x")], {}, [1, 0]),
    "OpenCompass details": (COMPASS, {"model": "x"}, [0, 1]),
    "SWE-bench Pro results": ({"instance_1": True, "instance_2": False}, {"model": "x"}, [1, 0]),
    "promptfoo results": (PROMPTFOO, {}, [0, 0.5, 1]),
    "verifiers results": (VERIFIERS, {"model": "x"}, [0, 1, 0, 1]),
    "HELM scenario state": (helm(), {}, [0, 1]),
    "OpenAI batch output": ([batch("q1", ["B", "A"]), batch("q2", ["B"])], {"questions": KEYS}, ["b", "a", "b"]),
    "Anthropic batch results": (ANTHROPIC, {"questions": KEYS}, ["b"]),
}


def write(path: Path, content: Any) -> Path:
    if isinstance(content, list):
        path.write_text("".join(json.dumps(record) + "\n" for record in content))
    else:
        path.write_text(json.dumps(content, indent=1))
    return path
