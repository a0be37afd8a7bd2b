"""Where letters stand: each by its formula, few places for many responses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotmess.responses.placing import Space, letters


@given(st.integers(0, 2**31), st.sampled_from(["uniform", "wrong"]), st.sampled_from(["linear", "log"]))
def test_each_letter_stands_at_its_place(seed, unparsable, kind):
    rng = np.random.default_rng(seed)
    cells = rng.integers(1, 6)
    choices = rng.choice([1, 2, 3, 26], cells)
    target = rng.integers(0, choices)
    owner = np.sort(rng.integers(0, cells, rng.integers(1, 40)))
    code = rng.integers(-1, choices[owner]).astype(rng.choice([np.int8, np.int16, np.int64]))
    table = pd.DataFrame({"n_choices": choices, "target": target})
    space = Space(kind, delta=0.01, unparsable=unparsable)
    placed = letters(code, owner, table, None, space)
    extra = unparsable == "wrong"
    z = np.zeros((len(code), choices.max() + extra))
    for i, (answer, options) in enumerate(zip(code, choices[owner], strict=True)):
        if answer >= 0:
            z[i, answer] = 1
        elif extra:
            z[i, options] = 1
        else:
            z[i, :options] = 1 / options
        if kind == "log":
            size = options + extra
            z[i, :size] = np.log((z[i, :size] + 0.01) / (1 + size * 0.01))
    np.testing.assert_allclose(placed.z, z, atol=1e-14)
    assert placed.right.tolist() == (code == target[owner]).tolist()
    assert placed.unparsable.tolist() == (code < 0).tolist()
    assert placed.target.argmax(axis=1).tolist() == target.tolist()
    assert len(placed.places) == len(set(zip(code.tolist(), choices[owner].tolist(), strict=True)))


@pytest.mark.parametrize("options", [127, 128, 40_000])
def test_codes_do_not_run_over(options):
    """A code of so many bytes as hold it: the highest, and none."""
    least = np.min_scalar_type(-options)
    code = np.array([options - 1, -1, 0]).astype(least)
    table = pd.DataFrame({"n_choices": [options], "target": [0]})
    placed = letters(code, np.zeros(3, int), table, None, Space())
    assert placed.z.argmax(axis=1).tolist() == [options - 1, 0, 0]
    np.testing.assert_allclose(placed.z.sum(axis=1), 1)
    assert placed.z[1, 0] == pytest.approx(1 / options)
