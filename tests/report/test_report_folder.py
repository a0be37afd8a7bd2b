"""The folder: written whole or not at all, replaced only if it is a report."""

from __future__ import annotations

import json
import os

import pytest

from hotmess.errors import BadInput
from hotmess.report.folder import FORMAT, check, whole_folder


def write(folder, *, extra=()):
    names = ["report.html", *extra]
    for name in names:
        (folder / name).write_text("x")
    (folder / "results.json").write_text(json.dumps({"format": FORMAT, "files": [*names, "results.json"]}))


def test_new_folder_with_its_parents(tmp_path):
    out = tmp_path / "a" / "b"
    with whole_folder(out) as folder:
        write(folder)
        assert not out.exists()
    assert sorted(p.name for p in out.iterdir()) == ["report.html", "results.json"]
    assert os.listdir(out.parent) == ["b"]


def test_earlier_report_is_replaced_whole(tmp_path):
    out = tmp_path / "out"
    with whole_folder(out) as folder:
        write(folder, extra=["old.nc"])
    with whole_folder(out) as folder:
        write(folder)
    assert sorted(p.name for p in out.iterdir()) == ["report.html", "results.json"]
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, BadInput])
def test_interruption_leaves_the_earlier_report(tmp_path, interruption):
    out = tmp_path / "out"
    with whole_folder(out) as folder:
        write(folder, extra=["old.nc"])
    with pytest.raises(interruption), whole_folder(out) as folder:
        (folder / "half").write_text("x")
        raise interruption
    assert (out / "old.nc").exists()
    assert os.listdir(tmp_path) == ["out"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    with whole_folder(tmp_path / "out") as folder:
        write(folder)
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize(
    "content", ["{}", "[]", "not json", '{"format": "other", "files": []}', '{"format": "' + FORMAT + '"}']
)
def test_a_folder_of_others_is_refused(tmp_path, content):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(BadInput, match="other than a report"):
        check(tmp_path)
    assert (tmp_path / "results.json").read_text() == content


def test_files_of_others_in_a_report_are_not_lost(tmp_path):
    out = tmp_path / "out"
    with whole_folder(out) as folder:
        write(folder)
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(BadInput, match=r"thesis\.tex"), whole_folder(out) as folder:
        write(folder)
    assert (out / "thesis.tex").read_text() == "years of work"


def test_a_file_in_its_place_is_refused(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(BadInput, match="is a file"):
        check(tmp_path / "out")


def test_a_link_to_a_report_stays_a_link(tmp_path):
    with whole_folder(tmp_path / "real") as folder:
        write(folder, extra=["old.nc"])
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with whole_folder(tmp_path / "link") as folder:
        write(folder)
    assert (tmp_path / "link").is_symlink()
    assert not (tmp_path / "real" / "old.nc").exists()


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="cannot be written"), whole_folder(tmp_path / "file" / "out"):
        pass
