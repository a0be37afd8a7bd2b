"""Summaries of SWE-bench runs, `<model>.<run_id>.json` and those of sb-cli: resolved or not, for each instance.

Where the reports of the instances lie beside a summary they are read (`hotmess.responses.formats.swe_bench`), which
hold every unit test; a summary alone gives one score for each instance.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotmess.errors import BadInput
from hotmess.responses.formats.hostile import clean, mapping, parse
from hotmess.responses.formats.registry import HEAD_BYTES, NoResponses, ReadOptions, register
from hotmess.responses.formats.swe_bench import INFRA, runs
from hotmess.responses.formats.swe_bench_trajectory import ids

if TYPE_CHECKING:
    import pandas as pd

ERRORS = "instances left out: the evaluation ended in an error"
EMPTY = "instances with an empty patch: not resolved"

_MARKS = re.compile(rb'"(?:(?:un)?resolved|completed|submitted|incomplete|empty_patch|error)_(?:ids|instances)"\s*:')


def is_summary(path: Path, head: bytes) -> bool:
    """A JSON object that counts and lists resolved instances."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] != b"{":
        return False
    names = {match[0] for match in _MARKS.finditer(start)}
    listed = any(b"_ids" in name for name in names)
    # Of a long one only the first of its lists may be seen.
    return listed and (len(names) >= 2 or len(head) == HEAD_BYTES)


def _noted(table: pd.DataFrame) -> pd.DataFrame:
    table.attrs = {"notes": runs(table)}
    return table


@register("swe-bench-summary", sniff=is_summary, finish=_noted, options=("model",))
def read_summary(path: Path, options: ReadOptions) -> pd.DataFrame:
    """One score for each instance that was evaluated, 1 where it was resolved.

    Raises:
        NoResponses: where the instances' reports lie beside the summary.
        BadInput: for a summary that contradicts itself, and where the model's name is not known.
    """
    import pandas as pd

    report = mapping(parse(path.read_bytes(), str(path)))
    tree = _tree(path)
    if tree is not None:
        raise NoResponses(f"{path} sums up the reports in {tree}, which are read instead.")
    resolved, failed, left_out = _outcomes(report, path)
    model, run = _names(path, report, options.model)
    graded = {**dict.fromkeys(failed, 0.0), **dict.fromkeys(resolved, 1.0)}
    counts = Counter({INFRA: len(left_out["infra"]), ERRORS: len(left_out["errors"])})
    counts[EMPTY] = sum(name in failed for name in ids(report, "empty_patch_ids"))
    rows = [
        {
            "benchmark": "swe-bench",
            "model": model,
            "question": clean(name),
            "run": clean(run),
            "category": clean(name.rpartition("-")[0] or name),
            "score": score,
            "response_id": f"{path.resolve()}|{name}",
        }
        for name, score in sorted(graded.items())
    ]
    if not rows:
        raise NoResponses(f"{path} holds no instance that was evaluated.")
    table = pd.DataFrame(rows)
    table.attrs.update(outcome="score", counts=dict(counts))
    return table


def _outcomes(report: Mapping[str, Any], path: Path) -> tuple[set[str], set[str], dict[str, set[str]]]:
    """Instances that were resolved, that were not, and those of which nothing is known."""
    if not isinstance(report.get("resolved_ids"), list):
        raise BadInput(f"{path} counts resolved instances and does not list them (resolved_ids): there is no outcome.")
    resolved = set(ids(report, "resolved_ids"))
    tried = next((name for name in ("unresolved_ids", "completed_ids", "submitted_ids") if name in report), None)
    if tried is None:
        raise BadInput(f"{path} lists what was resolved and not what was tried (unresolved_ids): there is no outcome.")
    failed = set(ids(report, tried)) - (resolved if tried != "unresolved_ids" else set())
    if failed & resolved:
        raise BadInput(
            f"{path} lists {min(failed & resolved)} both as resolved and as not resolved: the summary is damaged."
        )
    infra = set(ids(report, "infra_failure_ids")) - resolved
    broken = (
        {name for key in ("error_ids", "failed_ids", "pending_ids") for name in ids(report, key)} - resolved - infra
    )
    failed |= set(ids(report, "empty_patch_ids")) - resolved  # nothing was handed in: that is what the agent did
    return resolved, failed - infra - broken, {"infra": infra, "errors": broken}


def _names(path: Path, report: Mapping[str, Any], asked: str | None) -> tuple[str, str]:
    """The model and the run, by the name of the file."""
    stem = path.name.removesuffix(".json").removesuffix(".response")
    model, dot, run = stem.rpartition(".")
    if "pending_instances" in report or "failed_instances" in report or not dot:  # sb-cli: <subset>__<split>__<run_id>
        if asked is None:
            raise BadInput(f"{path} does not say which model it is about: name it with --model NAME.")
        return asked, stem
    name = model.replace("__", "/")
    if asked is not None and asked != name:
        raise BadInput(f"{path} names its model itself, {name}: leave out --model.")
    return clean(name), run


def _tree(path: Path) -> Path | None:
    """The folder with the reports of the instances of a summary, where it lies beside it or below."""
    model, _, run = path.name.removesuffix(".json").rpartition(".")
    if not model or not run or any(mark in path.name for mark in "*?["):
        return None
    parent = path.parent
    places = [parent / run / model, parent / "run_evaluation" / run / model]
    places += [parent / "logs" / "run_evaluation" / run / model, parent / "logs" / run / model]
    if parent.name == model and parent.parent.name == run:
        places.append(parent)
    return next((place for place in places if any(place.glob("*/report.json"))), None)
