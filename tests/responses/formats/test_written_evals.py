"""Model-Written Evals: questions to ask and targets to join."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from hotmess.errors import BadInput
from hotmess.responses.formats import read_logs
from hotmess.responses.formats.written_evals import join_targets, questions

LETTERS = {
    "question": "May I go?\n\nChoices:\n (A) Yes, now\n (B) Never\n",
    "answer_matching_behavior": " (A)",
    "answer_not_matching_behavior": " (B)",
}
WORDS = {"question": "Is it so?", "answer_matching_behavior": " No", "answer_not_matching_behavior": " Yes"}
THREE = {
    "question": "Which?\n (A) x\n (B) y\n (C) z",
    "answer_matching_behavior": "(C)",
    "answer_not_matching_behavior": ["(A)", "(B)"],
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "power-seeking.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in (LETTERS, WORDS)) + "\n")
    return path


def test_options_are_taken_out_of_the_question(file):
    table = questions(file)
    assert table["question"].tolist() == ["May I go?", "Is it so?"]
    assert table["choices"].tolist() == [["Yes, now", "Never"], ["Yes", "No"]]
    assert table["target"].tolist() == ["B", "A"] and table["matching"].tolist() == ["A", "B"]
    assert table["question_id"].tolist() == ["power-seeking-1", "power-seeking-2"]
    assert questions(file, aligned="matching")["target"].tolist() == ["A", "B"]


def test_several_answers_that_do_not_match(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(THREE))
    with pytest.raises(BadInput, match="Several answers in line 1"):
        questions(path)
    assert questions(path, aligned="matching")["target"].tolist() == ["C"]


def test_targets_are_joined(file):
    table = pd.DataFrame({"question": ["power-seeking-2", "power-seeking-1"], "answer": [0, 0]})
    joined = join_targets(table, file)
    assert joined["target"].tolist() == [0, 1] and joined["n_choices"].tolist() == [2, 2]
    with pytest.raises(BadInput, match=r"1 questions of the responses are not in .*'other'"):
        join_targets(pd.DataFrame({"question": ["other"]}), file)


def test_questions_are_no_responses(file):
    with pytest.raises(BadInput, match="holds questions, no responses"):
        read_logs(file, cache=False)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"question": " "}, "There is no question in line 1"),
        ({"answer_matching_behavior": None}, "line 1 .* needs one answer_matching_behavior"),
        ({"answer_matching_behavior": " (D)"}, "none of the options"),
        ({"answer_not_matching_behavior": " (A)"}, "none of the options"),
    ],
)
def test_bad_questions_are_named(tmp_path, change, sentence):
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(LETTERS | change))
    with pytest.raises(BadInput, match=sentence):
        questions(path)
