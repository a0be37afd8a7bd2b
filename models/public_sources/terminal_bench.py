"""Pairs of agent and model on the tasks of Terminal-Bench, five runs: laude-institute/terminal-bench-leaderboard."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean
from public_sources.clones import Clone, Entry

TEST = re.compile(r"((?:\w+::)?test_\w+(?:\[.*\])?)(?: - .*)?", re.S)
STATES = ("passed", "failed")


def rows(clone: Clone) -> Iterator[dict[str, Any]]:
    """One row per trial: all tests passed or not, the task's tests one by one, tokens written, seconds.

    `tests` holds the same tests for all trials of a task (`of_task`). In a trial that is resolved all of them count as
    passed, skipped ones too; in another, those that its log does not name as passed count as failed, all of them where
    nothing was parsed (`has_tests` is then false). Agents that wrote tests of their own can fail by them alone.
    """
    trials = [trial for file in submissions(clone) for trial in of_file(clone, file)]
    named: dict[str, list[dict[str, bool]]] = defaultdict(list)
    for trial in trials:
        named[trial["question"]].append(trial["named"])
    tests = {task: of_task(said) for task, said in named.items()}
    seen: Counter[tuple[str, str]] = Counter()
    for trial in trials:
        said, key = trial.pop("named"), (trial["model"], trial["question"])
        sample, seen[key] = seen[key], seen[key] + 1
        vector = [int(bool(trial["score"]) or said.get(name, False)) for name in tests[trial["question"]]]
        yield trial | {"sample": sample, "tests": vector or [int(trial["score"])]}


def submissions(clone: Clone) -> list[Path]:
    """The files of all submissions: one for a whole submission, or one for each run."""
    files = clone.files("results/terminal-bench-core*/*/*results.json")
    return sorted([*files, *clone.files("results/terminal-bench-core*/*/*/results.json")])


def of_file(clone: Clone, file: Path) -> Iterator[dict[str, Any]]:
    """The trials of a file, `named` the tests that each one's log names."""
    folders = file.relative_to(clone.folder).parts[2:-1]
    run = folders[1] if len(folders) > 1 else file.name.removesuffix("results.json").rstrip("_")
    for trial in clone.object(file).entries("results"):
        written, read = trial.maybe("total_output_tokens", float), trial.maybe("total_input_tokens", float)
        yield {
            "benchmark": "terminal-bench-core-0.1.1",
            "model": agent(folders[0]),
            "question": trial.take("task_id", str),
            "run": clean(run),
            "score": float(trial.maybe("is_resolved", bool) or False),
            "has_tests": trial.value.get("parser_results") is not None,
            "failure_mode": trial.take("failure_mode", str),
            "reasoning_tokens": written or None,
            "input_tokens": read or None,
            "duration_s": seconds(trial),
            "named": listed(trial),
        }


def agent(folder: str) -> str:
    """A submission's name without its date.

    >>> agent("20250923_droid_claude-4-sonnet"), agent("ob1-09-10-25")
    ('droid_claude-4-sonnet', 'ob1')
    """
    return clean(re.sub(r"^\d{8}_|-\d\d-\d\d-\d\d$", "", folder))


def listed(trial: Entry) -> dict[str, bool]:
    """The tests that a trial's log names, and whether they passed; lines about whole files are no tests.

    >>> log = {"test_a": "passed", "test_b - AssertionError: no": "failed", "../tests/test_x.py - TypeError": "failed"}
    >>> listed(Entry({"parser_results": log}, "results.json, results 1"))
    {'test_a': True, 'test_b': False}
    """
    if trial.value.get("parser_results") is None:
        return {}
    log, found = trial.object("parser_results"), {}
    for name in log.value:
        state = log.take(name, str)
        if state not in STATES:
            raise BadInput(f"{log.where}: a test's result must be passed or failed.")
        if (test := TEST.fullmatch(name)) is not None:
            found[test[1]] = state == "passed"
    return found


def seconds(trial: Entry) -> float | None:
    """How long the agent worked, where that was recorded."""
    begun, ended = "agent_started_at", "agent_ended_at"
    if trial.value.get(begun) is None or trial.value.get(ended) is None:
        return None
    return trial.seconds(begun, ended)


def of_task(said: list[dict[str, bool]]) -> list[str]:
    """The tests of a task: those that most of the trials name that name any; an agent's own tests are in few.

    >>> of_task([{"test_a": True, "test_own": True}, {"test_a": False}, {}])
    ['test_a']
    """
    speaks = [names for names in said if names]
    number = Counter(name for names in speaks for name in names)
    return sorted(name for name, trials in number.items() if 2 * trials > len(speaks))
