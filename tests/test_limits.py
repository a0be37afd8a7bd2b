"""Memory: sizes as people write them, and refusals before it is gone."""

from __future__ import annotations

import json
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess import limits
from hotmess.errors import BadInput


@pytest.mark.parametrize("text", ["", "2", "2 apples", "-1GB", "1e9", "nan", "1.2.3GB", "1GBB", "9" * 40 + "GB", "٣GB"])
def test_no_size(text):
    if text == "2":
        with pytest.raises(BadInput, match="less than"):
            limits.parse_size(text)
        return
    with pytest.raises(BadInput, match="not a size"):
        limits.parse_size(text)


def test_half_of_the_least_there_is():
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    assert limits.memory() == limits.machine() // 2
    resource.setrlimit(resource.RLIMIT_AS, (1 << 38 if hard == resource.RLIM_INFINITY else hard, hard))
    try:
        assert limits.machine() <= 1 << 38
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def test_the_limit_holds_inside_only():
    before = limits.memory()
    with limits.limited(100):
        limits.require(100, "It")
        with pytest.raises(BadInput, match="It would take 101 B of memory, more than the 100 B"):
            limits.require(101, "It")
        with limits.limited(None):
            assert limits.memory() == 100
    assert limits.memory() == before


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=5),
    max_leaves=10,
)


def held(value) -> int:
    """Bytes of a value and all in it."""
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sys.getsizeof(value) + sum(map(held, inner))


@given(st.lists(values, max_size=5))
def test_the_cost_of_json_is_not_far_from_what_its_objects_take(value):
    text = json.dumps(value, separators=(",", ":"))
    assert held(json.loads(text)) <= 3 * limits.json_cost(text)


def test_the_worst_json_is_seen():
    """Three bytes that become fifty-six and a place in a list."""
    text = "[" + ",".join(["[]"] * 100_000) + "]"
    tracemalloc.start()
    value = json.loads(text)
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(value) == 100_000
    assert used <= limits.json_cost(text)
    assert np.isclose(limits.json_cost(text), limits.json_cost(text.encode()))


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", None, float("nan")])
def test_seeds_that_are_none(seed):
    import pandas as pd

    import hotmess as hm

    rows = {"model": "m", "question": ["q", "q"], "answer": ["A", "B"], "target": "A", "n_choices": 4}
    responses = hm.read(pd.DataFrame(rows))
    for call in (
        lambda: hm.decompose(responses, estimator="unbiased", interval=0.9, seed=seed),
        lambda: hm.Study(responses, seed=seed),
        lambda: hm.fit(responses, seed=seed, draws=10),
    ):
        with pytest.raises(BadInput, match="The seed is"):
            call()
