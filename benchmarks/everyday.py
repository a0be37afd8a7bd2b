"""Processor time of everyday commands, as ratios to a fixed loop in the same run.

    python benchmarks/everyday.py --against reports/benchmarks/everyday_baseline.json \\
      --out reports/benchmarks/everyday.json
    python benchmarks/everyday.py --only report --against reports/benchmarks/everyday_baseline.json
    python benchmarks/everyday.py --tree ../before --out reports/benchmarks/everyday_baseline.json

With --against each command has a target, a share of its ratio then: a third for the report, half for all claims and
NUTS, a quarter for the joint model's fast path, no more for one claim cold; pass or miss is printed. Where the machine
is another one than then, measure the earlier tree on it again (`git worktree add ../before COMMIT`): programs do not
all run faster by the same factor as the loop. The report of hundreds of models has 4 GB.

Each command is a Python of its own with the tree's `src` first on the path and standard options, and with threads as a
user has them, who sets no variable of OpenMP or BLAS (those that are set are taken away): a tree whose commands let
them wait for each other pays for that. Its time is that of the processor (user and system, its children's too), so that
other work on a shared machine counts little. Before and after each command a loop of fixed work is timed, three times
(with --reduced once), and the command's time is divided by the mean: a ratio of 30 is as much work as thirty loops. A
run that is not counted goes first: it compiles modules to bytecode, as they are where a package is installed, and fills
the cache of compiled programs, unless a command's name says cold: then that cache is an empty folder. Fits are made and
not read, unless a command's name says kept: then the run that is not counted has left them. The joint model at full
size and the largest report run once. With --reduced the commands are fewer and smaller, and but for NUTS no run goes
first: modules are compiled by themselves, and the rest runs no compiled programs.

`all claims of cot-scaling` reads ../shared/data/cot-scaling-qwen2.5.parquet; where that is missing it is left out, and
that is said.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from everyday_programs import JOINT, LOOP, MAKE

ROOT = Path(__file__).resolve().parents[1]
COT = ROOT.parent / "shared" / "data" / "cot-scaling-qwen2.5.parquet"
TARGETS = {
    "report of 1,920 responses": 1 / 3,
    "one claim, cold": 1.0,
    "all claims of the example": 0.5,
    "all claims of cot-scaling": 0.5,
    "joint model by NUTS, 448 × 3 × 3 × 30": 0.5,
    "joint model by NUTS, 60 × 3 × 3 × 10": 0.5,
    "joint model by the fast path, 5,700 × 5 × 1 × 30": 0.25,
    "joint model by the fast path, 1,140 × 5 × 1 × 30": 0.25,
}
"""Shares of the ratio of the earlier run."""
MEGABYTES = {"report of 300 models": 4000, "report of 20 models": 4000}
REDUCED = (
    "report of 1,920 responses",
    "one claim, cold",
    "all claims of the example",
    "joint model by NUTS, 60 × 3 × 3 × 10",
    "joint model by the fast path, 1,140 × 5 × 1 × 30",
    "report of 20 models",
)
ONCE = (
    "report of 300 models",
    "joint model by NUTS, 448 × 3 × 3 × 30",
    "joint model by the fast path, 5,700 × 5 × 1 × 30",
)
"""Of the full sizes."""
THOUSAND = ["--draws", "1000", "--warmup", "1000"]
"""As many as the baseline drew where nothing was said, twice as many as are drawn now."""
THREADS = ("OMP_", "OPENBLAS_NUM_", "MKL_NUM_")
"""What the names of variables begin with that say how many threads there are."""


def commands(folder: Path) -> dict[str, list[str]]:
    """The commands: name -> words after `python`."""
    example, small, million = (str(folder / f"{name}.parquet") for name in ("example", "small", "million"))
    report = str(folder / "report")
    words = {
        "claims": ["claims"],
        "decompose 1M rows": ["decompose", million, "--estimator", "unbiased", "--interval", "0.9"],
        "report of 1,920 responses": ["report", small, "--out", report],
        "report of 1,920 responses, 1,000 draws": ["report", small, "--out", report, *THOUSAND],
        "all claims of 1,920 responses": ["test", small],
        "all claims of 1,920 responses, fits kept": ["test", small],
        "one claim": ["test", example, "--claim", "natural-overthinking"],
        "one claim, cold": ["test", example, "--claim", "natural-overthinking"],
        "all claims of the example": ["test", example],
    }
    if COT.exists():
        words["all claims of cot-scaling"] = ["test", str(COT)]
        words["all claims of cot-scaling, 1,000 draws"] = ["test", str(COT), *THOUSAND]
    for models in (20, 300):
        words[f"report of {models} models"] = ["report", str(folder / f"{models}.parquet"), "--out", report]
    out = {name: ["-m", "hotmess", *command] for name, command in words.items()}
    for engine, title, size, draws in (
        ("nuts", "NUTS", (448, 3, 3, 30), 550),
        ("nuts", "NUTS", (60, 3, 3, 10), 100),
        ("fast", "the fast path", (5700, 5, 1, 30), 400),
        ("fast", "the fast path", (1140, 5, 1, 30), 400),
    ):
        name = f"joint model by {title}, {' × '.join(f'{n:,}' for n in size)}"
        out[name] = ["-c", JOINT, engine, *map(str, size), str(draws)]
    return out


class Failed(Exception):
    """A command that did not do its work, with what it said last."""


def processor(words: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds of processor time of one program, and its largest memory in MB."""
    with tempfile.TemporaryFile() as said:
        run = subprocess.Popen(
            [sys.executable, *words], env=environment, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
        )
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        if run.returncode:
            said.seek(0)
            last = said.read().decode(errors="replace").strip() or "nothing said"
            raise Failed(f"exit {run.returncode}: {last.splitlines()[-1]}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3


@contextlib.contextmanager
def caches(cold: bool, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment, with an empty cache where the command is to run cold."""
    if not cold:
        yield environment
        return
    with tempfile.TemporaryDirectory() as empty:
        yield environment | {"XDG_CACHE_HOME": empty}


def measure(tree: Path, *, repeats: int, only: str, reduced: bool) -> dict[str, Any]:
    """Ratios and seconds of every command."""
    source = tree.resolve() / "src"
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(THREADS)} | {
            "PYTHONPATH": str(source),
            "PYTHONDONTWRITEBYTECODE": "",  # an installed package is compiled, and so is the tree, once
        }
        processor(["-c", MAKE, str(folder)], environment)
        processor(["-m", "compileall", "-q", str(source)], environment)
        for name, words in commands(folder).items():
            if only not in name or (reduced and name not in REDUCED):
                continue
            first = "NUTS" in name if reduced else name not in ONCE
            own = environment | ({} if name.endswith("kept") else {"HOTMESS_FITS": "0"})
            try:
                cold = name.endswith("cold")
                ratio, seconds, loop, peak = least(
                    words, own, folder, repeats, loops=1 if reduced else 3, cold=cold, first=first
                )
            except Failed as reason:
                found[name] = {"failed": str(reason)}
                print(f"{name}: failed, {reason}", flush=True)
                continue
            found[name] = {"ratio": round(ratio, 2), "seconds": round(seconds, 2), "loop": round(loop, 3)}
            found[name]["megabytes"] = round(peak)
            print(f"{name}: {ratio:.2f} loops, {seconds:.2f} s, {peak:,.0f} MB", flush=True)
    return found


def least(
    words: list[str], environment: dict[str, str], folder: Path, repeats: int, *, loops: int, cold: bool, first: bool
) -> tuple[float, float, float, float]:
    """The smallest of so many ratios to the loop, with the seconds of the command and of the loop, and its memory."""
    if first:
        with caches(cold, environment) as own:
            processor(words, own)  # compiles what is not in the caches, keeps fits
    runs = []
    for _ in range(repeats):
        shutil.rmtree(folder / "report", ignore_errors=True)
        with caches(cold, environment) as own:
            around = [processor(["-c", LOOP], environment)[0] for _ in range(loops)]
            seconds, peak = processor(words, own)
            around += [processor(["-c", LOOP], environment)[0] for _ in range(loops)]
            loop = statistics.mean(around)
        runs.append((seconds / loop, seconds, loop, peak))
    return min(runs)


def goal(name: str, earlier: dict[str, Any]) -> float | None:
    """The greatest ratio that meets a command's target; None where it has none."""
    then = earlier.get(name, {}).get("ratio")
    return TARGETS[name] * then if name in TARGETS and then else None


def met(name: str, one: dict[str, Any], earlier: dict[str, Any]) -> bool | None:
    """Whether a command's target is met; None where it has none."""
    most = goal(name, earlier)
    if name in MEGABYTES:
        return bool(one["megabytes"] <= MEGABYTES[name])
    return None if most is None else bool(one["ratio"] <= most)


def page(about: dict[str, Any], found: dict[str, Any], earlier: dict[str, Any], file: str) -> str:
    """Both runs in a table."""
    lines = [
        "# Everyday commands",
        "",
        "What is timed: see the first lines of `benchmarks/everyday.py`. Ratios of processor time to a fixed loop.",
        "",
        f"`python benchmarks/everyday.py --repeats {about['repeats']} --against reports/benchmarks/{file} --out "
        f"reports/benchmarks/everyday.json`, {about['date']}, {about['machine']}; Python {about['python']}. Before: "
        f"{earlier['note']} It drew 1,000 of each chain where 500 are drawn now: rows with 1,000 draws are "
        "like for like.",
        "",
        "| command | before | now | seconds of processor time | memory (MB) | target | |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for name, one in found.items():
        if "failed" in one:
            lines.append(f"| {name} | | | failed | | | |")
            continue
        most, said = goal(name, earlier["commands"]), met(name, one, earlier["commands"])
        target = f"{MEGABYTES[name]:,} MB" if name in MEGABYTES else _number(most)
        memory = f"{one['megabytes']:,}" if "megabytes" in one else "–"
        before = _number(earlier["commands"].get(name, {}).get("ratio"))
        cells = [name, before, _number(one["ratio"]), f"{one['seconds']:.1f}", memory, target]
        lines.append(f"| {' | '.join(cells)} | {'' if said is None else 'pass' if said else 'miss'} |")
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, default=ROOT, help="source tree to measure (default: this one)")
    parser.add_argument("--repeats", type=int, default=1, help="the least of so many runs counts")
    parser.add_argument("--only", default="", metavar="TEXT", help="commands whose names hold this")
    parser.add_argument("--reduced", action="store_true", help="fewer commands, of smaller sizes")
    parser.add_argument("--out", type=Path, help="JSON file to write, and with --against a page beside it")
    parser.add_argument("--note", default="", help="what is to be said of this tree, kept in the JSON file")
    parser.add_argument("--against", type=Path, help="JSON file of an earlier run, to print beside")
    args = parser.parse_args()
    if not COT.exists():
        print(f"Left out, as {COT} is missing: all claims of cot-scaling.")
    found = measure(args.tree, repeats=args.repeats, only=args.only, reduced=args.reduced)
    about = {
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "machine": f"{os.cpu_count()} processors ({platform.machine()})",
        "repeats": args.repeats,
        "note": args.note,
    }
    if args.out:
        if args.only and args.out.exists():  # some commands again, the others as they were
            found = {**json.loads(args.out.read_text())["commands"], **found}
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps({**about, "commands": found}, indent=1) + "\n")
    if args.against:
        earlier = json.loads(args.against.read_text())
        text = page(about, found, earlier, args.against.name)
        print(text)
        if args.out:
            args.out.with_suffix(".md").write_text(text)


if __name__ == "__main__":
    main()
