"""Responses counted by a real Spark cluster: a standalone master and two workers on 127.0.0.1."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hotmess as hm

pytestmark = pytest.mark.external


def start(command: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(command, stdout=out, stderr=out, env=environment, start_new_session=True)


def wait_for(pattern: str, log: Path, number: int = 1, seconds: float = 120) -> list[str]:
    """What a pattern finds in a log once it is there so many times."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = re.findall(pattern, log.read_text(errors="replace"))
        if len(found) >= number:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{pattern} is not in:\n{log.read_text(errors='replace')[-2000:]}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a master with two workers."""
    for module in ("pyspark", "ibis", "pyarrow_hotfix"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"needs the package {module}: pip install 'hotmess[spark]'")
    if shutil.which("java") is None:
        pytest.skip("needs Java")
    spec = importlib.util.find_spec("pyspark")
    assert spec is not None and spec.origin is not None
    home, folder = Path(spec.origin).parent, tmp_path_factory.mktemp("spark")
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1"}
    environment["SPARK_DAEMON_JAVA_OPTS"] = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
    spark, deploy = str(home / "bin" / "spark-class"), "org.apache.spark.deploy"
    here = ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
    running = [start([spark, f"{deploy}.master.Master", *here], folder / "master.log", environment)]
    try:
        (address, *_) = wait_for(r"Starting Spark master at (spark://127\.0\.0\.1:\d+)", folder / "master.log")
        for number in range(2):
            size = ["--cores", "1", "--memory", "600m", "--work-dir", str(folder / f"work{number}")]
            command = [spark, f"{deploy}.worker.Worker", *here, *size, address]
            running.append(start(command, folder / f"worker{number}.log", environment))
        wait_for("Registering worker", folder / "master.log", 2)
        yield address
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def responses(path: Path) -> Path:
    """A folder of two files: letters of two models in contexts, with lengths, at two budgets."""
    rng = np.random.default_rng(5)
    names = ["model", "question", "budget", "context", "sample"]
    levels = [["a", "b/é"], [f"q{i}" for i in range(12)], ["low", "high"], range(3), range(4)]
    table = pd.MultiIndex.from_product(levels, names=names).to_frame(index=False)
    table["answer"] = rng.choice([-1, 0, 1, 2], len(table), p=[0.1, 0.4, 0.3, 0.2])
    table["target"] = table["question"].str[1:].astype(int) % 3
    table = table.assign(n_choices=3, model_size_b=1.0, tokens=rng.integers(0, 300, len(table)))
    table["finish_reason"] = rng.choice(["stop", "length"], len(table))
    path.mkdir()
    for model, part in table.groupby("model"):
        part.to_parquet(path / f"{model[0]}.parquet")
    return path


COUNT = """
import sys
from hotmess.cli import main

engine, good, bad, out, where = sys.argv[1:]
column = ["--column", "reasoning_tokens=tokens"]
print("good", main(["read", good, "--engine", engine, "--out", out, "--where", where, *column]), file=sys.stderr)
print("bad", main(["read", bad, "--engine", engine, "--out", f"{out}.bad"]), file=sys.stderr)
"""


def test_a_cluster_counts_the_same_cells_and_finds_duplicates(cluster: str, tmp_path: Path) -> None:
    good, bad, out = responses(tmp_path / "good"), responses(tmp_path / "bad"), tmp_path / "counts.parquet"
    one = pd.read_parquet(bad / "a.parquet").head(1)
    one.assign(answer=2).to_parquet(bad / "more.parquet")
    settings = "spark.ui.enabled=false&spark.sql.shuffle.partitions=2&spark.executor.memory=512m"
    engine = f"{cluster}?{settings}&spark.driver.host=127.0.0.1"
    where = "budget = 'low' or model ilike 'B%'"
    # In a process of its own: a JVM stays for as long as the process that started it.
    done = subprocess.run(
        [sys.executable, "-c", COUNT, engine, str(good), str(bad), str(out), where],
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert "good 0" in done.stderr, done.stderr[-2000:]
    assert "432 rows were counted by pyspark." in done.stderr
    assert "bad 2" in done.stderr, done.stderr[-2000:]
    assert "hotmess: Rows are duplicates: two responses of model 'a' to question 'q0'" in done.stderr
    assert not Path(f"{out}.bad").exists()

    whole, counted = hm.read(good, columns={"reasoning_tokens": "tokens"}, where=where), hm.read(out)
    assert counted.counted
    cells, others = hm.reduce(whole), hm.reduce(counted)
    pd.testing.assert_frame_equal(cells.table, others.table, rtol=1e-12)
    np.testing.assert_array_equal(cells.counts, others.counts)
    np.testing.assert_array_equal(cells.clusters, others.clusters)
    terms, other_terms = (hm.decompose(r, by=["model"], estimator="unbiased").frame() for r in (whole, counted))
    pd.testing.assert_frame_equal(terms, other_terms, rtol=1e-12)
