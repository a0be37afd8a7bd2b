"""Canonical forms of free-form answers: numbers, fractions, units, LaTeX; equivalence by a function."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.errors import BadInput
from hotmess.responses.canonical import canonical_answers, canonical_number, math_equivalent
from hotmess.responses.read import read
from hotmess.responses.validate import validate


@pytest.mark.parametrize(
    "form, same",
    [
        (
            "1/2",
            [".5", "0.500", "50%", "50\\%", r"\frac{1}{2}", r"$\dfrac12$", "2/4", r"\boxed{\frac{1}{2}}", "x = 1/2"],
        ),
        ("-3/4", ["-0.75", "-75 %", r"-\frac{3}{4}", r"\frac{-3}{4}", "−3/4", "$-\\frac34$"]),
        (
            "12000",
            ["12,000", "12000.0", r"1.2\times10^4", "1.2e4", r"12{,}000".replace("{,}", ","), "$12,000", "\\$12,000"],
        ),
        ("5", ["5 cm", "5cm", r"5\text{ cm}", "5 square meters", "5^\\circ", "5°", "The answer is 5.", "5 dollars"]),
        ("7/2", ["3.5", "3 1/2", "3 + 1/2", "7/2"]),
        ("0", ["-0", "0.0", "0%", "0/5"]),
    ],
)
def test_equal_numbers_have_one_form(form, same):
    assert {text: canonical_number(text) for text in same} == dict.fromkeys(same, form)


@pytest.mark.parametrize("text", ["x + 1", "1/0", "1/2/3", "one half", "5 apples and 2 pears", "1e99999", "", "3,4"])
def test_what_is_no_number_stays_as_text(text):
    assert canonical_number(text) == text.casefold()


@given(st.fractions(max_denominator=999).filter(lambda f: abs(f) < 10**6))
def test_fractions_keep_their_value_however_written(value):
    n, d = value.numerator, value.denominator
    sign = "-" if n < 0 else ""
    for text in (f"{n}/{d}", f"{sign}\\frac{{{abs(n)}}}{{{d}}}", f"${sign}\\dfrac{{{abs(n)}}}{{{d}}}$"):
        assert canonical_number(text) == str(value)


@given(st.text(max_size=60))
def test_any_text_has_a_form_and_keeps_it(text):
    once = canonical_number(text)
    assert canonical_number(once) == once


def texts(*answers, target="1/2"):
    return validate(pd.DataFrame({"model": "m", "question": "q", "text": list(answers), "target": target}))


def test_answers_and_targets_get_the_same_form():
    same = canonical_answers(texts("0.5", r"\frac{1}{2}", None, "2"), "math")
    assert same.table["text"].fillna("-").tolist() == ["1/2", "1/2", "-", "2"]
    assert same.table["target"].unique().tolist() == ["1/2"]
    assert same.notes[-1].startswith("4 different answers to questions are 3")


def test_a_function_of_ones_own_decides():
    own = canonical_answers(texts("Half", "a half", "third", target="half"), lambda t: t.split()[-1])
    assert own.table["text"].tolist() == ["half", "half", "third"]
    near = canonical_answers(
        texts("10", "10.4", "12", "12.3", target="10"), "text", equivalent=lambda a, b: abs(float(a) - float(b)) < 0.5
    )
    assert near.table["text"].tolist() == ["10", "10", "12", "12"]


def test_refusals():
    with pytest.raises(BadInput, match="no canonical form 'latex'"):
        canonical_answers(texts("1"), "latex")
    with pytest.raises(BadInput, match="target is empty"):
        canonical_answers(texts("1"), lambda t: "")


@pytest.mark.skipif(importlib.util.find_spec("math_verify") is None, reason="math-verify (the extra math) is not there")
def test_mathematics_is_compared_as_mathematics():
    assert math_equivalent(r"\sqrt{8}", r"2\sqrt{2}") and math_equivalent("(x+1)^2", "x^2+2x+1")
    assert not math_equivalent("x+1", "x+2")
    assert not math_equivalent("9^9^9^9^9", "2")  # not computed


def test_texts_of_which_none_is_right_are_said():
    frame = pd.DataFrame({"model": "m", "question": np.repeat(range(5), 4), "text": list("abcd") * 5, "target": "a|e"})
    (note,) = [note for note in read(frame).notes if "None of" in note]
    assert note.startswith("None of the 20 answers on all is the right one, as 'a' where 'a|e' is right; ")
    assert not any("None of" in note for note in read(frame.assign(target="a")).notes)
    half = frame.assign(text=["1/2", "x", "y", "z"] * 5, target="0.5")
    assert any("None of" in note for note in read(half).notes)
    assert not any("None of" in note for note in read(half, canonical="math").notes)
