"""Finding readers by content, formats of one's own, folders, the cache."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pandas as pd
import pytest
from make_logs import lm_record, swe_report, write_lm_eval, write_swe

from hotmess.errors import BadInput
from hotmess.responses.formats import cache, find, forget, read, read_logs, readers, register


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "hotmess" / "logs"


@pytest.fixture
def own_format():
    """A format of one's own, in three lines; the numbers of its calls are kept."""
    calls: list[Path] = []

    @register("own", sniff=lambda path, head: head.startswith(b"#own"))
    def read_own(path, options):
        calls.append(path)
        return pd.read_csv(path, comment="#")

    yield calls
    forget("own")


OWN = "#own\nmodel,question,answer,target,n_choices\nm,q,0,1,2\nm,q,1,1,2\n"


def test_a_format_of_ones_own(own_format, tmp_path):
    (tmp_path / "x.dat").write_text(OWN)
    table, notes = read_logs(tmp_path)
    assert table["answer"].tolist() == [0, 1] and table["sample"].tolist() == [0, 1]
    assert (table["benchmark"] == "all").all()
    assert notes == ("2 responses read from 1 log (own).",)


def test_ones_own_format_is_asked_first(own_format, tmp_path):
    write_lm_eval(tmp_path, [lm_record(0)])

    @register("mine", sniff=lambda path, head: b"doc_id" in head)
    def read_mine(path, options):
        return pd.DataFrame({"model": ["m"], "question": ["q"], "score": [0.5]})

    try:
        assert [reader.name for reader, _ in find(tmp_path)] == ["mine"]
    finally:
        forget("mine")
    assert [reader.name for reader, _ in find(tmp_path)] == ["lm-evaluation-harness"]
    assert "mine" not in [reader.name for reader in readers()]


def test_formats_may_be_mixed_and_folders_are_walked(own_format, tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "x.dat").write_text(OWN.replace("answer,target,n_choices", "score,u,v"))
    (tmp_path / "deep" / ".hidden.dat").write_text(OWN)
    (tmp_path / "notes.txt").write_text("nothing")
    write_lm_eval(tmp_path / "lm", [lm_record(q) for q in range(3)])
    write_swe(tmp_path, "r", "m", "i-1", swe_report("i-1", {"x": True}, {}))
    names = [reader.name for reader, _ in find(tmp_path)]
    assert sorted(names) == ["lm-evaluation-harness", "own", "swe-bench"]
    table, notes = read_logs(tmp_path)
    assert len(table) == 6 and table["score"].notna().all() and "text" not in table and "tests" not in table
    assert "1 file of no known format passed over (notes.txt)." in notes
    assert any("the graded score is the outcome they share" in note for note in notes)


def test_results_beside_samples_are_no_strangers(tmp_path):
    write_lm_eval(tmp_path, [lm_record(0)])
    assert not any("no known format" in note for note in read_logs(tmp_path)[1])


def test_outcomes_that_share_nothing_must_be_chosen(own_format, tmp_path):
    (tmp_path / "x.dat").write_text(OWN)
    write_lm_eval(tmp_path, [lm_record(q) for q in range(3)])
    with pytest.raises(
        BadInput, match=r"letters in all; free text in gsm8k, and share none: .* choose one with --outcome"
    ):
        read_logs(tmp_path)
    table, notes = read_logs(tmp_path, outcome="answer")
    assert len(table) == 2 and "3 responses without the outcome answer are left out." in notes
    assert len(read_logs(tmp_path, outcome="text")[0]) == 3
    with pytest.raises(BadInput, match="hold no outcome 'tests', only letters in all"):
        read_logs(tmp_path, outcome="tests")


@pytest.mark.parametrize("drop", ["model", "question"])
def test_a_reader_that_returns_no_response_table_is_named(own_format, tmp_path, drop):
    (tmp_path / "x.dat").write_text(OWN.replace(drop, "other"))
    with pytest.raises(BadInput, match=f"The reader 'own' returned a table without the column {drop}"):
        read_logs(tmp_path / "x.dat")


def test_paths_that_hold_nothing_are_refused(tmp_path):
    with pytest.raises(BadInput, match="There is no file or folder"):
        read_logs(tmp_path / "missing")
    with pytest.raises(BadInput, match=r"The folder .* holds no log of a known format \(inspect"):
        read_logs(tmp_path)
    (tmp_path / "empty.eval").write_bytes(b"")
    with pytest.raises(BadInput, match=r"The file .* holds no log of a known format"):
        read_logs(tmp_path / "empty.eval")
    with pytest.raises(BadInput, match="No path was given"):
        read_logs([])
    assert find(tmp_path) == []


def test_a_log_named_twice_is_read_once(own_format, tmp_path):
    (tmp_path / "x.dat").write_text(OWN)
    assert len(read_logs([tmp_path / "x.dat", tmp_path, str(tmp_path / "x.dat")])[0]) == 2


def test_links_to_folders_are_not_followed(own_format, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "x.dat").write_text(OWN)
    (tmp_path / "logs" / "loop").symlink_to(tmp_path / "logs", target_is_directory=True)
    assert len(find(tmp_path / "logs")) == 1


# ---- the cache ----


def test_a_second_read_comes_from_the_cache(own_format, own_cache, tmp_path):
    path = tmp_path / "x.dat"
    path.write_text(OWN)
    first, notes = read_logs(path)
    second, again = read_logs(path)
    assert len(own_format) == 1 and len(list(own_cache.glob("*.parquet"))) == 1
    pd.testing.assert_frame_equal(first, second)
    assert notes == again


def test_a_cached_log_keeps_its_accounts(own_cache, tmp_path):
    write_swe(tmp_path, "r", "m", "i-1", swe_report("i-1", {"x": True}, {"k": False}))
    write_swe(tmp_path, "r", "m", "i-2", None)
    first, notes = read_logs(tmp_path)
    second, again = read_logs(tmp_path)
    assert notes == again and any("broke off" in note for note in notes)
    assert [list(one) for one in first["tests"]] == [list(one) for one in second["tests"]] == [[1, 0]]


def test_a_changed_log_is_read_again(own_format, own_cache, tmp_path):
    path = tmp_path / "x.dat"
    path.write_text(OWN)
    read_logs(path)
    path.write_text(OWN + "m,r,0,0,2\n")
    assert len(read_logs(path)[0]) == 3 and len(own_format) == 2
    stat = path.stat()
    path.write_text(OWN + "m,r,1,0,2\n")  # the same size
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert read_logs(path)[0]["answer"].tolist() == [0, 1, 1] and len(own_format) == 3


def test_a_log_whose_time_and_size_were_set_back_is_read_again(own_format, own_cache, tmp_path):
    path = tmp_path / "x.dat"
    path.write_text(OWN)
    read_logs(path)
    stat = path.stat()
    path.write_text(OWN.replace("m,q,1,1,2", "m,q,0,1,2"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    assert read_logs(path)[0]["answer"].tolist() == [0, 0] and len(own_format) == 2


def test_a_log_that_changes_while_it_is_read_is_not_kept(own_format, own_cache, tmp_path):
    path = tmp_path / "x.dat"
    path.write_text(OWN)
    reader = next(reader for reader in readers() if reader.name == "own")

    def slow(log, options):
        frame = reader.read(log, options)
        path.write_text(OWN + "m,r,0,0,2\n")
        return frame

    register("own", sniff=reader.sniff)(slow)
    read_logs(path)
    assert not list(own_cache.glob("*.parquet"))


def test_options_and_versions_are_part_of_the_key(own_format, tmp_path):
    path = tmp_path / "x.dat"
    path.write_text(OWN)
    read_logs(path)
    read_logs(path, completions=True)
    assert len(own_format) == 2
    reader = next(reader for reader in readers() if reader.name == "own")
    register("own", sniff=reader.sniff, version=2)(reader.read)
    read_logs(path)
    assert len(own_format) == 3
    read_logs(path, cache=False)
    assert len(own_format) == 4


def test_results_beside_samples_are_part_of_the_key(tmp_path):
    write_lm_eval(tmp_path, [lm_record(0)])
    assert read_logs(tmp_path)[0]["model"].tolist() == ["org/model-1b"]
    results = next(tmp_path.glob("results_*"))
    results.write_text(results.read_text().replace("org/model-1b", "org/other-22b"))
    assert read_logs(tmp_path)[0]["model"].tolist() == ["org/other-22b"]


def test_a_cache_that_cannot_be_used_does_no_harm(own_format, own_cache, tmp_path, monkeypatch):
    path = tmp_path / "x.dat"
    path.write_text(OWN)
    read_logs(path)
    for file in own_cache.glob("*.parquet"):
        file.write_bytes(b"no parquet")
    assert len(read_logs(path)[0]) == 2 and len(own_format) == 2
    monkeypatch.setenv("XDG_CACHE_HOME", str(path))  # a file, so that nothing can be written below
    assert len(read_logs(path)[0]) == 2


def test_old_files_are_removed(own_format, own_cache, tmp_path):
    path = tmp_path / "x.dat"
    path.write_text(OWN)
    read_logs(path)
    stat = next(own_cache.glob("*.parquet")).stat()
    assert cache.prune(now=stat.st_mtime + 59 * 86_400) == 0
    assert cache.prune(now=stat.st_mtime + 61 * 86_400) == 1
    assert not list(own_cache.glob("*.parquet"))


def test_the_cache_folder_follows_the_platform(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr("sys.platform", "linux")
    assert cache.folder() == Path.home() / ".cache" / "hotmess" / "logs"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache.folder() == Path.home() / "Library" / "Caches" / "hotmess" / "logs"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert cache.folder() == Path("/local/hotmess/logs")


# ---- progress ----


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_drawn_on_a_terminal_alone(own_format, tmp_path, monkeypatch, capsys):
    for name in "ab":
        (tmp_path / f"{name}.dat").write_text(OWN)
    read_logs(tmp_path)
    assert capsys.readouterr() == ("", "")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    read_logs(tmp_path)
    assert "Reading logs" in terminal.getvalue() and capsys.readouterr().out == ""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    read_logs(tmp_path, progress=False)
    assert terminal.getvalue() == ""


def test_notes_of_readers_are_passed_on(tmp_path):
    @register("noted", sniff=lambda path, head: head.startswith(b"#noted"))
    def read_noted(path, options):
        table = pd.DataFrame({"model": ["m"], "question": [path.stem], "score": [0.5]})
        table.attrs["counts"] = {"rows left out: no reason": 2}
        table.attrs["notes"] = ["A sentence."]
        return table

    try:
        for name in "ab":
            (tmp_path / name).write_text("#noted")
        _, notes = read_logs(tmp_path)
    finally:
        forget("noted")
    assert "4 rows left out: no reason." in notes and notes.count("A sentence.") == 1
    assert json.dumps(notes) and read.Paths
