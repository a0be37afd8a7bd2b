"""Failures of the world: one sentence and 2; and 1 is said by nothing but --strict."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hotmess import cli
from hotmess.cli import main
from hotmess.errors import BadInput

HOTMESS = [sys.executable, "-m", "hotmess"]


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "model": np.repeat(["small", "lar\x1b]0;title\x07\u202ege"], 60),
            "question": np.tile(np.repeat([f"q{i}" for i in range(6)], 10), 2),
            "sample": np.tile(np.arange(10), 12),
            "answer": rng.integers(0, 4, 120),
            "target": 0,
            "n_choices": 4,
        }
    )
    path = tmp_path / "t.parquet"
    frame.to_parquet(path)
    return path


def shell(words: str, **more) -> subprocess.CompletedProcess[str]:
    command = " ".join(HOTMESS)
    return subprocess.run(["bash", "-c", words.replace("hotmess", command, 1)], capture_output=True, text=True, **more)


@pytest.mark.parametrize(
    "words",
    ["hotmess claims > /dev/full", "hotmess claims --json >&-", "hotmess claims --help > /dev/full", "hotmess >&-"],
)
def test_output_that_cannot_be_written(words):
    ended = shell(words)
    assert ended.returncode == 2
    assert ended.stderr.startswith("hotmess: The output cannot be written to stdout: ")
    assert ended.stderr.count("\n") == 1


def test_json_alone_on_stdout_though_stderr_is_closed(table):
    ended = shell(f"hotmess decompose {table} --json 2>&-")
    assert ended.returncode == 0
    assert [record["questions"] for record in json.loads(ended.stdout)] == [6, 6]


def test_no_file_takes_the_number_of_a_closed_stream(table, tmp_path):
    ended = shell(f"hotmess read {table} --out {tmp_path}/out.parquet 2>&- >&-")
    assert ended.returncode == 0
    assert len(pd.read_parquet(tmp_path / "out.parquet")) == 120


def test_a_reader_that_goes_away_does_not_lose_the_verdict():
    program = (
        "import argparse; from hotmess import cli\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.set_defaults(run=lambda _: [print('x' * 99) for _ in range(9999)] and 1)\n"
        "cli.frame = lambda _: parser\n"
        "import sys; sys.argv = ['hotmess']; cli.entry()\n"
    )
    ended = subprocess.run(
        ["bash", "-c", '"$0" -c "$1" | head -1; echo ${PIPESTATUS[0]}', sys.executable, program],
        capture_output=True, text=True,
    )  # fmt: skip
    assert ended.stdout.splitlines() == ["x" * 99, "1"] and ended.stderr == ""


def test_text_of_others_is_shown_and_not_obeyed(table, capfd):
    assert main(["decompose", str(table)]) == 0
    assert main(["decompose", str(table), "--json"]) == 0
    assert main(["compare", str(table), "--models", "nope\x1b[2J,small"]) == 2
    out, err = capfd.readouterr()
    assert "lar\\x1b]0;title\\x07\\u202ege" in out and "lar\\u001b]0;title\\u0007\\u202ege" in out
    assert "nope\\x1b[2J" in err
    assert not set("\x1b\x07\u202e") & set(out + err)
    start = out.index("[\n")
    assert {record["model"] for record in json.loads(out[start:])} == {"small", "lar\x1b]0;title\x07\u202ege"}


def test_a_name_of_several_lines_is_one_line(table, capfd):
    assert main(["decompose", str(table), "--where", "model = 'a\nhotmess: all is well'"]) == 2
    err = capfd.readouterr().err
    assert err.count("\n") == 1 and r"a\nhotmess: all is well" in err


def test_a_locale_without_the_letters(table):
    ended = shell(f"hotmess decompose {table} --by question --json", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ended.returncode == 0 and len(json.loads(ended.stdout)) == 6
    ended = shell("hotmess claims", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ended.returncode == 0 and "bias\\xb2" in ended.stdout


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (OSError(28, "No space left on device", "/x/y"), "'/x/y' cannot be used: No space left on device."),
        (PermissionError(13, "Permission denied"), "A file cannot be used: Permission denied."),
        (MemoryError(), "There is not enough memory for this"),
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 10 bytes"), "There is not enough memory"),
        (type("OutOfMemoryException", (Exception,), {})("Out of Memory Error\nmore"), "There is not enough memory"),
        (BadInput("One\nline."), r"One\nline."),
    ],
)
def test_what_the_world_does_is_a_sentence(monkeypatch, capsys, failure, words):
    def run(_):
        raise failure

    parser = cli.frame()
    parser.set_defaults(run=run)
    monkeypatch.setattr(cli, "frame", lambda _: parser)
    assert main([]) == 2
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


def test_a_fault_of_ours_shows_itself_and_is_no_verdict():
    program = (
        "import argparse; from hotmess import cli\n"
        "parser = argparse.ArgumentParser(); parser.set_defaults(run=lambda _: 1 / 0)\n"
        "cli.frame = lambda _: parser\n"
        "import sys; sys.argv = ['hotmess']; cli.entry()\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 2 and "ZeroDivisionError" in ended.stderr


@pytest.mark.parametrize("said", [None, "2"])
def test_linear_algebra_has_one_thread_unless_the_environment_says_how_many(said):
    program = (
        "import argparse, os, sys; from hotmess import cli\n"
        "assert 'numpy' not in sys.modules  # it counts its threads when it is loaded\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.set_defaults(run=lambda _: print(os.environ['OPENBLAS_NUM_THREADS']) or 0)\n"
        "cli.frame = lambda _: parser\n"
        "sys.argv = ['hotmess']; cli.entry()\n"
    )
    others = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    own = {} if said is None else {"OPENBLAS_NUM_THREADS": said}
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=others | own)
    assert ended.stdout.strip() == (said or "1"), ended.stderr


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="this C library keeps memory by rules of its own")
def test_memory_of_arrays_that_come_and_go_is_kept():
    """Pages that are asked for anew are cleared again: of 100 times 80 MB only the first is."""
    program = (
        "import argparse, resource, sys; from hotmess import cli\n"
        "def run(_):\n"
        "    import numpy as np\n"
        "    for _ in range(100): [np.ones(20_000_000, np.int8) for _ in range(4)]\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt * resource.getpagesize() // 80_000_000)\n"
        "parser = argparse.ArgumentParser(); parser.set_defaults(run=run); cli.frame = lambda _: parser\n"
        "sys.argv = ['hotmess']; cli.entry()\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert int(ended.stdout) < 10, (ended.stdout, ended.stderr)


@pytest.mark.parametrize("seed", ["-1", "4294967296", "1.5", "x"])
@pytest.mark.parametrize("command", ["test", "decompose", "fit", "report", "compare", "design"])
def test_seeds(table, command, seed, capsys):
    with pytest.raises(SystemExit) as stop:
        main(
            [command, str(table), f"--seed={seed}", "--out", "x", "--claim", "x"][: None if command in ("fit",) else 3]
        )
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_no_home_is_no_cache(monkeypatch):
    from hotmess.home import bear_no_home, cache_folder
    from hotmess.responses.formats import cache

    def home() -> Path:
        if "HOME" not in os.environ:
            raise RuntimeError("Could not determine home directory.")
        return Path(os.environ["HOME"])

    for name in ("HOME", "XDG_CACHE_HOME", "HOTMESS_NO_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", home)
    assert cache_folder() is None and cache.folder() is None
    cache.save("x", pd.DataFrame({"a": [1]}))
    assert cache.load("x") is None and cache.prune() == 0
    bear_no_home()
    assert Path.home() == Path(os.devnull)
    cache.save("x", pd.DataFrame({"a": [1]}))
    assert cache.load("x") is None and cache.prune() == 0
    monkeypatch.setenv("HOTMESS_NO_CACHE", "1")
    assert cache_folder() is None


def test_memory_is_one_setting(table, monkeypatch, capsys):
    from hotmess import limits

    seen = []
    monkeypatch.setattr("hotmess.commands.decompose.read_table", lambda *a, **k: seen.append(limits.memory()) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["decompose", str(table), "--memory", "3GB"])
    assert seen == [3_000_000_000]
    with pytest.raises(SystemExit):
        main(["decompose", str(table), "--memory", "little"])
    said = capsys.readouterr().err
    assert "is not a size: give a number" in said and said.count("--memory") == 1


def test_too_few_addresses_for_the_libraries(monkeypatch, capsys):
    monkeypatch.setattr("hotmess.limits.of_process", lambda: 1_200_000_000)
    assert main(["claims"]) == 2
    assert "1.2 GB of addresses (ulimit -v), and needs 2.5 GB" in capsys.readouterr().err
