"""All targets in one table: what reduced sizes said just now, and full sizes when they last ran.

    python benchmarks/targets.py --reduced .cache/bench

Reads what the other benchmarks have written, reduced to the folder given, in full to reports/benchmarks, and runs
nothing. A target is missed where one size misses it; a dash where that size was not run or has no such part.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import everyday
import paper_scale
import reduction
import startup
import uncollapsed

FULL = Path(__file__).resolve().parents[1] / "reports" / "benchmarks"


class Told(NamedTuple):
    """One number beside its target."""

    what: str
    target: str
    value: str
    met: bool


def of_everyday(found: dict[str, Any]) -> Iterator[Told]:
    earlier = json.loads((FULL / "everyday_baseline.json").read_text())["commands"]
    for name, one in found["commands"].items():
        said = None if "failed" in one else everyday.met(name, one, earlier)
        if said is None:
            continue
        if name in everyday.MEGABYTES:
            yield Told(name, f"{everyday.MEGABYTES[name]:,} MB", f"{one['megabytes']:,}", said)
        else:
            most = everyday.goal(name, earlier)
            yield Told(name, f"{most:.1f} loops", f"{one['ratio']:.1f}", said)


def of_reduction(found: dict[str, Any]) -> Iterator[Told]:
    for size, run in found.items():
        middle = {
            what: {key: statistics.median(t[key] for t in times) for key in times[0]}
            for what, times in run["timings"].items()
        }
        bare, whole = middle[reduction.WHAT[0]], middle[reduction.WHAT[-1]]
        ratio, name = whole["processor"] / bare["processor"], f"{int(size):,} responses from a file to cells"
        yield Told(name, f"{reduction.TARGET:g} × bare queries", f"{ratio:.2f}", ratio <= reduction.TARGET)
        most = 1500 if int(size) <= 10_000_000 else 2000
        yield Told(f"{name}, memory", f"{most:,} MB", f"{whole['megabytes']:,.0f}", whole["megabytes"] <= most)


def of_paper(found: dict[str, Any]) -> Iterator[Told]:
    for size, run in found.items():
        second = next(stage[1] for stage in run["stages"] if stage[0] == paper_scale.SECOND)
        keys = ("one verdict, cold", "all verdicts, cold", paper_scale.SECOND)
        for key, value in zip(keys, (run["one"]["seconds"], run["all"]["seconds"], second), strict=True):
            limit = paper_scale.TARGETS[key]
            yield Told(f"{int(size):,} responses, {key}", f"{limit:g} s", f"{value:.1f}", value <= limit)
        most = run["all"]["megabytes"]
        yield Told(f"{int(size):,} responses, memory", "2,000 MB", f"{most:,.0f}", most <= 2000)


def of_startup(found: dict[str, Any]) -> Iterator[Told]:
    for name, (processor, _) in found["over"].items():
        yield Told(f"`{name}`", f"{startup.TARGET:g} s", f"{processor:.3f}", processor <= startup.TARGET)


def of_uncollapsed(found: dict[str, Any]) -> Iterator[Told]:
    for size, run in found.items():
        for name, ratio in uncollapsed.ratios(run["timings"]).items():
            least = uncollapsed.TARGETS[name]
            title = f"an effective draw against {name}'s, {int(size):,} questions"
            yield Told(title, f"{least:,.0f} times", f"{ratio:,.0f}", ratio >= least)


FILES: dict[str, Callable[[dict[str, Any]], Iterator[Told]]] = {
    "everyday": of_everyday,
    "reduction": of_reduction,
    "paper_scale": of_paper,
    "startup": of_startup,
    "uncollapsed": of_uncollapsed,
}


def table(folder: Path) -> list[str]:
    """The lines of one folder's results."""
    lines = ["| | target | now | |", "|---|---:|---:|---|"]
    for name, read in FILES.items():
        path = folder / f"{name}.json"
        if not path.exists():
            lines.append(f"| {name} | | not run | |")
            continue
        for one in read(json.loads(path.read_text())):
            lines.append(f"| {one.what} | {one.target} | {one.value} | {'pass' if one.met else 'miss'} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reduced", type=Path, metavar="FOLDER", help="where reduced runs were written")
    args = parser.parse_args()
    if args.reduced:
        print("\n".join(["## Reduced sizes, now", "", *table(args.reduced), ""]))
    print("\n".join(["## Full sizes, as committed", "", *table(FULL)]))


if __name__ == "__main__":
    main()
