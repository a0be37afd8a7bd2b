"""What other tools say of the same responses: time, memory, error against the truth, and what each cannot say.

    python benchmarks/peers.py                                  # 200 data sets each, 8 where one takes long
    python benchmarks/peers.py --sets 20 --slow-sets 1 --out .cache/bench

Simulated: two models answer the same 200 questions ten times, four options; a question's difficulty is shared by both
models, each has residuals of its own, and so has the concentration of wrong answers. The truth is that of questions
like these (two million of them). Every tool is asked for four numbers with 90% intervals: accuracy of a model, the
difference of two models' accuracies, incoherence of a model, and the difference of incoherences. Contenders run in
turns, each in a process of its own:

* hotmess: `hotmess.fit` and `hotmess.compare`, posterior bootstrap; unbiased is `hotmess.decompose` without a model;
* NumPyro, PyMC: a latent distribution for every question, Beta and Dirichlet, with the priors of `hotmess.fit` (the
  models of `latent_questions.py`), by NUTS, and by nutpie;
* bambi: `p(right, n) ~ 0 + model + (1 | question)`, beta-binomial, by NUTS of PyMC; means over the questions;
* statsmodels: `mixedlm` of accuracy per question on model, with a random intercept of the question;
* Inspect: `mean` and `stderr(cluster="question")` of unreduced scores, models apart;
* errorbars: `paired_compare` of accuracy per question.

Seconds are processor time per data set without imports, compilation in the first data set timed apart; memory is the
largest of the process. A contender that is not installed is left out, and that is said: bambi and errorbars are to be
installed for it, the others come with `hotmess[dev]`. The contenders are in `contenders.py`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from contenders import ASKED, MANY, TOOLS, Said, data_set, distributions, numbers

HOME = Path(__file__).resolve().parents[1] / "reports" / "benchmarks"


def measure(what: str, sets: int) -> dict[str, Any]:
    """One contender in this process."""
    warnings.simplefilter("ignore")
    out: list[Said] = []
    seconds = []
    for seed in range(sets + 1):  # the first compiles and imports, and is not counted
        data = data_set(seed)
        began = time.process_time()
        said = TOOLS[what].ask(data, seed)
        seconds.append(time.process_time() - began)
        if seed:
            out.append(said)
    # not ru_maxrss, which a new process takes over from the one that began it
    memory = float(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1e6  # type: ignore[index]
    return {"first": seconds[0], "seconds": float(np.mean(seconds[1:])), "memory": memory, "said": out}


def scores(said: list[Said], name: str, truth: float) -> dict[str, float] | None:
    """Root mean square error, intervals that hold the truth, and their mean width; None where nothing is said."""
    rows = np.array([one[name] for one in said if name in one])
    if not len(rows):
        return None
    return {
        "error": float(np.sqrt(np.mean((rows[:, 0] - truth) ** 2))),
        "inside": int(((rows[:, 1] <= truth) & (truth <= rows[:, 2])).sum()),
        "sets": len(rows),
        "width": float((rows[:, 2] - rows[:, 1]).mean()),
    }


def page(found: dict[str, Any]) -> str:
    """The page: a table of costs, and one of each number."""
    lines = [
        "# The same responses in other tools",
        "",
        "What is asked of whom: see the first lines of `benchmarks/peers.py`. Two models, 200 questions, ten responses",
        "to each, four options.",
        "",
        f"`{found['command']}`, {found['date']}, {found['machine']}",
        "",
        "| tool | data sets | seconds each | first (s) | memory (GB) | cannot say |",
        "|---|---:|---:|---:|---:|---|",
    ]
    tools = found["tools"]
    for what, one in tools.items():
        tool = TOOLS[what]
        lines.append(
            f"| {tool.name} | {one['sets']} | {one['seconds']:.2g} | {one['first']:.1f} | {one['memory']:.1f} "
            f"| {tool.cannot} |"
        )
    lines += [
        "",
        "Error is the root mean square distance from the truth of questions like these; inside are the 90% intervals",
        "that hold that truth (90% wanted); width is theirs on average. A handful of data sets says little of either,",
        "and errors are to be compared between tools of as many.",
    ]
    for name in ASKED:
        lines += ["", f"## {name.capitalize()} (truth {found['truth'][name]:.3f})", ""]
        lines += ["| tool | error | inside | width |", "|---|---:|---:|---:|"]
        for what, one in tools.items():
            s = one["scores"][name]
            if s is None:
                lines.append(f"| {TOOLS[what].name} | says nothing | | |")
            else:
                inside = f"{s['inside']} of {s['sets']} ({s['inside'] / s['sets']:.0%})"
                lines.append(f"| {TOOLS[what].name} | {s['error']:.3f} | {inside} | {s['width']:.3f} |")
    if found["left_out"]:
        lines += ["", "Left out, not installed: " + ", ".join(TOOLS[w].name for w in found["left_out"]) + "."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=200, help="data sets (default 200)")
    parser.add_argument("--slow-sets", type=int, default=8, help="of those who take long (default 8)")
    parser.add_argument("--only", action="append", choices=list(TOOLS), help="contenders")
    parser.add_argument("--out", type=Path, default=HOME, help="folder of the results")
    parser.add_argument("--measure", choices=list(TOOLS), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure, args.sets)))
        return
    truth = numbers(distributions(np.random.default_rng(0), MANY))
    tools: dict[str, Any] = {}
    left_out = []
    for what in args.only or TOOLS:
        sets = args.slow_sets if TOOLS[what].slow else args.sets
        run = [sys.executable, __file__, "--sets", str(sets), "--measure", what]
        done = subprocess.run(run, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip() or "nothing said").splitlines()[-1]
            if "ModuleNotFoundError" not in last:
                raise SystemExit(done.stderr[-2000:])
            print(f"{TOOLS[what].name}: left out, {last}", file=sys.stderr, flush=True)
            left_out.append(what)
            continue
        one = json.loads(done.stdout.splitlines()[-1])
        said = one.pop("said")
        tools[what] = one | {"sets": sets, "scores": {name: scores(said, name, truth[name]) for name in ASKED}}
        print(f"{TOOLS[what].name}: {one['seconds']:.2f} s", file=sys.stderr, flush=True)
    command = f"python benchmarks/peers.py --sets {args.sets} --slow-sets {args.slow_sets}"
    found = {
        "command": command,
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} processors ({platform.machine()}), shared; Python {platform.python_version()}",
        "truth": truth,
        "tools": tools,
        "left_out": left_out,
    }
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "peers.json").write_text(json.dumps(found, indent=1) + "\n")
    (args.out / "peers.md").write_text(page(found))
    print(page(found))


if __name__ == "__main__":
    main()
