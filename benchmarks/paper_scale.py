"""Time and memory of `hotmess test` at the size of the paper: 5 models, 5,700 questions, 30 samples each.

    python benchmarks/paper_scale.py

simulates the responses, with lengths and model sizes, writes them as Parquet (855,000 rows, once; kept in --folder),
and runs `hotmess test FILE --json` as a process of its own, cold, from the file to all verdicts with gate, negative
control, three parts and both populations. Then the same work stage by stage in another process, for where the time
goes. The aim is less than 60 s and less than 2 GB on two quiet cores; on a busy machine look at the processor time.
"""

from __future__ import annotations

import argparse
import json
import os
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

SIZES = (1.5, 4.0, 8.0, 14.0, 32.0)


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


def command(path: Path) -> dict[str, Any]:
    """`hotmess test FILE --json`, cold."""
    begun = time.perf_counter()
    run = [sys.executable, "-m", "hotmess", "test", str(path), "--json"]
    done = subprocess.run(run, capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(done.stderr)
    verdicts = {record["claim"]: record["verdict"] for record in json.loads(done.stdout)}
    children = resource.RUSAGE_CHILDREN
    return {
        "seconds": seconds,
        "processor": processor(children),
        "megabytes": megabytes(children),
        "verdicts": verdicts,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=5700)
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hotmess-benchmark")
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
    rows = len(SIZES) * args.questions * args.samples
    result = command(path)  # nothing else has run as a child of this process: its use is the command's
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"hotmess test on {rows:,} responses, {os.cpu_count()} cores, load {load:.1f}:")
    print(
        f"  {result['seconds']:.1f} s ({result['processor']:.1f} s of processor time), peak memory "
        f"{result['megabytes']:.0f} MB"
    )
    for name, verdict in result["verdicts"].items():
        print(f"  {name}: {verdict}")
    print("by stage, in another process:")
    run = [sys.executable, __file__, "--stages", str(path)]
    with subprocess.Popen(run, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            name, seconds, used, peak = json.loads(line)
            print(f"  {name:40s} {seconds:6.1f} s   processor {used:6.1f} s   {peak:6.0f} MB", flush=True)
    if process.returncode:
        raise SystemExit(process.returncode)


if __name__ == "__main__":
    main()
