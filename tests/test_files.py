"""Files and folders: whole or not at all, nothing left behind, nothing of others removed."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hotmess import files
from hotmess.errors import BadInput


class Stop(BaseException):
    pass


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


@pytest.mark.parametrize("failure", [Stop, KeyboardInterrupt, ValueError])
def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, failure):
    path = tmp_path / "a"
    files.write_bytes(path, b"old")
    with pytest.raises(failure), files.whole_file(path) as file:
        file.write(b"half")
        file.flush()
        assert path.read_bytes() == b"old" and len(names(tmp_path)) == 2
        raise failure
    assert path.read_bytes() == b"old" and names(tmp_path) == ["a"]
    files.write_text(path, "new \ud800")
    assert path.read_bytes() == b"new ?" and names(tmp_path) == ["a"]


def test_what_is_written_is_on_the_disk_before_it_takes_its_place(tmp_path, monkeypatch):
    done = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, real=real, name=name: (done.append(name), real(*a))[1])
    files.write_bytes(tmp_path / "a", b"x")
    assert done == ["fsync", "replace", "fsync"]


def test_permissions_and_links_stay(tmp_path):
    real = tmp_path / "real"
    real.write_bytes(b"old")
    real.chmod(0o640)
    (tmp_path / "link").symlink_to(real)
    files.write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink() and real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    before = os.umask(0o027)
    try:
        files.write_bytes(tmp_path / "fresh", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "no name"), ("a\0b", "no name"), ("x" * 300, "too long"), ("none/a", "No such file"), (".", "it is a folder"),
     ("/dev/null", "no regular file"), ("/proc/x", "cannot be written")],
)  # fmt: skip
def test_what_cannot_be_written_is_a_sentence(tmp_path, monkeypatch, name, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=words):
        files.write_bytes(name, b"x")
    assert names(tmp_path) == []


def test_a_full_disk_leaves_nothing(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(BadInput, match="File too large"):
            files.write_bytes(tmp_path / "a", b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"old"


KILLED = """
import os, signal, sys
from pathlib import Path
from hotmess import files
out = Path(sys.argv[1])
with files.{what}(out) as new:
    {write}
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(what: str, write: str, out: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED.format(what=what, write=write), str(out)])
    assert ended.returncode == -signal.SIGKILL


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    (tmp_path / ".a.12345678.part.txt").write_text("of somebody")
    (tmp_path / ".b.12345678.part").write_text("of another name")
    killed("whole_file", "new.write(b'half'); new.flush()", tmp_path / "a")
    assert len(names(tmp_path)) == 3
    files.write_bytes(tmp_path / "a", b"whole")
    assert names(tmp_path) == [".a.12345678.part.txt", ".b.12345678.part", "a"]
    killed("whole_folder", "(new / 'x').write_text('half')", tmp_path / "f")
    with files.whole_folder(tmp_path / "f") as new:
        (new / "x").write_text("whole")
    assert names(tmp_path) == [".a.12345678.part.txt", ".b.12345678.part", "a", "f"]


def test_what_another_is_writing_is_left_alone(tmp_path):
    with files.whole_file(tmp_path / "a") as one, files.whole_file(tmp_path / "a") as other:
        one.write(b"one")
        other.write(b"other")
        assert len(names(tmp_path)) == 2
    assert (tmp_path / "a").read_bytes() == b"one"  # the last to end
    with files.whole_folder(tmp_path / "f") as one, files.whole_folder(tmp_path / "f") as other:
        (one / "x").write_text("one")
        (other / "x").write_text("other")
    assert (tmp_path / "f" / "x").read_text() == "one" and names(tmp_path) == ["a", "f"]


@pytest.fixture(params=["one step", "two steps"])
def steps(request, monkeypatch):
    """Systems that exchange folders, and systems that do not."""
    if request.param == "two steps":
        monkeypatch.setattr(files, "exchange", lambda one, other: False)
    return request.param


def test_a_folder_is_replaced_whole(tmp_path, steps):
    for text in ("old", "new"):
        with files.whole_folder(tmp_path / "f") as new:
            (new / text).write_text(text)
    assert names(tmp_path) == ["f"] and names(tmp_path / "f") == ["new"]
    with pytest.raises(Stop), files.whole_folder(tmp_path / "f") as new:
        (new / "half").write_text("half")
        raise Stop
    assert names(tmp_path) == ["f"] and names(tmp_path / "f") == ["new"]


def test_a_folder_between_its_two_steps_is_put_back(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "exchange", lambda one, other: False)
    with files.whole_folder(tmp_path / "f") as new:
        (new / "old").write_text("old")
    os.rename(tmp_path / "f", tmp_path / ".f.0123abcd.old")  # as a process leaves it that ends here
    (tmp_path / ".f.89abcdef.part").mkdir()
    files.tidy(tmp_path / "f")
    assert names(tmp_path) == ["f"] and names(tmp_path / "f") == ["old"]
    (tmp_path / ".f.0123abcd.old").mkdir()  # and one that ends after the second step
    files.tidy(tmp_path / "f")
    assert names(tmp_path) == ["f"] and names(tmp_path / "f") == ["old"]


def test_a_rename_that_fails_leaves_the_earlier_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "exchange", lambda one, other: False)
    with files.whole_folder(tmp_path / "f") as new:
        (new / "old").write_text("old")
    real, calls = os.rename, []

    def rename(a, b):
        calls.append(b)
        if len(calls) == 2:
            raise OSError(errno.EIO, "Input/output error")
        real(a, b)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(BadInput, match="Input/output error"), files.whole_folder(tmp_path / "f") as new:
        (new / "new").write_text("new")
    assert names(tmp_path) == ["f"] and names(tmp_path / "f") == ["old"]


def test_a_folder_in_use_is_removed_by_the_last(tmp_path):
    folder = tmp_path / "kept"
    with files.shared_folder(folder):
        with files.shared_folder(folder):
            (folder / "x").write_text("x")
        assert (folder / "x").exists()
    assert names(tmp_path) == []
    with pytest.raises(Stop), files.shared_folder(folder):
        raise Stop
    assert names(tmp_path) == []  # it was empty
    with pytest.raises(Stop), files.shared_folder(folder):
        (folder / "x").write_text("x")
        raise Stop
    assert names(folder) == ["x"]
