"""Which responses were cut off, where only their lengths say it: setting by setting with pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hotmess.responses import repeats
from hotmess.responses.cut import SAME, cut_off
from hotmess.responses.validate import validate


def test_responses_at_the_top_of_their_setting_are_cut_off_where_several_are():
    rng = np.random.default_rng(0)
    n = 600
    table = pd.DataFrame({"model": rng.choice(list("abcd"), n), "budget": rng.choice(["low", "high"], n)})
    table = table.assign(question=rng.integers(20, size=n).astype(str), answer=0, target=0, n_choices=3)
    length = rng.integers(50, 400, n).astype(float)
    length[table["model"] == "a"] = np.minimum(length[table["model"] == "a"], 300)  # many at the top
    length[table["model"] == "b"] = 77  # nothing else
    length[rng.random(n) < 0.1] = np.nan
    length[(table["model"] == "c") & (table["budget"] == "low")] = np.nan
    responses = validate(table.assign(reasoning_tokens=length, sample=np.arange(n)))
    expected = np.zeros(n, bool)
    for _, rows in responses.table.groupby(["model", "condition", "budget"]):
        own = rows["reasoning_tokens"].dropna()
        if own.nunique() > 1 and (own == own.max()).sum() >= SAME:
            expected[own.index[own == own.max()]] = True
    np.testing.assert_array_equal(cut_off(responses), expected)
    assert expected.any() and not expected[(responses.table["model"] != "a").to_numpy()].any()


@pytest.mark.parametrize("size", [1, 2, 7])
def test_every_pair_of_a_cell_comes_once(monkeypatch, size):
    monkeypatch.setattr(repeats, "PAIRS", 20)
    rng = np.random.default_rng(1)
    answers, lengths = rng.integers(3, size=(9, size)), rng.integers(9, size=(9, size)).astype(float)
    first, second = np.triu_indices(size, 1)
    gap, same = np.abs(lengths[:, first] - lengths[:, second]), answers[:, first] == answers[:, second]
    found = [np.stack([g.ravel(), s.ravel()]) for g, s in repeats.pairs_of(answers, lengths)]
    whole = np.concatenate(found, axis=1) if found else np.empty((2, 0))
    expected = np.stack([gap.ravel(), same.ravel()])
    np.testing.assert_array_equal(whole[:, np.lexsort(whole)], expected[:, np.lexsort(expected)])
