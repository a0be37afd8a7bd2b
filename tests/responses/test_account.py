"""The account of files: read, passed over for a reason, or damaged; none left unnamed."""

from __future__ import annotations

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from hotmess.cli import main
from hotmess.errors import BadInput, Damaged
from hotmess.responses.read import read


def rows(model: str, **more) -> pd.DataFrame:
    return pd.DataFrame({"model": model, "question": ["q", "q", "r"], "sample": [0, 1, 0], "score": [1, 0, 1]} | more)


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "runs"
    (home / "in").mkdir(parents=True)
    rows("a").to_parquet(home / "a.parquet")
    rows("b").to_csv(home / "in" / "b.csv", index=False)
    return home


def test_every_file_is_named_with_its_rows_or_the_reason(folder):
    (folder / "README.md").write_text("Runs, of a and b\n")
    (folder / "sizes.csv").write_text("model,size\na,1\n")
    (folder / "notes.txt").write_text("nothing\n")
    (folder / "_SUCCESS").write_text("")
    (folder / ".hidden").write_text("x")
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to(folder / "in")
    got = read(folder)
    assert len(got) == 6
    said = " ".join(got.notes)
    for words in (
        "Rows of each table: a.parquet (3), in/b.csv (3)",
        "Passed over, of no known format: README.md, notes.txt",
        "Passed over, no response table (it lacks question, score): sizes.csv",
        "Passed over, empty: _SUCCESS",
        "Passed over, a named pipe (FIFO): pipe",
        "Passed over, a link to a folder: link",
        "1 hidden file was not looked at",
    ):
        assert words in said, (words, got.notes)


def test_a_usual_name_is_guessed_and_said(folder):
    rows("c").rename(columns={"question": "Question", "score": "is_correct"}).to_csv(folder / "c.csv", index=False)
    got = read(folder)
    assert set(got.table["model"]) == {"a", "b", "c"}
    assert any("c.csv that go by another name were taken: question from 'Question', score from" in n for n in got.notes)


def test_damaged_files_stop_the_command_all_of_them_named_unless_skipped(folder, capsys):
    whole = (folder / "a.parquet").read_bytes()
    (folder / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.parquet").write_bytes(b"")
    (folder / "latin.csv").write_bytes("model,question,score\nm,é,1\n".encode("latin-1"))
    with pytest.raises(Damaged) as refusal:
        read(folder)
    for name in ("cut.parquet", "empty.parquet", "latin.csv", "--skip-damaged"):
        assert name in str(refusal.value)
    got = read(folder, skip_damaged=True)
    assert len(got) == 6 and sum("Left out as damaged" in note for note in got.notes) == 1
    assert main(["decompose", str(folder), "--skip-damaged"]) == 0
    assert "Left out as damaged" in capsys.readouterr().err
    for name in ("a.parquet", "in/b.csv"):
        (folder / name).unlink()
    with pytest.raises(Damaged, match="mend or remove"):
        read(folder, skip_damaged=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_stops_the_command(folder):
    (folder / "in").chmod(0)
    try:
        with pytest.raises(Damaged, match="Permission denied"):
            read(folder)
    finally:
        (folder / "in").chmod(0o700)


def test_a_folder_that_cannot_be_read_stops_the_command(folder, monkeypatch):
    from pathlib import Path

    there = Path.iterdir

    def refuse(self):
        if self.name == "in":
            raise PermissionError(13, "Permission denied", str(self))
        return there(self)

    def refuse_inside(self, **how):
        if self.parent.name == "in":
            raise PermissionError(13, "Permission denied", str(self))
        return looked(self, **how)

    looked = Path.stat
    monkeypatch.setattr(Path, "iterdir", refuse)
    monkeypatch.setattr(Path, "stat", refuse_inside)
    with pytest.raises(Damaged, match=r"^\S*/in cannot be read: Permission denied"):
        read(folder)
    assert len(read(folder, skip_damaged=True)) == 3


def test_what_is_no_file_is_named_as_what_it_is(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match=r"named pipe \(FIFO\), not a regular file"):
        read(tmp_path / "pipe")
    with pytest.raises(BadInput, match="a device, not a regular file"):
        read("/dev/zero")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="a link to a file that is not there"):
        read(tmp_path / "gone")


def test_tables_of_different_outcomes_share_one_or_ask(tmp_path):
    letters = rows("a", answer=["A", "B", "A"], target="A", n_choices=4).drop(columns="score")
    letters.to_parquet(tmp_path / "letters.parquet")
    rows("b").to_parquet(tmp_path / "scores.parquet")
    with pytest.raises(BadInput, match=r"letters in letters\.parquet; scores in scores\.parquet, and share none"):
        read(tmp_path)
    assert read(tmp_path, where="model = 'a'").outcome == "answer"
    got = read(tmp_path, outcome="score")
    assert (got.outcome, len(got)) == ("score", 3) and any(
        "3 responses without the outcome score" in n for n in got.notes
    )
    letters.assign(score=1.0).to_parquet(tmp_path / "letters.parquet")
    assert (read(tmp_path).outcome, len(read(tmp_path))) == ("score", 6)


def test_an_option_of_logs_is_refused_where_no_log_is(folder):
    with pytest.raises(BadInput, match="--scorer chooses inside logs, and no log was read"):
        read(folder, scorer="exact")
    with pytest.raises(BadInput, match="--model gpt names the model of logs and tables that do not say it"):
        read(folder, model="gpt")
    with pytest.raises(BadInput, match="There is no column 'prompt' to merge"):
        read(folder, merge="prompt")
    with pytest.raises(BadInput, match="in the column completion"):
        read(folder, tokenizer="none.json")


def test_model_fills_the_column_that_a_table_lacks(tmp_path):
    rows("m").drop(columns="model").to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(BadInput, match=r"lacks the column model .*--column model=ITS_NAME.*--set model=VALUE"):
        read(tmp_path / "a.csv")
    assert set(read(tmp_path / "a.csv", model="gpt").table["model"]) == {"gpt"}


@pytest.fixture
def served(folder):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.filterwarnings("ignore")
def test_a_table_at_an_address_of_the_web(served):
    pytest.importorskip("aiohttp")
    assert len(read(f"{served}/a.parquet")) == 3
    with pytest.raises(BadInput, match=r"There is nothing at http|cannot be read"):
        read(f"{served}/none.parquet")


def test_folders_at_an_address_keep_their_names(folder):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    home = "/hotmess-test/model=c/x"
    memory.makedirs(home, exist_ok=True)
    with memory.open(f"{home}/p.csv", "wb") as file:
        file.write(rows("c").drop(columns="model").to_csv(index=False).encode())
    try:
        got = read("memory://hotmess-test")
        assert set(got.table["model"]) == {"c"} and len(got) == 3
        with pytest.raises(BadInput, match="There is nothing at memory://hotmess-none"):
            read("memory://hotmess-none/x.csv")
    finally:
        memory.rm("/hotmess-test", recursive=True)


def test_a_file_system_that_is_not_installed_names_the_extra(monkeypatch):
    fsspec = pytest.importorskip("fsspec")

    def missing(_):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(BadInput, match=r"Install s3fs to access S3.*pip install 'hotmess\[s3\]'"):
        read("s3://bucket/x.parquet")
    monkeypatch.undo()
    with pytest.raises(BadInput, match="No file system is known for"):
        read("nosuch://x/y.parquet")
