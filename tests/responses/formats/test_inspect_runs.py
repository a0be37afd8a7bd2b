"""Logs of real runs of Inspect on its mock model: a task with epochs, and this project's own sampling layer."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from hotmess.responses.formats import read_logs

pytest.importorskip("inspect_ai")

RUN = """
import json, random, sys
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice
from hotmess.sampling.items import Item
from hotmess.sampling.task import build_task

rng = random.Random(1)
SPREADS = {"A": "A=0.7, B=0.2, C=0.1", "B": "A=0.1, B=0.8, C=0.1", "C": "A=0, B=0, C=1", "?": "A=1, B=1"}

def model_of(form):
    def reply(*_):
        tokens, letter = rng.randint(30, 300), rng.choice("ABC?")
        end = f"PROBABILITIES: {SPREADS[letter]}" if form == "probability" else f"ANSWER: {letter}"
        # A provider counts tokens; without a usage the mock model would fetch a vocabulary.
        output = ModelOutput.from_content("mockllm/model", "so " * tokens + chr(10) + end)
        output.usage = ModelUsage(input_tokens=5, output_tokens=tokens, total_tokens=5 + tokens)
        return output
    return get_model("mockllm/model", custom_outputs=reply, memoize=False)

def run(task, form, **options):
    return eval(task, model=model_of(form), log_dir=f"{sys.argv[1]}/{form}", display="none", **options)[0].samples

samples = [Sample(id=i, input=f"{i}?", choices=["x", "y", "z"], target="ABC"[i % 3]) for i in range(4)]
task = Task(MemoryDataset(samples), solver=multiple_choice(), scorer=choice(), epochs=5, name="epochs")
ran = run(task, "epochs", temperature=0.7)
drawn = {"epochs": [[str(s.id), s.epoch - 1, s.scores["choice"].value == "C"] for s in ran]}

three = ("a", "b", "c")
items = [Item(id=f"q{i}", question=f"What is {i}?", choices=three, target=i % 3, category="sums") for i in range(3)]
pool = [Item(id=f"p{i}", question=f"Example {i}?", choices=three, target=i % 3) for i in range(6)]
plan = {"budget": "low", "contexts": 3, "draws": 2, "order": "permuted", "temperature": 0.8}
for form in ("letter", "probability"):
    drawn[form] = [
        [s.metadata["question"], str(s.metadata["context"]), s.metadata["draw"], s.metadata["seed"], score.metadata]
        for s in run(build_task(items, pool, name="facts", form=form, **plan), form) for score in s.scores.values()
    ]
print(json.dumps(drawn))
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    # In a process of its own: Inspect leaves streams open, which are warnings here.
    done = subprocess.run([sys.executable, "-c", RUN, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
    return folder, json.loads(done.stdout.splitlines()[-1])


def keyed(table, name):
    keys = zip(table["question"], table["context"], table["sample"], strict=True)
    return dict(zip(keys, table[name], strict=True))


@pytest.mark.slow
def test_a_run_with_epochs(drawn):
    folder, logged = drawn
    table, _ = read_logs(folder / "epochs", cache=False)
    assert len(table) == 20 and sorted(table["sample"].unique()) == [0, 1, 2, 3, 4]
    assert (table["temperature"] == 0.7).all() and (table["reasoning_tokens"] >= 30).all()
    right = {(question, sample): correct for question, sample, correct in logged["epochs"]}
    rows = table[["question", "sample", "answer", "target"]].itertuples(index=False)
    assert {(question, sample): answer == target for question, sample, answer, target in rows} == right


def test_letters_of_permuted_options_are_those_of_the_original_order(drawn):
    folder, logged = drawn
    table, _ = read_logs(folder / "letter", cache=False)
    assert len(table) == 18 and set(table["benchmark"]) == {"facts"} and set(table["budget"]) == {"low"}
    assert keyed(table, "answer") == {(q, c, d): score["answer"] for q, c, d, _, score in logged["letter"]}
    assert keyed(table, "seed") == {(q, c, d): seed for q, c, d, seed, _ in logged["letter"]}
    assert dict(zip(table["question"], table["target"], strict=True)) == {"q0": 0, "q1": 1, "q2": 2}
    assert set(table["n_choices"]) == {3} and set(table["category"]) == {"sums"} and set(table["temperature"]) == {0.8}
    assert -1 in set(table["answer"]) and (table["reasoning_tokens"] >= 30).all()


def test_probabilities_are_read_and_wrong_formats_left_open(drawn):
    folder, logged = drawn
    table, _ = read_logs(folder / "probability", cache=False)
    expected = {(q, c, d): score["probs"] for q, c, d, _, score in logged["probability"]}
    found = {key: None if probs is None else list(probs) for key, probs in keyed(table, "probs").items()}
    assert found == expected and None in expected.values()
    assert (table.loc[table["probs"].isna(), "answer"] == -1).all()
