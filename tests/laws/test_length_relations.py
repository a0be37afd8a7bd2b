"""Correlations of lengths across models, corrected for noise; labels of difficulty; words of waiting."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from hotmess.errors import BadInput, NotTestable
from hotmess.laws.length_relations import alike_in_length, length_correlations
from hotmess.laws.waiting import text_column, wait_ratio, word_share
from hotmess.responses.validate import validate


def world(rho=0.8, questions=400, runs=3, noise=1.0, seed=0, benchmarks=("b",)):
    """Two models whose latent log₂ lengths correlate by rho, each run with noise."""
    rng = np.random.default_rng(seed)
    pieces = []
    for number, benchmark in enumerate(benchmarks):
        latent = rng.multivariate_normal([8 + 3 * number] * 2, [[1, rho], [rho, 1]], questions)
        q, m, s = (a.ravel() for a in np.indices((questions, 2, runs)))
        length = np.exp2(latent[q, m] + noise * rng.normal(size=len(q)))
        frame = pd.DataFrame({"benchmark": benchmark, "model": [f"m{i}" for i in m], "question": [f"q{i}" for i in q]})
        frame = frame.assign(sample=s, hours=np.exp(latent[q, 0]), reasoning_tokens=length, answer=q % 3, target=0)
        pieces.append(frame.assign(n_choices=3))
    return pd.concat(pieces, ignore_index=True)


def test_noise_of_few_runs_is_corrected_for():
    row = length_correlations(validate(world())).iloc[0]
    assert (row["first"], row["second"], row["questions"]) == ("m0", "m1", 400)
    assert row["raw"] == pytest.approx(0.8 * 0.75, abs=0.07)  # reliability 1/(1 + 1/3)
    assert row["correlation"] == pytest.approx(0.8, abs=0.08)
    assert row["correlation_low"] < row["correlation"] < row["correlation_high"] <= 1


def test_pairs_have_the_questions_of_both_whoever_else_is_there():
    """One with several at once, some of which lack questions, as pair by pair; one whose lengths are noise is named."""
    table = pd.concat([world(questions=40), world(questions=40, seed=1).replace({"m0": "m2", "m1": "m3"})])
    table = table[~((table["model"] == "m2") & table["question"].isin([f"q{i}" for i in range(9)]))]
    whole = length_correlations(validate(table)).set_index(["first", "second"])
    assert whole["questions"].to_dict()[("m0", "m2")] == 31 and len(whole) == 6
    for one, other in whole.index:
        pair = length_correlations(validate(table[table["model"].isin([one, other])]))
        if pair["questions"].iloc[0] == 40:  # else the bootstrap is of fewer questions
            pd.testing.assert_frame_equal(pair.set_index(["first", "second"]), whole.loc[[(one, other)]])
        assert pair["raw"].iloc[0] == pytest.approx(whole.loc[(one, other), "raw"])
    noise = table["reasoning_tokens"].where(table["model"] != "m3", np.tile([1.0, 2.0, 4.0], len(table) // 3))
    assert alike_in_length(validate(table.assign(reasoning_tokens=noise))) == ["m3"]


def test_benchmarks_of_different_lengths_make_no_correlation():
    row = length_correlations(validate(world(rho=0.0, benchmarks=("short", "long"), noise=0.3))).iloc[0]
    assert abs(row["correlation"]) < 0.15
    assert row["correlation_low"] < 0 < row["correlation_high"]


def test_labels_are_correlated_by_rank():
    table = world(questions=60)
    rows = length_correlations(validate(table), label="hours")
    own = rows[rows["second"] == "hours"].set_index("first")["correlation"]
    means = np.log2(table["reasoning_tokens"]).groupby([table["model"], table["question"]]).mean()
    hours = table.groupby("question")["hours"].first()
    for model in ("m0", "m1"):
        assert own[model] == pytest.approx(spearmanr(means[model], hours[means[model].index]).statistic)
    ordered = table.assign(hours=pd.cut(table["hours"], 4))
    assert own["m0"] > 0.5 and length_correlations(validate(ordered), label="hours")["correlation"].iloc[-2] > 0.5


def test_labels_that_cannot_be_used_are_refused():
    responses = validate(world(questions=20))
    with pytest.raises(BadInput, match="no column 'pages'"):
        length_correlations(responses, label="pages")
    with pytest.raises(BadInput, match="changes within a question"):
        length_correlations(responses, label="sample")
    with pytest.raises(BadInput, match="are not numbers"):
        length_correlations(validate(world(questions=20).assign(hours="long")), label="hours")
    with pytest.raises(NotTestable, match="8 questions"):
        length_correlations(validate(world(questions=5)))
    with pytest.raises(NotTestable, match="no length column"):
        length_correlations(validate(world(questions=9).drop(columns="reasoning_tokens")))


def test_shares_count_words_and_not_pieces_of_words():
    assert word_share("WAIT, I waited; wait…", ["wait"]) == pytest.approx(2 / 4)
    assert word_share("Hmm. Wait.", ["wait", "hmm"]) == 1
    assert np.isnan(word_share("… 。")) and word_share("don't wait") == 0.5


def test_incoherence_of_bins_of_waiting_is_worked_by_hand():
    rows = []
    for question, answers, text in (
        ("calm", [0, 0, 1, 1], "so it is"),
        ("still", [0, 1, 1, 1], "so it is"),
        ("torn", [1, 2, 1, 2], "wait it is"),
        ("sure", [1, 1, 1, 1], "wait wait it is"),
    ):
        rows += [("m", question, i, a, text) for i, a in enumerate(answers)]
    table = pd.DataFrame(rows, columns=["model", "question", "sample", "answer", "reasoning_text"])
    out = wait_ratio(validate(table.assign(target=0, n_choices=3)), bins=3)
    assert out["ratio"].tolist() == pytest.approx([0, 1 / 3, 1 / 2])
    assert out["questions"].tolist() == [2, 1, 1]
    # unbiased variances 2/3 and 1/2 over errors 1 and 3/2; then 2/3 over 2, and 0 over 2
    assert out["incoherence"].tolist() == pytest.approx([(2 / 3 + 1 / 2) / 2.5, 1 / 3, 0])


def test_texts_that_are_the_outcome_are_no_reasoning():
    table = pd.DataFrame({"model": "m", "question": ["q", "q"], "text": ["wait", "no"], "target": "no"})
    with pytest.raises(NotTestable, match="no texts of the reasoning"):
        text_column(validate(table))
    letters = pd.DataFrame({"model": "m", "question": ["q", "q"], "answer": [0, 1], "target": 0, "n_choices": 2})
    assert text_column(validate(letters.assign(text="well"))) == "text"
    with pytest.raises(NotTestable, match="has the word wait"):
        wait_ratio(validate(letters.assign(text="well")))
    with pytest.raises(BadInput, match="no column 'notes'"):
        text_column(validate(letters), "notes")
