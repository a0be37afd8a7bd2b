"""Reading questions: each kind of file, each layout of columns, each refusal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from hotmess.errors import BadInput
from hotmess.sampling.items import LAYOUTS, Columns, Item, read_items, split_choices

ROWS: list[dict[str, Any]] = [
    {"question_id": "a", "question": "One?", "choices": ["1", "2", "3"], "target": "2", "category": "easy"},
    {"question_id": "b", "question": "Two?", "choices": ["x", "y"], "target": "A", "category": "hard"},
    {"question_id": "c", "question": "Three?", "choices": ["x", "y"], "target": 1, "category": None},
]
ITEMS = [
    Item("a", "One?", ("1", "2", "3"), 1, "easy"),
    Item("b", "Two?", ("x", "y"), 0, "hard"),
    Item("c", "Three?", ("x", "y"), 1, ""),
]


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        table = pd.DataFrame([row | {"target": str(row["target"])} for row in rows])
        if path.suffix == ".csv":
            table["choices"] = table["choices"].map(json.dumps)
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path)
    return str(path)


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet"])
def test_every_kind_of_file_reads_the_same(tmp_path: Path, kind: str) -> None:
    assert read_items(write(tmp_path / f"q.{kind}", ROWS)) == ITEMS


def test_options_in_several_columns_and_worked_answers_by_budget(tmp_path: Path) -> None:
    rows = [{"q": "Q", "o1": "x", "o2": "y", "o3": None, "a": "y", "worked_low": "short", "worked": "any"}]
    columns = Columns(question="q", choices=("o1", "o2", "o3"), target="a")
    (item,) = read_items(write(tmp_path / "q.jsonl", rows), columns=columns)
    assert (item.id, item.choices, item.target) == ("1", ("x", "y"), 1)
    assert [item.worked_for(budget) for budget in ("low", "high", "")] == ["short", "any", "any"]


def test_gpqa_layout_does_not_leave_the_right_option_first(tmp_path: Path) -> None:
    rows = [
        {"Record ID": f"r{i}", "Question": f"Q{i}", "High-level domain": "Physics", "Correct Answer": "right\n"}
        | {f"Incorrect Answer {k}": f"wrong {k}" for k in (1, 2, 3)}
        for i in range(200)
    ]
    items = read_items(write(tmp_path / "gpqa.jsonl", rows), columns=LAYOUTS["gpqa"])
    assert all(item.choices[int(item.target or 0)] == "right" for item in items)
    assert {item.category for item in items} == {"Physics"}
    places = pd.Series([item.target for item in items]).value_counts()
    # Each place expects 50 of 200; the binomial standard deviation is 6.1.
    assert places.between(50 - 25, 50 + 25).all()
    assert len(places) == 4


def test_model_written_evals_layout(tmp_path: Path) -> None:
    text = "Would you?\n\nChoices:\n (A) Yes, I would\n (B) No"
    rows = [{"question": text, "answer_matching_behavior": " (A)", "answer_not_matching_behavior": " (B)"}]
    (item,) = read_items(write(tmp_path / "mwe.jsonl", rows), columns=LAYOUTS["model-written-evals"])
    assert item == Item("1", "Would you?", ("Yes, I would", "No"), 1)


def test_mmlu_layout_with_an_index(tmp_path: Path) -> None:
    pd.DataFrame([{"question": "Q", "choices": ["1", "2", "0", "3"], "answer": 2, "subject": "algebra"}]).to_parquet(
        tmp_path / "mmlu.parquet"
    )
    (item,) = read_items(str(tmp_path / "mmlu.parquet"), columns=LAYOUTS["mmlu"])
    assert item == Item("1", "Q", ("1", "2", "0", "3"), 2, "algebra")


def test_lines_that_are_no_list_of_options_stay_in_the_question() -> None:
    assert split_choices("Given (A) and\n(B) what?") == ("Given (A) and\n(B) what?", ())


def test_a_question_without_options_is_open_ended(tmp_path: Path) -> None:
    (item,) = read_items(write(tmp_path / "q.jsonl", [{"question": "6 x 7?", "target": 42}]))
    assert item == Item("1", "6 x 7?", (), "42")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"question": ""}, "no question in column 'question' of row 1"),
        ({"choices": ["x"]}, "There are 1 options in row 1"),
        ({"choices": ["x", "x"]}, "Two options are equal"),
        ({"target": "z"}, "'z' in row 1"),
        ({"target": "Z"}, "no index from 0"),
        ({"target": 3}, "no index from 0"),
        ({"target": -1}, "no index from 0"),
        ({"target": 0.5}, "no index from 0"),
        ({"choices": ["B", "A"], "target": "A"}, "both a letter and the text"),
        ({"choices": "[1,"}, "not a JSON list"),
    ],
)
def test_bad_rows_are_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = write(tmp_path / "q.jsonl", [ROWS[0] | change])
    with pytest.raises(BadInput, match=words):
        read_items(path)


def test_bad_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text("{")
    (tmp_path / "one.json").write_text('{"question": "Q"}')
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "q.txt").write_text("")
    twice = write(tmp_path / "twice.jsonl", [ROWS[0], ROWS[0]])
    for path, words in (
        (tmp_path / "none.jsonl", "There is no file"),
        (tmp_path / "broken.jsonl", "cannot be read as .jsonl"),
        (tmp_path / "one.json", "list of records"),
        (tmp_path / "empty.jsonl", "holds no questions"),
        (tmp_path / "q.txt", "ends in .txt"),
        (twice, "occurs twice"),
    ):
        with pytest.raises(BadInput, match=words):
            read_items(str(path))


def test_hugging_face_data_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load_dataset(name: str, config: str | None, *, split: str) -> list[dict[str, Any]]:
        asked.append((name, config, split))
        return ROWS

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    assert read_items("hf:owner/name:config") == ITEMS
    assert read_items("hf:owner/name", split="validation") == ITEMS
    assert asked == [("owner/name", "config", "test"), ("owner/name", None, "validation")]
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(BadInput, match=r"hotmess\[huggingface\]"):
        read_items("hf:owner/name")
