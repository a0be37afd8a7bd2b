"""Failure signatures: what the thresholds mean, probabilities, and the order of reading."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.answers.signatures import SIGNATURES, Thresholds, option, signature_shares, signatures, triage
from hotmess.errors import BadInput
from hotmess.responses.validate import validate


def terms(p):
    """bias² and variance of an answer distribution with the target first."""
    p = np.asarray(p)
    return ((p - np.eye(len(p))[0]) ** 2).sum(), 1 - p @ p


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([0.9, 0.1, 0, 0], "solved"),
        ([0.6, 0.4, 0, 0], "hot mess"),
        ([0.51, 0.49], "hot mess"),
        ([0.49, 0.51], "both high"),
        ([0.25, 0.25, 0.25, 0.25], "both high"),
        ([0.1, 0.9, 0, 0], "systematic"),
    ],
)
def test_the_thresholds_mean_what_is_said(p, expected):
    bias2, variance = terms(p)
    assert SIGNATURES[signatures(bias2, variance)] == expected


def test_with_one_rival_high_bias_is_losing_to_it():
    a = np.linspace(0.001, 0.999, 999)
    bias2, variance = 2 * (1 - a) ** 2, 2 * a * (1 - a)
    kind = np.array(SIGNATURES)[signatures(bias2, variance)]
    assert ((a < 0.5) == np.isin(kind, ["systematic", "both high"])).mean() > 0.998
    assert a[kind == "solved"].min() == pytest.approx(0.854, abs=0.002)
    assert a[kind == "systematic"].max() == pytest.approx(0.146, abs=0.002)


@pytest.fixture(scope="module")
def fitted():
    """Two models, twelve questions whose answers are set by hand, thirty responses each."""
    shares = {"sure": [30, 0, 0, 0], "split": [18, 6, 3, 3], "lost": [8, 8, 7, 7], "trap": [1, 0, 29, 0]}
    rows = []
    for model in ("m1", "m2", "m3"):
        for name, counts in shares.items():
            for copy in range(3):
                counts_here = np.roll(counts, 1 if name == "trap" and model == "m3" and copy == 0 else 0)
                answers = np.repeat(np.arange(4), counts_here)
                rows += [(model, f"{name}{copy}", i, a) for i, a in enumerate(answers)]
    table = pd.DataFrame(rows, columns=["model", "question", "sample", "answer"]).assign(target=0, n_choices=4)
    return hm.fit(validate(table), seed=2, draws=150, pointwise=False)


def test_triage_finds_the_signatures_and_the_favourite_answers(fitted):
    rows = hm.triage(fitted)
    assert len(rows) == 36
    assert rows[["systematic", "hot_mess", "both_high", "solved"]].sum(axis=1).to_numpy() == pytest.approx(1)
    kind = rows["question"].str.rstrip("012")
    wanted = {"sure": "solved", "split": "hot mess", "lost": "both high", "trap": "systematic"}
    assert (rows["signature"] == kind.map(wanted)).mean() > 0.95
    trap = rows[(kind == "trap") & (rows["question"] != "trap0")]
    assert set(trap["favourite"]) == {"C"} and set(trap["favourite_count"]) == {29}
    assert set(trap["models_alike"]) == {2}
    moved = rows[rows["question"] == "trap0"].set_index("model")["models_alike"]
    assert moved.to_dict() == {"m1": 1, "m2": 1, "m3": 0}
    assert set(rows[kind == "sure"]["favourite"]) == {""}


def test_reading_order_alternates_between_kinds_and_ends_with_the_solved(fitted):
    rows = triage(fitted)
    assert rows["signature"].iloc[:6].tolist() == ["systematic", "hot mess", "both high"] * 2
    solved = np.flatnonzero(rows["signature"] == "solved")
    assert solved.tolist() == list(range(len(rows) - len(solved), len(rows)))
    for name in SIGNATURES:
        assert rows.loc[rows["signature"] == name, "probability"].is_monotonic_decreasing


def test_shares_add_up_and_are_means_of_the_probabilities(fitted):
    shares = signature_shares(fitted, population="these")
    rows = triage(fitted)
    assert shares.groupby("model").size().tolist() == [4, 4, 4]
    mine = rows[rows["model"] == "m1"]
    draws = signature_shares(fitted, population="these", interval=0.5)
    for name in SIGNATURES:
        row = draws[(draws["model"] == "m1") & (draws["signature"] == name)].iloc[0]
        assert row["share_low"] <= row["share"] <= row["share_high"]
        assert row["share"] == pytest.approx(mine[name.replace(" ", "_")].mean(), abs=0.05)


def test_unbounded_metrics_need_thresholds(fitted):
    with pytest.raises(BadInput, match="no bounded scale"):
        triage(fitted, metric="kl")
    assert len(triage(fitted, metric="kl", thresholds=Thresholds(5.0, 2.0))) == 36
    assert option(30) == "31"
