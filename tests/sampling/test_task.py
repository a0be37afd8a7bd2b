"""The Inspect task: prompts as chat turns, seeds that reach the provider, scores in the original order of options."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hotmess.errors import BadInput
from hotmess.sampling.draws import draw_seed
from hotmess.sampling.items import Item
from hotmess.sampling.prompts import BUDGETS

pytest.importorskip("inspect_ai", reason="needs hotmess[inspect]")
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, ModelUsage, get_model

from hotmess.sampling.task import build_task, multiple_choice, open_ended, read_answer

ITEMS = [Item(f"q{i}", f"Question {i}?", ("w", "x", "y", "z"), i % 4, "odd" if i % 2 else "even") for i in range(3)]
POOL = [
    Item(f"e{i}", f"Example {i}?", ("p", "q"), i % 2, worked={"low": f"Brief {i}.", "": f"Long {i}."}) for i in range(5)
]

# Inspect leaves sockets and event loops to the garbage collector and calls tenacity in a deprecated way.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:The 'initial' parameter is deprecated:DeprecationWarning",
)


@pytest.fixture(autouse=True)
def collect_garbage() -> Iterator[None]:
    """Let Inspect's leftovers be collected here, where their warnings are filtered, and not in another test."""
    yield
    gc.collect()


def run(task: Task, respond: Callable[[list[ChatMessage], GenerateConfig], str], tmp_path: Path) -> EvalLog:
    def output(messages: list[ChatMessage], tools: Any, tool_choice: Any, config: GenerateConfig) -> ModelOutput:
        result = ModelOutput.from_content("mockllm/model", respond(messages, config))
        result.usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)
        return result

    model = get_model("mockllm/model", custom_outputs=output, memoize=False)
    (log,) = eval(task, model=model, log_dir=str(tmp_path), display="none", log_realtime=False)
    assert log.status == "success", log.error
    return log


def messages(sample: Sample) -> list[ChatMessage]:
    assert isinstance(sample.input, list)
    return sample.input


def test_prompts_are_a_system_message_real_turns_and_the_question() -> None:
    task = build_task(ITEMS, POOL, name="b", budget="low", contexts=4, draws=2, shots=(2,))
    assert len(task.dataset) == 3 * 4 * 2
    first = messages(task.dataset[0])
    assert [message.role for message in first] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert BUDGETS["low"] in first[0].text
    assert first[2].text.startswith("Brief ")
    assert first[2].text.splitlines()[-1] in ("ANSWER: A", "ANSWER: B")
    assert first[-1].text.startswith("Question 0?\n\nA) w\nB) x\nC) y\nD) z")
    # One context is the same for all questions and draws, two contexts differ.
    prefixes: dict[int, set[str]] = {}
    for sample in task.dataset:
        assert sample.metadata is not None
        shown = "\n".join(message.text for message in messages(sample)[:-1])
        prefixes.setdefault(sample.metadata["context"], set()).add(shown)
    assert all(len(shown) == 1 for shown in prefixes.values())
    assert len({next(iter(shown)) for shown in prefixes.values()}) > 1


@pytest.mark.parametrize(
    ("by", "budget", "setting", "value"),
    [
        ("effort", "high", "reasoning_effort", "high"),
        ("tokens", "low", "reasoning_tokens", 1024),
        ("tokens", "2000", "reasoning_tokens", 2000),
    ],
)
def test_a_budget_is_the_providers_setting_where_it_has_one(by: Any, budget: str, setting: str, value: object) -> None:
    task = build_task(ITEMS, name="b", budget=budget, budget_by=by)
    assert getattr(task.config, setting) == value
    assert not any(words in messages(task.dataset[0])[0].text for words in BUDGETS.values())


@pytest.mark.parametrize("order", ["fixed", "permuted"])
@pytest.mark.slow
def test_letters_are_mapped_back_and_seeds_reach_the_provider(tmp_path: Path, order: Any) -> None:
    seeds = []

    def respond(shown: list[ChatMessage], config: GenerateConfig) -> str:
        seeds.append(config.seed)
        assert (config.temperature, config.top_p, config.max_tokens) == (0.8, 0.9, 50)
        options = dict(line.split(") ")[::-1] for line in shown[-1].text.splitlines() if line[1:3] == ") ")
        return f"It is x.\nANSWER: {options['x']}"

    task = build_task(
        ITEMS,
        POOL,
        name="b",
        contexts=3,
        draws=4,
        order=order,
        temperature=0.8,
        top_p=0.9,
        max_tokens=50,
        condition="c",
    )
    log = run(task, respond, tmp_path)
    samples = log.samples or []
    assert len(samples) == 36
    assert sorted(seeds) == sorted(sample.metadata["seed"] for sample in samples)
    assert len(set(seeds)) == 36
    orders = set()
    for sample in samples:
        about = sample.metadata
        (score,) = (sample.scores or {}).values()
        item = ITEMS[int(about["question"][1:])]
        assert (about["benchmark"], about["condition"], about["n_choices"]) == ("b", "c", 4)
        assert (about["category"], about["target"]) == (item.category, item.target)
        assert sample.choices == list(item.choices)
        assert sample.target == "ABCD"[int(item.target or 0)]
        assert score.answer == "B"  # x, whatever letter it was shown with
        assert score.metadata is not None
        assert score.metadata["answer"] == 1
        assert score.value == ("C" if item.target == 1 else "I")
        orders.add(tuple(about["option_order"]))
    assert (len(orders) > 10) == (order == "permuted")


def test_probabilities_come_back_in_the_original_order() -> None:
    about = {"option_order": [2, 0, 1], "target": 0}
    score = read_answer("PROBABILITIES: A=0.1, B=0.7, C=0.2", about, form="probability")
    assert score.metadata == {"parsed": True, "answer": 0, "probs": pytest.approx([0.7, 0.2, 0.1])}
    assert score.value == "C"
    assert json.loads(score.answer or "") == pytest.approx([0.7, 0.2, 0.1])


def test_wrong_formats_are_recorded_as_such() -> None:
    about = {"option_order": [0, 1], "target": 0}
    for form, text in (("letter", "B"), ("probability", "PROBABILITIES: A=0.9, B=0.9"), ("open", "<answer>42")):
        score = read_answer(text, about, form=form)  # type: ignore[arg-type]
        assert (score.value, score.answer) == ("N", None)
        assert score.metadata is not None
        assert score.metadata["parsed"] is False


def test_open_answers_in_tags(tmp_path: Path) -> None:
    items = [Item("o", "6 x 7?", (), "42"), Item("p", "And you?")]
    log = run(
        build_task(items, name="b", form="open", contexts=1, draws=1), lambda *_: "So <answer> 42 </answer>", tmp_path
    )
    values = {
        sample.id: (score.answer, score.value)
        for sample in log.samples or []
        for score in (sample.scores or {}).values()
    }
    assert values == {"o/0/0": ("42", "C"), "p/0/0": ("42", "N")}


def test_a_task_from_files(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_text(json.dumps({"q": "One?", "choices": ["x", "y"], "target": "A"}))
    task = multiple_choice(
        str(tmp_path / "q.jsonl"), columns={"question": "q"}, contexts=2, draws=2, form="probability"
    )
    assert task.name == "q"
    assert len(task.dataset) == 4


def test_tasks_are_found_by_inspect_under_the_package_name(tmp_path: Path) -> None:
    rows = [{"question": f"{i} + 1?", "choices": ["1", "2"], "target": i % 2} for i in range(6)]
    (tmp_path / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)))
    arguments = {"questions": str(tmp_path / "sums.jsonl"), "hold_out": 2, "shots": ["1"], "contexts": 2, "draws": 1}

    def reply(*_: Any) -> ModelOutput:
        output = ModelOutput.from_content("mockllm/model", "ANSWER: A <answer>2</answer>")
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    for task, form in (("multiple_choice", "letter"), ("open_ended", "open")):
        model = get_model("mockllm/model", custom_outputs=reply, memoize=False)
        (log,) = eval(f"hotmess/{task}", model=model, task_args=arguments, log_dir=str(tmp_path / task), display="none")
        samples = log.samples or []
        assert log.status == "success"
        assert len(samples) == 4 * 2
        assert {sample.metadata["format"] for sample in samples} == {form}
        # The seeds are those of a run that knows the model's name.
        for sample in samples:
            about = sample.metadata
            names = (str(model), "", "", about["question"], about["context"], about["draw"])
            assert about["seed"] == draw_seed(0, *names)
            assert [message.role for message in sample.messages] == ["system", "user", "assistant", "user", "assistant"]
    with pytest.raises(BadInput, match="no layout 'mmmlu'"):
        multiple_choice(str(tmp_path / "sums.jsonl"), layout="mmmlu")
    with pytest.raises(BadInput, match="6 of 6 questions"):
        open_ended(str(tmp_path / "sums.jsonl"), hold_out=6)


def test_bad_requests_are_refused() -> None:
    for arguments, words in (
        ({"pool": [ITEMS[0]]}, "also asked as a question"),
        ({"pool": [Item("n", "No target?", ("x", "y"))], "shots": (1,)}, "has no target"),
        ({"pool": [Item("n", "Open?", (), "1")], "shots": (1,)}, "has no options"),
        ({"form": "essay"}, "no answer format"),
        ({"budget": "vast", "budget_by": "tokens"}, "neither a number of tokens"),
    ):
        with pytest.raises(BadInput, match=words):
            build_task(ITEMS, **{"name": "b", **arguments})  # type: ignore[arg-type]
