"""Studies on real Dask and Ray clusters of two workers here: equal results to one process."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import interval_coverage as study
import pytest

pytestmark = [pytest.mark.external, pytest.mark.slow]
STUDIES = Path(__file__).resolve().parents[2] / "reports" / "studies"
ROWS = "[study.Setting('prior', 'prior', 1500, 3, 3), study.Setting('error', 'accuracy 0.4', 100, 30, 3)]"
RUN = f"import sys, pathlib, interval_coverage as study; study.run({ROWS}, seed=4, jobs=2, cluster=sys.argv[1], "
RUN += "store=pathlib.Path(sys.argv[2]))"


def environment() -> dict[str, str]:
    """Processes of their own find the studies; Ray sends nothing out."""
    return {**os.environ, "PYTHONPATH": str(STUDIES), "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}


@contextlib.contextmanager
def dask(folder: Path) -> Iterator[str]:
    """A scheduler and two workers; the address."""
    command, log = [sys.executable, "-m", "distributed.cli.dask_scheduler"], folder / "log"
    running = []
    try:
        with log.open("w") as out:
            started = {"stdout": out, "stderr": out, "env": environment(), "start_new_session": True, "cwd": folder}
            here = ["--host", "127.0.0.1", "--no-dashboard"]
            running.append(subprocess.Popen([*command, *here, "--port", "0"], **started))  # type: ignore[call-overload]
            address = wait_for(r"Scheduler at:\s+tcp://(127\.0\.0\.1:\d+)", log)
            worker = [sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://{address}", *here]
            worker += ["--nworkers", "2", "--nthreads", "1"]
            running.append(subprocess.Popen(worker, **started))  # type: ignore[call-overload]
            yield f"dask://{address}"
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def ray(folder: Path) -> Iterator[str]:
    """A head with two processors; the address."""
    command = [sys.executable, "-c", "from ray.scripts.scripts import main; main()"]
    size = ["--num-cpus", "2", "--include-dashboard", "false", "--object-store-memory", "100000000"]
    port = 20_000 + os.getpid() % 10_000
    head = [*command, "start", "--head", "--node-ip-address", "127.0.0.1", "--port", str(port), *size]
    try:
        done = subprocess.run(head, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        yield f"ray://127.0.0.1:{port}"
    finally:
        subprocess.run([*command, "stop", "--force"], env=environment(), capture_output=True)


def wait_for(pattern: str, log: Path, seconds: float = 60) -> str:
    """What a pattern finds in a log once it is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := re.search(pattern, log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.1)
    raise AssertionError(f"{pattern} is not in:\n{log.read_text(errors='replace')[-2000:]}")


@pytest.mark.parametrize(("package", "cluster"), [("distributed", dask), ("ray", ray)])
def test_a_study_on_a_cluster_equals_one_process(package, cluster, tmp_path: Path) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"needs the package {package}: pip install {package}")
    here = tmp_path / "here.jsonl"
    study.run(eval(ROWS), seed=4, jobs=1, store=here)
    with cluster(tmp_path) as address:
        command = [sys.executable, "-c", RUN, address, str(tmp_path / "there.jsonl")]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "there.jsonl").read_text() == here.read_text()
