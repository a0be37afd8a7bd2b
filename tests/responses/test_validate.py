"""Validation: what is accepted, in which form, and what is refused with which sentence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hotmess.errors import BadInput
from hotmess.responses.outcomes import refuse_source
from hotmess.responses.read import read
from hotmess.responses.table import CELL
from hotmess.responses.validate import validate


def letters(**changes) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "benchmark": "b",
            "model": ["m1"] * 3 + ["org/ü-2"] * 3,
            "question": ["q1", "q1", "q2"] * 2,
            "sample": [0, 1, 0] * 2,
            "answer": [0, 1, 2, 3, -1, 0],
            "target": [0, 0, 2] * 2,
            "n_choices": 4,
        }
    )
    return frame.assign(**changes)


def probs(values=None, **changes) -> pd.DataFrame:
    values = values or [[0.5, 0.5], [0.25, 0.75]]
    frame = pd.DataFrame({"model": "m", "question": "q", "probs": values, "target": 0})
    return frame.assign(**changes)


def test_everything_is_there_after_validation():
    got = validate(letters().drop(columns="benchmark"))
    for name in (*CELL, "context", "sample", "family", "model_size_b"):
        assert name in got.table.columns
    assert (got.table["benchmark"] == "all").all()
    assert (got.table["budget"] == "").all()
    assert got.table["context"].isna().all()
    assert got.table["answer"].dtype == np.int64
    assert (got.outcome, got.length) == ("answer", None)


def test_unknown_columns_are_carried_along():
    assert validate(letters(weather="fine")).table["weather"].eq("fine").all()


def test_the_frame_itself_is_not_changed():
    frame = letters(answer=list("ABCDBA"))
    validate(frame)
    assert frame["answer"].tolist() == list("ABCDBA")


def test_letters_become_indices():
    got = validate(letters(answer=list("ABCDBA"), target=list("aacaac"))).table
    assert got["answer"].tolist() == [0, 1, 2, 3, 1, 0]
    assert got["target"].tolist() == [0, 0, 2, 0, 0, 2]


def test_samples_are_numbered_where_the_column_is_missing():
    got = validate(letters().drop(columns="sample"))
    assert got.table["sample"].tolist() == [0, 1, 0, 0, 1, 0]
    assert any("numbered" in note for note in got.notes)


def test_budgets_are_labels():
    got = validate(letters(budget=[10.0, 20.0, 10.0, np.nan, 10.0, 10.0]))
    assert got.table["budget"].tolist() == ["10", "20", "10", "", "10", "10"]


def test_number_of_options_comes_from_the_options():
    frame = letters(choices=[["w", "x", "y", "z"]] * 6).drop(columns="n_choices")
    assert validate(frame).table["n_choices"].tolist() == [4] * 6


@pytest.mark.parametrize(
    ("columns", "length"),
    [
        ({"reasoning_tokens": 5, "actions": 3}, "reasoning_tokens"),
        ({"reasoning_tokens": None, "actions": 3}, "actions"),
        ({"words": 3}, None),
    ],
)
def test_which_column_is_the_length(columns, length):
    got = validate(letters(**columns))
    assert got.length == length


def test_a_length_of_choice():
    assert validate(letters(words=["1", "2", "3", "", "5", "6"]), length="words").lengths()[3:4].tolist() != [0.0]
    with pytest.raises(BadInput, match="did you mean 'words'"):
        validate(letters(words=3), length="word")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"answer": [0, 1, 2, 4, 0, 0]}, "answer holds option 4 in row 4, but the question has 4 options, 0 to 3"),
        ({"target": [0, 0, 7] * 2}, "target holds option 7 in row 3"),
        ({"target": [0, 1, 2] * 2}, "question 'q1' of benchmark 'b' the target changes: row 2 differs from row 1"),
        ({"target": [None, 0, 2] * 2}, "target is empty in row 1"),
        ({"n_choices": 1}, "n_choices gives 1 option in row 1; there must be at least 2"),
        ({"n_choices": [4, 5, 4] * 2}, "'q1' of benchmark 'b' n_choices changes"),
        ({"n_choices": "many"}, "n_choices holds 'many' in row 1"),
        ({"n_choices": 4.5}, "n_choices holds 4.5 in row 1, not a whole number"),
        ({"sample": 0}, "2 rows are duplicates: row 2 repeats row 1 .*question 'q1', sample '0'"),
        ({"sample": [0, None, 0] * 2}, "sample is empty in row 2"),
        ({"model": ["m", None, "m"] * 2}, "model is empty in row 2"),
        ({"question": ["q", "", "q"] * 2}, "question is empty in row 2"),
        ({"answer": ["A", "1", "C"] * 2}, "answer mixes letters and indices"),
        ({"model_size_b": [1, 2, 1] * 2}, "'m1' has two sizes"),
        ({"model_size_b": -1}, "sizes are billions"),
        ({"temperature": -1}, "Column temperature holds -1"),
        ({"top_p": 2.0}, "Column top_p holds 2"),
        ({"reasoning_tokens": -5}, "reasoning_tokens holds -5 in row 1"),
        ({"reasoning_tokens": "long"}, "reasoning_tokens holds 'long' in row 1"),
        ({"context": ["c", None, None] * 2}, "context is empty in row 2 but not in other responses"),
        ({"answer": None}, "no outcome|empty"),
    ],
)
def test_bad_letters(change, words):
    with pytest.raises(BadInput, match=words):
        validate(letters(**change))


@pytest.mark.parametrize(
    ("drop", "words"),
    [
        ("model", "no column 'model'"),
        ("question", "no column 'question'"),
        ("target", "needs a column 'target'"),
        ("n_choices", "needs a column 'n_choices'.*cannot be told from the answers"),
        ("answer", "no outcome"),
    ],
)
def test_missing_columns(drop, words):
    with pytest.raises(BadInput, match=words):
        validate(letters().drop(columns=drop))


def test_the_nearest_name_is_suggested():
    with pytest.raises(BadInput, match=r"did you mean 'qestion'\?\); rename it, or map it with --column question="):
        validate(letters().rename(columns={"question": "qestion"}))


def test_no_rows():
    with pytest.raises(BadInput, match="no rows"):
        validate(letters().iloc[:0])


def test_probabilities_rounded_are_renormalised():
    got = validate(probs([[0.3333, 0.6666], [0.5, 0.5]]))
    assert got.table["probs"].iloc[0].sum() == pytest.approx(1, abs=1e-15)
    assert got.table["n_choices"].tolist() == [2, 2]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[0.5, 0.5], [0.5, 0.6]], "probs sums to 1.1 in row 2"),
        ([[0.5, 0.5], [-0.5, 1.5]], "negative probability, -0.5, in row 2"),
        ([[0.5, 0.5], [float("nan"), 1.0]], "not a finite number in row 2"),
        ([[0.5, 0.5], [0.2, 0.3, 0.5]], "n_choices changes"),
        ([[1.0], [1.0]], "gives 1 option"),
        (["[0.5, 0.5", "x"], "not a list of numbers"),
    ],
)
def test_bad_probabilities(values, words):
    with pytest.raises(BadInput, match=words):
        validate(probs(values))


def test_probabilities_of_the_wrong_length():
    with pytest.raises(BadInput, match="probs holds 2 numbers in row 1 but n_choices is 3 for question 'q'"):
        validate(probs(n_choices=3))


def test_an_empty_vector_is_unparsable_not_another_outcome():
    got = validate(probs([[0.5, 0.5], None]))
    assert len(got) == 2
    assert got.table["n_choices"].tolist() == [2, 2]


def test_rows_of_another_outcome_are_left_out_and_counted():
    frame = pd.concat(
        [probs(condition="probe"), probs([None, None], condition="plain").assign(answer=[0, 1])], ignore_index=True
    )
    got = validate(frame.assign(n_choices=2))
    assert len(got) == 2
    assert any("2 rows hold another outcome" in note for note in got.notes)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"tests": [[1, 0], [1]]}, "number of tests changes"),
        ({"tests": [[1, 2], [1, 0]]}, "other than 0 and 1 in row 1"),
        ({"tests": [[1, 0], None]}, "tests is empty in row 2"),
        ({"score": [0.5, float("inf")]}, "score holds inf in row 2"),
        ({"score": [0.5, None]}, "score holds nothing in row 2"),
        ({"score": [0.5, 50]}, "score holds 50 in row 2; scores run from 0 to 1"),
        ({"embedding": [[1.0, 2.0], [1.0]]}, "embedding holds 1 numbers in row 2 but 2 in row 1"),
        ({"embedding": [[1.0, float("nan")], [1.0, 2.0]]}, "not finite in row 1"),
        ({"point": [[1.0], [2.0]]}, "needs a column 'target_point'"),
        ({"point": [[1.0], [2.0]], "target_point": [[0.0], [1.0]]}, "target point changes"),
        ({"point": [[1.0], [2.0]], "target_point": [[0.0, 1.0]] * 2}, "different lengths"),
        ({"text": ["a", "b"]}, "needs a column 'target'"),
        ({"text": ["a", "b"], "target": ["a", "b"]}, "target changes"),
        ({"text": ["a", "b"], "target": ["", ""]}, "target is empty"),
    ],
)
def test_bad_outcomes(frame, words):
    with pytest.raises(BadInput, match=words):
        validate(pd.DataFrame({"model": "m", "question": "q", **frame}))


def test_which_outcome_is_chosen():
    frame = letters(score=0.5, probs=[[0.25] * 4] * 6)
    assert validate(frame).outcome == "probs"
    assert validate(frame, metric="zero-one").outcome == "answer"
    assert validate(frame, metric="score").outcome == "score"
    assert validate(frame, outcome="answer").outcome == "answer"
    assert any("also has answer, score" in note for note in validate(frame).notes)
    with pytest.raises(BadInput, match="did you mean 'answer'"):
        validate(frame, outcome="anwser")
    with pytest.raises(BadInput, match="metric coverage needs the outcome tests; the table has"):
        validate(frame, metric="coverage")
    with pytest.raises(BadInput, match="metric brier needs the outcome probs or answer or text, not score"):
        validate(frame, metric="brier", outcome="score")


def test_an_answer_without_a_target_gives_way_to_a_score():
    frame = pd.DataFrame({"model": "m", "question": "q", "answer": ["7", "x"], "score": [1, 0]})
    assert validate(frame).outcome == "score"


def test_twice_the_same_column():
    frame = letters()
    frame.columns = [*frame.columns[:-1], "model"]
    with pytest.raises(BadInput, match="'model' stands twice"):
        validate(frame)


def test_summary_is_a_sentence():
    assert validate(letters()).summary() == (
        "6 responses of 2 models to 2 questions in 1 benchmark; outcome answer, no lengths."
    )


def test_a_frame_with_an_index_of_its_own():
    frame = letters(tests=[[1, 0]] * 6).iloc[[5, 3, 1]]
    assert validate(frame).table["answer"].tolist() == [0, 3, 1]
    assert len(validate(frame, outcome="tests")) == 3
    with pytest.raises(BadInput, match="option 9 in row 2"):
        validate(frame.assign(answer=[0, 9, 1]))


def test_blanks_around_names_are_no_part_of_them():
    rows = {"model": ["m", "m ", " m"], "question": ["q", "q", "q "], "score": [1.0, 0.0, 1.0]}
    responses = validate(pd.DataFrame(rows))
    assert set(responses.table["model"]) == {"m"} and set(responses.table["question"]) == {"q"}
    assert "Blanks around names are left off: model 'm ', model ' m', question 'q '." in responses.notes
    with pytest.raises(BadInput, match="Column model holds nothing but blanks in row 1"):
        validate(pd.DataFrame({**rows, "model": [" ", "m", "m"]}))
    with pytest.raises(BadInput, match="rows are duplicates"):  # a copy under another name
        validate(pd.DataFrame({**rows, "sample": 0}))


def test_sample_numbers_with_more_digits_than_a_float_are_told_apart(tmp_path):
    rows = [f"m,q,{10**25 + at},{at % 2}" for at in range(4)]
    (tmp_path / "t.csv").write_text("\n".join(["model,question,sample,score", *rows]))
    got = read(tmp_path / "t.csv")
    assert got.table["sample"].tolist() == [str(10**25 + at) for at in range(4)]


@pytest.mark.parametrize("name", ["reasoning_tokens", "actions", "answer", "right"])
def test_what_a_response_did_is_no_source_of_its_scatter(name):
    with pytest.raises(BadInput, match="cannot be a source"):
        refuse_source(name)
    refuse_source("judge")
