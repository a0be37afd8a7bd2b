"""Joining tables of readers: outcomes, lengths, conditions, sample numbers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.errors import BadInput
from hotmess.responses.formats.joining import join, settle


def rows(n=2, **columns):
    return pd.DataFrame({"benchmark": "b", "model": "m", "question": [f"q{i}" for i in range(n)], **columns})


def test_probabilities_and_letters_share_the_most_probable_letter():
    letters = rows(answer=[0, 1], target=[0, 0], n_choices=[2, 2])
    probs = rows(answer=[1, 0], target=[0, 0], n_choices=[2, 2], probs=[[0.1, 0.9], [0.8, 0.2]])
    table, notes = join({"r": [letters, probs]}, {})
    assert table["answer"].tolist() == [0, 1, 1, 0] and "probs" not in table
    assert any("most probable letter" in note for note in notes)
    table, _ = join({"r": [letters, probs]}, {}, outcome="probs")
    assert [list(one) for one in table["probs"]] == [[0.1, 0.9], [0.8, 0.2]]
    assert len(join({"r": [letters, probs]}, {}, outcome="answer")[0]) == 4


def test_columns_without_a_value_do_not_decide_types():
    one = rows(score=[1.0, 0.0], seed=[None, None], actions=[np.nan, np.nan])
    two = rows(score=[1.0, 0.0], seed=[5, 6], actions=[3.0, 4.0])
    table, _ = settle(join({"r": [one, two]}, {})[0])
    assert table["actions"].tolist()[2:] == [3.0, 4.0] and table["seed"].tolist()[2:] == [5, 6]


def test_targets_stay_whole_numbers():
    one = rows(answer=[0, -1], target=[0, 0], n_choices=[2, 2])
    two = rows(answer=[1, 0], target=[1, 1], n_choices=[2, 2], model=["n", "n"])
    table, _ = settle(join({"r": [one], "s": [two]}, {})[0])
    assert table[["answer", "target", "n_choices"]].dtypes.eq("int64").all()


def test_lengths_by_model():
    table = rows(4, score=1.0, model=["a", "a", "b", "c"])
    table["reasoning_tokens"] = [5.0, np.nan, 0.0, 7.0]
    table["output_tokens"] = [50.0, 60.0, 70.0, np.nan]
    settled, _ = settle(join({"r": [table]}, {})[0])
    # a reports reasoning tokens (one is missing), b none, c was measured by its reader.
    np.testing.assert_array_equal(settled["reasoning_tokens"], [5.0, np.nan, 70.0, 7.0])


@given(st.lists(st.sampled_from([None, 0.0, 0.7]), min_size=1, max_size=6), st.booleans())
def test_settings_that_differ_are_conditions_and_nothing_else_is(heats, named):
    settings = [json.dumps({"cot": True} | ({} if heat is None else {"temperature": heat})) for heat in heats]
    table = rows(len(heats), score=1.0, settings=settings, condition="plain" if named else "")
    settled, notes = settle(join({"r": [table]}, {})[0])
    several = len(set(heats)) > 1
    for heat, condition in zip(heats, settled["condition"], strict=True):
        added = [f"temperature={'default' if heat is None else f'{heat:g}'}"] if several else []
        assert condition == ", ".join(["plain"] * named + added)
    assert any("temperature" in note for note in notes) == several


def test_settings_of_different_models_are_no_conditions():
    settings = [json.dumps({"temperature": heat}) for heat in (0.2, 1.0)]
    settled, _ = settle(join({"r": [rows(score=1.0, settings=settings, model=["a", "b"])]}, {})[0])
    assert settled["condition"].tolist() == ["", ""]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([None, "0", "1"]), st.integers(0, 2)), min_size=1))
def test_samples_are_numbered_within_cell_and_context(given_rows):
    questions, contexts, samples = zip(*given_rows, strict=True)
    table = pd.DataFrame({"model": "m", "question": questions, "context": contexts, "sample": samples, "score": 1.0})
    settled, _ = settle(join({"r": [table]}, {})[0])
    keys = list(zip(settled["question"], settled["context"].fillna("-"), settled["sample"], strict=True))
    assert len(set(keys)) == len(keys)
    if len({(q, c, s) for q, c, s in given_rows}) == len(given_rows):
        assert settled["sample"].tolist() == list(samples)


def test_outcomes_that_share_nothing():
    letters = rows(answer=[0, 1], target=[0, 0], n_choices=[2, 2])
    texts = rows(text=["x", "y"], target=["x", "x"], benchmark=["t", "t"])
    with pytest.raises(BadInput, match="letters in b; free text in t"):
        join({"r": [letters], "s": [texts]}, {})
    scored = [letters.assign(score=1.0), texts.assign(score=0.0)]
    table, _ = join({"r": scored}, {})
    assert table["score"].tolist() == [1.0, 1.0, 0.0, 0.0] and not {"answer", "text", "target"} & set(table)
