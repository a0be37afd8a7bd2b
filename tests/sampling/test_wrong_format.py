"""The table of wrong formats, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hotmess.errors import BadInput
from hotmess.sampling.wrong_format import format_table


def test_counts_by_model_and_budget_in_order_of_size() -> None:
    responses = pd.DataFrame(
        {
            "model": ["m"] * 6 + ["n"] * 3,
            "budget": ["high", "low", "low", "medium", "medium", "medium", "16384", "1024", "1024"],
            "answer": [0, -1, 2, -1, -1, 3, 1, -1, 0],
            "finish_reason": ["stop", "length", "stop", "length", "length", "stop", "stop", "stop", "stop"],
        }
    )
    table = format_table(responses)
    assert table[["model", "budget", "responses", "wrong", "at_the_limit"]].values.tolist() == [
        ["m", "low", 2, 1, 1],
        ["m", "medium", 3, 2, 2],
        ["m", "high", 1, 0, 0],
        ["n", "1024", 2, 1, 0],
        ["n", "16384", 1, 0, 0],
    ]
    np.testing.assert_allclose(table["share"], [1 / 2, 2 / 3, 0, 1 / 2, 0])


def test_probabilities_letters_and_missing_columns() -> None:
    table = format_table(pd.DataFrame({"model": ["m", "m"], "probs": [[0.5, 0.5], None]}))
    assert table[["condition", "budget", "responses", "wrong"]].values.tolist() == [["", "", 2, 1]]
    assert table["at_the_limit"].isna().all()
    assert format_table(pd.DataFrame({"answer": ["A", None, "C"]}))["wrong"].tolist() == [1]
    with pytest.raises(BadInput, match="no column answer"):
        format_table(pd.DataFrame({"score": [1.0]}))


def test_categories_and_numbers_as_budgets() -> None:
    responses = pd.DataFrame({"budget": pd.Categorical(["low", "high"]), "answer": [0, -1], "model": 1})
    assert format_table(responses)["budget"].tolist() == ["low", "high"]
    assert format_table(responses.assign(budget=[10, 9]))["budget"].tolist() == ["9", "10"]
