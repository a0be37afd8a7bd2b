"""Difficulty groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hotmess.errors import BadInput
from hotmess.responses.validate import validate


def table(**changes) -> pd.DataFrame:
    rows = [
        {"benchmark": b, "model": m, "model_size_b": size, "question": f"{b}{q}", "sample": s, "score": 1.0,
         "reasoning_tokens": 2.0 ** (q if m == "big" else 9 - q) + s, "level": q}
        for b in ("x", "y") for m, size in (("big", 70.0), ("small", 7.0)) for q in range(9) for s in range(2)
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**changes)


def of(responses) -> dict[str, str]:
    return dict(zip(responses.table["question"], responses.table["difficulty"], strict=True))


def test_thirds_within_each_benchmark_by_the_largest_model():
    got = validate(table()).difficulty()
    groups = of(got)
    for b in ("x", "y"):
        assert [groups[f"{b}{q}"] for q in range(9)] == ["easy"] * 3 + ["medium"] * 3 + ["hard"] * 3
    assert list(got.table["difficulty"].cat.categories) == ["easy", "medium", "hard"]
    assert any("'big', the largest model" in note and "among the models compared" in note for note in got.notes)


def test_another_reference_and_another_number():
    groups = of(validate(table()).difficulty(reference="small", groups=9))
    assert [groups[f"x{q}"] for q in range(9)] == [f"{9 - q} of 9" for q in range(9)]


def test_groups_are_of_equal_size_in_spite_of_ties():
    got = validate(table(reasoning_tokens=5.0)).difficulty(reference="big")
    counts = got.table.drop_duplicates("question").groupby(["benchmark", "difficulty"], observed=True).size()
    assert set(counts) == {3}


def test_questions_without_a_length_have_no_group():
    frame = table()
    frame.loc[(frame["question"] == "x4") & (frame["model"] == "big"), "reasoning_tokens"] = np.nan
    got = validate(frame).difficulty()
    assert got.table.loc[got.table["question"] == "x4", "difficulty"].isna().all()
    assert any("1 questions have no length" in note for note in got.notes)


def test_a_column_of_difficulty():
    by_number = of(validate(table()).difficulty(column="level"))
    assert by_number["x0"] == "easy" and by_number["y8"] == "hard"
    words = table(level=lambda d: np.where(d["level"] > 4, "tricky", "plain"))
    assert set(of(validate(words).difficulty(column="level")).values()) == {"plain", "tricky"}


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({}, {"reference": "bigg"}, "did you mean 'big'"),
        ({}, {"groups": 1}, "at least 2"),
        ({}, {"groups": 20}, "fewer questions than the 20"),
        ({}, {"column": "levle"}, "did you mean 'level'"),
        ({"level": ["a", "b"] * 36}, {"column": "level"}, "changes within question 'x0'"),
        ({"model_size_b": None}, {}, "name the reference"),
        ({"model_size_b": 7.0}, {}, "equally large"),
        ({"reasoning_tokens": None}, {}, "Difficulty needs lengths"),
        (
            {"reasoning_tokens": lambda d: d["reasoning_tokens"].where(d["model"] == "small")},
            {},
            "'big' has no lengths",
        ),
    ],
)
def test_refusals(change, options, words):
    with pytest.raises(BadInput, match=words):
        validate(table(**change)).difficulty(**options)
