"""Time of counting responses in a file with the duplicate check, against bare DuckDB under the same memory limit.

    python benchmarks/reduction.py --responses 10000000

makes a Parquet file of letters (30 responses to each question by 10 models, once; it is kept in --folder) and times,
each in a process of its own, in turns, --repeats times:

* bare: DuckDB groups by cell and answer, with the sum of log lengths, and looks for duplicates by a second query that
  groups by cell and sample; both results fetched;
* one query: the single query of this package alone (counts, log lengths, and one bit for each sample number);
* counted: `hotmess.read(file, engine="duckdb://?memory_limit=…")`: that query, its duplicate check, validation;
* cells: the same and `hotmess.reduce`, from the file to cells.

Imports are not counted. Processor time is what is compared, so that other work on the machine does not count; the time
of day is printed too. Results go to `reports/benchmarks/reduction.json` and `.md`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parents[1] / "reports" / "benchmarks"
MODELS, EACH, TARGET = 10, 30, 2.0
WHAT = ("bare", "one query", "counted", "cells")
KEYS = "benchmark, model, question, condition, budget"


def make(path: Path, responses: int) -> None:
    """Letters of 10 models, 30 for each question, in the order of a run: model by model, question by question."""
    import duckdb

    questions = responses // (MODELS * EACH)
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    part = path.with_suffix(".part")
    # A hash of the row makes every column: no order of execution changes the file's content.
    connection.execute(
        f"""COPY (
          SELECT 'benchmark-' || (q % 5) AS benchmark, 'maker/model-' || m AS model, 'question-' || q AS question,
            'cot' AS condition, '1024' AS budget, CAST(s AS INTEGER) AS sample,
            CAST(CASE WHEN h % 100 < 60 - 3 * (q % 15) THEN q % 4 WHEN h % 100 > 97 THEN -1 ELSE (h // 100) % 4 END
              AS TINYINT) AS answer, CAST(q % 4 AS TINYINT) AS target, CAST(4 AS TINYINT) AS n_choices,
            CAST(50 + (h // 1000) % 900 AS INTEGER) AS reasoning_tokens
          FROM (SELECT i % {EACH} AS s, (i // {EACH}) % {questions} AS q, i // {EACH * questions} AS m, hash(i) AS h
                FROM range({MODELS * EACH * questions}) AS t(i))
        ) TO '{part}' (FORMAT parquet, COMPRESSION zstd)"""
    )
    part.rename(path)


def connection(limit: str, scratch: str) -> Any:
    """DuckDB as this package sets it."""
    import duckdb

    settings = {"memory_limit": limit, "temp_directory": scratch, "preserve_insertion_order": "false"}
    opened = duckdb.connect(config=settings)
    opened.execute("SET enable_progress_bar = false")
    return opened


def bare(path: str, limit: str, scratch: str) -> int:
    """The group-by and the duplicate check as one would write them."""
    opened = connection(limit, scratch)
    counts = opened.sql(
        f"SELECT {KEYS}, answer, target, n_choices, count(*) AS copies, sum(log2(reasoning_tokens)) AS total "
        f"FROM read_parquet('{path}') GROUP BY {KEYS}, answer, target, n_choices"
    ).to_arrow_table()
    again = opened.sql(
        f"SELECT count(*) FROM (SELECT 1 FROM read_parquet('{path}') GROUP BY {KEYS}, sample HAVING count(*) > 1)"
    ).fetchall()
    assert again == [(0,)]
    return counts.num_rows


def one_query(path: str, limit: str, scratch: str) -> int:
    """The package's query, nothing done with its result."""
    from hotmess.responses.counting import counts_sql

    names = [*KEYS.split(", "), "answer", "target", "n_choices"]
    sql = counts_sql(f"read_parquet('{path}')", names, length="reasoning_tokens", samples=(0, EACH - 1))
    return connection(limit, scratch).sql(sql).to_arrow_table().num_rows


def counted(path: str, limit: str, scratch: str) -> int:
    """`hotmess.read` with an engine."""
    import hotmess

    return len(hotmess.read(path, engine=f"duckdb://?memory_limit={limit}"))


def cells(path: str, limit: str, scratch: str) -> int:
    """`hotmess.read` with an engine, then `hotmess.reduce`."""
    import hotmess

    return len(hotmess.reduce(hotmess.read(path, engine=f"duckdb://?memory_limit={limit}")))


def measure(what: str, path: str, limit: str) -> dict[str, float]:
    """One timing in this process."""
    import duckdb  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    import hotmess.responses.cells
    import hotmess.responses.counted
    import hotmess.responses.engine
    import hotmess.responses.read  # noqa: F401

    run: dict[str, Callable[[str, str, str], int]] = dict(zip(WHAT, (bare, one_query, counted, cells), strict=True))
    with tempfile.TemporaryDirectory() as scratch:
        began, processor = time.perf_counter(), time.process_time()
        rows = run[what](path, limit, scratch)
        found = {"seconds": time.perf_counter() - began, "processor": time.process_time() - processor, "rows": rows}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found | {"megabytes": peak * (1.024e-3 if sys.platform == "linux" else 1e-6)}  # of kibibytes, or of bytes


def write(results: dict[str, Any], home: Path) -> str:
    """Both reports; the page."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "reduction.json").write_text(json.dumps(results, indent=1) + "\n")
    lines = ["# Counting responses in a file, with the duplicate check", ""]
    lines += [
        "What is timed: see the first lines of `benchmarks/reduction.py`. Ratios are medians of processor time over"
    ]
    lines += ["that of the bare queries; memory is the process's peak, the result and Python included.", ""]
    lines += [f"Target: from the file to cells at most {TARGET:g} times the bare queries.", ""]
    for size, run in sorted(results.items(), key=lambda pair: int(pair[0])):
        lines += [f"## {int(size):,} responses", "", f"`{run['command']}`, {run['date']}, {run['machine']}", ""]
        lines += [
            "| | ratio | processor (s) | time of day (s) | rows | peak memory (MB) |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for what in WHAT:
            one = run["timings"][what]
            middle = {name: statistics.median(t[name] for t in one) for name in one[0]}
            base = statistics.median(t["processor"] for t in run["timings"]["bare"])
            numbers = f"{middle['processor']:.1f} | {middle['seconds']:.1f} | {middle['rows']:,.0f}"
            lines.append(f"| {what} | {middle['processor'] / base:.2f} | {numbers} | {middle['megabytes']:,.0f} |")
        ratio = [statistics.median(t["processor"] for t in run["timings"][what]) for what in (WHAT[-1], WHAT[0])]
        verdict = "pass" if ratio[0] <= TARGET * ratio[1] else "miss"
        lines += ["", f"Target of {TARGET:g}: {verdict} ({ratio[0] / ratio[1]:.2f}).", ""]
    page = "\n".join(lines)
    (home / "reduction.md").write_text(page)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--responses", type=int, default=10_000_000)
    parser.add_argument("--memory", default="2GB", help="DuckDB's memory limit (default: 2GB)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--out", type=Path, default=HOME, help="folder of the results")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    args = parser.parse_args()
    path = args.folder / f"hotmess-benchmark-{args.responses}.parquet"
    if args.measure:
        print(json.dumps(measure(args.measure, str(path), args.memory)))
        return
    if not path.exists():
        make(path, args.responses)
    timings: dict[str, list[dict[str, float]]] = {what: [] for what in WHAT}
    for repeat in range(args.repeats):
        for what in WHAT:
            command = [sys.executable, __file__, "--responses", str(args.responses), "--folder", str(args.folder)]
            command += ["--memory", args.memory, "--measure", what]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            timings[what].append(json.loads(done.stdout.splitlines()[-1]))
            print(repeat, what, timings[what][-1], file=sys.stderr, flush=True)
    import duckdb

    file = args.out / "reduction.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    shell = (
        f"python benchmarks/reduction.py --responses {args.responses} --memory {args.memory} --repeats {args.repeats}"
    )
    machine = f"{os.cpu_count()} processors ({platform.machine()}), shared; Python {platform.python_version()}"
    results[str(args.responses)] = {
        "command": shell,
        "date": datetime.date.today().isoformat(),
        "machine": f"{machine}, DuckDB {duckdb.__version__}; file of {path.stat().st_size / 1e6:,.0f} MB",
        "timings": timings,
    }
    print(write(results, args.out))


if __name__ == "__main__":
    main()
