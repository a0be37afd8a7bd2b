"""What is left when a command ends at any moment: every write, sync, rename and removal, one after the other.

    python reports/studies/crash.py --jobs 2          # all points; writes crash.json and crash.md beside this file
    python reports/studies/crash.py --only sample     # those of one command, in place of its rows in these files
    python reports/studies/crash.py --points 40       # some of them, spread over all commands; writes nothing

Each command runs on tiny input, in a process forked after imports from one that `crash_points.c` was loaded into. The
first run counts its steps; then the n-th run is killed at step n: a write is done by half, anything else not at all.
With *power* what was not brought to the disk by then is cut to half as well. After each, what stands in the folder must
be the old output or the new one, byte for byte, the same command must succeed, write the very bytes that a run without
interruption writes, and leave no other file. The optimizer's commands write several files, and the next run goes on
from those that are there: of them each file must be old, new, or whole.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
EMPTY = b"(an empty folder)"
REPORT = ["report", "t.csv", "--draws", "4", "--chains", "2", "--claim", "natural-overthinking", "--out", "out"]
TRAIN = ["optimizer", "train", "--experiment", "tiny", "--checkpoints", "out"]
ROLL = ["optimizer", "roll", "--experiment", "tiny", "--checkpoints", "models", "--out", "out"]
SAMPLE = ["sample", "q.jsonl", "--model", "mockllm/model", "--contexts", "1", "--draws", "2", "--log-dir", "out"]


@dataclass(frozen=True)
class Command:
    """A command; `old` is what made the output that stood there before, or None; what it writes is `out` or `out.…`.

    grows: a run that is killed leaves whole files that the next run takes up, so that what stands between old and new
    is some of the new files, each whole, or an empty folder where there are none yet.
    """

    name: str
    words: list[str]
    old: list[str] | None = None
    grows: bool = False


COMMANDS = [
    Command("read", ["read", "t.csv", "--out", "out.parquet"]),
    Command("read again", ["read", "t.csv", "--out", "out.parquet"], ["read", "u.csv", "--out", "out.parquet"]),
    Command("fit", ["fit", "t.csv", "--draws", "4", "--chains", "2", "--out", "out.nc"]),
    Command(
        "fit again",
        ["fit", "t.csv", "--draws", "4", "--chains", "2", "--out", "out.nc"],
        ["fit", "t.csv", "--draws", "5", "--chains", "2", "--out", "out.nc"],
    ),
    Command("report", REPORT),
    Command("report again", REPORT, [*REPORT[:3], "5", *REPORT[4:]]),
    Command("optimizer train", TRAIN, grows=True),
    Command("optimizer roll", ROLL, grows=True),
    Command("optimizer report", ["optimizer", "report", "--out", "out"], ["optimizer", "report", "--out", "out"]),
    Command("sample", SAMPLE),
    Command("sample again", SAMPLE, SAMPLE),
]


def inputs(folder: Path) -> None:
    """Two tables of 32 responses, two questions to ask, and models of the optimizer experiment to roll out."""
    rows = ["model,model_size_b,question,sample,answer,target,n_choices,reasoning_tokens"]
    for model, size in (("a", 1), ("b", 2)):
        for question in range(4):
            for sample in range(4):
                answer = (question * 7 + sample * sample + size * 3 + sample * question) % 3
                rows.append(f"{model},{size},q{question},{sample},{answer},0,3,{10 + 9 * sample + question}")
    (folder / "t.csv").write_text("\n".join(rows) + "\n")
    (folder / "u.csv").write_text("\n".join(rows[:-1]) + "\n")
    asked = [{"id": str(i), "question": f"{i}+2?", "choices": ["3", "4"], "answer": i % 2} for i in range(2)]
    (folder / "q.jsonl").write_text("".join(json.dumps(one) + "\n" for one in asked))


def main() -> int:
    """All points, or some."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, help="so many points only, spread evenly; with --only they are kept")
    parser.add_argument("--jobs", type=int, default=1, help="commands at once")
    parser.add_argument("--only", action="append", help="only the command of this name; may be repeated")
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return worker(*args.worker)
    if sys.platform != "linux" or shutil.which("cc") is None:
        print("without Linux and a C compiler there is no crash study", file=sys.stderr)
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="crash-") as name:
        folder = Path(name)
        library = folder / "crash_points.so"
        source = str(HERE / "crash_points.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), source, "-ldl"], check=True)
        inputs(folder)
        chosen = [c for c in COMMANDS if not args.only or c.name in args.only]
        if args.points and not args.only:
            chosen = [c for c in COMMANDS if c.name in ("read", "read again", "fit", "fit again", "report again")]
        rows = []
        for row in run(chosen, folder, library, args.jobs, args.points):
            rows.append(row)
            print(row, flush=True)
            if args.only or not args.points:
                keep(row)
    wrong = [problem for row in rows for problem in row["wrong"]]
    for problem in wrong:
        print(problem, file=sys.stderr)
    print(table(rows), f"\n{time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


def keep(row: dict[str, Any]) -> None:
    """Put a row in place of the earlier one in crash.json, which may be of another day, and make crash.md of all."""
    file = HERE / "crash.json"
    earlier = json.loads(file.read_text())["rows"] if file.exists() else []
    found = {(one["command"], one["end"]): one for one in [*earlier, row]}
    order = [command.name for command in COMMANDS]
    rows = sorted(
        (r for r in found.values() if r["command"] in order), key=lambda r: (order.index(r["command"]), r["end"])
    )
    result = {"rows": rows, "points": sum(r["points"] for r in rows), "wrong": sum(len(r["wrong"]) for r in rows)}
    file.write_text(json.dumps(result, indent=1) + "\n")
    (HERE / "crash.md").write_text(page(rows))


def run(chosen: list[Command], folder: Path, library: Path, jobs: int, points: int | None) -> Iterator[dict[str, Any]]:
    """A process for each command, some at once; their rows as each is done."""
    environment = {
        **os.environ,
        "LD_PRELOAD": str(library),
        "HOTMESS_NO_CACHE": "1",
        "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
        "JAX_PLATFORMS": "cpu",
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "HOME": str(folder),
    }
    share = 0 if not points else -(-points // (2 * len(chosen)))
    waiting, running = list(enumerate(chosen)), {}
    while waiting or running:
        while waiting and len(running) < jobs:
            at, command = waiting.pop(0)
            result = folder / f"result-{at}.json"
            words = [sys.executable, __file__, "--worker", command.name, str(folder), str(result), str(share)]
            running[at] = subprocess.Popen(words, env=environment)
        for at, process in list(running.items()):
            if process.poll() is not None:
                del running[at]
                if process.returncode:
                    raise SystemExit(f"the process of {chosen[at].name!r} ended with {process.returncode}")
                yield from json.loads((folder / f"result-{at}.json").read_text())
        time.sleep(0.1)


def worker(name: str, folder: str, result: str, share: str) -> int:
    """All points of one command, or `share` of them for each way to end, in forks of this process."""
    command = next(c for c in COMMANDS if c.name == name)
    prepare(command)
    base = Path(folder) / f"runs-{name.replace(' ', '-')}"
    base.mkdir()
    rows = []
    before = base / "before"
    fresh(Path(folder), before)
    if name == "optimizer roll":
        must([*TRAIN[:-1], "models"], before)
    if name == "optimizer report":
        must([*TRAIN[:-1], "models"], before)
        must(ROLL, before)
    if command.old is not None:
        must(command.old, before)
    old = tree(before)
    after = copy(before, base / "after")
    must(command.words, after)
    new = tree(after)
    steps = counted(command, copy(before, base / "count"))
    for power in (False, True):
        which = spread(steps, int(share) or steps, power)
        began, wrong = time.monotonic(), []
        for at in which:
            state = copy(before, base / "state")
            code = forked(command.words, state, at=at, power=power)
            where = f"{name}, {'power' if power else 'killed'} at step {at} of {steps}"
            if code != -signal.SIGKILL:
                wrong.append(f"{where}: it ended with {code} instead")
            wrong += [f"{where}: {what}" for what in problems(command, state, old, new)]
        rows.append(
            {
                "command": name,
                "end": "power" if power else "killed",
                "steps": steps,
                "points": len(which),
                "wrong": wrong,
                "seconds": round(time.monotonic() - began),
            }
        )
    Path(result).write_text(json.dumps(rows))
    return 0


def spread(steps: int, share: int, power: bool) -> list[int]:
    """So many of the steps 1, …, evenly, from the first to the last; those with `power` lie between the others."""
    share = min(share, steps)
    return [1 + (2 * k + (power and share < steps)) * steps // (2 * share) for k in range(share)]


def problems(command: Command, state: Path, old: dict[str, bytes], new: dict[str, bytes]) -> Iterator[str]:
    """What is wrong with a folder after a crash, and after the same command has been run again in it."""
    left = {name: content for name, content in tree(state).items() if not hidden(name)}
    plain_old = {name: content for name, content in old.items() if not hidden(name)}
    if command.words[0] == "sample":
        yield from sampled(command, state, left, plain_old)
        return
    if command.grows or command.name == "optimizer report":
        for name, content in left.items():
            if content not in (EMPTY, plain_old.get(name), new.get(name)) and not partly(name, state):
                yield f"{name} is neither old nor new nor whole"
    elif left not in (plain_old, new):
        names = [n for n in {*left, *new} if left.get(n) != new.get(n)]
        yield f"neither the old output nor the new: {', '.join(sorted(names)[:4])}"
    code = forked(command.words, state)
    if code:
        yield f"the same command then ended with {code}"
    again = tree(state)
    for name in sorted({*again, *new}):
        if again.get(name) != new.get(name):
            yield f"after the same command {name} is {'left over' if name not in new else 'not what it should be'}"


def partly(name: str, state: Path) -> bool:
    """Whether a checkpoint or a table of points is whole, though not at its end: readers of their own take them."""
    import numpy as np
    import pandas as pd

    try:
        if name.endswith(".npz"):
            with np.load(state / name, allow_pickle=False) as file:
                return all(file[one].size >= 0 for one in file.files)
        return name.endswith(".parquet") and len(pd.read_parquet(state / name)) > 0
    except Exception:
        return False


def sampled(command: Command, state: Path, left: dict[str, bytes], old: dict[str, bytes]) -> Iterator[str]:
    """Logs carry times and names of their own: earlier files stay, and a run after the crash gives what can be read."""
    lost = [name for name, content in old.items() if left.get(name) != content]
    if lost:
        yield f"{lost[0]} is gone or changed"
    code = forked(command.words, state)
    fresh_logs = sorted(name for name in set(tree(state)) - set(left) if not hidden(name))
    if code or len(fresh_logs) != 1:
        yield f"the same command then ended with {code} and wrote {len(fresh_logs)} files"
        return
    if forked(["read", fresh_logs[0], "--out", "read.parquet"], state):
        yield "what it wrote is not read"


def hidden(name: str) -> bool:
    """Names that begin with a point are no output: fits kept for the next run, and what it will remove."""
    return any(part.startswith(".") for part in Path(name).parts)


def prepare(command: Command) -> None:
    """Import what the command needs, without starting what does not survive a fork."""
    needed = ["hotmess.commands.read", "hotmess.responses.read"]
    if command.name.startswith(("fit", "report")):
        needed += ["hotmess.answers.fit", "hotmess.claims.test", "hotmess.report.build", "hotmess.report.sections"]
        needed += ["h5netcdf", "xarray", "arviz_base", "arviz_stats"]
    if command.name.startswith("report"):
        needed += ["numpyro", "matplotlib.figure", "matplotlib.backends.backend_svg", "matplotlib.backends.backend_agg"]
    if command.name.startswith("optimizer"):
        needed += ["hotmess.optimizer.sweep", "hotmess.optimizer.table", "matplotlib.pyplot"]
    if command.words[0] == "sample":
        needed += ["hotmess.sampling.task", "hotmess.commands.sample"]
    for module in needed:
        importlib.import_module(module)


def mock() -> None:
    """A model that answers, in place of the one that the command names."""
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    import hotmess.commands.sample as sampling

    def output(*_: Any) -> ModelOutput:
        said = ModelOutput.from_content("mockllm/model", "ANSWER: A")
        said.usage = ModelUsage(input_tokens=1, output_tokens=2, total_tokens=3)
        return said

    sampling._model = lambda *_: get_model("mockllm/model", custom_outputs=output, memoize=False)


Told = Callable[[int], None]


def forked(words: list[str], folder: Path, *, at: int = 0, power: bool = False, told: Told | None = None) -> int:
    """Run a command in a fork of this process and in a folder; its exit code, or minus the signal that ended it."""
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.close(reader)
            os.chdir(folder)
            said = os.open(folder.parent / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(said, 1)
            os.dup2(said, 2)
            library = ctypes.CDLL(None)
            library.crash_count.restype = ctypes.c_long
            if words[0] == "sample":
                mock()
            sys.argv = ["hotmess", *words]
            from hotmess.cli import main

            library.crash_at(ctypes.c_long(at or 1 << 40), int(power), os.fsencode(folder))
            code = main(words)
            os.write(writer, str(library.crash_count()).encode())
        except BaseException:
            import traceback

            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader) as counts:
        steps = counts.read()
    if told is not None and steps:
        told(int(steps))
    return os.waitstatus_to_exitcode(status)


def counted(command: Command, folder: Path) -> int:
    """The steps of a whole run."""
    found: list[int] = []
    forked(command.words, folder, told=found.append)
    return found[0]


def must(words: list[str], folder: Path) -> None:
    """Run a command that has to succeed."""
    if code := forked(words, folder):
        raise SystemExit(f"{' '.join(words)} ended with {code}: {(folder.parent / 'said.txt').read_text()}")


def fresh(source: Path, folder: Path) -> None:
    folder.mkdir()
    for name in ("t.csv", "u.csv", "q.jsonl"):
        shutil.copy(source / name, folder / name)


def copy(source: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


def tree(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, hidden ones too; folders that are empty as well."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file():
            found[name] = path.read_bytes()
        elif not any(path.iterdir()):
            found[name] = EMPTY
    return found


def table(rows: list[dict[str, Any]]) -> str:
    """The result as a table."""
    lines = ["| command | ended by | steps of a whole run | points | wrong | seconds |", "|---|---|--:|--:|--:|--:|"]
    for row in rows:
        values = (row["command"], row["end"], row["steps"], row["points"], len(row["wrong"]), row["seconds"])
        lines.append("| " + " | ".join(map(str, values)) + " |")
    points, wrong = sum(row["points"] for row in rows), sum(len(row["wrong"]) for row in rows)
    return "\n".join([*lines, f"| together | | | {points} | {wrong} | |"])


def spared(rows: list[dict[str, Any]]) -> str:
    """Which commands were ended at some of their steps only, in a sentence."""
    some = dict[str, tuple[int, int]]()
    for row in rows:
        points, steps = some.get(row["command"], (0, 0))
        some[row["command"]] = points + row["points"], steps + row["steps"]
    parts = [f"of `{name}` {points} of {steps} points" for name, (points, steps) in some.items() if points < steps]
    if not parts:
        return "Every step of every command was a point, with each way to end."
    return (
        "Every step was a point, with each way to end, but for what took too long: "
        f"{', '.join(parts)} were tried,\nspread evenly from the first step to the last (`--only` with `--points`)."
    )


def page(rows: list[dict[str, Any]]) -> str:
    """crash.md."""
    about = (__doc__ or "").split("\n\n")
    return (
        f"# What is left when a command ends at any moment\n\n{about[-1].strip()}\n\n{spared(rows)}\n\n"
        f"{table(rows)}\n\n"
        "Made by `python reports/studies/crash.py`, some commands by `--only`. *Steps* are writes, syncs, renames, "
        "removals and creations of files and folders. Logs of `sample` are Inspect's own writing, with times in them: "
        "there earlier logs must stay as they were, and the log of the next run be read whole.\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
