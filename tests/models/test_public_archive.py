"""Runs in an archive, made up here: read where they lie, and refused where they are damaged."""

import csv
import doctest
import io
import tarfile

import pytest
from public_sources import llm_stability
from public_sources.clones import Clone

from hotmess.errors import BadInput

HEAD = ("model", "task", "rubric_id", "gt", "run", "response")


def archive(folder, rows, *, member="runs/a/gpt-0.csv", size=None):
    """A clone whose archive holds one table; `size` is what the archive says of its bytes."""
    text = io.StringIO()
    csv.writer(text).writerows([HEAD, *rows])
    content = text.getvalue().encode()
    file = folder / llm_stability.RUNS
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w:gz") as tar:
        info = tarfile.TarInfo(member)
        info.size = len(content) if size is None else size
        tar.addfile(info, io.BytesIO(content if size is None else content.ljust(size)))
    return Clone(folder, "someone/somewhere")


def test_responses_of_an_archive(tmp_path):
    rows = [
        ("gpt", "ruin_names", "3", "(D)", "4", '{"Answer":"D"}'),
        ("gpt", "ruin_names", "3", "(D)", "0", '{"Answer":"(B) whitesnapke"}'),
        ("gpt", "ruin_names", "3", "(D)", "1", '{"Answer":'),
        ("gpt", "navigate", "9", "No", "0", '{"Answer":"Yes"}'),
        ("gpt", "ruin_names", "4", "wasn\u2019t", "0", '{"Answer":"D"}'),
        ("gpt", "tables", "4", "(A)", "0", '{"Answer":"A"}'),
    ]
    clone = archive(tmp_path, rows)
    names = ("benchmark", "question", "sample", "answer", "target", "n_choices")
    assert [tuple(row[name] for name in names) for row in llm_stability.rows(clone)] == [
        ("llm-stability:ruin_names", "ruin_names:3", 4, 3, 3, 4),
        ("llm-stability:ruin_names", "ruin_names:3", 0, 1, 3, 4),
        ("llm-stability:ruin_names", "ruin_names:3", 1, -1, 3, 4),
        ("llm-stability:navigate", "navigate:9", 0, 0, 1, 2),
    ]
    assert dict(clone.left) == {
        "responses of other tasks": 1,
        "responses to questions whose gold answer is none of the options": 1,
    }


def test_a_damaged_archive_is_said(tmp_path, monkeypatch):
    one = ("gpt", "navigate", "9", "No", "zero", '{"Answer":"Yes"}')
    with pytest.raises(BadInput, match=r"gpt-0.csv, row 1: 'run' must be a whole number"):
        list(llm_stability.rows(archive(tmp_path, [one])))
    clone = archive(tmp_path, [one[:4]])
    with pytest.raises(BadInput, match=r"row 1: 'response' must be a text"):
        list(llm_stability.rows(clone))
    with pytest.raises(BadInput, match=r"strict_json_schema/runs.tgz is damaged or cut off: 'field larger"):
        list(llm_stability.rows(archive(tmp_path, [(*one[:5], "x" * 200_000)])))
    file = tmp_path / llm_stability.RUNS
    whole = file.read_bytes()
    for content in (b"no archive", whole[: len(whole) // 2]):
        file.write_bytes(content)
        with pytest.raises(BadInput, match=r"strict_json_schema/runs.tgz is damaged or cut off"):
            list(llm_stability.rows(clone))
    monkeypatch.setattr(llm_stability, "LARGEST", 1000)
    with pytest.raises(BadInput, match=r"'gpt-0.csv' is larger than a table of runs can be"):
        list(llm_stability.rows(archive(tmp_path, [one], size=1001)))


def test_examples_of_the_archive_run():
    found = doctest.testmod(llm_stability)
    assert found.attempted and not found.failed
