"""Public files become the table that their sources describe, and the page holds the study's numbers."""

import importlib.util
import json
import shlex
import sys
from pathlib import Path

import hotmess as hm
from hotmess.cli import frame

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("public_script", ROOT / "models" / "public.py")
public = importlib.util.module_from_spec(SPEC)
sys.modules["public_script"] = public
SPEC.loader.exec_module(public)


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
    monkeypatch.setattr("sys.argv", ["public.py", str(tmp_path), "--out", str(out)])
    assert public.main() == 0 and "16 rows" in capsys.readouterr().out
    table = hm.read(out, allow_copies=True).table
    one = table[(table["model"] == "Qwen2.5-72B-Instruct-AWQ") & (table["question"].astype(str) == "aqua_0")]
    assert one["answer"].tolist() == [4, 0, -1, 4] and set(one["target"]) == {4} and set(one["model_size_b"]) == {72.0}
    assert one["reasoning_chars"].tolist()[0] == len("so 72B-Instruct-AWQ")
    monkeypatch.setattr("sys.argv", ["public.py", str(out.parent / "nothing")])
    assert public.main() == 2 and "holds no results/core_sweep" in capsys.readouterr().err


def test_the_page_holds_the_numbers_of_the_study():
    numbers = json.loads(public.NUMBERS.read_text(encoding="utf-8"))
    page = public.page(numbers)
    for name, found in numbers.items():
        assert (f"## {name}\n" in page) != name.startswith(("own", "logs"))
        if name.startswith(("own", "logs")):
            continue
        assert name in public.SOURCES
        own = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
        for verdict in found.get("verdicts", ()):
            if verdict["median"] is not None and verdict["verdict"] != "not testable":
                assert f"{verdict['median']:.3g} [{verdict['low']:.3g}, {verdict['high']:.3g}]" in own
                assert (verdict["next_step"] or "") in own
    assert page.count("**supported**") == sum(
        int(row.split("|")[3])
        for row in page.splitlines()
        if row.count("|") == 7 and row.split("|")[3].strip().isdigit()
    )


def test_options_stand_as_the_command_line_takes_them():
    numbers = json.loads(public.NUMBERS.read_text(encoding="utf-8"))
    assert "{" not in public.page(numbers)
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
