"""Runs of lm-evaluation-harness over kinds of tasks, as version 0.4.13 writes them, with its own numbers.

Each kind draws responses by a seed and grades them as the harness does (by output type,
filters and `exact_match`); `Run.own` holds what the results file would say: metric,filter → mean over questions.
"""

from __future__ import annotations

import json
import math
import random
import re
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

N = 12
GEN = {"until": ["\n\n"], "do_sample": True, "temperature": 0.7}
MEAN = {"aggregation": "mean", "higher_is_better": True}
TAKE = {"function": "take_first"}
STRICT = r"#### (\-?[0-9\.\,]+)"


class Run(NamedTuple):
    """What one run writes."""

    config: dict[str, Any]
    records: list[dict[str, Any]]
    own: dict[str, float]


def exact_match(answer: str, targets: Sequence[str], entry: dict[str, Any]) -> float:
    """The harness's `exact_match` of one answer, right if it equals any target."""

    def plain(text: str) -> str:
        for pattern in entry.get("regexes_to_ignore", []):
            text = re.sub(pattern, "", text)
        text = text.lower() if entry.get("ignore_case") else text
        return text.translate(str.maketrans("", "", string.punctuation)) if entry.get("ignore_punctuation") else text

    return float(any(plain(answer) == plain(target) for target in targets))


def record(number: int, doc: dict[str, Any], target: Any, resps: Any, filtered: Any, name: str, **grades: Any) -> Any:
    """A record as the tracker writes it: values of likelihoods as text, the target as text."""
    asked = {"gen_args_0": {"arg_0": f"prompt {number}", "arg_1": GEN}}
    return {
        "doc_id": number,
        "doc": doc,
        "target": str(target),
        "arguments": asked,
        "resps": [resps],
        "filtered_resps": [filtered],
        "filter": name,
        "metrics": list(grades),
        "doc_hash": "d",
        "prompt_hash": "p",
        "target_hash": "t",
        **grades,
    }


def generation(
    draw: Callable[[int, random.Random], str],
    docs: Sequence[tuple[dict[str, Any], Any]],
    filters: dict[str, Callable[[str, dict[str, Any]], str]],
    entry: dict[str, Any],
    repeats: int,
    seed: int,
    config: dict[str, Any],
    targets: Callable[[Any, dict[str, Any]], Sequence[str]] = lambda target, doc: [str(target)],
) -> Run:
    """A task graded by `exact_match` of the first response, under several filters."""
    rng = random.Random(seed)
    drawn = [[draw(number, rng) for _ in range(repeats)] for number in range(len(docs))]
    records, own = [], {}
    for name, extract in filters.items():
        grades = []
        for number, (doc, target) in enumerate(docs):
            answer = extract(drawn[number][0], doc)
            grades.append(exact_match(answer, targets(target, doc), entry))
            records.append(record(number, doc, target, drawn[number], answer, name, exact_match=grades[-1]))
        own[f"exact_match,{name}"] = sum(grades) / len(grades)
    return Run({"output_type": "generate_until", "metric_list": [entry], **config}, records, own)


def _found(pattern: str, text: str, select: int = 0) -> str:
    found = re.findall(pattern, text)
    match = found[select] if found else "[invalid]"
    return (next((part for part in match if part), "") if isinstance(match, tuple) else match).strip()


def gsm8k(repeats: int, seed: int) -> Run:
    """Targets that are whole solutions, two filters, an `exact_match` that ignores what stands before ####."""
    flexible = "(-?[$0-9.,]{2,})|(-?[0-9]+)"
    docs = [
        ({"question": f"q{i}", "answer": f"Many {i}.\n#### {1000 + i:,}"}, f"Many {i}.\n#### {1000 + i:,}")
        for i in range(N)
    ]

    def draw(number: int, rng: random.Random) -> str:
        value = 1000 + number + rng.choice([0, 0, 1, 2])
        ways = (
            f"So\n#### {value}",
            f"It is ${value:,}.\n#### {value:,}",
            f"#### {value}.",
            f"the answer {value} I think",
        )
        return rng.choice(ways)

    entry = {"metric": "exact_match", **MEAN, "ignore_case": True, "ignore_punctuation": False}
    entry["regexes_to_ignore"] = [",", "\\$", "(?s).*#### ", "\\.$"]
    listed = [
        {"name": "strict-match", "filter": [{"function": "regex", "regex_pattern": STRICT}, TAKE]},
        {
            "name": "flexible-extract",
            "filter": [{"function": "regex", "group_select": -1, "regex_pattern": flexible}, TAKE],
        },
    ]
    steps = {
        "strict-match": lambda text, doc: _found(STRICT, text),
        "flexible-extract": lambda text, doc: _found(flexible, text, -1),
    }
    return generation(draw, docs, steps, entry, repeats, seed, {"filter_list": listed})


def triviaqa(repeats: int, seed: int) -> Run:
    """Several right answers, written as Python shows a list."""
    docs = [({"question": f"q{i}"}, [f"The City {i}", f"City-{i}", f"C{i}"]) for i in range(N)]

    def draw(number: int, rng: random.Random) -> str:
        right = rng.choice(docs[number][1])
        return rng.choice([f" {right}", right.lower(), f"{right}.", "Paris", " Rome", "nowhere"])

    entry = {"metric": "exact_match", **MEAN, "ignore_case": True, "ignore_punctuation": True}
    listed = [{"name": "remove_whitespace", "filter": [{"function": "remove_whitespace"}, TAKE]}]
    steps = {"remove_whitespace": lambda text, doc: text.strip()}
    return generation(draw, docs, steps, entry, repeats, seed, {"filter_list": listed}, lambda target, doc: target)


def plain(repeats: int, seed: int) -> Run:
    """No filter, and an `exact_match` to which case, blanks and stops matter."""
    docs = [({"question": f"q{i}"}, ["Paris", "Rome", "New York"][i % 3]) for i in range(N)]

    def draw(number: int, rng: random.Random) -> str:
        right = docs[number][1]
        return rng.choice([right, right, right.lower(), f"{right}.", f" {right}", "Oslo", "Bern"])

    return generation(draw, docs, {"none": lambda t, d: t}, {"metric": "exact_match", **MEAN}, repeats, seed, {})


def choices(repeats: int, seed: int) -> Run:
    """Targets that name one of the task's choices by index."""
    docs = [({"question": f"q{i}", "label": i % 2}, i % 2) for i in range(N)]
    entry = {"metric": "exact_match", **MEAN, "ignore_case": True, "ignore_punctuation": True}

    def draw(number: int, rng: random.Random) -> str:
        return rng.choice(["yes", "no", "Yes.", "No!", "maybe"])

    named = lambda target, doc: [["no", "yes"][target]]  # noqa: E731
    return generation(
        draw, docs, {"none": lambda t, d: t}, entry, repeats, seed, {"doc_to_choice": ["no", "yes"]}, named
    )


def letters(repeats: int, seed: int) -> Run:
    """Letters in brackets, found by pattern."""
    docs = [({"question": f"q{i}", "choices": ["w", "x", "y", "z"]}, f"({'ABCD'[i % 4]})") for i in range(N)]
    steps = [{"function": "regex", "regex_pattern": r"(\([A-Z]\))"}, TAKE]

    def draw(number: int, rng: random.Random) -> str:
        return rng.choice([f"it is ({rng.choice('ABCD')})", f"({'ABCD'[number % 4]})", "?"])

    config = {"filter_list": [{"name": "letter", "filter": steps}]}
    extract = {"letter": lambda text, doc: _found(r"(\([A-Z]\))", text)}
    return generation(draw, docs, extract, {"metric": "exact_match", **MEAN}, repeats, seed, config)


def own_rule(kind: str) -> Callable[[int, int], Run]:
    """Tasks whose grade is by a function of their own: aime (boxed), ifeval (several true and false), code (pass@1)."""

    def make(repeats: int, seed: int) -> Run:
        rng = random.Random(seed)
        records, sums = [], {}
        for i in range(N):
            name, doc, target = "none", {"question": f"q{i}"}, "0"
            if kind == "aime":
                target = str(100 + i)
                drawn = [
                    f"Thinking {rng.random()}: \\boxed{{{100 + i + rng.choice([0, 0, 1])}}}." for _ in range(repeats)
                ]
                grades: dict[str, Any] = {"exact_match": int(f"{{{target}}}" in drawn[0])}
                filtered: Any = drawn[0]
            elif kind == "ifeval":
                drawn = [f"Dear {'x' * rng.randrange(1, 30)}" for _ in range(repeats)]
                held = [len(drawn[0]) % 2 == 0, len(drawn[0]) % 3 > 0]
                grades = {"prompt_level_strict_acc": all(held), "inst_level_strict_acc": held}
                grades |= {"prompt_level_loose_acc": held[1], "inst_level_loose_acc": [True, held[1]]}
                filtered = drawn[0]
            else:
                name, target = "create_test", "check(f)"
                drawn = [f"    return {rng.randrange(3)}\n" for _ in range(repeats)]
                grades = {"pass@1": sum("return 1" in text for text in drawn) / repeats}
                filtered = [f"def f():\n{text}" for text in drawn]
            records.append(record(i, doc, target, drawn, filtered, name, **grades))
            for metric, value in grades.items():
                if not isinstance(value, list):
                    sums[f"{metric},{name}"] = sums.get(f"{metric},{name}", 0.0) + value / N
        config: dict[str, Any] = {
            "output_type": "generate_until",
            "process_results": "def process_results(doc, results): …",
        }
        config["metric_list"] = [{"metric": metric, **MEAN} for metric in records[0]["metrics"]]
        if kind == "code":
            custom = {"function": "custom", "filter_fn": "<function build_predictions at 0x7f15e3197600>"}
            config["filter_list"] = [{"name": "create_test", "filter": [custom]}]
            del config["process_results"]
        return Run(config, records, sums)

    return make


def likelihoods(kind: str) -> Callable[[int, int], Run]:
    """Options scored by log-likelihoods: one or several right, by length or against the unconditional ones, and mc2."""

    def make(repeats: int, seed: int) -> Run:
        rng = random.Random(seed)
        metrics = {"acc": ["acc", "acc_norm"], "norm": ["acc_norm"], "mutual": ["acc", "acc_mutual_info"]}.get(
            kind, ["acc"]
        )
        records, sums = [], {}
        for i in range(N):
            options = [f"short{i}", f"a rather longer option {i}", f"mid {i}", f"x{i}"]
            gold = [0, 2] if kind in ("several", "mc2") and i % 3 else [i % 4]
            values = [-8 * rng.random() for _ in options]
            alone = [-8 * rng.random() for _ in options]
            norm = [value / len(option) for value, option in zip(values, options, strict=True)]
            best = lambda scores: max(range(len(scores)), key=scores.__getitem__)  # noqa: E731
            weights = [math.exp(value) for value in values]
            grades = {
                "acc": float(best(values) in gold),
                "acc_norm": float(best(norm) in gold),
                "acc_mutual_info": float(best([a - b for a, b in zip(values, alone, strict=True)]) in gold),
            }
            if kind == "mc2":
                grades["acc"] = sum(weights[place] for place in gold) / sum(weights)
            grades = {metric: grades[metric] for metric in metrics}
            asked = [*options, *options] if kind == "mutual" else options
            scored = [*values, *alone] if kind == "mutual" else values
            doc: dict[str, Any] = {"question": f"q{i}", "choices": {"text": options, "label": list("ABCD")}}
            if kind == "mc2":
                marks = [int(place in gold) for place in range(4)]
                doc = {"question": f"q{i}", "mc2_targets": {"choices": options, "labels": marks}}
            target = {"several": str(gold), "mc2": "0"}.get(kind, str(gold[0]))
            one = record(i, doc, target, [], None, "none", **grades)
            pairs = [[str(value), "False"] for value in scored]
            one |= {"resps": [[pair] * repeats for pair in pairs], "filtered_resps": pairs}
            one["arguments"] = {
                f"gen_args_{at}": {"arg_0": f"Q{i}", "arg_1": f" {text}"} for at, text in enumerate(asked)
            }
            records.append(one)
            for metric, value in grades.items():
                sums[f"{metric},none"] = sums.get(f"{metric},none", 0.0) + value / N
        config = {"output_type": "multiple_choice", "metric_list": [{"metric": metric, **MEAN} for metric in metrics]}
        return Run({**config, "target_delimiter": " "}, records, sums)

    return make


def cloze(repeats: int, seed: int) -> Run:
    """One likelihood and whether it is greedy, as of lambada."""
    rng = random.Random(seed)
    records, right = [], 0.0
    for i in range(N):
        value, greedy = -5 * rng.random(), rng.random() < 0.5
        pairs = [[str(value), str(greedy)]] * repeats
        one = record(i, {"text": f"once {i}"}, f" {i}", pairs, pairs[0], "none", perplexity=value, acc=int(greedy))
        one["arguments"] = {"gen_args_0": {"arg_0": "once", "arg_1": f" {i}"}}
        records.append(one)
        right += greedy / N
    config = {"output_type": "loglikelihood", "metric_list": [{"metric": "perplexity", "higher_is_better": False}]}
    return Run(config, records, {"acc,none": right, "perplexity,none": 0.0})


KINDS: dict[str, Callable[[int, int], Run]] = {
    "gsm8k": gsm8k,
    "triviaqa": triviaqa,
    "plain": plain,
    "choices": choices,
    "letters": letters,
    "aime": own_rule("aime"),
    "ifeval": own_rule("ifeval"),
    "code": own_rule("code"),
    "acc": likelihoods("acc"),
    "norm": likelihoods("norm"),
    "mutual": likelihoods("mutual"),
    "several": likelihoods("several"),
    "mc2": likelihoods("mc2"),
    "cloze": cloze,
}


def results_of(task: str, config: dict[str, Any], repeats: int = 1) -> dict[str, Any]:
    """`results_<date>.json` with every field that version 0.4.13 writes."""
    own = {
        "task": task,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": "/data/x.json"}},
        "test_split": "test",
        "doc_to_text": "{{question}}",
        "doc_to_target": "{{answer}}",
        "unsafe_code": False,
        "description": "",
        "target_delimiter": " ",
        "fewshot_delimiter": "\n\n",
        "fewshot_config": {"sampler": "default", "split": None},
        "num_fewshot": 0,
        "generation_kwargs": GEN,
        "repeats": repeats,
        "should_decontaminate": False,
        "metadata": {"version": 1.0, "pretrained": "org/toy-1b", "dtype": "float32", "config_source": "inline"},
        **config,
    }
    return {
        "results": {task: {"alias": task}},
        "group_subtasks": {},
        "configs": {task: own},
        "versions": {task: 1.0},
        "n-shot": {task: 0},
        "higher_is_better": {task: {one["metric"]: True for one in own.get("metric_list", []) if "aggregation" in one}},
        "n-samples": {task: {"original": N, "effective": N}},
        "config": {
            "model": "hf",
            "model_args": {"pretrained": "org/toy-1b", "dtype": "float32"},
            "model_num_parameters": 1_000_000_000,
            "model_dtype": "torch.float32",
            "model_revision": "main",
            "model_sha": "82047f5e5d5245c1b3a4cd75ad98aa441d6487cd",
            "batch_size": "16",
            "batch_sizes": [],
            "device": None,
            "use_cache": None,
            "limit": None,
            "bootstrap_iters": 0,
            "gen_kwargs": None,
            "random_seed": 0,
            "numpy_seed": 1234,
            "torch_seed": 1234,
            "fewshot_seed": 1234,
        },
        "git_hash": "1f84a09f",
        "date": 1768964383.8,
        "pretty_env_info": "PyTorch version: 2.9.0",
        "transformers_version": "4.57.0",
        "lm_eval_version": "0.4.13",
        "upper_git_hash": None,
        "task_hashes": {task: "h"},
        "model_source": "hf",
        "model_name": "org/toy-1b",
        "model_name_sanitized": "org__toy-1b",
        "system_instruction": None,
        "system_instruction_sha": None,
        "fewshot_as_multiturn": True,
        "chat_template": None,
        "chat_template_sha": None,
        "total_evaluation_time_seconds": "40.3",
    }


def write_run(folder: Path, task: str, run: Run, results: dict[str, Any] | None = None, day: int = 1) -> Path:
    """Write samples and results of a run where the harness puts them."""
    folder.mkdir(parents=True, exist_ok=True)
    date = f"2026-03-{day:02}T10-00-00.123456"
    text = "".join(json.dumps(one) + "\n" for one in run.records)
    (folder / f"samples_{task}_{date}.jsonl").write_text(text, encoding="utf-8")
    body = results if results is not None else results_of(task, run.config)
    (folder / f"results_{date}.json").write_text(json.dumps(body), encoding="utf-8")
    return folder
