"""Parquet that is small on the disk and large in memory."""

from __future__ import annotations

import resource
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hotmess.errors import BadInput
from hotmess.limits import limited
from hotmess.responses.bounded import read_parquet
from hotmess.responses.condition import connect
from hotmess.responses.read import read

ROWS = 20_000


def bomb(path, kind: str) -> None:
    """A megabyte that stands in every row, as a text, in a list, or as numbers of one value."""
    one = pa.array(["x" * 1_000_000])
    repeated = pa.DictionaryArray.from_arrays(pa.array(np.zeros(ROWS, np.int32)), one)
    column = {
        "text": lambda: repeated,
        "list": lambda: pa.array([["x" * 100_000] * 300] * 3),
        "numbers": lambda: pa.array(np.zeros(3_000_000)),
    }[kind]()
    same = pa.array(["A"] * len(column))
    table = pa.table({"model": column, "question": same, "answer": same})
    pq.write_table(table, path, store_schema=False, dictionary_pagesize_limit=1 << 24, compression="zstd")


@pytest.mark.parametrize("kind", ["text", "list", "numbers"])
def test_what_unpacks_to_too_much_is_refused(tmp_path, kind):
    path = tmp_path / "b.parquet"
    bomb(path, kind)
    assert path.stat().st_size < 200_000
    with limited(20_000_000), pytest.raises(BadInput, match="--memory"):
        read_parquet(path, "The table")


def test_the_same_table_as_without_a_limit(tmp_path):
    table = pa.table(
        {
            "a": pa.array(["x", None, "y" * 50]),
            "b": pa.array(["x", "x", "x"], pa.large_string()),
            "c": pa.array([[0.5, 0.5], None, []]),
            "d": pa.array([["u"], [None, "v"], None]),
            "e": pa.array(["k", "k", None]).dictionary_encode(),
            "f": pa.array([{"s": "t", "n": 1}, None, {"s": None, "n": 2}]),
            "g": [1, 2, 3],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=2)
    assert read_parquet(tmp_path / "t.parquet", "it").equals(pq.read_table(tmp_path / "t.parquet"))
    buffer = pa.py_buffer((tmp_path / "t.parquet").read_bytes())
    assert read_parquet(pa.BufferReader(buffer), "it").equals(pq.read_table(tmp_path / "t.parquet"))


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_no_memory_is_no_damage(tmp_path, monkeypatch, name):
    """What fails for want of memory is not called damaged, and not left out by --skip-damaged."""

    def full(*_, **__):
        raise pa.ArrowMemoryError("malloc of size 64 failed")

    frame = pa.table({"model": ["m"], "question": ["q"], "score": [1.0]}).to_pandas()
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr("pyarrow.csv.read_csv", full)
    monkeypatch.setattr("hotmess.responses.load.read_parquet", full)
    with pytest.raises(MemoryError):
        read(tmp_path / name, skip_damaged=True)


def test_one_thread_where_addresses_are_few():
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 40 if hard == resource.RLIM_INFINITY else hard, hard))
    try:
        with connect() as connection:
            assert connection.execute("SELECT current_setting('threads')").fetchall() == [(1,)]
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.slow
def test_within_the_limit_of_the_process(tmp_path):
    """A bomb of 20 GB under 4 GB of address space: a sentence, and no failure to allocate."""
    bomb(tmp_path / "b.parquet", "text")
    ended = subprocess.run(
        [sys.executable, "-m", "hotmess", "decompose", str(tmp_path / "b.parquet")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30)),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert ended.stdout == "" and "--memory" in ended.stderr and ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", b'{"model": "m", "question": "q"}\n' + bytes(10_000_000), "holds a NUL"),
        ("a.jsonl", b'{"model": "m", "question": "q"}\n{"x": "' + b"y" * 8_000_000 + b'"}', "longer than"),
        ("a.jsonl", b'{"model": "m", "question": "q", "x": [' + b"[]," * 9_000 + b"[]]}\n" * 1, ""),
        ("a.jsonl", (b'{"model": "m", "question": "q", "x": [' + b"[]," * 9_000 + b"[]]}\n") * 200, "--memory"),
        ("a.json", b'[{"model": "m", "question": "q", "x": [' + b"[]," * 900_000 + b"[]]}]", "--memory"),
    ],
    ids=["sparse", "one line", "little", "many objects", "one array"],
)
def test_text_that_becomes_too_much_is_refused(tmp_path, name, content, words):
    from hotmess.responses.read import read

    (tmp_path / name).write_bytes(content)
    with limited(100_000_000), pytest.raises(BadInput, match=words or "no column|outcome"):
        read(tmp_path / name)
