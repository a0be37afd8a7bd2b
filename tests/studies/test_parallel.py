"""Studies spread over processes: equal results whatever their number."""

from __future__ import annotations

from pathlib import Path

import interval_coverage as study
import pytest
from parallel import backend, spread

pytest.importorskip("joblib", reason="needs the package joblib")


def squares_but_slow_first(at: int) -> int:
    import time

    time.sleep(0.2 if at == 0 else 0.0)
    return at * at


def test_results_come_in_the_order_of_the_pieces() -> None:
    assert list(spread(squares_but_slow_first, range(9), jobs=2)) == [at * at for at in range(9)]


def test_a_study_is_equal_for_one_process_and_two(tmp_path: Path) -> None:
    rows = [study.Setting("prior", "prior", 1500, 3, 3), study.Setting("error", "accuracy 0.4", 100, 30, 3)]
    one = study.run(rows, seed=4, jobs=1, store=tmp_path / "one.jsonl")
    two = study.run(rows, seed=4, jobs=2, store=tmp_path / "two.jsonl")
    assert one == two
    assert (tmp_path / "one.jsonl").read_text() == (tmp_path / "two.jsonl").read_text()
    assert one != study.run(rows, seed=5, jobs=1, store=tmp_path / "three.jsonl")


def test_clusters_are_dask_or_ray() -> None:
    with pytest.raises(SystemExit, match="neither dask"):
        backend("slurm://x")
