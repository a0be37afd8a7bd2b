"""Which runs are repeats: settings told apart as conditions, budgets and models, merged on purpose, or harmless."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.errors import BadInput
from hotmess.responses.formats.identity import tell_apart
from hotmess.responses.formats.recorded import LONGEST, recorded, word


def runs(*configs, model="m", benchmark="b", harmless=(), **columns):
    """One row for each configuration."""
    models = [model] * len(configs) if isinstance(model, str) else model
    rows = {"benchmark": benchmark, "model": models, "condition": "", "budget": "", "_format": "tool"}
    return pd.DataFrame({**rows, "settings": [recorded(one, harmless) for one in configs], **columns})


def test_fields_are_flattened_and_harmless_ones_left_out():
    config = {"a": {"b": 1, "c": {"d": None}}, "steps": [{"solver": "cot"}, {"solver": "generate"}], "host": {"x": 1}}
    given = {**config, "made": "today", "empty": {}, "list": [1, 2]}
    assert json.loads(recorded(given, ["host", "ma*"])) == {
        "a.b": "1",
        "steps.0.solver": "cot",
        "steps.1.solver": "generate",
        "list": "[1, 2]",
    }


@given(st.text(max_size=200), st.text(max_size=200))
def test_words_of_different_values_are_different(one, other):
    if len(one) > LONGEST and " at 0x" not in one + other:
        assert len(word(one)) <= LONGEST
        assert (word(one) == word(other)) == (one == other)


def test_equal_numbers_are_equal_whatever_their_type():
    assert word(1) == word(1.0) == word("1") and word(0.5) == word("0.5") and word(True) == "true"
    assert word("<function f at 0x7f00aa>") == word("<function f at 0x7f00bb>")
    deep = {}
    for _ in range(3_000):
        deep = {"a": deep}
    assert recorded({"x": deep}) and recorded({"x": float("nan")}) == '{"x": "nan"}'


def test_a_field_that_differs_is_a_condition_named_by_its_last_part():
    table, notes = tell_apart(runs({"limits": {"tokens": 100}}, {"limits": {"tokens": 200}}, {"limits": {}}))
    assert table["condition"].tolist() == ["tokens=100", "tokens=200", "tokens=default"]
    assert notes == ["Runs of one model that differ in tokens are told apart as conditions; --merge FIELD pools them."]


def test_two_fields_of_one_last_part_keep_their_whole_names():
    table, _ = tell_apart(runs({"a": {"x": 1}, "b": {"x": 1}}, {"a": {"x": 2}, "b": {"x": 3}}))
    assert table["condition"].tolist() == ["a.x=1, b.x=1", "a.x=2, b.x=3"]
    # One value that is recorded twice is said once.
    table, _ = tell_apart(runs({"a": {"x": 1}, "b": {"c": {"x": 1}}}, {"a": {"x": 2}, "b": {"c": {"x": 2}}}))
    assert table["condition"].tolist() == ["x=1", "x=2"]


def test_effort_is_a_budget_and_thinking_where_it_differs():
    table, notes = tell_apart(runs({"reasoning_effort": "high", "body": {"enable_thinking": True}}))
    assert table["budget"].tolist() == ["high"] and not notes
    on, off = ({"reasoning_effort": "high", "body": {"enable_thinking": value}} for value in (True, False))
    table, notes = tell_apart(runs(on, off))
    assert table["budget"].tolist() == ["high, enable_thinking=true", "high, enable_thinking=false"]
    assert notes[0].startswith("Runs of one model that differ in enable_thinking are told apart as budgets")
    assert table["condition"].tolist() == ["", ""]
    # A budget that the samples name themselves stays, and is not said twice.
    table, _ = tell_apart(runs(*({"reasoning_effort": one} for one in ("low", "high")), budget=["low", "much"]))
    assert table["budget"].tolist() == ["low", "much, high"]


def test_a_revision_is_another_model_on_all_benchmarks():
    first, last = ({"args": {"revision": step}} for step in ("step1", "step2"))
    table, notes = tell_apart(pd.concat([runs(first), runs(last, benchmark="c")], ignore_index=True))
    assert table["model"].tolist() == ["m (revision=step1)", "m (revision=step2)"]
    assert "m (revision=step1), m (revision=step2)" in notes[0]


def test_settings_that_differ_for_one_model_name_the_runs_of_all_models():
    hot, cold = {"temperature": 1.0}, {"temperature": 0.2}
    table, _ = tell_apart(runs(hot, cold, hot, model=["a", "a", "b"]))
    assert table["condition"].tolist() == ["temperature=1", "temperature=0.2", "temperature=1"]


def test_settings_that_differ_between_models_alone_are_said():
    table, notes = tell_apart(runs({"limit": 1}, {"limit": 2}, model=["a", "b"]))
    assert table["condition"].tolist() == ["", ""]
    assert notes == ["On b the models were run with different limit."]


def test_the_same_benchmark_through_two_tools_is_not_pooled():
    both = pd.concat([runs({"x": 1}), runs({"y": 1}).assign(_format="other")], ignore_index=True)
    assert tell_apart(both)[0]["condition"].tolist() == ["tool=tool", "tool=other"]


@pytest.mark.parametrize("term", ["limits.tokens", "tokens", "limits"])
def test_fields_are_merged_on_purpose(term):
    table, notes = tell_apart(runs({"limits": {"tokens": 1}, "x": 1}, {"limits": {"tokens": 2}, "x": 2}), [term])
    assert table["condition"].tolist() == ["x=1", "x=2"]
    assert notes[-1] == f"Runs that differ in limits.tokens are pooled (--merge {term})."


def test_a_field_to_merge_must_be_recorded():
    with pytest.raises(BadInput, match=r"No run records a setting 'token' to merge \(did you mean 'tokens'\?\)\.$"):
        tell_apart(runs({"limits": {"tokens": 1}}), ["token"])
    with pytest.raises(BadInput, match="hold no settings"):
        tell_apart(runs({}).drop(columns="settings"), ["token"])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=8))
def test_rows_share_a_cell_if_and_only_if_their_settings_are_equal(values):
    names = ("alpha", "reasoning_effort", "revision", *(f"more{i}" for i in range(6)))
    configs = [dict(zip(names, [a, b, c, *[a] * 6], strict=True)) for a, b, c in values]
    table, _ = tell_apart(runs(*configs))
    cells = list(zip(table["model"], table["condition"], table["budget"], strict=True))
    for one, first in zip(configs, cells, strict=True):
        for other, second in zip(configs, cells, strict=True):
            assert (first == second) == (one == other)
