"""Seconds per effective draw of the group parameters: tail counts against a latent distribution for every question.

    python benchmarks/uncollapsed.py --questions 5700

Five models answer the same simulated questions (those of `paper_scale.py`); each model is a group with parameters
(logit a, log kappa, log phi) on the same weak priors in every contender, so that all have one posterior:

* grid: `hotmess.fit(...)`, as it is used without a formula: tail counts, quadrature, independent draws;
* nuts: `hotmess.fit(..., engine="nuts")`, tail counts;
* centred: NumPyro, b_i ~ Beta and w_i ~ Dirichlet for every question i, sampled by NUTS as general evaluation packages
  do it;
* not centred: the same with each b_i and each stick of w_i as location + scale × a free variable on the logit scale,
  location and scale those of the group's Beta (an exact change of variables, so again the same posterior);
* PyMC: the centred model, sampled by nutpie.

Seconds are processor time of sampling with warmup; compilation is timed apart and not counted (for `grid` and `nuts` a
first call is thrown away). Effective draws are the least bulk ESS among the group parameters. Contenders run in turns,
each in a process of its own. Agreement: the largest difference of a parameter's posterior means in units of its Monte
Carlo standard error. Targets: 1,000 times fewer seconds per effective draw than the better NumPyro model and 300 times
fewer than PyMC.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from latent_questions import NAMES, centred_model, free_model, numpyro_run, pymc_run

HOME = Path(__file__).resolve().parents[1] / "reports" / "benchmarks"
CONTENDERS = ("grid", "nuts", "centred", "not centred", "PyMC")
TARGETS = {"NumPyro": 1000.0, "PyMC": 300.0}


def cells(questions: int) -> Any:
    """Cells of the simulated responses."""
    import paper_scale

    import hotmess as hm
    from hotmess.responses.cells import reduce

    return reduce(hm.read(paper_scale.simulate(questions=questions)))


def collapsed(engine: str) -> Callable[[Any, int, int], dict[str, Any]]:
    """`hotmess.fit` with an engine; draws are per chain of 4."""

    def run(found: Any, warmup: int, draws: int) -> dict[str, Any]:
        import hotmess as hm

        settings = {"engine": engine, "draws": 1000, "warmup": 500, "pointwise": False}
        began = time.process_time()
        hm.fit(found, seed=0, **settings)
        first = time.process_time() - began
        began = time.process_time()
        fitted = hm.fit(found, seed=1, **settings)
        seconds = time.process_time() - began
        posterior = fitted.data["posterior"].dataset
        return {"seconds": seconds, "first": first, "draws": {n: posterior[n].to_numpy() for n in NAMES}}

    return run


RUNS: dict[str, Callable[[Any, int, int], dict[str, Any]]] = {
    "grid": collapsed("grid"),
    "nuts": collapsed("nuts"),
    "centred": numpyro_run(centred_model),
    "not centred": numpyro_run(free_model),
    "PyMC": pymc_run,
}


def measure(what: str, questions: int, warmup: int, draws: int) -> dict[str, Any]:
    """One contender in this process: seconds, least ESS, and every parameter's mean, deviation and standard error."""
    from arviz_stats.base import array_stats

    found = RUNS[what](cells(questions), warmup, draws)
    values = np.concatenate([found["draws"][n] for n in NAMES], axis=-1)  # (chain, draw, parameters)
    flat = [values[..., i] for i in range(values.shape[-1])]
    ess = [float(array_stats.ess(x, chain_axis=0, draw_axis=1)) for x in flat]
    sd = [float(x.std()) for x in flat]
    return {
        "seconds": found["seconds"],
        "first": found["first"],
        "ess": min(ess),
        "mean": [float(x.mean()) for x in flat],
        "sd": sd,
        "error": [s / e**0.5 for s, e in zip(sd, ess)],
        "draws": int(values.shape[0] * values.shape[1]),
    }


def ratios(timings: dict[str, Any]) -> dict[str, float]:
    """How many times as long an effective draw takes as `grid`'s, of each contender (NumPyro: the better of two)."""
    per = {what: t["seconds"] / t["ess"] for what, t in timings.items()}
    best = min(per[w] for w in ("centred", "not centred") if w in per)
    return {"NumPyro": best / per["grid"]} | ({"PyMC": per["PyMC"] / per["grid"]} if "PyMC" in per else {})


def write(results: dict[str, Any], home: Path) -> str:
    """Both reports; the page."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "uncollapsed.json").write_text(json.dumps(results, indent=1) + "\n")
    lines = ["# Tail counts against a latent distribution for every question", ""]
    lines += ["What is timed: see the first lines of `benchmarks/uncollapsed.py`. Ratios are to `grid`.", ""]
    for size, run in sorted(results.items(), key=lambda pair: int(pair[0])):
        timings = run["timings"]
        per = {what: t["seconds"] / t["ess"] for what, t in timings.items()}
        reference = timings["grid"]
        lines += [f"## 5 models × {int(size):,} questions × 30 responses", ""]
        lines += [f"`{run['command']}`, {run['date']}, {run['machine']}", ""]
        lines += [
            "| | draws | seconds | compiling (s) | least ESS | seconds per effective draw | ratio | agreement (z) |",
            "|---|---:|---:|---:|---:|---:|---:|---:|",
        ]
        for what, t in timings.items():
            error = np.hypot(t["error"], reference["error"])
            z = np.max(np.abs(np.subtract(t["mean"], reference["mean"])) / error)
            lines.append(
                f"| {what} | {t['draws']:,} | {t['seconds']:.2f} | {t['first']:.1f} | {t['ess']:,.0f} "
                f"| {per[what]:.2g} | {per[what] / per['grid']:,.0f} | {'–' if what == 'grid' else format(z, '.1f')} |"
            )
        for name, ratio in ratios(timings).items():
            said = "pass" if ratio >= TARGETS[name] else "miss"
            lines += ["", f"Target of {TARGETS[name]:,.0f} times against {name}: {said} ({ratio:,.0f})."]
        lines.append("")
    page = "\n".join(lines)
    (home / "uncollapsed.md").write_text(page)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=5700)
    parser.add_argument("--warmup", type=int, default=300, help="of the contenders with latent questions")
    parser.add_argument("--draws", type=int, default=300, help="of the contenders with latent questions")
    parser.add_argument("--only", action="append", choices=CONTENDERS)
    parser.add_argument("--out", type=Path, default=HOME, help="folder of the results")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure, args.questions, args.warmup, args.draws)))
        return
    timings = {}
    numbers = ["--questions", str(args.questions), "--warmup", str(args.warmup), "--draws", str(args.draws)]
    for what in args.only or CONTENDERS:
        run = [sys.executable, __file__, *numbers, "--measure", what]
        done = subprocess.run(run, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        timings[what] = json.loads(done.stdout.splitlines()[-1])
        short = {k: round(v, 3) for k, v in timings[what].items() if isinstance(v, float)}
        print(what, short, file=sys.stderr, flush=True)
    file = args.out / "uncollapsed.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    results[str(args.questions)] = {
        "command": "python benchmarks/uncollapsed.py " + " ".join(numbers),
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} processors ({platform.machine()}), shared; Python {platform.python_version()}",
        "timings": timings,
    }
    print(write(results, args.out))


if __name__ == "__main__":
    main()
