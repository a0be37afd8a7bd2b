"""Values of columns: option codes, numbers, vectors, canonical text."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.errors import BadInput
from hotmess.responses.values import canonical, labels, numbers, option_codes, suggest, vectors


def place(at: int) -> str:
    return f"row {at + 1}"


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        (["A", "b", " C ", "(D)", "e.", "F:"], [0, 1, 2, 3, 4, 5]),
        (["0", "3", "-1", "", None], [0, 3, -1, -1, -1]),
        ([0.0, 2.0, np.nan], [0, 2, -1]),
        ([1, -1, 3], [1, -1, 3]),
        (["A", -1, None, "-1"], [0, -1, -1, -1]),
        (["1.0", "2"], [1, 2]),
    ],
)
def test_option_codes(values, codes):
    assert option_codes(pd.Series(values), name="answer", place=place).tolist() == codes


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["A", "1"], "mixes letters and indices.*row 2"),
        (["A", "Paris"], "'Paris' in row 2, neither a letter nor an option index"),
        ([0.5, 1.0], "0.5 in row 1"),
        ([1, -2], "-2 in row 2"),
        ([1.0, np.inf], "inf in row 2"),
        ([True, False], "true/false"),
        (["A", ["B"]], "row 2, neither"),
    ],
)
def test_option_codes_refused(values, words):
    with pytest.raises(BadInput, match=words):
        option_codes(pd.Series(values), name="answer", place=place)


def test_numbers_that_are_strings():
    assert numbers(pd.Series(["1", " 2.5 ", ""]), name="score", place=place)[:2].tolist() == [1.0, 2.5]
    with pytest.raises(BadInput, match="'x' in row 2, where a number is needed"):
        numbers(pd.Series(["1", "x"]), name="score", place=place)


@pytest.mark.parametrize(
    ("values", "expected", "lengths"),
    [
        ([[1, 2], np.array([3.0])], [[1, 2], [3, 0]], [2, 1]),
        (["[0.5, 0.5]", None], [[0.5, 0.5], [0, 0]], [2, 0]),
        ([(1, 0), float("nan")], [[1, 0], [0, 0]], [2, 0]),
        ([["0.25", "0.75"]], [[0.25, 0.75]], [2]),
    ],
)
def test_vectors(values, expected, lengths):
    got, size = vectors(pd.Series(values, dtype=object), name="probs", place=place)
    assert got.tolist() == expected
    assert size.tolist() == lengths


@pytest.mark.parametrize("value", ["[0.5", "half", 3, {"A": 1}, [[1], [2]], ["x", "y"], [None, {}]])
def test_vectors_refused(value):
    with pytest.raises(BadInput, match=r"probs holds .* in row 2"):
        vectors(pd.Series([[1.0], value], dtype=object), name="probs", place=place)


def test_labels():
    assert labels(pd.Series([1, 2])).tolist() == ["1", "2"]
    assert labels(pd.Series([0.5, 10.0, np.nan]), fill="").tolist() == ["0.5", "10", ""]
    assert labels(pd.Series([10, None], dtype="Int64"), fill="").tolist() == ["10", ""]
    assert labels(pd.Series(["ä/b", None])).isna().tolist() == [False, True]
    assert labels(pd.Series(["x", "y"], dtype="category")).tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("1,000", "1000.0"), ("$x+1$", "x+1"), ("New  York.", "new york"), ("-0.50", "-.5"), ("+3", "3"), ("-0", "0")],
)
def test_equal_answers_compare_equal(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), [("1.5", "15"), ("1,5", "15"), ("a b", "ab"), ("-1", "1"), ("1e3", "1000")])
def test_different_answers_stay_different(one, other):
    assert canonical(one) != canonical(other)


@given(st.text(max_size=60))
def test_canonical_form_is_its_own_canonical_form(text):
    assert canonical(canonical(text)) == canonical(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=3))
def test_canonical_numbers_keep_their_value(number):
    assert float(canonical(str(number))) == float(number)


def test_suggest():
    assert suggest("targt", ["target", "answer"]) == " (did you mean 'target'?)"
    assert suggest("zzz", ["target"]) == ""
