"""Questions matched by content: shuffled ids, shuffled options, edited questions, other wordings."""

from __future__ import annotations

import random

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from hotmess.responses.formats.same_questions import fingerprint, match_questions

OPTIONS = ("red", "green", "blue", "gold")


def rows(items, log=0, settings="{}"):
    """Rows of (id, input, options, right option, answered option)."""
    out = []
    for question, asked, options, right, said in items:
        content, order = fingerprint(asked, options, [options[right]])
        row = {"question": question, "answer": said, "target": right, "content": content, "options": order}
        out.append({"benchmark": "b", **row, "settings": settings, "_log": log})
    return out


@given(st.randoms(use_true_random=False), st.integers(2, 6))
def test_shuffled_ids_and_options_are_matched(source: random.Random, n):
    asked = [f"Question {i}?" for i in range(n)]
    whole = []
    for log in range(3):
        order = source.sample(range(n), n)
        items = []
        for place, which in enumerate(order):
            options = source.sample(OPTIONS, 4)
            # Always the same wrong text.
            items.append((str(place + 1), asked[which], options, options.index("red"), options.index("blue")))
        whole += rows(items, log)
    table, _ = match_questions(pd.DataFrame(whole))
    assert table.groupby("question")["content"].nunique().max() == 1 and table["question"].nunique() == n
    assert table.groupby("question")["answer"].nunique().max() == 1
    assert table.groupby("question")["target"].nunique().max() == 1


def test_an_edited_question_is_another_one():
    one = rows([("q1", "What is 2 + 2?", OPTIONS, 0, 0)])
    other = rows([("q1", "What is 2 + 3?", OPTIONS, 0, 0), ("q2", "x", OPTIONS, 1, 1)], 1)
    table, notes = match_questions(pd.DataFrame(one + other))
    assert table["question"].tolist() == ["q1", "q1 (2)", "q2"]
    assert notes == ["1 question shares its id with one of other content: told apart by a number behind the id."]


def test_the_same_input_with_another_target_is_another_question():
    table, _ = match_questions(pd.DataFrame(rows([("1", "x", OPTIONS, 0, 0)]) + rows([("1", "x", OPTIONS, 1, 0)], 1)))
    assert table["question"].tolist() == ["1", "1 (2)"]


def test_other_words_of_the_input_under_another_setting_ask_the_same_questions():
    plain = rows([(f"q{i}", f"{i}?", OPTIONS, i % 4, 0) for i in range(3)])
    hinted = rows([(f"q{i}", f"Hint. {i}?", OPTIONS, i % 4, 0) for i in range(3)], 1, '{"hint": "true"}')
    table, notes = match_questions(pd.DataFrame(plain + hinted))
    assert table["question"].tolist() == ["q0", "q1", "q2"] * 2 and not notes
    # The same without a setting that says why: not repeats of each other.
    table, _ = match_questions(pd.DataFrame(plain + [{**row, "settings": "{}"} for row in hinted]))
    assert table["question"].nunique() == 6
    # Not where one of the answers is another: then ids mean something else.
    hinted[1]["content"] = rows([("q1", "Hint. 1?", OPTIONS, 3, 0)])[0]["content"]
    assert match_questions(pd.DataFrame(plain + hinted))[0]["question"].nunique() == 6


def test_shuffled_ids_under_another_setting_are_matched_too():
    plain = rows([(str(i), f"{i}?", OPTIONS, 0, 0) for i in range(4)])
    other = rows([(str(3 - i), f"{i}?", OPTIONS, 0, 0) for i in range(4)], 1, '{"hint": "true"}')
    table, notes = match_questions(pd.DataFrame(plain + other))
    assert table["question"].tolist() == ["0", "1", "2", "3"] * 2
    assert notes == ["4 questions have another id in another run: matched by input, options and target."]


def test_equal_contents_within_a_run_go_by_their_ids():
    # As of agents' tasks whose files, not whose input, make the question.
    items = [(f"ctf{i}", "Find the flag.", [], None, None) for i in range(3)]
    table = pd.DataFrame(
        [
            {"benchmark": "b", "question": q, "content": fingerprint(a, o, [])[0], "score": 1.0, "_log": log}
            for log in range(2)
            for q, a, o, *_ in items
        ]
    )
    assert match_questions(table)[0]["question"].tolist() == [q for q, *_ in items] * 2


def test_probabilities_follow_their_options():
    one, other = (
        rows([("q", "x", order, order.index("red"), 0)], log)[0] for log, order in enumerate((OPTIONS, OPTIONS[::-1]))
    )
    table = pd.DataFrame(
        [{**one, "probs": [0.1, 0.2, 0.3, 0.4]}, {**other, "probs": [0.4, 0.3, 0.2, 0.1], "answer": -1}]
    )
    table, notes = match_questions(table)
    assert table["probs"].tolist() == [[0.1, 0.2, 0.3, 0.4]] * 2
    assert table["answer"].tolist() == [0, -1] and table["target"].tolist() == [0, 0]
    assert notes == ["Options stand in another order in 1 response: they are matched by their text."]


def test_options_of_equal_text_are_not_moved():
    double = ("red", "red", "blue", "gold")
    items = rows([("q", "x", double, 2, 0)]) + rows([("q", "x", double[::-1], 1, 3)], 1)
    assert match_questions(pd.DataFrame(items))[0]["answer"].tolist() == [0, 3]
