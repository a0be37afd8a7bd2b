"""Interruption ends everything, with 130, and leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import os, sys, time, types
from pathlib import Path
from hotmess import cli, files, interrupt
interrupt.PATIENCE = 0.3

def command(args):
    print("ready", flush=True)
    {body}

def frame(_):
    import argparse
    parser = argparse.ArgumentParser()
    parser.set_defaults(run=command)
    return parser

cli.frame = frame
sys.argv = ["hotmess"]
cli.entry()
"""

BODIES = {
    "python": "time.sleep(60)",
    "swallowed": """
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        time.sleep(60)
""",
    "turned into another error": """
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        raise RuntimeError("Query interrupted") from None
""",
    "in compiled code": """
    import ctypes
    ctypes.CDLL(None).pause()
    while True:
        ctypes.CDLL(None).sleep(1)
""",
    "while writing": """
    with files.whole_file(Path("x")) as file, files.whole_folder(Path("f")) as folder:
        (folder / "y").write_text("half")
        file.write(b"half")
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            time.sleep(60)
""",
    "in an import": """
    sys.path.insert(0, os.getcwd())
    import slow
""",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_it_ends_whatever_runs(tmp_path, body):
    if "import slow" in body:
        (tmp_path / "slow.py").write_text(
            "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    crash\n"
        )
    before = set(os.listdir(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "hotmess: interrupted.\n")
    assert set(os.listdir(tmp_path)) - {"__pycache__"} == before


def test_where_interruptions_are_ignored_they_stay_ignored():
    program = (
        "import os, signal; from hotmess.interrupt import heeded\n"
        "with heeded(watch=True): os.kill(os.getpid(), signal.SIGINT)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
    )
    assert ended.returncode == 0
