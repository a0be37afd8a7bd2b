"""The hierarchical law: known exponents are recovered, and what cannot enter it is left out and listed."""

import numpy as np
import pandas as pd
import pytest

from hotmess.errors import BadInput
from hotmess.optimizer.law import exponents, falls_faster, fit_law, law_gate, sentence
from hotmess.optimizer.logarithms import logarithms


def world(rng: np.random.Generator, *, alpha=(2.0, 0.9, 0.1), problems=3, seeds=2, residual=0.15) -> pd.DataFrame:
    rows = []
    sizes = np.geomspace(1e3, 1e5, 6)
    for p in range(problems):
        shift = rng.normal(0, 0.3, 3)
        slope = np.array(alpha) + rng.normal(0, [0.15, 0.1, 0.01])
        for s in range(seeds):
            tilt = slope + rng.normal(0, [0.1, 0.05, 0.005])
            for n in sizes:
                own = residual * rng.normal(size=3) * [1, 1, 0.1]
                y = np.exp(np.array([1.0, 2.0, 0.0]) + shift - tilt * np.log(n / 1e4) + own)
                rows.append((int(n), p, s, y[2], y[0], 0.05 * y[0], y[1], 0.05 * y[1]))
    columns = ["size", "problem", "seed", "loss", "bias2", "bias2_sd", "variance", "variance_sd"]
    return pd.DataFrame(rows, columns=columns)


def test_data_of_the_law():
    table = world(np.random.default_rng(0))
    table.loc[3, "bias2"] = 1.5 * table.loc[3, "bias2_sd"]
    table.loc[5, "bias2"] = -0.1
    data = logarithms(table)
    assert data.y.shape == (36, 3) and len(set(data.sweep)) == 6 and len(set(data.problem)) == 3
    assert data.seen.sum() == 36 * 3 - 2 and not data.seen[3, 0] and not data.seen[5, 0]
    assert len(data.left_out) == 2 and "not told from 0" in data.left_out[0]
    assert data.x.mean() == pytest.approx(0, abs=1e-6)
    i = 7
    assert data.y[i, 0] == pytest.approx(np.log(table.loc[i, "bias2"])) and data.sd[i, 1] == pytest.approx(0.05)
    with pytest.raises(BadInput, match="at least 4 sizes"):
        logarithms(table[table["size"] < 5e3])


def test_known_exponents_are_recovered():
    table = world(np.random.default_rng(1))
    tree = fit_law(logarithms(table), seed=1, draws=250, chains=2)
    found = exponents(tree).set_index("outcome")
    for outcome, true in (("bias2", 2.0), ("variance", 0.9), ("loss", 0.1)):
        row = found.loc[outcome]
        assert row["mean_low"] - 0.05 < true < row["mean_high"] + 0.05
        assert row["new_high"] - row["new_low"] > row["mean_high"] - row["mean_low"]
    draws, gate = falls_faster(tree)
    assert draws.shape == (2, 250) and np.mean(draws > 0) > 0.97
    assert abs(np.median(falls_faster(tree, population="mean")[0]) - 1.1) < 0.4
    assert gate.divergences == law_gate(tree).divergences
    assert "1,000 to 100,000 parameters" in sentence(draws, table["size"].tolist(), problems=3, trainings=6)
    with pytest.raises(BadInput, match="population"):
        falls_faster(tree, population="some")
