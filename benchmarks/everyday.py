"""Processor time of everyday commands, as ratios to a fixed loop in the same run.

    python benchmarks/everyday.py --against reports/benchmarks/everyday_baseline.json \\
      --out reports/benchmarks/everyday.json
    python benchmarks/everyday.py --only report --against reports/benchmarks/everyday_baseline.json
    python benchmarks/everyday.py --tree ../before --out reports/benchmarks/everyday_baseline.json

With --against each command has a target, a share of its ratio then: a third for the report, half for all claims, no
more for one claim cold; pass or miss is printed. Where the machine is another one than then, measure the earlier tree
on it again (`git worktree add ../before COMMIT`): programs do not all run faster by the same factor as the loop.

Each command is a Python of its own with the tree's `src` first on the path and standard options; its time is that of
the processor (user and system, its children's too), so that other work on a shared machine counts little. Before and
after each command a loop of fixed work is timed, and the command's time is divided by the mean of the two: a ratio of
30 is as much work as thirty loops. A run that is not counted goes first: it compiles modules to bytecode, as they are
where a package is installed, and fills the cache of compiled programs, unless a command's name says cold: then that
cache is an empty folder. Fits are made and not read, unless a command's name says kept: then the run that is not
counted has left them.

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
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COT = ROOT.parent / "shared" / "data" / "cot-scaling-qwen2.5.parquet"
TARGETS = {
    "report of 1,920 responses": 1 / 3,
    "one claim, cold": 1.0,
    "all claims of the example": 0.5,
    "all claims of cot-scaling": 0.5,
}
LOOP = """
import numpy as np
total = 0
for i in range(4_000_000):
    total += i % 7
x = np.random.default_rng(0).normal(size=2_000_000)
for _ in range(4):
    np.sort(x)
    np.exp(x).sum()
"""
MAKE = """
import sys
import numpy as np, pandas as pd
import hotmess as hm
folder = sys.argv[1]
table = hm.example().table
table.to_parquet(f"{folder}/example.parquet")
few = sorted(table["question"].unique())[:24]
table[table["question"].isin(few)].to_parquet(f"{folder}/small.parquet")
models, questions, samples = 10, 5_000, 20
rng = np.random.default_rng(0)
n = models * questions * samples
row = np.arange(n)
q = row // samples % questions
pd.DataFrame({
    "benchmark": "b",
    "model": pd.Categorical.from_codes(row // (samples * questions), [f"model-{m}" for m in range(models)]),
    "question": q, "sample": row % samples,
    "answer": np.where(rng.random(n) < 0.3 + 0.5 * (q % 100) / 100, q % 4, rng.integers(0, 4, n)),
    "target": q % 4, "n_choices": 4, "reasoning_tokens": rng.integers(50, 900, n),
}).to_parquet(f"{folder}/million.parquet")
"""


def commands(folder: Path) -> dict[str, list[str]]:
    """The commands: name -> words after `hotmess`."""
    example, small, million = (str(folder / f"{name}.parquet") for name in ("example", "small", "million"))
    out = {
        "claims": ["claims"],
        "decompose 1M rows": ["decompose", million, "--estimator", "unbiased", "--interval", "0.9"],
        "report of 1,920 responses": ["report", small, "--out", str(folder / "report")],
        "all claims of 1,920 responses": ["test", small],
        "all claims of 1,920 responses, fits kept": ["test", small],
        "one claim": ["test", example, "--claim", "natural-overthinking"],
        "one claim, cold": ["test", example, "--claim", "natural-overthinking"],
        "all claims of the example": ["test", example],
    }
    if COT.exists():
        out["all claims of cot-scaling"] = ["test", str(COT)]
    return out


class Failed(Exception):
    """A command that did not do its work, with what it said last."""


def processor(words: list[str], environment: dict[str, str]) -> float:
    """Seconds of processor time of one program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise Failed(f"exit {done.returncode}: {(done.stderr.strip() or 'nothing said').splitlines()[-1]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextlib.contextmanager
def caches(cold: bool, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment, with an empty cache where the command is to run cold."""
    if not cold:
        yield environment
        return
    with tempfile.TemporaryDirectory() as empty:
        yield environment | {"XDG_CACHE_HOME": empty}


def measure(tree: Path, *, repeats: int, only: str) -> dict[str, Any]:
    """Ratios and seconds of every command."""
    source = tree.resolve() / "src"
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        environment = os.environ | {
            "PYTHONPATH": str(source),
            "OMP_NUM_THREADS": "1",
            "OMP_WAIT_POLICY": "passive",
            "PYTHONDONTWRITEBYTECODE": "",  # an installed package is compiled, and so is the tree, once
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        }
        processor(["-c", MAKE, str(folder)], environment)
        for name, words in commands(folder).items():
            if only not in name:
                continue
            own = environment | ({} if name.endswith("kept") else {"HOTMESS_FITS": "0"})
            try:
                ratio, seconds, loop = least(words, own, folder, repeats=repeats, cold=name.endswith("cold"))
            except Failed as reason:
                found[name] = {"failed": str(reason)}
                print(f"{name}: failed, {reason}", flush=True)
                continue
            found[name] = {"ratio": round(ratio, 2), "seconds": round(seconds, 2), "loop": round(loop, 3)}
            print(f"{name}: {ratio:.2f} loops, {seconds:.2f} s", flush=True)
    return found


def least(
    words: list[str], environment: dict[str, str], folder: Path, *, repeats: int, cold: bool
) -> tuple[float, float, float]:
    """The smallest of so many ratios to the loop, with the seconds of the command and of the loop."""
    with caches(cold, environment) as own:
        processor(["-m", "hotmess", *words], own)  # compiles what is not in the caches, keeps fits
    runs = []
    for _ in range(repeats):
        shutil.rmtree(folder / "report", ignore_errors=True)
        with caches(cold, environment) as own:
            before = processor(["-c", LOOP], environment)
            seconds = processor(["-m", "hotmess", *words], own)
            loop = (before + processor(["-c", LOOP], environment)) / 2
        runs.append((seconds / loop, seconds, loop))
    return min(runs)


def verdict(name: str, one: dict[str, Any], earlier: dict[str, Any]) -> str:
    """Whether a command's target is met, in words; empty where it has none."""
    if name not in TARGETS:
        return ""
    target = TARGETS[name] * earlier[name]["ratio"]
    return f"; target {target:.2f}: {'pass' if one['ratio'] <= target else 'miss'}"


def page(about: dict[str, Any], found: dict[str, Any], earlier: dict[str, Any], file: str) -> str:
    """Both runs in a table."""
    lines = [
        "# Everyday commands",
        "",
        "What is timed: see the first lines of `benchmarks/everyday.py`. Ratios of processor time to a fixed loop.",
        "",
        f"`python benchmarks/everyday.py --repeats {about['repeats']} --against reports/benchmarks/{file} --out "
        f"reports/benchmarks/everyday.json`, {about['date']}, {about['machine']}; Python {about['python']}. Before: "
        f"{earlier['note']}",
        "",
        "| command | before | now | seconds of processor time | target | |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name, one in found.items():
        if "failed" in one:
            lines.append(f"| {name} | | | failed | | |")
            continue
        before, share = earlier["commands"].get(name, {}).get("ratio"), TARGETS.get(name)
        goal = share * before if share and before else None
        said = "" if goal is None else ("pass" if one["ratio"] <= goal else "miss")
        cells = [name, _number(before), _number(one["ratio"]), f"{one['seconds']:.1f}", _number(goal), said]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, default=ROOT, help="source tree to measure (default: this one)")
    parser.add_argument("--repeats", type=int, default=1, help="the least of so many runs counts")
    parser.add_argument("--only", default="", metavar="TEXT", help="commands whose names hold this")
    parser.add_argument("--out", type=Path, help="JSON file to write, and with --against a page beside it")
    parser.add_argument("--note", default="", help="what is to be said of this tree, kept in the JSON file")
    parser.add_argument("--against", type=Path, help="JSON file of an earlier run, to print beside")
    args = parser.parse_args()
    if not COT.exists():
        print(f"Left out, as {COT} is missing: all claims of cot-scaling.")
    found = measure(args.tree, repeats=args.repeats, only=args.only)
    if args.against:
        earlier = json.loads(args.against.read_text())["commands"]
        for name, one in found.items():
            if "ratio" in one and "ratio" in earlier.get(name, {}):
                print(
                    f"{name}: {earlier[name]['ratio']:.2f} before, {one['ratio']:.2f} now{verdict(name, one, earlier)}"
                )
    if args.out:
        about = {
            "date": datetime.date.today().isoformat(),
            "python": platform.python_version(),
            "machine": f"{os.cpu_count()} processors ({platform.machine()})",
            "repeats": args.repeats,
            "note": args.note,
        }
        args.out.write_text(json.dumps({**about, "commands": found}, indent=1) + "\n")
        if args.against:
            earlier = json.loads(args.against.read_text())
            args.out.with_suffix(".md").write_text(page(about, found, earlier, args.against.name))


if __name__ == "__main__":
    main()
