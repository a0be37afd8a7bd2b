"""Reports of SWE-bench's `run_evaluation`: one vector of unit-test outcomes for each run of each instance.

The tree is `run_evaluation/<run_id>/<model>/<instance>/report.json`; runs of one model are repeats. An instance's
vector runs over all tests that any run reports: FAIL_TO_PASS first, then PASS_TO_PASS, each in order of name. A patch
that did not apply, or was never handed in because the run came to its limit, leaves the code as it was: PASS_TO_PASS
pass, FAIL_TO_PASS fail (Haegele et al. 2026, arXiv 2601.23045, on SWE-bench).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean, mapping, parse, sequence
from hotmess.responses.formats.registry import NoResponses, ReadOptions, register
from hotmess.responses.formats.swe_bench_trajectory import common, folders, ids, trajectory

if TYPE_CHECKING:
    import pandas as pd

REPORT, LOG, PATCH = "report.json", "run_instance.log", "patch.diff"
FAIL, PASS = "FAIL_TO_PASS", "PASS_TO_PASS"

NO_REPORT = "instances left out: evaluation broke off without a report"
NO_TESTS = "instances left out: no unit tests in the report"
INFRA = "instances left out: the machine failed, not the patch"
TIMED_OUT = "instances left out: unit tests did not run to the end"
UNCHANGED = "runs without a patch that applies: tests that passed before pass, the others fail"
UNKNOWN_TESTS = "runs left out: no run of the instance names its unit tests"
OTHER_VERDICT = "runs whose verdict is not that all their unit tests pass: the verdict is the score"
VERDICT = "reports without unit tests, only with the verdict whether the instance was resolved"
ABSENT = "unit tests that another run reports and this one does not count as failed"

_MOST = 1 << 20
_ENTRY = {"patch_exists", "patch_is_None", "patch_successfully_applied", "resolved"}


_BROKEN = re.compile(
    rb"^Killed$|Cannot allocate memory|OutOfMemoryError|No space left on device|Error response from daemon|"
    rb"Cannot connect to the Docker daemon|Could not resolve host|Temporary failure in name resolution",
    re.MULTILINE,
)
"""What the output of unit tests says where the machine failed."""


class Outcome(NamedTuple):
    """What one run did to an instance's tests; `applied` False means that the code stayed as it was."""

    applied: bool
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    resolved: bool | None = None
    """The report's own verdict; where it names no tests there is nothing else."""


def is_swe_bench(path: Path, head: bytes) -> bool:
    """A folder of instances, of which one has a report of the evaluation (or at least its log and patch)."""
    for instance in _instances(path):
        report = instance / REPORT
        try:
            if (instance / LOG).is_file() and ((instance / PATCH).is_file() or report.is_file()):
                return True
            if report.is_file():
                return bool(_ENTRY & set(_entry(parse(report.read_bytes(), str(report)), instance.name)))
        except (BadInput, OSError):  # of one that may not be read nothing is known; whoever reads it says so
            continue
    return False


def _instances(path: Path) -> Iterator[Path]:
    yield from (entry for entry in sorted(path.iterdir()) if entry.is_dir() and not entry.name.startswith("."))


def _inputs(path: Path) -> list[Path]:
    files = [file for instance in _instances(path) for file in sorted(instance.iterdir()) if file.is_file()]
    summary = _summary(path)
    beside = [file for folder in folders(path) if folder.is_dir() for file in sorted(folder.glob("*.traj*"))]
    return [*files, *([summary] if summary else []), *dict.fromkeys(beside)]


def tests_of(table: pd.DataFrame) -> pd.DataFrame:
    """The vector of unit tests of every run, over the tests of all runs of its instance; and the report's verdict.

    Reports that name no tests have the verdict alone: the score is then the outcome that all runs share.
    """
    import pandas as pd

    table = one_model(table)
    names: dict[str, tuple[set[str], set[str]]] = {}
    for instance, passed, failed in zip(table["question"], table["tests_passed"], table["tests_failed"], strict=True):
        fix, keep = names.setdefault(instance, (set(), set()))
        for test in (*passed, *failed):
            (fix if test.startswith(FAIL) else keep).add(test)
    order = {instance: (*sorted(fix), *sorted(keep)) for instance, (fix, keep) in names.items()}
    counts: Counter[str] = Counter()
    verdicts = 0  # reports that name no tests, only whether the instance was resolved
    vectors: list[list[int] | None] = []
    scores: list[float | None] = []
    for instance, applied, passed, failed, resolved in zip(
        *(table[name] for name in ("question", "patch_applied", "tests_passed", "tests_failed", "resolved")),
        strict=True,
    ):
        tests, verdict = order[instance], None if pd.isna(resolved) else bool(resolved)
        if applied and not len(passed) and not len(failed):
            verdicts += 1
            vectors.append(None)
        elif not tests:
            vectors.append(None)
        elif not applied:
            counts[UNCHANGED] += 1
            vectors.append([int(test.startswith(PASS)) for test in tests])
        else:
            done = set(passed)
            counts[ABSENT] += len(set(tests) - done - set(failed))
            vectors.append([int(test in done) for test in tests])
        vector = vectors[-1]
        if verdict is None:
            verdict = False if not applied else None if vector is None else all(vector)
        elif vector is not None and applied and verdict != all(vector):
            counts[OTHER_VERDICT] += 1
        scores.append(None if verdict is None else float(verdict))
    known = [
        vector is not None or (verdicts > 0 and score is not None)
        for vector, score in zip(vectors, scores, strict=True)
    ]
    counts[UNKNOWN_TESTS] += known.count(False)
    if not any(known):
        raise NoResponses(
            "No run names the unit tests of any instance: evaluate a patch that applies, for their names."
        )
    out = table[known].drop(columns=["tests_passed", "tests_failed", "resolved"]).reset_index(drop=True)
    kept = [(vector, score) for vector, score, keep in zip(vectors, scores, known, strict=True) if keep]
    if any(vector is not None for vector, _ in kept):
        out["tests"] = pd.Series([vector for vector, _ in kept], dtype=object)
        out["new_tests"] = [len(names[instance][0]) for instance in out["question"]]
    out["score"] = [score for _, score in kept]
    if verdicts:
        out["_outcome"] = ["score" if vector is None else "tests" for vector, _ in kept]
    out["sample"] = out.groupby(["model", "question"], sort=False).cumcount()
    counts[VERDICT] = verdicts
    out.attrs = {"counts": {what: number for what, number in counts.items() if number}, "notes": runs(out)}
    return out


def one_model(table: pd.DataFrame) -> pd.DataFrame:
    """The table without `_folder`, the model's name in the logs. Raises `BadInput` where --model merges several."""
    for model, of in table.groupby("model", sort=False)["_folder"]:
        folders_of = list(dict.fromkeys(of))
        if len(folders_of) > 1:
            raise BadInput(f"--model {model} would merge the models {', '.join(folders_of[:5])}: leave it out.")
    return table.drop(columns=["_folder"])


def runs(table: pd.DataFrame) -> list[str]:
    """Which runs are taken as repeats of each other: their names may say that they are none."""
    notes = []
    for model, names in table.groupby("model", sort=False)["run"]:
        few = list(dict.fromkeys(name for name in names if name))
        if len(few) > 1:
            shown = ", ".join(few[:6]) + (f" and {len(few) - 6} more" if len(few) > 6 else "")
            notes.append(
                f"The runs {shown} of {model} are taken as repeats; where they are none, --column condition=run tells "
                "them apart."
            )
    return notes


@register("swe-bench", sniff=is_swe_bench, finish=tests_of, inputs=_inputs, folder=True, options=("model",))
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
    steps_of = {name: trajectory(path, name) for name in found}
    settings = common(steps["settings"] for steps in steps_of.values() if steps)
    for name, outcome in found.items():
        steps = steps_of[name]
        if isinstance(outcome, str) and outcome == NO_REPORT and steps.get("finish_reason") == "length":
            outcome = Outcome(applied=False)
        if isinstance(outcome, str):
            counts[outcome] += 1
            continue
        rows.append(
            {
                "benchmark": "swe-bench",
                "model": options.model or clean(model),
                "_folder": clean(model),
                "question": clean(name),
                "run": clean(run),
                "category": clean(name.rpartition("-")[0] or name),
                "patch_applied": outcome.applied,
                "tests_passed": list(outcome.passed),
                "tests_failed": list(outcome.failed),
                "resolved": outcome.resolved,
                "settings": settings,
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
    resolved = entry["resolved"] if isinstance(entry.get("resolved"), bool) else None
    if passed or failed:
        return Outcome(True, tuple(passed), tuple(failed), resolved)
    if entry.get("infra_failure") is True:
        return INFRA
    if entry.get("patch_successfully_applied") is True or resolved:
        return NO_TESTS if resolved is None else Outcome(True, resolved=resolved)
    output = _beginning(instance / "test_output.txt", last=True)
    if _BROKEN.search(output.encode("utf-8", "replace")):
        return INFRA
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
    return ids(mapping(parse(summary.read_bytes(), str(summary))), "empty_patch_ids")
