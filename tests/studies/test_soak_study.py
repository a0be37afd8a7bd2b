"""The soak's own eyes: what is gone, cut off or not as its command wrote it is seen."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import soak as study

import hotmess as hm


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    study.inputs(tmp_path)
    return tmp_path


def test_inputs_are_read_with_all_their_rows(folder: Path) -> None:
    for name, rows in study.KINDS.items():
        table = hm.read(folder / name).table
        assert len(table) == rows and table["model"].nunique() == 2 and table["question"].nunique() == 4


def test_what_is_whole_gone_or_cut_off_is_seen(folder: Path) -> None:
    seen: set[str] = set()
    assert study.whole(folder, seen) == [] and not seen
    table = pd.read_csv(folder / "t.csv")
    table.to_parquet(folder / "out.parquet")
    hm.fit(hm.read(folder / "t.csv"), draws=4, chains=2).save(str(folder / "out.nc"))
    assert study.whole(folder, seen) == [] and seen == {"out.parquet", "out.nc"}
    table.iloc[:-1].to_parquet(folder / "out.parquet")
    content = bytearray((folder / "out.nc").read_bytes())
    content[len(content) // 2 :] = b""
    (folder / "out.nc").write_bytes(bytes(content))
    wrong = study.whole(folder, seen)
    assert wrong[0] == "out.parquet is not whole" and wrong[1].startswith("out.nc is not whole: ") and len(wrong) == 2
    (folder / "out.parquet").unlink()
    assert study.whole(folder, seen)[0] == "out.parquet is gone"


def test_a_report_has_the_files_it_lists_and_an_end(folder: Path) -> None:
    out = folder / "out"
    out.mkdir()
    (out / "report.html").write_text("<html></html>\n")
    (out / "results.json").write_text(json.dumps({"files": ["report.html", "results.json"]}))
    assert study.report_is_whole(out)
    (out / "report.html").write_text("<html>")
    assert not study.report_is_whole(out)
    (out / "report.html").write_text("<html></html>")
    (out / "more.csv").write_text("")
    assert not study.report_is_whole(out)


@pytest.mark.parametrize(
    ("end", "code", "said", "right"),
    [
        ("killed", -signal.SIGKILL, "", True),
        ("killed", 2, "hotmess: no", False),
        ("interrupted", 130, "hotmess: interrupted", True),
        ("interrupted", 1, "Traceback: hotmess", False),
        ("interrupted", 1, "KeyboardInterrupt", True),
        ("left alone", 0, "", True),
        ("left alone", 130, "hotmess", False),
    ],
)
def test_a_command_ends_as_it_was_made_to(tmp_path: Path, end: str, code: int, said: str, right: bool) -> None:
    with open(tmp_path / "said", "w+b") as file:
        file.write(said.encode())
        file.flush()
        found = study.ended(SimpleNamespace(returncode=code), {"command": "fit", "end": end, "said": file})  # type: ignore[arg-type]
    assert (found == []) is right and not (tmp_path / "said").exists()
