"""`hotmess report` from the shell."""

from __future__ import annotations

import importlib
import json
from argparse import Namespace

import pytest

from hotmess.cli import main
from hotmess.commands.report import study_code


@pytest.fixture
def scores(table, tmp_path):
    data = table(models=2, questions=8, samples=4).drop(columns=["answer", "target", "n_choices"])
    data["score"] = (data["sample"] % 3) / 2
    data.to_parquet(tmp_path / "scores.parquet")
    return tmp_path / "scores.parquet"


@pytest.mark.slow
def test_writes_a_report_and_says_where(scores, tmp_path, capsys, monkeypatch):
    out = tmp_path / "mine"
    words = ["report", str(scores), "--out", str(out), "--where", "sample < 3", "--draws", "40", "--interval", "0.8"]
    monkeypatch.setattr("sys.argv", ["hotmess", *words])
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{out / 'report.html'} is written." in said.err
    results = json.loads((out / "results.json").read_text())
    assert results["command"] == f"hotmess report {scores} --out {out} --where 'sample < 3' --draws 40 --interval 0.8"
    assert any("were left out by --where" in note for note in results["notes"])
    assert results["settings"]["interval"] == 0.8
    assert results["settings"]["metric"] == "score" and len(results["verdicts"]) > 9
    assert main(words) == 0  # its own report it replaces


def test_refuses_a_folder_of_others_before_any_work(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("x")
    assert main(["report", "no-such-file.parquet", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "other than a report" in said
    assert said.count("\n") == 1


def test_an_interruption_leaves_everything_as_it_was(scores, tmp_path, capsys, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("hotmess.report.build"), "render", interrupted)
    assert main(["report", str(scores), "--out", str(tmp_path / "mine"), "--draws", "40"]) == 130
    assert f"interrupted; nothing was written to {tmp_path / 'mine'}." in capsys.readouterr().err
    # Beside what was there, only the fits that are finished.
    assert {p.name for p in tmp_path.iterdir()} - {".mine.fits"} == {"scores.parquet"}
    (tmp_path / "mine").mkdir()
    assert main(["report", str(scores), "--out", str(tmp_path / "mine"), "--draws", "40"]) == 130
    assert f"interrupted; {tmp_path / 'mine'} is as it was." in capsys.readouterr().err


def test_the_same_command_goes_on_from_finished_fits(table, tmp_path, monkeypatch):
    from hotmess.inference import resume, store
    from hotmess.report import build, sections

    monkeypatch.setattr(resume, "WORTH", 0.0)

    table(models=1, questions=30, samples=6).to_parquet(tmp_path / "t.parquet")
    words = ["report", str(tmp_path / "t.parquet"), "--out", str(tmp_path / "mine"), "--draws", "120"]
    words += ["--claim", "incoherence-rises-with-length"]
    fits, saved, save = tmp_path / ".mine.fits", [], store.save_tree
    monkeypatch.setattr(sections, "SECTIONS", [s for s in sections.SECTIONS if s[0] == "models"])
    monkeypatch.setattr(store, "save_tree", lambda tree, path: (saved.append(path), save(tree, path))[1])

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as first:
        first.setattr(build, "render", interrupted)
        assert main(words) == 130
    finished = {p.name for p in fits.iterdir()}
    assert {name.split("-")[0] for name in finished} >= {"grid_tree", "sample_length_laws"}
    saved.clear()
    assert main(words) == 0
    assert saved and not any(p.parent == fits for p in saved)  # the report's own posteriors, and no fit again
    assert not fits.exists() and (tmp_path / "mine" / "results.json").exists()


def test_the_code_in_the_page_makes_the_same_study(scores):
    import hotmess
    from hotmess.claims.study import Study
    from hotmess.responses.read import read

    given = Namespace(
        files=[str(scores)],
        where="question <> 'q''1'",
        outcome=None,
        length="tokens",
        canonical=None,
        embedder=None,
        scorer=None,
        filter=None,
        tokenizer=None,
        model=None,
        merge=None,
        column=["tokens=reasoning_tokens"],
        allow_copies=True,
        difficulty=None,
        reference="m-1b",
        groups=2,
    )
    responses = read([str(scores)], where=given.where, columns={"tokens": "reasoning_tokens"}, allow_copies=True)
    study = Study(responses, groups=2, reference="m-1b", seed=3, draws=7, warmup=8, chains=2)
    names: dict[str, object] = {"hm": hotmess}
    exec(study_code(given, study), names)
    made = names["study"]
    assert (made.seed, made.draws, made.warmup, made.chains, made.reference) == (3, 7, 8, 2, "m-1b")
    assert made.responses.table["difficulty"].nunique() == 2
    assert len(made.responses) == len(responses)
