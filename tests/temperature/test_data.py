"""Arranging responses with lengths: hand-worked features, exact aggregation, sentences for bad input."""

import numpy as np
import pandas as pd
import pytest

from hotmess.errors import BadInput
from hotmess.simulate import simulate
from hotmess.temperature.data import length_data


def table(rows):
    columns = ["model", "question", "budget", "answer", "reasoning_tokens"]
    return pd.DataFrame(rows, columns=columns).assign(benchmark="b", target=1, n_choices=4)


ROWS = [
    ("m", "q", "low", 1, 4),
    ("m", "q", "low", 0, 16),
    ("m", "q", "high", 1, 64),
    ("m", "q", "high", 1, 64),
    ("m", "q", "none", 2, 0),
    ("m", "q", "none", 2, 0),
]


def test_features_by_hand():
    data = length_data(table(ROWS))
    assert data.features == ("natural", "budget", "zero")
    assert data.levels == ("none", "low", "high")
    # low: mean log2 length 3, high: 6, so x is -1.5 and 1.5; z is -1 and 1 within low, 0 within high
    entries = {
        (int(a), float(w), *map(float, x))
        for a, w, x in zip(data.dense.answer[0], data.dense.weight[0], data.dense.features[:, 0].T)
        if w > 0
    }
    # wrong options are counted on from the target: answer 0 is option (0 - 1) mod 4 = 3, answer 2 option 1
    assert entries == {(0, 1, -1, -1.5, 0), (3, 1, 1, -1.5, 0), (0, 2, 0, 1.5, 0), (1, 2, 0, 0, 1)}
    np.testing.assert_allclose(data.at_level[:, 0], [[0, 0, 0], [0, -1.5, 1.5], [1, 0, 0]])
    assert data.dense.real.shape == (3, 1)


def test_only_what_varies_is_a_feature():
    one = length_data(table(ROWS[:2]))
    assert one.features == ("natural",)
    alike = length_data(table([ROWS[2], ("m", "q", "low", 1, 8)]))
    assert alike.features == ("budget",)


@pytest.mark.parametrize(
    ("unparsable", "responses", "options", "uniform"),
    [("leave-out", 6, 3, False), ("wrong", 7, 4, False), ("uniform", 7, 4, True)],
)
def test_unparsable_responses(unparsable, responses, options, uniform):
    data = length_data(table([*ROWS, ("m", "q", "low", -1, 8)]), unparsable=unparsable)
    assert data.dense.weight.sum() == responses
    assert data.dense.real.shape[0] == options
    assert data.uniform is uniform
    assert "unparsable" in data.notes[0]


def test_missing_lengths_are_left_out_and_counted():
    rows = table(ROWS).assign(reasoning_tokens=[4, np.nan, 64, 64, 0, 0])
    data = length_data(rows)
    assert data.dense.weight.sum() == 5
    assert data.notes[0].startswith("1 responses without a recorded length")


def test_sizes_become_doublings_and_models_units():
    rows = pd.concat([table(ROWS).assign(model=m, model_size_b=s) for m, s in (("x", 2.0), ("y", 8.0), ("z", 32.0))])
    data = length_data(rows)
    assert data.units["doublings"].tolist() == [-2.0, 0.0, 2.0]
    assert data.cells["unit"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda t: t.drop(columns="answer"), {}, "no column 'answer'"),
        (lambda t: t.assign(reasoning_tokens=8), {}, "Neither length nor budget varies"),
        (lambda t: t.assign(answer=-1), {}, "No response has both"),
        (lambda t: t, {"unparsable": "drop"}, "it can be leave-out"),
    ],
)
def test_bad_input_gets_a_sentence(change, options, words):
    with pytest.raises(BadInput, match=words):
        length_data(change(table(ROWS)), **options)


@pytest.mark.parametrize("tokens", [0.0, 7.0])
def test_a_condition_without_lengths_that_vary_is_left_out(tokens):
    """Answers without reasoning beside those with it: one response, of one length, says nothing of lengths."""
    own = simulate("natural-only", seed=4, questions=12, samples=5, budgets=1).table.assign(condition="cot")
    direct = own.groupby("question").head(1).assign(condition="direct", reasoning_tokens=tokens)
    both = length_data(pd.concat([own, direct], ignore_index=True), unparsable="uniform")
    alone = length_data(own, unparsable="uniform")
    assert both.units["condition"].tolist() == ["cot"] and both.features == ("natural",)
    np.testing.assert_array_equal(both.dense.features, alone.dense.features)
    np.testing.assert_array_equal(both.dense.answer, alone.dense.answer)
    assert both.notes[-1].startswith("12 responses of 1 model (direct) have lengths that vary within no question")
