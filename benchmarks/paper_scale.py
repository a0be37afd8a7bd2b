"""Time and memory of `hotmess test` at the size of the paper: 5 models, 5,700 questions, 30 samples each.

    python benchmarks/paper_scale.py

simulates the responses, with lengths and model sizes, writes them as Parquet (855,000 rows, once; kept in --folder),
and runs as processes of their own, cold, with JAX's compilation cache as earlier runs left it:

* one verdict: `hotmess test FILE --claim natural-overthinking --json`, from the file to the verdict, with the gate, the
  negative control, the three parts and both populations of questions;
* all verdicts: `hotmess test FILE --json`;
* stages: the same work stage by stage, and at the end a second verdict in the same process: the file read again and
  the first claim tested again, with another seed.

Targets: one verdict in 30 s, all verdicts in 60 s and 2 GB, a second verdict in 5 s, with two quiet cores; on a busy
machine look at the processor time. Results go to `reports/benchmarks/paper_scale.json` and `.md`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

HOME = Path(__file__).resolve().parents[1] / "reports" / "benchmarks"
SIZES = (1.5, 4.0, 8.0, 14.0, 32.0)
FIRST, SECOND = "natural-overthinking", "a second verdict in the same process"
TARGETS = {"one verdict, cold": 30.0, "all verdicts, cold": 60.0, SECOND: 5.0}


def simulate(*, questions: int = 5700, samples: int = 30, options: int = 4, seed: int = 0) -> pd.DataFrame:
    """Responses of five sizes of one family: harder questions take longer, are more often wrong and less stable."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    m, q, s = len(SIZES), questions, samples
    hard = rng.normal(size=q)
    scale = np.log2(SIZES) - np.mean(np.log2(SIZES))
    ability = 0.6 + 0.35 * scale[:, None] - 1.2 * hard + 0.5 * rng.normal(size=(m, q))
    score = np.zeros((m, q, options))
    score[..., 0] = ability
    score[..., 1:] = rng.normal(size=(m, q, options - 1)) * 1.2
    heat = np.exp2(rng.normal(-0.7, 0.5, (m, q)) + 0.3 * hard)
    p = np.exp(score / heat[..., None])
    p /= p.sum(-1, keepdims=True)
    answer = (rng.random((m, q, s, 1)) >= p.cumsum(-1)[:, :, None, :-1]).sum(-1)
    log2 = 9 + 0.5 * hard + 0.1 * scale[:, None] + 0.2 * rng.normal(size=(m, q))
    length = np.exp2(log2[..., None] + 0.5 * rng.normal(size=(m, q, s)) + 0.1 * (answer > 0))
    model, question, sample = (x.ravel() for x in np.indices((m, q, s)))
    target = rng.integers(options, size=q)
    names = np.array([f"simulated-{size:g}b" for size in SIZES])
    return pd.DataFrame(
        {
            "benchmark": "simulated",
            "family": "simulated",
            "model": pd.Categorical.from_codes(model, names.tolist()).astype(str),
            "model_size_b": np.asarray(SIZES)[model],
            "question": pd.Categorical.from_codes(question, [f"q{i:05d}" for i in range(q)]).astype(str),
            "sample": sample,
            "answer": (answer.ravel() + target[question]) % options,
            "target": target[question],
            "n_choices": options,
            "reasoning_tokens": np.maximum(1, np.rint(length.ravel())).astype(np.int64),
        }
    )


def megabytes(who: int) -> float:
    """Largest resident memory, of this process or its children."""
    return resource.getrusage(who).ru_maxrss / (1e3 if sys.platform == "linux" else 1e6)


def processor(who: int) -> float:
    """Seconds of processor time, in all threads, of this process or its children."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def stages(path: Path) -> None:
    """The work of `hotmess test`, stage by stage; a line of JSON for each: seconds and peak memory so far."""
    begun = time.perf_counter(), processor(resource.RUSAGE_SELF)

    def done(name: str) -> None:
        nonlocal begun
        now = time.perf_counter(), processor(resource.RUSAGE_SELF)
        seconds = [b - a for a, b in zip(begun, now)]
        print(json.dumps([name, *seconds, megabytes(resource.RUSAGE_SELF)]), flush=True)
        begun = now

    import hotmess as hm
    from hotmess.claims.catalogue import CATALOGUE
    from hotmess.claims.study import Study
    from hotmess.claims.test import test_claim

    responses = hm.read(path)
    done("imports, read and validate")
    study = Study(responses)
    _ = study.scale_cells
    done("difficulty groups, cells")
    for name, claim in CATALOGUE.items():
        test_claim(study, claim)
        done(name)
    hm.test(FIRST, hm.read(path), seed=1)
    done(SECOND)


def command(path: Path, *options: str) -> dict[str, Any]:
    """`hotmess test FILE --json`, cold."""
    before = processor(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    run = [sys.executable, "-m", "hotmess", "test", str(path), "--json", *options]
    done = subprocess.run(run, capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(done.stderr)
    verdicts = {record["claim"]: record["verdict"] for record in json.loads(done.stdout)}
    children = resource.RUSAGE_CHILDREN
    return {
        "seconds": seconds,
        "processor": processor(children) - before,
        "megabytes": megabytes(children),  # the largest of all children so far: run the smaller ones first
        "verdicts": verdicts,
    }


def in_stages(path: Path) -> list[tuple[str, float, float, float]]:
    """The stages, as they come from a process of their own."""
    found = []
    with subprocess.Popen([sys.executable, __file__, "--stages", str(path)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            found.append(tuple(json.loads(line)))
            print(*found[-1], file=sys.stderr, flush=True)
    if run.returncode:
        raise SystemExit(run.returncode)
    return found


def write(results: dict[str, Any], home: Path) -> str:
    """Both reports; the page."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "paper_scale.json").write_text(json.dumps(results, indent=1) + "\n")
    lines = ["# From a file to verdicts at the size of the paper", ""]
    lines += ["What is timed: see the first lines of `benchmarks/paper_scale.py`.", ""]
    for rows, run in sorted(results.items(), key=lambda pair: int(pair[0])):
        lines += [f"## {int(rows):,} responses", "", f"`{run['command']}`, {run['date']}, {run['machine']}", ""]
        lines += ["| | seconds | processor (s) | peak memory (MB) | target | |", "|---|---:|---:|---:|---|---|"]
        second = next(stage for stage in run["stages"] if stage[0] == SECOND)
        timed = {"one verdict, cold": run["one"], "all verdicts, cold": run["all"]}
        for name, one in timed.items():
            limit = TARGETS[name]
            said = "pass" if one["seconds"] <= limit and one["megabytes"] <= 2000 else "miss"
            numbers = f"{one['seconds']:.1f} | {one['processor']:.1f} | {one['megabytes']:,.0f}"
            lines.append(f"| {name} | {numbers} | {limit:g} s, 2,000 MB | {said} |")
        said = "pass" if second[1] <= TARGETS[SECOND] else "miss"
        lines.append(f"| {SECOND} | {second[1]:.1f} | {second[2]:.1f} | | {TARGETS[SECOND]:g} s | {said} |")
        lines += ["", "| stage | seconds | processor (s) | share | peak so far (MB) |", "|---|---:|---:|---:|---:|"]
        whole = sum(stage[2] for stage in run["stages"] if stage[0] != SECOND)
        for name, seconds, used, peak in run["stages"]:
            share = "–" if name == SECOND else f"{used / whole:.0%}"
            lines.append(f"| {name} | {seconds:.1f} | {used:.1f} | {share} | {peak:,.0f} |")
        lines += ["", "Verdicts: " + "; ".join(f"{k} {v}" for k, v in run["all"]["verdicts"].items()) + ".", ""]
    page = "\n".join(lines)
    (home / "paper_scale.md").write_text(page)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=5700)
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hotmess-benchmark")
    parser.add_argument("--out", type=Path, default=HOME, help="folder of the results")
    parser.add_argument("--stages", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.stages:
        stages(args.stages)
        return
    args.folder.mkdir(parents=True, exist_ok=True)
    path = args.folder / f"{args.questions}x{args.samples}.parquet"
    if not path.exists():
        simulate(questions=args.questions, samples=args.samples).to_parquet(path.with_suffix(".part"))
        path.with_suffix(".part").rename(path)
    one, every = command(path, "--claim", FIRST), command(path)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    machine = f"{os.cpu_count()} processors ({platform.machine()}), load {load:.1f}; Python {platform.python_version()}"
    file = args.out / "paper_scale.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    results[str(len(SIZES) * args.questions * args.samples)] = {
        "command": f"python benchmarks/paper_scale.py --questions {args.questions} --samples {args.samples}",
        "date": datetime.date.today().isoformat(),
        "machine": machine,
        "one": one,
        "all": every,
        "stages": in_stages(path),
    }
    print(write(results, args.out))


if __name__ == "__main__":
    main()
