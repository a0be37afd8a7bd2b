"""Study: logs changed at random give responses or one sentence; never a traceback, a hang or more than 1 GB.

    python reports/studies/mutants.py --mutants 10000

Writes `mutants.json` and `mutants.md` beside itself, every few hundred mutants, and goes on where it was stopped. Each
mutant is known by its seed: `--reader NAME --show SEED` keeps one and shows what comes of it. The public logs are used
too, where `--shared FOLDER` (or the repository's sibling folder `shared/data`) holds them.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "responses" / "formats"))

LIMIT_S, LIMIT_MB = 30.0, 1_000.0
BATCH = 500


def work(reader: str, start: int, end: int, shared: Path | None) -> None:
    """The worker: one line of JSON for each mutant, after a first line when it is ready."""
    import resource
    import warnings

    from mutate import Corpus, outcome

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(reader, Path(folder) / "corpus", shared)
        for source in corpus.sources:
            outcome(reader, source)  # imports, once
        print("ready", flush=True)
        for seed in range(start, end):
            began = time.process_time()
            try:
                path = corpus.mutant(seed, Path(folder) / "mutant")
                began = time.process_time()
                result = outcome(reader, path)
            except Exception:
                result = f"FAILED {traceback.format_exc()[-600:]}"
            result = result.replace(folder, "")
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e3 if sys.platform == "linux" else 1e6)
            print(json.dumps([seed, result, time.process_time() - began, peak]), flush=True)


def results(reader: str, start: int, end: int, shared: Path | None) -> Any:
    """Results of a range of seeds from worker processes, which are killed and replaced when they hang or die."""
    while start < end:
        command = [sys.executable, __file__, "--work", reader, str(start), str(end)]
        command += ["--shared", str(shared)] if shared else []
        with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
            ready = False
            for line in lines_of(process):
                if line == b"ready":
                    ready = True
                    continue
                if line in (b"died", b"hang"):
                    if not ready:
                        raise SystemExit("The worker does not start.")
                    yield start, f"FAILED {line.decode()}", LIMIT_S, 0.0
                    start += 1
                    break
                seed, result, seconds, peak = json.loads(line)
                start = seed + 1
                if peak > LIMIT_MB:
                    result = f"FAILED memory {peak:.0f} MB"
                yield seed, result, seconds, peak
                if peak > LIMIT_MB or start >= end:
                    break
            process.kill()


def lines_of(process: subprocess.Popen[bytes]) -> Any:
    """Lines of a process; at last `died`, or `hang` where it used `LIMIT_S` of the processor since its last line."""
    assert process.stdout is not None
    rest, used = b"", None
    while True:
        if not select.select([process.stdout], [], [], 5.0)[0]:
            if used is not None and cpu_seconds(process.pid) - used > LIMIT_S:
                yield b"hang"
            continue
        data = os.read(process.stdout.fileno(), 1 << 16)
        if not data:
            yield b"died"
        *whole, rest = (rest + data).split(b"\n")
        used = cpu_seconds(process.pid)
        yield from whole


def cpu_seconds(process: int) -> float:
    """Processor time of a process, so that other work on the machine makes no hang; off Linux the time of day."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kind(sentence: str) -> str:
    """A sentence without names and numbers."""
    sentence = re.sub(r"(/[\w.@{}-]+)+", "PATH", sentence)
    sentence = re.sub(r"'[^']*'|\"[^\"]*\"", "NAME", sentence)
    sentence = re.sub(r"[\d,]*\d", "N", sentence)
    return sentence[:70]


def fold(state: dict[str, Any], seed: int, result: str, seconds: float, peak: float) -> None:
    """Add one result to a reader's state."""
    state["done"] = seed + 1
    state["read"] += result == "read"
    state["slowest_s"] = round(max(state["slowest_s"], seconds), 2)
    state["peak_mb"] = round(max(state["peak_mb"], peak))
    if result.startswith("FAILED"):
        state["failures"].append({"seed": seed, "what": result[7:]})
    elif result != "read":
        state["refused"] += 1
        counts = Counter(state["sentences"])
        counts[kind(result)] += 1
        state["sentences"] = dict(counts)


def write(study: dict[str, Any]) -> None:
    """Both reports, written beside and moved into place."""
    from mutate import READERS

    wanted = study["mutants"]
    short = any(study["readers"].get(name, {"done": 0})["done"] < wanted for name in READERS)
    lines = [
        "# Mutants of logs",
        "",
        "Logs are changed at random (cut, recoded, types swapped, keys missing, huge numbers, nested nulls, NaN) and",
        "read with `hotmess.read`. Each gives responses, or is refused by one sentence (`BadInput`). A traceback, more",
        f"than {LIMIT_S:.0f} s of processor time, or more than {LIMIT_MB / 1e3:.0f} GB is a failure.",
        "",
        f"Made by `{study['command']}` on {study['date']} (seeds from 0).",
        "",
        *(
            ["Not finished: only what the table lists has run; the same command goes on from here.", ""]
            if short
            else []
        ),
        "| reader | mutants | read | refused | failures | slowest (s) | peak memory (MB) |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, state in study["readers"].items():
        numbers = (state["done"], state["read"], state["refused"], len(state["failures"]))
        lines.append(
            f"| {name} | {' | '.join(f'{n:,}' for n in numbers)} | {state['slowest_s']:.1f} | {state['peak_mb']:,} |"
        )
    lines += ["", "The most frequent sentences, names and numbers taken out:", ""]
    for name, state in study["readers"].items():
        for sentence, number in Counter(state["sentences"]).most_common(5):
            lines.append(f"* {name}, {number:,} times: {sentence.replace('|', '/')}…")
    for name, state in study["readers"].items():
        for failure in state["failures"]:
            lines.append(f"* **failure** of {name}, seed {failure['seed']}: {failure['what'].splitlines()[-1][:200]}")
    for path, text in (
        (HERE / "mutants.md", "\n".join(lines) + "\n"),
        (HERE / "mutants.json", json.dumps(study, indent=1)),
    ):
        beside = path.with_name(f".{path.name}.part")
        beside.write_text(text)
        os.replace(beside, path)


def main() -> None:
    from mutate import READERS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=10_000, help="mutants of each reader (default 10,000)")
    parser.add_argument("--reader", choices=READERS, action="append", help="only this reader")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="folder of public logs")
    parser.add_argument("--again", action="store_true", help="begin anew")
    parser.add_argument("--show", type=int, metavar="SEED", help="keep one mutant and show what comes of it")
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    shared = args.shared if (args.shared / "logs").is_dir() else None
    if args.work:
        work(args.work[0], int(args.work[1]), int(args.work[2]), shared)
        return
    if args.show is not None:
        from mutate import Corpus, outcome

        folder = Path(tempfile.mkdtemp())
        path = Corpus(args.reader[0], folder / "corpus", shared).mutant(args.show, folder / "mutant")
        print(path, outcome(args.reader[0], path), sep="\n")
        return
    old = HERE / "mutants.json"
    study: dict[str, Any] = {"readers": {}}
    if old.is_file() and not args.again:
        study = {"mutants": 10_000, **json.loads(old.read_text())}
    study["mutants"] = max(args.mutants, study.get("mutants", 0))
    study["command"] = f"python reports/studies/mutants.py --mutants {study['mutants']}"
    for name in args.reader or READERS:
        empty = {"done": 0, "read": 0, "refused": 0, "failures": [], "slowest_s": 0.0, "peak_mb": 0, "sentences": {}}
        state = study["readers"].setdefault(name, empty)
        for result in results(name, state["done"], args.mutants, shared):
            fold(state, *result)
            if state["done"] % BATCH == 0 or state["done"] == args.mutants:
                study["date"] = datetime.date.today().isoformat()
                write(study)
                print(
                    f"{name}: {state['done']:,} mutants, {len(state['failures'])} failures", file=sys.stderr, flush=True
                )


if __name__ == "__main__":
    main()
