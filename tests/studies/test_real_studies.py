"""The studies of real responses: their arithmetic on small tables, and small runs where the responses are there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pooling
import pytest

from hotmess.responses.validate import validate
from hotmess.simulate.answers import Answers, answers

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def test_thinning_keeps_three_of_every_cell_and_loses_none() -> None:
    responses = validate(answers(Answers(questions=15, samples=8, models=2), seed=1).table)
    few, rest = pooling.thin(responses, seed=5)
    assert (few.table.groupby(["model", "question"]).size() == 3).all()
    assert (rest.table.groupby(["model", "question"]).size() == 5).all()
    keys = ["model", "question", "sample"]
    both = pd.concat([few.table, rest.table])
    assert not both.duplicated(keys).any() and len(both) == len(responses.table)
    assert few.table["sample"].nunique() == 8
    assert not few.table.equals(pooling.thin(responses, seed=6)[0].table)


def test_unbiased_incoherence_is_exact_for_a_table_worked_by_hand() -> None:
    table = pd.DataFrame(
        {
            "benchmark": "b",
            "model": "m",
            "question": ["x", "x", "y", "y"],
            "sample": [0, 1, 0, 1],
            "answer": [0, 1, 1, 1],
            "target": 0,
            "n_choices": 2,
        }
    )
    # x: error 1, variance (plug-in 1/2) · 2 = 1; y: error 2, variance 0
    assert pooling.unbiased_incoherence(validate(table)).to_list() == pytest.approx([1 / 3])


def test_the_summary_compares_with_what_was_held_out() -> None:
    table = pd.DataFrame({"benchmark": "b", "model": ["m", "n"], "held_out": [0.5, 0.3]})
    table = table.assign(pooled=[0.52, 0.3], alone=[0.4, 0.4], unbiased=[0.8, 0.3])
    summary = pooling.summarise([table, table])
    assert summary["unbiased"]["rmse"] == pytest.approx(0.3 / np.sqrt(2))
    assert summary["pooled"]["mean_error"] == pytest.approx(0.01)
    assert summary["pooled"]["standard_error"] == pytest.approx(0.01)
    assert pooling.met(summary) == (True, True)
    summary["pooled"] |= {"rmse": 1.0, "mean_error": 0.031}
    assert pooling.met(summary) == (False, False)


@pytest.mark.slow
def test_pooling_is_nearer_than_no_model_and_the_sampler_is_well() -> None:
    if not (SHARED / pooling.FILE).is_file():
        pytest.skip(f"the responses {pooling.FILE} are not in {SHARED}")
    import hotmess as hm

    table, gate = pooling.compare(hm.read(SHARED / pooling.FILE, where=pooling.WHERE), seed=0, draws=400, warmup=400)
    summary = pooling.summarise([table])
    assert pooling.met(summary) == (True, True)
    assert gate["divergences"] == 0 and gate["rhat"] < 1.03


@pytest.mark.slow
def test_the_earlier_analysis_is_found_again() -> None:
    import earlier_analysis

    if not (SHARED / earlier_analysis.FILE).is_file():
        pytest.skip(f"the responses {earlier_analysis.FILE} are not in {SHARED}")
    import hotmess as hm

    responses = hm.read(SHARED / earlier_analysis.FILE, where=earlier_analysis.WHERE)
    found = earlier_analysis.exponents(responses, seed=0) | earlier_analysis.contrasts(responses, seed=0)
    for name, (value, error) in earlier_analysis.EARLIER.items():
        assert abs(found[name].mean() - value) < 2 * (error or found[name].std())
