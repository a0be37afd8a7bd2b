"""The command line: exit codes, one sentence on stderr, JSON on stdout, quick help."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import hotmess
from hotmess.cli import COMMANDS, main


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "model": np.repeat(["small", "large"], 120),
            "model_size_b": np.repeat([1.0, 10.0], 120),
            "question": np.tile(np.repeat([f"q{i}" for i in range(12)], 10), 2),
            "sample": np.tile(np.arange(10), 24),
            "answer": rng.integers(0, 4, 240),
            "target": 0,
            "n_choices": 4,
            "tokens": rng.integers(5, 500, 240),
        }
    )
    path = tmp_path / "t.parquet"
    frame.to_parquet(path)
    return path


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def test_help_lists_every_command_with_a_line(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    for name, (_, line) in COMMANDS.items():
        assert name in out and line in " ".join(out.split())


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from hotmess.cli import main; main([]); "
        "print([m for m in ('numpy', 'pandas', 'duckdb', 'jax', 'scipy') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert lines(out)[-1] == "[]"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_an_example(name, capsys):
    with pytest.raises(SystemExit) as stop:
        main([name, "--help"])
    assert stop.value.code == 0
    assert f"example:\n  hotmess {name} " in capsys.readouterr().out


def test_a_shell_draws_as_many_as_python():
    """One default, whoever asks: of studies, fits and the records of latent decompositions."""
    import inspect

    from hotmess.answers.fit import fit
    from hotmess.answers.latent_records import decompose_noted
    from hotmess.commands.options import sampling_options

    given = vars(sampling_options().parse_args([]))
    for made in (hotmess.Study, fit, decompose_noted):
        asked = inspect.signature(made).parameters
        assert {name: asked[name].default for name in ("draws", "warmup", "chains")} == {
            name: given[name] for name in ("draws", "warmup", "chains")
        }, made


def test_the_examples_parse():
    from hotmess.cli import frame

    for line in (
        "read logs/ --out responses.parquet",
        "decompose responses.parquet --by model,difficulty --estimator unbiased --interval 0.9",
    ):
        words = line.split()
        assert callable(frame(words[0]).parse_args(words).run)


def test_json_is_all_of_stdout(table, capsys):
    options = ["--column", "reasoning_tokens=tokens", "--by", "model,difficulty", "--interval", "0.9"]
    assert main(["decompose", str(table), *options, "--json"]) == 0
    captured = capsys.readouterr()
    records = json.loads(captured.out)
    assert len(records) == 6
    assert [r["difficulty"] for r in records[:3]] == ["easy", "medium", "hard"]
    assert {"questions", "responses", "error", "bias2", "variance", "incoherence", "reliable"} <= set(records[0])
    assert records[0]["questions"] == 4
    assert "largest model" in captured.err


def test_undefined_is_null(table, capsys):
    assert main(["decompose", str(table), "--metric", "zero-one", "--json"]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text
    assert json.loads(text)[0]["incoherence"] is None


def test_a_table_for_people(table, capsys):
    assert main(["decompose", str(table), "--interval", "0.9", "--population", "these"]) == 0
    out = lines(capsys.readouterr().out)
    assert out[0] == "metric brier, outcome answer, estimator plug-in"
    assert out[1].split()[:4] == ["model", "questions", "responses", "error"]
    assert len(out) == 4
    assert "[" in out[2]


def test_a_fit_prints_the_table_of_a_latent_decomposition_and_what_was_read(table, tmp_path, capsys):
    options = ["--draws", "60", "--seed", "1"]
    assert main(["fit", str(table), "--out", str(tmp_path / "a.nc"), *options]) == 0
    fitted = capsys.readouterr()
    assert main(["decompose", str(table), "--estimator", "latent", "--interval", "0.9", *options]) == 0
    latent = capsys.readouterr()
    assert fitted.out.splitlines() == latent.out.splitlines()[1:] and "[" in fitted.out
    assert "rows were read" in fitted.err and fitted.err.endswith("a.nc holds the posterior.\n")


def test_halves_can_be_groups(table, capsys):
    assert main(["decompose", str(table), "--length", "tokens", "--by", "half", "--json"]) == 0
    assert [r["half"] for r in json.loads(capsys.readouterr().out)] == ["shorter", "longer"]


def test_read_writes_a_table_that_reads_the_same(table, tmp_path, capsys):
    out = tmp_path / "out.parquet"
    assert main(["read", str(table), "--out", str(out), "--column", "reasoning_tokens=tokens"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "240 responses of 2 models" in captured.err
    assert main(["decompose", str(out), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert main(["decompose", str(table), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == again


def test_read_says_how_many_responses_are_wrongly_formatted(tmp_path, capsys):
    rows = "model,question,budget,answer,target,n_choices\nm,q,low,A,B,3\nm,q,low,,B,3\nm,q,high,B,B,3\n"
    (tmp_path / "r.csv").write_text(rows)
    assert main(["read", str(tmp_path / "r.csv"), "--out", str(tmp_path / "r.parquet")]) == 0
    title, heads, low, high = capsys.readouterr().out.splitlines()
    assert title == "Wrongly formatted responses"
    assert heads.split() == ["model", "budget", "responses", "wrong", "share"]
    assert low.split() == ["m", "low", "2", "1", "0.500"]
    assert high.split() == ["m", "high", "1", "0", "0.000"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["decompose", "{table}", "--by", "modle"], "did you mean 'model'"),
        (["decompose", "{table}", "--where", "modle = 1"], "Binder Error"),
        (["decompose", "{table}", "--metric", "coverage"], "needs the outcome tests"),
        (["decompose", "{table}", "--column", "tokens"], "--column needs NAME=THEIRS"),
        (["decompose", "{table}", "--reference", "huge", "--length", "tokens"], "no model 'huge'"),
        (["decompose", "{table}", "--formula", "model"], "--formula is for"),
        (["decompose", "no/such/file"], "no file or folder"),
        (["read", "{table}", "--out", "{folder}/none/x.parquet"], "cannot be written"),
    ],
)
def test_bad_input_is_one_sentence_and_code_two(table, capsys, options, words):
    filled = [word.format(table=table, folder=table.parent) for word in options]
    assert main(filled) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(lines(captured.err)) == 1
    assert captured.err.startswith("hotmess: ")
    assert words in captured.err


@pytest.mark.parametrize(
    "options", [["nonsense"], ["decompose"], ["decompose", "x", "--metric", "best"], ["decompose", "x", "--draws", "0"]]
)
def test_bad_arguments_are_one_line_and_code_two(capsys, options):
    with pytest.raises(SystemExit) as stop:
        main(options)
    assert stop.value.code == 2
    assert len(lines(capsys.readouterr().err)) == 1


@pytest.mark.parametrize(
    ("options", "want"),
    [
        (["--k", "1.5"], "1.5 is not a whole number from 1"),
        (["--seed", "1e3"], "1e3 is not a whole number from 0"),
        (["--seed", ""], "'' is not a whole number from 0"),
        (["--seed", "9" * 5000], "… is not a whole number from 0"),
        (["--interval", "half"], "half is not a number"),
        (["--interval", "0.9999999999999999"], "0.9999999999999999 is not from 0.01 to 0.9999"),
        (["--interval", "0.001"], "rests on no data"),
        (["--groups", "0"], "0 is not a whole number from 1"),
        (["--levels", f"sample={10**400}"], "is more than 1,000,000,000"),
        (["--right", "half"], "half is not a number"),
        (["--cost", "sample=much"], "much is not a number"),
        (["--width", "wide"], "wide is not a number"),
    ],
)
def test_options_that_are_no_numbers_say_what_is_needed(options, want, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["reliability", "x", *options])
    said = capsys.readouterr().err
    assert stop.value.code == 2 and want in said and len(said) < 200


def test_other_exceptions_are_bugs_and_show(table, monkeypatch):
    import hotmess.commands.decompose as command

    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(command, "read_table", broken)
    with pytest.raises(ZeroDivisionError):
        main(["decompose", str(table)])


def test_python_m_and_version():
    for arguments in (["-m", "hotmess", "--version"], ["-m", "hotmess.cli", "--version"]):
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
        assert done.stdout.startswith("hotmess")


def test_quiet_is_silent_but_for_what_was_asked(table, capsys):
    assert main(["decompose", str(table), "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert len(json.loads(captured.out)) == 2
    assert main(["decompose", str(table), "--by", "modle", "--quiet"]) == 2  # a mistake is said all the same
    assert "did you mean 'model'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["decompsoe", "x"], "did you mean decompose?"),
        (["decompose", "x", "--intervall", "0.9"], "did you mean --interval?"),
        (["test", "x", "--population", "like-this"], "did you mean like-these?"),
    ],
)
def test_mistyped_words_are_answered_with_the_nearest(words, near, capsys):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert near in said
    assert len(lines(said)) == 1


def test_interrupted(table, capsys, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    module = importlib.import_module("hotmess.decompose.records")  # the name `records` is its function
    monkeypatch.setattr(module, "decompose", stop)
    assert main(["decompose", str(table)]) == 130
    assert capsys.readouterr().err.strip().endswith("hotmess: interrupted.")


VERDICTS = ("supported", "negligible", "inconclusive", "not testable")


def test_compare(table, capsys):
    options = ["--models", "small,large", "--draws", "50", "--json"]
    assert main(["compare", str(table), *options]) == 0
    captured = capsys.readouterr()
    records = json.loads(captured.out)
    assert [r["quantity"] for r in records[:4]] == ["incoherence", "bias2", "variance", "error"]
    wanted = {"of", "against", "questions", "difference", "low", "high", "probability", "unbiased", "reliable"}
    assert wanted <= set(records[0])
    assert (records[0]["of"], records[0]["against"], records[0]["questions"]) == ("small", "large", 12)
    assert records[0]["verdict"] in VERDICTS and records[1]["verdict"] is None and records[0]["negligible"] == 0.02
    assert main(["compare", str(table), *options, "--negligible", "none"]) == 0
    other = json.loads(capsys.readouterr().out)[0]
    assert other["negligible"] is None and len(other["preregistration"]) == 64
    assert records[0]["preregistration"] is None
    assert main(["compare", str(table), *options[:-1], "--negligible", "none"]) == 0
    assert f"Region preregistered: SHA-256 {other['preregistration']}." in capsys.readouterr().out
    assert main(["compare", str(table), "--negligible", "0"]) == 2
    assert "--negligible is '0'" in capsys.readouterr().err
    assert main(["compare", str(table), "--models", "small,larg"]) == 2
    assert "did you mean 'large'" in capsys.readouterr().err
    assert main(["compare", str(table), "--draws", "50"]) == 0
    out = lines(capsys.readouterr().out)
    assert out[0].startswith("small against large, on 12 shared questions")
    assert out[1].split()[:3] == ["of", "against", "quantity"]
