"""`hotmess sample` from the command line to the table that `hotmess read` makes of its logs."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hotmess.cli import main
from hotmess.sampling.wrong_format import format_table

pytest.importorskip("inspect_ai", reason="needs hotmess[inspect]")
from inspect_ai.model import ModelOutput, ModelUsage, get_model

# Inspect leaves sockets and event loops to the garbage collector and calls tenacity in a deprecated way.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:The 'initial' parameter is deprecated:DeprecationWarning",
)

QUESTIONS = [
    {"question_id": f"q{i}", "question": f"Q{i}?", "choices": ["u", "v", "w"], "target": i % 3} for i in range(4)
]
EXAMPLES = [{"question": f"E{i}?", "choices": ["u", "v"], "target": "A"} for i in range(4)]


@pytest.fixture(autouse=True)
def collect_garbage() -> Iterator[None]:
    """Let Inspect's leftovers be collected here, where their warnings are filtered, and not in another test."""
    yield
    gc.collect()


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    for name, rows in (("q", QUESTIONS), ("e", EXAMPLES)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return str(tmp_path / "q.jsonl"), str(tmp_path / "e.jsonl")


def mock(respond: Any) -> Any:
    def output(messages: Any, tools: Any, tool_choice: Any, config: Any) -> ModelOutput:
        result = ModelOutput.from_content("mockllm/model", respond(messages[-1].text, config.seed))
        result.usage = ModelUsage(input_tokens=10, output_tokens=1 + config.seed % 7, total_tokens=20)
        return result

    return get_model("mockllm/model", custom_outputs=output, memoize=False)


def letters(text: str, seed: int) -> str:
    """Always the option v, except for one response in five that has no format."""
    if seed % 5 == 0:
        return "v"
    return "ANSWER: " + next(line[0] for line in text.splitlines() if line.endswith(") v"))


def probabilities(text: str, seed: int) -> str:
    shown = {line[0]: line[3:] for line in text.splitlines() if line[1:3] == ") "}
    share = {"u": 0.2, "v": 0.7, "w": 0.1}
    return "PROBABILITIES: " + ", ".join(f"{letter}={share[option]}" for letter, option in shown.items())


def test_what_is_drawn_is_what_is_read(
    files: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import pandas as pd

    monkeypatch.setattr("hotmess.commands.sample._model", lambda *_: mock(letters))
    words = f"sample {files[0]} --pool {files[1]} --model mockllm/model --contexts 3 --draws 2 --order permuted"
    options = f"--budget low --budget high --log-dir {tmp_path / 'logs'} --condition c --temperature 0.5 --json"
    assert main([*words.split(), *options.split()]) == 0
    records = json.loads(capsys.readouterr().out)
    assert [(r["budget"], r["responses"], r["failed"]) for r in records] == [("low", 24, 0), ("high", 24, 0)]

    assert main(["read", str(tmp_path / "logs"), "--out", str(tmp_path / "r.parquet")]) == 0
    table = pd.read_parquet(tmp_path / "r.parquet")
    assert len(table) == 48
    assert set(table["benchmark"]) == {"q"}
    assert set(table["condition"]) == {"c"}
    assert (table.groupby(["question", "budget", "context"]).size() == 2).all()
    assert table.groupby(["question", "budget"])["context"].nunique().eq(3).all()
    assert not table.duplicated(["question", "budget", "context", "sample"]).any()
    # v has index 1 whatever letter it was shown with.
    assert (table["answer"] == [-1 if int(seed) % 5 == 0 else 1 for seed in table["seed"]]).all()
    assert (table["target"] == [int(question[1:]) % 3 for question in table["question"]]).all()
    assert (table["n_choices"] == 3).all()
    counts = format_table(table)
    assert counts["budget"].tolist() == ["low", "high"]
    assert counts["wrong"].sum() == sum(int(seed) % 5 == 0 for seed in table["seed"]) > 0


def test_probabilities_are_read_in_the_original_order(
    files: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    monkeypatch.setattr("hotmess.commands.sample._model", lambda *_: mock(probabilities))
    words = f"sample {files[0]} --model mockllm/model --format probability --contexts 2 --draws 2 --order permuted"
    assert main([*words.split(), "--limit", "2", "--log-dir", str(tmp_path / "logs")]) == 0
    assert main(["read", str(tmp_path / "logs"), "--out", str(tmp_path / "r.parquet")]) == 0
    table = pd.read_parquet(tmp_path / "r.parquet")
    assert len(table) == 8
    for probs in table["probs"]:
        assert list(probs) == pytest.approx([0.2, 0.7, 0.1])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("missing.jsonl --model mockllm/model", "There is no file missing.jsonl"),
        ("{0} --model nobody/model", "The model nobody/model cannot be used"),
        ("{0} --model mockllm/model --column colour=red", "--column colour=red is not NAME=COLUMN"),
        ("{0} --model mockllm/model --column question=q", "no question in column 'q'"),
        ("{0} --model mockllm/model --pool {0}", "also asked as a question"),
        ("{0} --model mockllm/model --pool {1} --shots 9", "the pool holds 4"),
        ("{0} --model mockllm/model --budget vast --budget-by tokens", "neither a number of tokens"),
        ("{0} --model mockllm/model --limit 0", "--limit"),
    ],
)
def test_bad_requests_are_one_sentence(
    files: tuple[str, str], words: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sample", *words.format(*files).split()]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_no_response_is_no_success(
    files: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every response fails, then one is interrupted, which Inspect takes for a failure too."""

    def away(text: str, seed: int) -> str:
        raise ConnectionError("nobody is there\nsecond line")

    monkeypatch.setattr("hotmess.commands.sample._model", lambda *_: mock(away))
    words = ["sample", files[0], "--model", "m", "--limit", "1", "--contexts", "1", "--draws", "2"]
    words += ["--log-dir", str(tmp_path / "logs")]
    assert main(words) == 2
    assert "No response came from mockllm/model: all 2 failed (" in capsys.readouterr().err
    monkeypatch.setattr("hotmess.commands.sample.happened", lambda: True)
    assert main(words) == 130
