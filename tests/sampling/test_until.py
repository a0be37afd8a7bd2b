"""Rounds until a claim is decided, by Inspect's own runner: stopped, interrupted, resumed, read with their history."""

from __future__ import annotations

import contextlib
import gc
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hotmess.cli import main
from hotmess.looks.record import load_looks

pytest.importorskip("inspect_ai", reason="needs hotmess[inspect]")
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput, ModelUsage, get_model

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:The 'initial' parameter is deprecated:DeprecationWarning",
)

QUESTIONS = [
    {"question_id": f"q{i:02}", "question": f"Q{i}?", "choices": ["u", "v", "w", "x"], "target": i % 4}
    for i in range(16)
]


@pytest.fixture(autouse=True)
def collect_garbage() -> Iterator[None]:
    yield
    gc.collect()


def written(folder: Path) -> str:
    (folder / "q.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)))
    return str(folder / "q.jsonl")


@pytest.fixture
def questions(tmp_path: Path) -> str:
    return written(tmp_path)


def hot(text: str, seed: int) -> tuple[str, int]:
    """Short responses give the right answer's neighbour; long ones any: a mess that grows with length."""
    number = int("".join(letter for letter in text.splitlines()[0] if letter.isdigit()))
    tokens = 20 + seed % 997
    if tokens > 500:
        return f"ANSWER: {'ABCD'[(seed // 7) % 4]}", tokens
    return f"ANSWER: {'ABCD'[(number + (seed % 31 == 0)) % 4 if number % 2 else (number + 1) % 4]}", tokens


def cold(text: str, seed: int) -> tuple[str, int]:
    """Half right and half one neighbour, whatever the length."""
    number = int("".join(letter for letter in text.splitlines()[0] if letter.isdigit()))
    return f"ANSWER: {'ABCD'[(number + (seed // 3) % 2) % 4]}", 20 + seed % 997


def mock(respond: Any, *, most: int | None = None) -> Any:
    """A model whose answer follows from question and seed; after `most` responses it is interrupted."""
    count = [0]

    def output(messages: Any, tools: Any, tool_choice: Any, config: Any) -> ModelOutput:
        count[0] += 1
        if most is not None and count[0] > most:
            raise KeyboardInterrupt
        text, tokens = respond(messages[-1].text, config.seed)
        result = ModelOutput.from_content("mockllm/model", f"By way {config.seed}. {text}")
        result.usage = ModelUsage(
            input_tokens=10, output_tokens=tokens + 5, total_tokens=tokens + 15, reasoning_tokens=tokens
        )
        return result

    return get_model("mockllm/model", custom_outputs=output, memoize=False)


WORDS = "--model mockllm/model --contexts 1 --draws 8 --until natural-overthinking --looks 4 --max-connections 1 --json"


def sample(questions: str, folder: Path, monkeypatch: pytest.MonkeyPatch, model: Any, *more: str) -> int:
    monkeypatch.setattr("hotmess.commands.sample._model", lambda *_: model)
    return main(["sample", questions, *WORDS.split(), "--log-dir", str(folder), *more])


BUDGET = ("--responses", "256", "--futility", "0", "--looks", "2")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of two rounds that nothing disturbed."""
    folder = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        assert sample(written(folder), folder / "logs", patch, mock(cold), *BUDGET) == 0
    return folder / "logs"


@pytest.mark.slow
def test_it_stops_when_the_claim_is_decided(
    questions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = tmp_path / "logs"
    assert sample(questions, logs, monkeypatch, mock(hot), "--responses", "960", "--price", "2") == 0
    said = capsys.readouterr()
    out = json.loads(said.out)
    plan = load_looks(logs / "looks.json")
    assert out["verdict"]["verdict"] == "supported" and plan.stopped == "the claim is supported"
    assert plan.history[-1].responses < 960 and "$" in said.err and "Look 1 of at most 4: 128 responses" in said.err
    assert plan.history[-1].probability > plan.history[-1].threshold > 0.975

    # The folder and the table carry the history; without it nothing is said.
    assert main(["read", str(logs), "--out", str(tmp_path / "t.parquet")]) == 0
    capsys.readouterr()
    for files in ([str(logs)], [str(tmp_path / "t.parquet")]):
        assert main(["test", *files, "--claim", "natural-overthinking", "--json"]) == 0
        again = json.loads(capsys.readouterr().out)[0]
        assert again["verdict"] == "supported" and again["threshold"] == pytest.approx(plan.history[-1].threshold)
        assert "of at most 4 while responses were drawn until natural-overthinking was decided" in again["sentence"]
    import pandas as pd

    pd.read_parquet(tmp_path / "t.parquet").to_csv(tmp_path / "bare.csv", index=False)
    assert main(["test", str(tmp_path / "bare.csv"), "--claim", "natural-overthinking", "--json"]) == 0
    bare = json.loads(capsys.readouterr().out)[0]
    assert bare["verdict"] == "not testable" and "--looks" in bare["sentence"]
    with_looks = ["--looks", str(logs / "looks.json"), "--json"]
    assert main(["test", str(tmp_path / "bare.csv"), "--claim", "natural-overthinking", *with_looks]) == 0
    assert json.loads(capsys.readouterr().out)[0]["verdict"] == "supported"

    # A run that has ended is not begun again, and one with other settings is another run.
    assert sample(questions, logs, monkeypatch, mock(hot, most=0), "--responses", "960", "--price", "2") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] is None
    assert sample(questions, logs, monkeypatch, mock(hot), "--responses", "970") == 2
    assert "other settings" in capsys.readouterr().err


@pytest.mark.slow
def test_beside_what_is_not_asked_again_all_questions_are_asked_alike(
    questions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = [
        {"model": "other", "question": q["question_id"], "sample": s, "answer": (i + s) % 4, "target": i % 4}
        | {
            "n_choices": 4,
            "benchmark": "q",
            "reasoning_tokens": 100 + (37 * s * s + 53 * i * s + 17 * i) % 211,
            "response": f"o{i}.{s}",
        }
        for i, q in enumerate(QUESTIONS)
        for s in range(8)
    ]
    (tmp_path / "other.jsonl").write_text("\n".join(map(json.dumps, other)))
    logs = tmp_path / "logs"
    more = ("--responses", "480", "--futility", "0", "--looks", "2", "--with", str(tmp_path / "other.jsonl"))
    assert sample(questions, logs, monkeypatch, mock(hot), *more) == 0
    capsys.readouterr()
    import hotmess as hm

    table = hm.read([str(logs)]).table
    assert table["round"].nunique() == 2 and table.groupby("question").size().nunique() == 1


@pytest.mark.slow
def test_a_run_that_is_interrupted_ends_as_one_left_alone(
    questions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: Path
) -> None:
    cut = tmp_path / "cut"
    codes = []
    for most in (0, 50, 100, None):  # before the first response, inside the first round, the second, to the end
        try:
            codes.append(sample(questions, cut, monkeypatch, mock(cold, most=most), *BUDGET))
        except KeyboardInterrupt:
            codes.append(130)
    assert codes[-1] == 0 and all(codes[:-1])
    assert (cut / "looks.json").read_bytes() == (alone / "looks.json").read_bytes()
    plan = load_looks(cut / "looks.json")
    assert len(plan.history) == 2 and plan.history[-1].responses == 256 and plan.stopped == "the budget is spent"


@pytest.mark.slow
def test_a_process_killed_before_its_first_response_is_followed_by_one_left_alone(
    questions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: Path
) -> None:
    """What lies in the folder when the first response is asked for is what a process killed then leaves behind."""
    begun, left = tmp_path / "begun", tmp_path / "left"

    def first(text: str, seed: int) -> tuple[str, int]:
        shutil.copytree(begun, left)
        raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        sample(questions, begun, monkeypatch, mock(first), *BUDGET)
    assert {one.suffix for one in left.iterdir()} == {".lock", ".eval"} and not (left / "looks.json").exists()
    assert sample(questions, left, monkeypatch, mock(cold), *BUDGET) == 0
    assert (left / "looks.json").read_bytes() == (alone / "looks.json").read_bytes()


@pytest.mark.slow
def test_a_second_process_ends_with_one_sentence_and_nothing_is_lost(
    questions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: Path
) -> None:
    """The second process is another one: locks are of open files, and the first goes on as if alone."""
    logs = tmp_path / "logs"
    words = [sys.executable, "-m", "hotmess", "sample", questions, *WORDS.split(), "--log-dir", str(logs), *BUDGET]
    second: list[subprocess.CompletedProcess[str]] = []

    def during(text: str, seed: int) -> tuple[str, int]:
        if not second:
            second.append(subprocess.run(words, capture_output=True, text=True))
        return cold(text, seed)

    assert sample(questions, logs, monkeypatch, mock(during), *BUDGET) == 0
    (other,) = second
    assert other.returncode == 2 and other.stdout == ""
    said = other.stderr.strip().splitlines()[-1]
    assert (
        said
        == f"hotmess: Another process samples into {str(logs)!r}: wait until it has ended, or give another --log-dir."
    )
    assert (logs / "looks.json").read_bytes() == (alone / "looks.json").read_bytes()


def test_responses_whose_record_was_deleted_are_refused(
    questions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], alone: Path
) -> None:
    logs = tmp_path / "logs"
    shutil.copytree(alone, logs)
    record = (logs / "looks.json").read_bytes()
    (tmp_path / "kept.json").write_bytes(record)
    (logs / "looks.json").unlink()
    capsys.readouterr()
    assert sample(questions, logs, monkeypatch, mock(cold, most=0), *BUDGET) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "are of 2 rounds" in said and "looks.json, is not there: put it back" in said
    assert not (logs / "looks.json").exists()
    assert main(["test", str(logs), "--claim", "natural-overthinking", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "not testable" and "nothing is known of the looks" in told["sentence"]
    (logs / "looks.json").write_bytes(record)
    assert sample(questions, logs, monkeypatch, mock(cold, most=0), *BUDGET) == 0

    # Of one round the same look is taken again, and a sentence says that it may be the second.
    rounds = {one: (read_eval_log(str(one)).samples or [])[0].metadata["round"] for one in logs.glob("*.eval")}
    second = [one for one, number in rounds.items() if number != "1"]
    assert len(second) == 1
    for one in (*second, logs / "looks.json"):
        one.unlink()
    capsys.readouterr()
    with contextlib.suppress(KeyboardInterrupt):
        sample(questions, logs, monkeypatch, mock(cold, most=0), *BUDGET)
    assert "no look at it is on record: if there was one, put looks.json back" in capsys.readouterr().err
    (again,), first = load_looks(logs / "looks.json").history, load_looks(tmp_path / "kept.json").history[0]
    assert again.probability == first.probability and again.threshold == first.threshold


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "needs a budget"),
        ("--responses 9 --tokens 9", "needs a budget"),
        ("--responses 900 --looks 11", "from 1 to 10"),
        ("--responses 900 --futility 2", "from 0 to 0.5"),
        ("--responses 100", "smaller than the first round"),
        ("--responses 900 --until budget-lowers-incoherence", "--until takes one claim"),
    ],
)
def test_runs_that_cannot_be(
    questions: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    sentence: str,
) -> None:
    assert sample(questions, tmp_path / "logs", monkeypatch, mock(cold), *words.split()) == 2
    assert sentence in capsys.readouterr().err


def test_a_claim_that_does_not_exist(
    questions: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hotmess.commands.sample._model", lambda *_: mock(cold))
    words = ["sample", questions, "--model", "m", "--log-dir", str(tmp_path), "--responses", "900"]
    assert main([*words, "--until", "natural-overthinkin"]) == 2
    assert "did you mean 'natural-overthinking'" in capsys.readouterr().err
