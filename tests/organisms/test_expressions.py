"""Texts of the organisms: values worked by hand, budgets, mistakes that are put right, and reading responses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess.errors import BadInput
from hotmess.organisms.expressions import (
    BUDGETS,
    CODE,
    LENGTH,
    LONGEST,
    NATURAL,
    PROMPT,
    SYMBOLS,
    Question,
    question_set,
    random_question,
    read,
    write,
    write_batch,
)


def said(tokens) -> str:
    return "".join(SYMBOLS[t] for t in tokens)[PROMPT:].rstrip(".")


def test_values_worked_by_hand():
    q = Question(7, (("-", 9), ("*", 6), ("+", 5), ("*", 0)))
    assert q.values == (8, 8, 3, 0) and q.target == 0 and q.text == "7-9*6+5*0"


@settings(deadline=None, max_examples=100)
@given(seed=st.integers(0, 10_000), n=st.integers(1, LONGEST), budget=st.sampled_from(BUDGETS))
def test_correcting_texts_put_every_mistake_right(seed, n, budget):
    rng = np.random.default_rng(seed)
    q = random_question(rng, n)
    tokens, trained = write(q, budget, "correcting", rng)
    assert len(tokens) == len(trained) == LENGTH and not any(trained[:PROMPT])
    text = said(tokens)
    body, answer = text.split("#")
    assert int(answer) == q.target
    steps, at = [], 0
    while at < len(body):
        first = int(body[at + 1])
        checked = body[at + 2 : at + 3] == "?"
        last = int(body[at + 3]) if checked else first
        steps.append((body[at], first, last, checked))
        assert trained[PROMPT + at + 1] == (first == q.values[len(steps) - 1])  # mistakes are not trained on
        at += 4 if checked else 2
    assert [s[0] for s in steps] == list("abcdefg"[:n])
    assert [s[2] for s in steps] == list(q.values)
    assert all(first == last or checked for _, first, last, checked in steps)
    wanted = {"none": 0, "half": (n + 1) // 2, "all": n}
    if budget in wanted:
        assert sum(s[3] for s in steps) == wanted[budget]


def test_plain_texts_have_no_mistakes_and_natural_rechecks_follow_their_chances():
    rng = np.random.default_rng(0)
    q = Question(3, (("+", 4), ("*", 8)))
    count = np.zeros(2)
    for _ in range(2000):
        text = said(write(q, "natural", "plain", rng)[0])
        assert text.replace("?7", "").replace("?6", "") == "a7b6#6"
        count += "a7?" in text, "b6?" in text
    expected = np.array([NATURAL["+"], NATURAL["*"]])
    assert np.all(np.abs(count / 2000 - expected) < 5 * np.sqrt(expected * (1 - expected) / 2000))


def test_batches_are_functions_of_their_generator():
    one, two = (write_batch(np.random.default_rng((1, 2)), 20, "correcting") for _ in range(2))
    assert np.array_equal(one[0], two[0]) and one[0].shape == one[1].shape == (20, LENGTH)
    assert len(set(one[0][:, 0].tolist())) > 1


def test_question_sets_are_distinct_and_graded():
    questions = question_set(3, each=5)
    assert len({q.text for q in questions}) == len(questions) == 5 * LONGEST
    assert [len(q.steps) for q in questions] == [n for n in range(1, LONGEST + 1) for _ in range(5)]


@pytest.mark.parametrize(
    ("text", "answer", "length", "rechecks"),
    [
        ("a7b6#6", 6, 4, 0),
        ("a7?7b6?6#3", 3, 8, 2),
        ("#4", 4, 0, 0),
        ("a7b6", -1, 12, 0),  # no answer
        ("a7b6#+", -1, 4, 0),  # no number
        ("a7b6#5?3#9", 5, 4, 0),  # the first answer counts
        ("aaaaaaaaaaa#", -1, 11, 0),  # nothing after the mark
    ],
)
def test_reading_responses(text, answer, length, rechecks):
    tokens = np.array([[CODE[c] for c in text.ljust(12, ".")]])
    assert [int(x[0]) for x in read(tokens)] == [answer, length, rechecks]


def test_what_cannot_be_written_is_refused():
    q = Question(1, (("+", 1),))
    with pytest.raises(BadInput, match="no budget"):
        q.prompt("some")
    with pytest.raises(BadInput, match="no condition"):
        write(q, "all", "other", np.random.default_rng(0))
    with pytest.raises(BadInput, match="operations"):
        Question(1, ())
