"""Answer parsers: hand-worked cases, round trips, hostile text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.sampling.parse import parse_letter, parse_open, parse_probabilities
from hotmess.sampling.prompts import LETTERS, example_text

HOSTILE = st.text() | st.text(alphabet="ANSWERanswer:=*() <>/PROBABILITIES.,0123456789%\n\t", max_size=300)


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("ANSWER: C", 2),
        ("answer: c", 2),
        ("**ANSWER:** D", 3),
        ("**Answer: B**", 1),
        ("ANSWER: (A)", 0),
        ("ANSWER: $B$", 1),
        ("ANSWER: 'C'.", 2),
        ("ANSWER: option B", 1),
        ("ANSWER: B) 47", 1),
        ("ANSWER:\nD", 3),
        ("ANSWER: A\nNo, wait.\nANSWER: B", 1),
        ("ANSWER: a good question", -1),
        ("ANSWER: I'm not sure", -1),
        ("ANSWER: X", -1),
        ("ANSWER: E", -1),
        ("ANSWER: Canberra", -1),
        ("ANSWER: 47", -1),
        ("ANSWER:", -1),
        ("The answer is B.", -1),
        ("That is option B.", -1),
        ("ANSWER: A\nThen, on second thoughts, ANSWER: none", -1),
        ("CANSWER: A", -1),
        ("", -1),
    ],
)
def test_letter_by_hand(text: str, index: int) -> None:
    assert parse_letter(text, 4) == index


@given(st.text(), st.integers(2, 26).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_letter_reads_what_examples_show(before: str, case: tuple[int, int]) -> None:
    n, target = case
    text = before + "\n" + example_text("letter", target=target, n_choices=n)
    assert parse_letter(text, n) == target


@given(HOSTILE, st.integers(2, 26))
def test_letter_is_always_an_option_or_unparsable(text: str, n: int) -> None:
    assert -1 <= parse_letter(text, n) < n


@pytest.mark.parametrize(
    ("text", "probs"),
    [
        ("PROBABILITIES: A=0.5, B=0.25, C=0.25", (0.5, 0.25, 0.25)),
        ("Probabilities: C=0.25, A=0.5, B=0.25.", (0.5, 0.25, 0.25)),
        ("**PROBABILITIES:** A: 50%, B: 25%, C: 25%", (0.5, 0.25, 0.25)),
        ("PROBABILITIES: A=1, B=0, C=0", (1, 0, 0)),
        ("PROBABILITIES: A=.5, B=.5, C=0.", (0.5, 0.5, 0)),
        ("PROBABILITIES: A=1, B=0, C=0\nor rather\nPROBABILITIES: A=0, B=1, C=0", (0, 1, 0)),
        ("PROBABILITIES: A=0.5, B=0.5", None),  # an option is missing
        ("PROBABILITIES: A=0.5, A=0.25, C=0.25", None),  # given twice
        ("PROBABILITIES: A=0.5, B=0.25, C=0.25, D=0", None),  # no such option
        ("PROBABILITIES: A=0.5, B=0.25, C=0.2", None),  # sum
        ("PROBABILITIES: A=50%, B=0.25, C=0.25", None),  # mixed
        ("PROBABILITIES: A=-0.5, B=1, C=0.5", None),
        ("PROBABILITIES: A=1e0, B=0, C=0", None),
        ("PROBABILITIES: A=inf, B=0, C=0", None),
        ("PROBABILITIES: A=0.5 B=0.25 C=0.25", None),
        ("PROBABILITIES: A=p, B=p, C=p", None),
        ("PROBABILITIES: A=, B=1, C=0", None),
        ("A=0.5, B=0.25, C=0.25", None),
        ("", None),
    ],
)
def test_probabilities_by_hand(text: str, probs: tuple[float, ...] | None) -> None:
    assert parse_probabilities(text, 3) == (None if probs is None else pytest.approx(probs))


def test_probabilities_are_divided_by_their_sum_within_the_tolerance_only() -> None:
    text = "PROBABILITIES: A=0.333, B=0.333, C=0.333"
    assert parse_probabilities(text, 3, tolerance=0.01) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert parse_probabilities(text, 3, tolerance=0.0005) is None


@given(st.integers(2, 26).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_probabilities_reads_what_examples_show(case: tuple[int, int]) -> None:
    n, target = case
    probs = parse_probabilities(example_text("probability", target=target, n_choices=n), n)
    assert probs is not None
    assert probs.index(max(probs)) == target
    assert max(probs) == pytest.approx(0.85)


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=10).filter(lambda counts: sum(counts) > 0), st.data())
def test_probabilities_round_trip_in_any_order(counts: list[int], data: st.DataObject) -> None:
    probs = [count / sum(counts) for count in counts]
    order = data.draw(st.permutations(range(len(probs))))
    line = ", ".join(f"{LETTERS[i]}={probs[i]:.6f}" for i in order)
    assert parse_probabilities(f"PROBABILITIES: {line}", len(probs)) == pytest.approx(probs, abs=1e-5)


@given(HOSTILE, st.integers(2, 26))
def test_probabilities_are_on_the_simplex_or_unparsable(text: str, n: int) -> None:
    probs = parse_probabilities("PROBABILITIES:" + text, n)
    if probs is not None:
        assert len(probs) == n
        assert min(probs) >= 0
        assert math.fsum(probs) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<answer>42</answer>", "42"),
        ("<ANSWER> x\ny </Answer>", "x\ny"),
        ("<answer>1</answer> or <answer>2</answer>", "2"),
        ("İ <Answer>ß</answer>", "ß"),
        ("<answer></answer>", None),
        ("<answer>42", None),
        ("</answer><answer>", None),
        ("42", None),
    ],
)
def test_open_by_hand(text: str, answer: str | None) -> None:
    assert parse_open(text) == answer


@given(st.text(), st.text().filter(lambda text: "<answer>" not in text.lower() and "</answer>" not in text.lower()))
def test_open_reads_what_examples_show(before: str, answer: str) -> None:
    text = before + example_text("open", target=answer)
    assert parse_open(text) == (answer.strip() or None)


@pytest.mark.parametrize(
    "text",
    ["ANSWER: " * 200_000, "ANSWER:" + "*" * 2_000_000, "answer " * 200_000, "<answer>" * 200_000, "a=1," * 500_000],
)
def test_long_hostile_text_is_read_once(text: str) -> None:
    # A parser that is quadratic in these would take hours.
    assert parse_letter(text, 4) == -1
    assert parse_probabilities("PROBABILITIES:" * 100 + text, 4) is None
    assert parse_open(text) is None
