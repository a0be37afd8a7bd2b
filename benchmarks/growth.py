"""How time and memory grow with questions, samples per question, options and groups.

    python benchmarks/growth.py

One thing grows at a time from a base of 5 groups × 1,000 questions × 30 samples × 4 options. Each point is a process of
its own that simulates counted responses (not timed) and then times, in seconds of processor time:

* cells: `hotmess.reduce`, from counted responses to cells;
* fit: `hotmess.fit` (tail counts, quadrature, 4 × 500 draws);
* means: posterior of bias² and variance of every model over its questions;
* questions: 400 draws of error, bias² and variance of every question (up to 100,000 cells).

Exponents are slopes of log seconds (and of log megabytes over the first point's) on log size by least squares
(statsmodels), with 95% intervals. They describe this range: with a fixed part in it a stage's exponent is below the one
it has in the end. Results: `reports/benchmarks/growth.json` and `.md`.
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
import time
from pathlib import Path
from typing import Any

import numpy as np

HOME = Path(__file__).resolve().parents[1] / "reports" / "benchmarks"
BASE = {"questions": 1_000, "samples": 30, "options": 4, "groups": 5}
LEVELS = {
    "questions": (1_000, 10_000, 100_000, 1_000_000),  # of all groups together at 5 groups: 5,000 to 5,000,000 cells
    "samples": (3, 10, 30, 100, 300),
    "options": (2, 4, 10, 26),
    "groups": (5, 20, 100, 500),
}
STAGES = ("cells", "fit", "means", "questions")
MOST, DRAWS = 100_000, 400


def counted(questions: int, samples: int, options: int, groups: int, seed: int = 0) -> Any:
    """Counted responses of `groups` models: one row for each cell and option that was chosen."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    cells = questions * groups
    right = rng.binomial(samples, rng.beta(1.2, 0.8, cells))
    wrong = rng.multinomial(samples - right, rng.dirichlet(np.full(options - 1, 2.0 / (options - 1)), cells))
    counts = np.column_stack([right, wrong])
    cell, answer = np.nonzero(counts)
    model, question = cell // questions, cell % questions
    return pd.DataFrame(
        {
            "benchmark": "simulated",
            "model": pd.Categorical.from_codes(model, [f"model-{i:03d}" for i in range(groups)]),
            "question": pd.Categorical.from_codes(question, [f"q{i:07d}" for i in range(questions)]),
            "answer": answer.astype(np.int16),
            "target": np.int16(0),
            "n_choices": np.int16(options),
            "copies": counts[cell, answer],
            "sum_log2_length": 0.0,
            "with_length": 0,
            "at_limit": 0,
        }
    )


def megabytes() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e3 if sys.platform == "linux" else 1e6)


def measure(sizes: dict[str, int]) -> dict[str, float]:
    """Processor seconds of every stage in this process, and memory at the end."""
    import hotmess as hm
    from hotmess.responses.validate import validate

    small = validate(counted(20, 5, 4, 2))
    hm.fit(hm.reduce(small), draws=50, pointwise=False).draws(["model"])  # imports and first calls
    responses = validate(counted(**sizes))
    found = {"before": megabytes()}
    began = time.process_time()

    def done(name: str) -> None:
        nonlocal began
        found[name] = time.process_time() - began
        began = time.process_time()

    cells = hm.reduce(responses)
    done("cells")
    fitted = hm.fit(cells, draws=500, pointwise=False)
    done("fit")
    fitted.draws(["model"])
    done("means")
    found["megabytes"] = megabytes()
    if len(cells) <= MOST:
        began = time.process_time()
        fitted.terms("brier", DRAWS)
        done("questions")
    return found


def exponent(x: list[int], y: list[float]) -> tuple[float, float, float] | None:
    """Slope of log y on log x with its 95% interval; None with fewer than three points."""
    import statsmodels.api as sm

    if len(x) < 3:
        return None
    fitted = sm.OLS(np.log(y), sm.add_constant(np.log(x))).fit()
    low, high = fitted.conf_int()[1]
    return float(fitted.params[1]), float(low), float(high)


def write(results: dict[str, Any], home: Path) -> str:
    """Both reports; the page."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "growth.json").write_text(json.dumps(results, indent=1) + "\n")
    lines = ["# What time and memory grow with", ""]
    lines += ["What is timed: see the first lines of `benchmarks/growth.py`.", ""]
    lines += [f"`{results['command']}`, {results['date']}, {results['machine']}", ""]
    for axis, points in results["points"].items():
        rest = ", ".join(f"{n:,} {name}" for name, n in BASE.items() if name != axis)
        lines += [f"## {axis} (with {rest})", "", f"| {axis} | cells (s) | fit (s) | means (s) | questions (s) | MB |"]
        lines += ["|---:|---:|---:|---:|---:|---:|"]
        for size, point in points:
            cell = " | ".join(f"{point[name]:.2f}" if name in point else "–" for name in STAGES)
            lines.append(f"| {size:,} | {cell} | {point['megabytes']:,.0f} |")
        said = []
        for name in (*STAGES, "megabytes"):
            there = [(size, point[name]) for size, point in points if name in point]
            slope = exponent([s for s, _ in there], [max(v, 1e-3) for _, v in there])
            said.append("–" if slope is None else "{:.2f} [{:.2f}, {:.2f}]".format(*slope))
        lines += [f"| **exponent** | {' | '.join(said)} |", ""]
    page = "\n".join(lines)
    (home / "growth.md").write_text(page)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axis", action="append", choices=tuple(LEVELS), help="only this; repeatable")
    parser.add_argument("--most", type=int, default=10**9, help="no point with more cells than this")
    parser.add_argument("--out", type=Path, default=HOME, help="folder of the results")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(json.loads(args.measure))))
        return
    points: dict[str, list[tuple[int, dict[str, float]]]] = {}
    for axis in args.axis or LEVELS:
        points[axis] = []
        for size in LEVELS[axis]:
            sizes = BASE | {axis: size}
            if sizes["questions"] * sizes["groups"] > args.most:
                continue
            run = [sys.executable, __file__, "--measure", json.dumps(sizes)]
            done = subprocess.run(run, capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(done.stderr[-2000:])
            points[axis].append((size, json.loads(done.stdout.splitlines()[-1])))
            short = {k: round(v, 2) for k, v in points[axis][-1][1].items()}
            print(axis, size, short, file=sys.stderr, flush=True)
    shell = "python benchmarks/growth.py" + (f" --most {args.most}" if args.most < 10**9 else "")
    machine = f"{os.cpu_count()} processors ({platform.machine()}), shared; Python {platform.python_version()}"
    results = {"command": shell, "date": datetime.date.today().isoformat(), "machine": machine, "points": points}
    print(write(results, args.out))


if __name__ == "__main__":
    main()
