"""Time of reading Inspect's logs, against the time of unpacking them and parsing their JSON, which no reader can avoid.

    python benchmarks/readers.py --samples 300000

makes a folder of logs of 1,000 samples (once; it is kept in --folder): one by a run of Inspect on its mock model, the
others the same members packed again under other identities. It reads them and prints ratios measured in one run: of
`read_logs` to unpacking and `json.loads` alone, of a second read, which comes from the cache, and of
`inspect_ai.log.read_eval_log`. Each is timed in a process of its own, on one core, with the files in the page cache;
the times are of the processor, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

PER_LOG = 1_000

RUN = """
import random, sys
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice

rng = random.Random(0)
words = "the of and a to in is you that it he was for on are as with his they".split()

def reply(*_):
    tokens = rng.randint(40, 400)
    text = " ".join(rng.choices(words, k=tokens)) + "\\n\\nANSWER: " + rng.choice("ABCD")
    output = ModelOutput.from_content("mockllm/model", text)
    output.usage = ModelUsage(input_tokens=50, output_tokens=tokens, total_tokens=50 + tokens)
    return output

options = ["one", "two", "three", "four"]
samples = [Sample(id=f"q{i}", input=f"Question {i}?", choices=options, target="ABCD"[i % 4]) for i in range(100)]
task = Task(MemoryDataset(samples), solver=multiple_choice(), scorer=choice(), epochs=10, name="benchmark")
model = get_model("mockllm/model", custom_outputs=reply)
eval(task, model=model, log_dir=sys.argv[1], display="none", temperature=0.7, max_samples=50)
"""


def make(folder: Path, samples: int) -> None:
    """Logs of 1,000 samples: one run of Inspect on its mock model, packed again and again under other identities."""
    import inspect_ai.log  # noqa: F401  (teaches zipfile Zstandard)

    folder.mkdir(parents=True, exist_ok=True)
    first = folder / "first" / "log.eval"
    if not first.exists():
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run([sys.executable, "-c", RUN, scratch], check=True)
            first.parent.mkdir()
            next(Path(scratch).glob("*.eval")).rename(first)
    with zipfile.ZipFile(first) as log:
        members = [(name, log.read(name)) for name in log.namelist() if not name.startswith("_journal")]
    for number in range(-(-samples // PER_LOG)):
        path = folder / f"log{number:04d}.eval"
        if path.exists():
            continue
        with zipfile.ZipFile(path.with_suffix(".part"), "w", 93) as out:
            for name, body in members:
                body = re.sub(rb'"(uuid|eval_id)":\s*"', rb"\g<0>%d-" % number, body)
                out.writestr(name, body.replace(b'"mockllm/model"', b'"mockllm/model%d"' % number))
        path.with_suffix(".part").rename(path)


def floor(paths: list[Path]) -> dict[str, float]:
    """Unpacking with zstandard and `json.loads`, nothing else."""
    from hotmess.responses.formats.zips import opened

    unpacked = parsed = 0.0
    size = 0
    for path in paths:
        start = time.process_time()
        with opened(path) as archive:
            bodies = [archive.read(name) for name in archive.names if name.startswith("samples/")]
        middle = time.process_time()
        for body in bodies:
            json.loads(body)
        end = time.process_time()
        unpacked, parsed, size = unpacked + middle - start, parsed + end - middle, size + sum(map(len, bodies))
    return {"seconds": unpacked + parsed, "unpacking": unpacked, "parsing": parsed, "gigabytes": size / 1e9}


def reader(paths: list[Path], *, cache: bool) -> dict[str, float]:
    """`read_logs` on the folder, imports not counted; copies are looked for, and are what `make` has made."""
    import inspect_ai.log  # noqa: F401

    import hotmess.responses.copies
    import hotmess.responses.formats.joining  # noqa: F401
    from hotmess.responses.formats import read_logs

    start = time.process_time()
    table, _ = read_logs(paths, cache=cache, progress=False, allow_copies=True)
    return {"seconds": time.process_time() - start, "rows": len(table)}


def inspects_own(paths: list[Path]) -> dict[str, float]:
    """`read_eval_log` on at most 10 of the logs, scaled up."""
    from inspect_ai.log import read_eval_log

    some = paths[:10]
    start = time.process_time()
    for path in some:
        read_eval_log(str(path))
    return {"seconds": (time.process_time() - start) * len(paths) / len(some)}


def measure(what: str, paths: list[Path]) -> dict[str, float]:
    """One timing, with the peak memory of this process."""
    result: dict[str, Any]
    if what == "floor":
        result = floor(paths)
    elif what == "inspect":
        result = inspects_own(paths)
    else:
        result = reader(paths, cache=what != "reader")
    result["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e3 if sys.platform == "linux" else 1e6)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=20_000, help="samples to make and read (default 20,000)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hotmess-benchmark-logs")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    args = parser.parse_args()
    logs = -(-args.samples // PER_LOG)
    paths = [args.folder / f"log{number:04d}.eval" for number in range(logs)]
    if args.measure:
        print(json.dumps(measure(args.measure, paths)))
        return
    if not all(path.is_file() for path in paths):
        make(args.folder, args.samples)
    for path in paths:
        path.read_bytes()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as cache:
        for what in ("floor", "reader", "write", "cached", "floor again", "inspect"):
            command = [sys.executable, __file__, "--samples", str(args.samples), "--folder", str(args.folder)]
            command += ["--measure", what.removesuffix(" again")]
            environment = {**os.environ, "XDG_CACHE_HOME": cache}
            done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            found[what] = json.loads(done.stdout.splitlines()[-1])
    base = (found["floor"]["seconds"] + found["floor again"]["seconds"]) / 2
    bytes_in = sum(path.stat().st_size for path in paths)
    sizes = f"{bytes_in / 1e9:.2f} GB, {found['floor']['gigabytes']:.2f} GB unpacked"
    print(f"{logs * PER_LOG:,} samples in {logs:,} logs, {sizes}")
    shares = found["floor"]["unpacking"] / found["floor"]["seconds"]
    print(f"unpacking and json.loads alone: {base:.2f} s (unpacking {shares:.0%}); measured twice, the mean is 1")
    for what, words in (
        ("reader", "read_logs"),
        ("write", "read_logs that fills the cache"),
        ("cached", "read_logs from the cache"),
        ("inspect", "inspect_ai.log.read_eval_log"),
    ):
        one = found[what]
        seconds, peak = one["seconds"], one["megabytes"]
        print(f"{words:32s} {seconds / base:6.2f}   ({seconds:.2f} s, peak memory {peak:.0f} MB)")


if __name__ == "__main__":
    main()
