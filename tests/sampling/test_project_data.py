"""The project's own questions and responses: right keys, and tables that are what the README of `data/` says."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hotmess.sampling.draws import draw_contexts, draw_seed
from hotmess.sampling.items import Item, read_items
from hotmess.sampling.parse import parse_letter

DATA = Path(__file__).resolve().parents[2] / "data"
SEED = 20261121
TABLES = sorted(DATA.glob("arithmetic-and-facts-*.parquet"))


def numbers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text)]


def count(item: Item) -> str:
    letter, word = re.findall(r"'(\w+)'", item.question)
    return str(Counter(word)[letter])


def next_term(item: Item) -> str:
    a, b, c, d, e = numbers(item.question)
    if e - d == d - c == c - b == b - a:
        return str(e + e - d)
    if b * b == a * c and d * d == c * e:
        return str(e * b // a)
    if a + b == c and c + d == e:
        return str(d + e)
    steps = (b - a, c - b, d - c, e - d)
    assert {later - earlier for earlier, later in zip(steps, steps[1:])} == {2}  # noqa: RUF007
    return str(e + steps[-1] + 2)


KEYS: dict[str, Callable[[Item], str]] = {
    "sums": lambda item: str(sum(numbers(item.question))),
    "counting": count,
    "alphabet": lambda item: sorted(item.choices)[0 if " first " in item.question else -1],
    "sequences": next_term,
}


@pytest.mark.parametrize("name", ["questions", "examples"])
def test_every_computable_key_is_right(name: str) -> None:
    checked: Counter[str] = Counter()
    for item in read_items(str(DATA / f"{name}.jsonl")):
        assert len(item.choices) == 4
        assert isinstance(item.target, int)
        if item.category in KEYS:
            assert item.choices[item.target] == KEYS[item.category](item)
            checked[item.category] += 1
        for text in item.worked.values():
            assert text.endswith(f"That is option {'ABCD'[item.target]}.")
            right = item.choices[item.target]
            assert ("once" if right == "1" else right.lower()) in text.lower()
    assert set(checked) == set(KEYS)


def test_the_script_writes_the_files_that_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DATA)
    script = importlib.import_module("make_questions")
    monkeypatch.setattr(script, "HERE", tmp_path)
    script.main()
    for name in ("questions.jsonl", "examples.jsonl"):
        assert (tmp_path / name).read_text() == (DATA / name).read_text()


@pytest.mark.parametrize("path", TABLES, ids=[path.stem for path in TABLES])
def test_tables_are_complete_and_follow_from_their_texts_and_seeds(path: Path) -> None:
    table = pd.read_parquet(path)
    items = {item.id: item for item in read_items(str(DATA / "questions.jsonl"))}
    assert set(table["question"]) == set(items)
    assert (table.groupby(["question", "budget"], observed=True).size() == 30).all()
    assert not table.duplicated(["question", "budget", "context", "sample"]).any()
    assert table["seed"].is_unique
    for row in table.itertuples():
        assert row.target == items[row.question].target
        assert row.answer == parse_letter(row.text, row.n_choices)
        key = (row.model, row.condition, row.budget, row.question, row.context, row.sample)
        assert row.seed == draw_seed(SEED, *key)
        assert 0 < row.reasoning_tokens <= row.max_tokens
        assert row.finish_reason == "stop" or row.reasoning_tokens == row.max_tokens


def test_contexts_are_those_of_the_seed() -> None:
    pool = read_items(str(DATA / "examples.jsonl"))
    contexts = draw_contexts(pool, contexts=10, shots=(2, 3), seed=SEED)
    assert {len(context) for context in contexts} == {2, 3}
    assert len({item.category for context in contexts for item in context}) == 5


def test_budgets_of_a_model_are_drawn_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(DATA)
    script = importlib.import_module("draw")
    for name in ("questions.jsonl", "examples.jsonl", "README.md"):
        (tmp_path / name).write_bytes((DATA / name).read_bytes())
    monkeypatch.setattr(script, "HERE", tmp_path)
    monkeypatch.setattr(script, "CONTEXTS", 2)
    monkeypatch.setattr(script, "describe", lambda _: {"model": "Tiny 1", "family": "Tiny", "model_size_b": 1.0})
    drawn: list[tuple[str, int]] = []

    def draw_part(items: list[Item], *_: object, budget: str, context: int, slots: int) -> pd.DataFrame:
        drawn.append((budget, context))
        if drawn == [("high", 0), ("high", 1)]:
            raise KeyboardInterrupt
        about = {"model": "Tiny 1", "family": "Tiny", "model_size_b": 1.0, "category": "", "condition": ""}
        row = {"benchmark": "b", **about, "budget": budget, "context": context, "sample": 0, "finish_reason": "stop"}
        rest = {"target": 0, "n_choices": 4, "text": "ANSWER: A", "answer": 0, "reasoning_tokens": 9}
        return pd.DataFrame([{**row, "question": item.id, **rest} for item in items])

    monkeypatch.setattr(script, "draw_part", draw_part)
    draw = lambda *budgets: script.draw_model("x.gguf", list(budgets), slots=1, url="http://127.0.0.1:1")  # noqa: E731
    with pytest.raises(KeyboardInterrupt):
        draw("high")
    whole = tmp_path / "arithmetic-and-facts-tiny-1.parquet"
    left = tmp_path / "parts" / f"{whole.stem}.high.0.parquet"
    assert list(left.parent.iterdir()) == [left]
    draw("low")
    assert set(pd.read_parquet(whole)["budget"]) == {"low"}
    assert list(left.parent.iterdir()) == [left]
    assert "| Tiny 1 | high | 1 | 50 | 100.0% | 0 | 0 | 9 |" in (tmp_path / "README.md").read_text()
    draw("low", "high")
    draw("low", "high")
    assert drawn == [("high", 0), ("high", 1), ("low", 0), ("low", 1), ("high", 1)]
    table = pd.read_parquet(whole)
    assert table.groupby(["budget", "context"], observed=True).size().to_dict() == {
        (budget, context): 50 for budget in ("high", "low") for context in (0, 1)
    }
    assert not any(left.parent.iterdir())
