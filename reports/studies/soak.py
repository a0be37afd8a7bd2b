"""Two processes that read, fit and report into one folder, ended at random moments: nothing that was written is lost.

    nice -n 15 python reports/studies/soak.py --minutes 30

Two commands run at any time, each one of `read`, `fit` and `report`, all to the same three places, with input of two
kinds. Most are killed after a random time, some interrupted, some left alone. After each end both stand still while it
is looked at what is there: what was there once is there, as one command wrote it, whole: the table has all rows of one
kind, the posterior's checksum is right, the report has the files that it lists, each whole. At the end each command
runs undisturbed, and then nothing else may be left in the folder. Writes soak.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KINDS = {"t.csv": 32, "u.csv": 28}
ENDS = ("killed", "interrupted", "left alone")
WEIGHTS = (0.7, 0.15, 0.15)
FITTED = ["--draws", "4", "--chains", "2"]
COMMANDS = {
    "read": (["read", "{kind}", "--out", "out.parquet"], 4.0),
    "fit": (["fit", "{kind}", *FITTED, "--out", "out.nc"], 9.0),
    "report": (["report", "{kind}", *FITTED, "--claim", "natural-overthinking", "--out", "out"], 40.0),
}
"""Commands, and seconds within which they are ended, about as long as they take on a busy machine."""


def inputs(folder: Path) -> None:
    """Two tables of two models and four questions, with 32 and 28 responses."""
    for name, number in KINDS.items():
        rows = ["model,model_size_b,question,sample,answer,target,n_choices,reasoning_tokens"]
        for at in range(number):
            model, question, sample = at % 2, at // 2 % 4, at // 8
            answer = (question * 7 + sample * sample + model * 3 + sample * question) % 3
            rows.append(f"{'ab'[model]},{1 + model},q{question},{sample},{answer},0,3,{10 + 9 * sample + question}")
        (folder / name).write_text("\n".join(rows) + "\n")


def whole(folder: Path, seen: set[str]) -> list[str]:
    """What is wrong with what stands in the folder; `seen` are the places that held something, and get more."""
    import pandas as pd

    import hotmess

    wrong = []
    for name, check in (
        ("out.parquet", lambda path: len(pd.read_parquet(path)) in KINDS.values()),
        ("out.nc", lambda path: hotmess.load(path) is not None),
        ("out", report_is_whole),
    ):
        path = folder / name
        if not path.exists():
            if name in seen:
                wrong.append(f"{name} is gone")
            continue
        seen.add(name)
        try:
            if not check(path):
                wrong.append(f"{name} is not whole")
        except Exception as error:
            wrong.append(f"{name} is not whole: {error}")
    return wrong


def report_is_whole(out: Path) -> bool:
    """A report has the files that it lists, its page has an end, and its posteriors are read."""
    from hotmess.inference.store import load_tree

    listed = json.loads((out / "results.json").read_text())["files"]
    for path in out.glob("*.nc"):
        load_tree(path)
    page = (out / "report.html").read_text()
    return sorted(os.listdir(out)) == sorted(listed) and page.rstrip().endswith("</html>")


def start(folder: Path, rng: random.Random) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """A command, and when and how it will end."""
    name = rng.choices(list(COMMANDS), (0.3, 0.3, 0.4))[0]
    words, most = COMMANDS[name]
    filled = [word.format(kind=rng.choice(list(KINDS))) for word in words]
    plan = {"command": name, "end": rng.choices(ENDS, WEIGHTS)[0], "at": time.monotonic() + rng.uniform(0.2, most)}
    said = open(folder.parent / f"said-{rng.random()}", "w+b")  # noqa: SIM115
    plan["said"] = said
    process = subprocess.Popen(
        [sys.executable, "-m", "hotmess", *filled], cwd=folder, stdout=subprocess.DEVNULL, stderr=said
    )
    return process, plan


def main() -> int:
    """The soak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE / "soak.json")
    args = parser.parse_args()
    rng, began = random.Random(args.seed), time.monotonic()
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    seen: set[str] = set()
    checks = 0
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name) / "work"
        folder.mkdir()
        inputs(folder)
        running = [start(folder, rng) for _ in range(2)]
        while time.monotonic() - began < 60 * args.minutes:
            time.sleep(0.05)
            for at, (process, plan) in enumerate(running):
                over = time.monotonic() > plan["at"]
                if process.poll() is None and over and plan["end"] != "left alone":
                    process.send_signal(signal.SIGKILL if plan["end"] == "killed" else signal.SIGINT)
                    process.wait()
                if process.poll() is None:
                    continue
                wrong += ended(process, plan)
                counts[f"{plan['command']}, {'done' if process.returncode == 0 else plan['end']}"] += 1
                other = running[1 - at][0]
                if other.poll() is None:
                    other.send_signal(signal.SIGSTOP)
                wrong += whole(folder, seen)
                checks += 1
                if other.poll() is None:
                    other.send_signal(signal.SIGCONT)
                running[at] = start(folder, rng)
        for process, plan in running:
            process.kill()
            process.wait()
            plan["said"].close()
        for command, (words, _) in COMMANDS.items():
            filled = [word.format(kind="t.csv") for word in words]
            last = subprocess.run(
                [sys.executable, "-m", "hotmess", *filled], cwd=folder, capture_output=True, text=True
            )
            if last.returncode:
                wrong.append(f"{command} at the end: {last.stderr}")
        wrong += whole(folder, seen)
        left = sorted(set(os.listdir(folder)) - {"out", "out.parquet", "out.nc", *KINDS})
        wrong += [f"{one} is left over" for one in left]
    result = {
        "command": f"nice -n 15 python reports/studies/soak.py --minutes {args.minutes:g} --seed {args.seed}",
        "minutes": round((time.monotonic() - began) / 60, 1),
        "ended": dict(sorted(counts.items())),
        "looked": checks,
        "wrong": wrong,
    }
    args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    return 1 if wrong else 0


def ended(process: subprocess.Popen[bytes], plan: dict[str, Any]) -> list[str]:
    """A command ends as it was made to end, or by itself with 0."""
    said = plan["said"]
    said.seek(0)
    text = said.read().decode("utf-8", "replace")
    said.close()
    os.unlink(said.name)
    right = {"killed": (0, -signal.SIGKILL), "interrupted": (0, 130, -signal.SIGINT), "left alone": (0,)}[plan["end"]]
    early = plan["end"] == "interrupted" and "hotmess" not in text  # Python itself had not started yet
    if process.returncode in right or early:
        return []
    return [f"{plan['command']}, {plan['end']}, ended with {process.returncode}: {text[-300:]}"]


if __name__ == "__main__":
    raise SystemExit(main())
