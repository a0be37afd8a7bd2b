"""Reports of SWE-bench's `run_evaluation`: one vector of unit-test outcomes for each run of each instance.

The tree is `run_evaluation/<run_id>/<model>/<instance>/report.json`; runs of one model are repeats. An instance's
vector runs over all tests that any run reports: FAIL_TO_PASS first, then PASS_TO_PASS, each in order of name. A patch
that did not apply, or was never handed in because the run came to its limit, leaves the code as it was: PASS_TO_PASS
pass, FAIL_TO_PASS fail (Haegele et al. 2026, arXiv 2601.23045, on SWE-bench).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean, count, label, mapping, parse, sequence
from hotmess.responses.formats.registry import NoResponses, ReadOptions, register

if TYPE_CHECKING:
    import pandas as pd

REPORT, LOG, PATCH = "report.json", "run_instance.log", "patch.diff"
FAIL, PASS = "FAIL_TO_PASS", "PASS_TO_PASS"

NO_REPORT = "instances left out: evaluation broke off without a report"
NO_TESTS = "instances left out: no unit tests in the report"
TIMED_OUT = "instances left out: unit tests did not run to the end"
UNCHANGED = "runs without a patch that applies: tests that passed before pass, the others fail"
UNKNOWN_TESTS = "runs left out: no run of the instance names its unit tests"
ABSENT = "unit tests that another run reports and this one does not count as failed"

_MOST = 1 << 20
_ENTRY = {"patch_exists", "patch_is_None", "patch_successfully_applied", "resolved"}


class Outcome(NamedTuple):
    """What one run did to an instance's tests; `applied` False means that the code stayed as it was."""

    applied: bool
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def is_swe_bench(path: Path, head: bytes) -> bool:
    """A folder of instances, of which one has a report of the evaluation (or at least its log and patch)."""
    for instance in _instances(path):
        if (instance / LOG).is_file() and ((instance / PATCH).is_file() or (instance / REPORT).is_file()):
            return True
        report = instance / REPORT
        if report.is_file():
            try:
                return bool(_ENTRY & set(_entry(parse(report.read_bytes(), str(report)), instance.name)))
            except BadInput:
                continue
    return False


def _instances(path: Path) -> Iterator[Path]:
    yield from (entry for entry in sorted(path.iterdir()) if entry.is_dir() and not entry.name.startswith("."))


def _inputs(path: Path) -> list[Path]:
    files = [file for instance in _instances(path) for file in sorted(instance.iterdir()) if file.is_file()]
    summary = _summary(path)
    beside = [
        file for folder in _trajectory_folders(path) if folder.is_dir() for file in sorted(folder.glob("*.traj*"))
    ]
    return [*files, *([summary] if summary else []), *dict.fromkeys(beside)]


def tests_of(table: pd.DataFrame) -> pd.DataFrame:
    """The vector of unit tests of every run, over the tests of all runs of its instance."""
    names: dict[str, tuple[set[str], set[str]]] = {}
    for instance, passed, failed in zip(table["question"], table["tests_passed"], table["tests_failed"], strict=True):
        fix, keep = names.setdefault(instance, (set(), set()))
        for test in (*passed, *failed):
            (fix if test.startswith(FAIL) else keep).add(test)
    order = {instance: (*sorted(fix), *sorted(keep)) for instance, (fix, keep) in names.items()}
    counts: Counter[str] = Counter()
    vectors: list[list[int] | None] = []
    for row in zip(
        table["question"], table["patch_applied"], table["tests_passed"], table["tests_failed"], strict=True
    ):
        instance, applied, passed, failed = row
        tests = order[instance]
        if not tests:
            counts[UNKNOWN_TESTS] += 1
            vectors.append(None)
        elif not applied:
            counts[UNCHANGED] += 1
            vectors.append([int(test.startswith(PASS)) for test in tests])
        else:
            done = set(passed)
            counts[ABSENT] += len(set(tests) - done - set(failed))
            vectors.append([int(test in done) for test in tests])
    known = [vector is not None for vector in vectors]
    if not any(known):
        raise NoResponses(
            "No run names the unit tests of any instance: evaluate a patch that applies, for their names."
        )
    out = table[known].drop(columns=["tests_passed", "tests_failed"]).reset_index(drop=True)
    out["tests"] = [vector for vector in vectors if vector is not None]
    out["score"] = [float(all(vector)) for vector in vectors if vector is not None]
    out["new_tests"] = [len(names[instance][0]) for instance in out["question"]]
    out["sample"] = out.groupby(["model", "question"], sort=False).cumcount()
    out.attrs = {"counts": {what: number for what, number in counts.items() if number}}
    return out


@register("swe-bench", sniff=is_swe_bench, finish=tests_of, inputs=_inputs, folder=True)
def read_swe_bench(path: Path, options: ReadOptions) -> pd.DataFrame:
    """One row for each instance of one run, with the names of the tests that passed and failed (see `tests_of`).

    Raises `BadInput` for a damaged report or trajectory.
    """
    import pandas as pd

    run, model = path.parent.name, path.name.replace("__", "/")
    if path.name in ("logs", "trajs", "results"):  # a published submission: <date>_<model>/logs/<instance>
        run, model = "", path.parent.name
    counts: Counter[str] = Counter()
    rows = []
    found: dict[str, Outcome | str] = {}
    for instance in _instances(path):
        found[instance.name] = _outcome(instance)
    for name in _never_tried(path):
        if isinstance(found.get(name, ""), str):
            found[name] = Outcome(applied=False)
    for name, outcome in found.items():
        steps = _trajectory(path, name)
        if isinstance(outcome, str) and outcome == NO_REPORT and steps.get("finish_reason") == "length":
            outcome = Outcome(applied=False)
        if isinstance(outcome, str):
            counts[outcome] += 1
            continue
        rows.append(
            {
                "benchmark": "swe-bench",
                "model": options.model or clean(model),
                "question": clean(name),
                "run": clean(run),
                "category": clean(name.rpartition("-")[0] or name),
                "patch_applied": outcome.applied,
                "tests_passed": list(outcome.passed),
                "tests_failed": list(outcome.failed),
                "actions": steps.get("actions"),
                "output_tokens": steps.get("output_tokens"),
                "finish_reason": steps.get("finish_reason"),
                "response_id": f"{path.resolve()}|{name}",
            }
        )
    if not rows:
        why = ", ".join(f"{number:,}: {what.partition(': ')[2]}" for what, number in counts.items())
        raise NoResponses(f"{path} holds no outcome of unit tests ({why or 'no instances'}).")
    table = pd.DataFrame(rows)
    table.attrs.update(outcome="tests", counts=dict(counts))
    return table


def _entry(report: Any, instance: str) -> Mapping[str, Any]:
    """The entry of an instance in its report, whose only key is the instance."""
    report = mapping(report)
    return mapping(report.get(instance) or (next(iter(report.values())) if len(report) == 1 else None) or report)


def _outcome(instance: Path) -> Outcome | str:
    """What a run did to the tests of an instance, or why that is not known."""
    report = instance / REPORT
    if not report.is_file():
        patch = instance / PATCH
        if "Patch Apply Failed" in _beginning(instance / LOG) or (patch.is_file() and not _beginning(patch).strip()):
            return Outcome(applied=False)
        return NO_REPORT
    where = str(report)
    if report.stat().st_size > 64 * _MOST:
        raise BadInput(f"{where} is larger than a report can be: the log is damaged.")
    entry = _entry(parse(report.read_bytes(), where), instance.name)
    if not _ENTRY & set(entry):
        raise BadInput(f"{where} is no report of SWE-bench on {instance.name}: the log is damaged.")
    status = mapping(entry.get("tests_status"))
    passed: list[str] = []
    failed: list[str] = []
    for kind in (FAIL, PASS):
        for name, into in (("success", passed), ("failure", failed)):
            tests = sequence(mapping(status.get(kind)).get(name))
            into += [f"{kind}:{clean(test)}" for test in tests if isinstance(test, str)]
    if passed or failed:
        return Outcome(True, tuple(passed), tuple(failed))
    if entry.get("patch_successfully_applied") is True:
        return NO_TESTS
    output = _beginning(instance / "test_output.txt", last=True)
    if "Tests Timed Out" in output or "Timeout error:" in output or "Tests Errored" in output:
        return TIMED_OUT
    return Outcome(applied=False)


def _beginning(file: Path, *, last: bool = False) -> str:
    """The first (or last) MiB of a text file; nothing where there is none."""
    if not file.is_file():
        return ""
    with file.open("rb") as opened:
        if last:
            opened.seek(max(0, file.stat().st_size - _MOST))
        return opened.read(_MOST).decode("utf-8", "replace")


def _summary(path: Path) -> Path | None:
    """The run's summary `<model>.<run_id>.json`, which the harness writes where it was called."""
    name = f"{path.name}.{path.parent.name}.json"
    return next((folder / name for folder in (path, *path.parents[:4]) if (folder / name).is_file()), None)


def _never_tried(path: Path) -> list[str]:
    """Instances with an empty patch: they are in the run's summary only."""
    summary = _summary(path)
    if summary is None:
        return []
    ids = sequence(mapping(parse(summary.read_bytes(), str(summary))).get("empty_patch_ids"))
    return [name for one in ids if (name := label(one))]


def _trajectory_folders(path: Path) -> list[Path]:
    return [path, path / "trajs", path.parent / "trajs", path.parent / "trajectories"]


def _trajectory(path: Path, instance: str) -> dict[str, Any]:
    """Steps, output tokens and the end of a run, from the agent's `.traj` file where one lies beside."""
    if "/" in instance or instance.startswith("."):
        return {}
    names = (f"{instance}.traj", f"{instance}.traj.json")
    files = [folder / name for folder in (path / instance, *_trajectory_folders(path)) for name in names]
    file = next((file for file in files if file.is_file()), None)
    if file is None:
        file = next(iter(sorted((path / instance).glob("*.traj"))), None)
    if file is None:
        return {}
    traj = mapping(parse(file.read_bytes(), str(file)))
    steps: float | None = None
    if isinstance(traj.get("trajectory"), list):
        steps = float(len(traj["trajectory"]))
    elif isinstance(traj.get("messages"), list):
        steps = float(sum(mapping(message).get("role") == "assistant" for message in traj["messages"]))
    info = mapping(traj.get("info"))
    ended = label(info.get("exit_status"))
    if ended is not None and any(word in ended.lower() for word in ("limit", "exit_cost", "exit_context", "max_")):
        ended = "length"
    tokens = count(mapping(info.get("model_stats")).get("tokens_received"))
    return {"actions": steps, "output_tokens": tokens, "finish_reason": ended}
