"""Public files become the table that their sources describe, and the page holds the study's numbers."""

import json
import shlex

import public
import pytest
from public_sources.page import NUMBERS, page
from public_sources.table import SOURCES

import hotmess as hm
from hotmess.cli import frame
from hotmess.words import minus


def typed(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["public.py", *map(str, words)])
    return public.main()


def test_a_clone_becomes_responses(tmp_path, monkeypatch, capsys):
    for size in ("0.5B-Instruct", "72B-Instruct-AWQ"):
        folder = tmp_path / "results" / "core_sweep" / f"Qwen_Qwen2.5-{size}__aqua"
        folder.mkdir(parents=True)
        samples = [
            {"sample_idx": i, "cot_text": "so " * (i + 1) + size, "extracted_answer": a} for i, a in enumerate("E1Z")
        ]
        lines = [
            json.dumps(
                {"id": f"aqua_{q}", "correct_label": "E", "cot_samples": [*samples, {**samples[0], "sample_idx": 3}]}
            )
            for q in range(2)
        ]
        (folder / "generation_results.jsonl").write_text("\n".join(lines))
    out = tmp_path / "cot.parquet"
    (tmp_path / "results" / "core_sweep" / "other__gsm8k").mkdir()
    (tmp_path / "results" / "core_sweep" / "other__gsm8k" / "generation_results.jsonl").write_text("{}")
    assert typed(monkeypatch, "cot-scaling-qwen2.5", tmp_path, "--out", out) == 0
    said = capsys.readouterr().out
    assert said == f"16 rows in {out}; left out: files of other models or benchmarks (1).\n"
    table = hm.read(out, allow_copies=True).table
    one = table[(table["model"] == "Qwen2.5-72B-Instruct-AWQ") & (table["question"].astype(str) == "aqua_0")]
    assert one["answer"].tolist() == [4, 0, -1, 4] and set(one["target"]) == {4} and set(one["model_size_b"]) == {72.0}
    assert one["reasoning_chars"].tolist()[0] == len("so 72B-Instruct-AWQ")


def test_what_cannot_be_made_is_refused_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    out = tmp_path / "t.parquet"
    for words, said in (
        (("cot-scaling-qwen2.5", tmp_path), "holds no results/core_sweep/*/generation_results.jsonl; give the folder"),
        (("cot-scaling-qwen2.5", tmp_path / "no"), "is no folder; clone github.com/sohv/inverse-scaling-cot"),
        (
            ("mgsm_language_forcing", tmp_path),
            "Nothing here makes a table of 'mgsm_language_forcing'; give one of cot",
        ),
        (("x\x1b[2J", tmp_path), "Nothing here makes a table of 'x\\x1b[2J'"),
    ):
        assert typed(monkeypatch, *words, "--out", out) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1
        assert not out.exists()
    assert typed(monkeypatch, "tot_game24", tmp_path, "--out", tmp_path / "t.csv") == 2
    assert "must end in .parquet" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        typed(monkeypatch, "tot_game24")
    assert "give a source and the folder of its clone" in capsys.readouterr().err


def test_the_page_holds_the_numbers_of_the_study():
    numbers = json.loads(NUMBERS.read_text(encoding="utf-8"))
    text = page(numbers)
    for name, found in numbers.items():
        assert (f"## {name}\n" in text) != name.startswith(("own", "logs"))
        if name.startswith(("own", "logs")):
            continue
        assert name in SOURCES
        own = text.partition(f"## {name}\n")[2].partition("\n## ")[0]
        source = SOURCES[name]
        assert f"github.com/{source.where} (at {source.commit}); licence: {source.licence}. {source.caveat}" in own
        assert source.caveat and source.licence and len(source.commit) == 8
        assert (f"`python models/public.py {name} FOLDER`" in own) == (name in public.known_names())
        for verdict in found.get("verdicts", ()):
            if verdict["median"] is not None and verdict["verdict"] != "not testable":
                said = f"{verdict['median']:.3g} [{verdict['low']:.3g}, {verdict['high']:.3g}]"
                assert minus(said) in own and minus(verdict["next_step"] or "") in own
    assert text.count("**supported**") == sum(
        int(row.split("|")[3])
        for row in text.splitlines()
        if row.count("|") == 7 and row.split("|")[3].strip().isdigit()
    )


def test_options_stand_as_the_command_line_takes_them():
    numbers = json.loads(NUMBERS.read_text(encoding="utf-8"))
    assert "{" not in page(numbers)
    for name, found in numbers.items():
        assert bool(found["options"]) is bool(found.get("typed")), name
        args = frame("test").parse_args(["test", "t.parquet", *shlex.split(found.get("typed", ""))])
        for option, value in found["options"].items():
            if option == "columns":
                assert args.column == [f"{ours}={theirs}" for ours, theirs in value.items()]
            elif option == "sources":
                assert args.source == [",".join(value)]
            else:
                assert getattr(args, option) == value
