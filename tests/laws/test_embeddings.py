"""Variance of embedded answers against length: recovery, coverage, the claim, embedders."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.errors import BadInput, NotTestable
from hotmess.laws.embeddings import compare_embedders, variance_law, variance_table
from hotmess.responses.embed import embed
from hotmess.responses.validate import validate


def world(slope, *, questions=40, runs=6, models=1, seed=0, spread=0.4):
    """Answers scattered around their question's own place, with variance ∝ length^slope times luck."""
    rng = np.random.default_rng(seed)
    rows, true = [], []
    for q in range(questions):
        x = rng.normal(0, 0.8)
        for m in range(models):
            log_v = -1 + slope * x + spread * rng.normal()
            true.append((x, log_v))
            place = rng.normal(size=4)
            for _ in range(runs):
                z = place + np.exp(log_v / 2) * rng.normal(size=4) / 2
                length = 100 * np.exp(x + 0.2 * rng.normal())
                rows.append({"model": f"m{m}", "question": f"q{q}", "embedding": z, "reasoning_tokens": length})
    return validate(pd.DataFrame(rows)), np.array(true)


def test_the_slope_is_recovered_from_many_questions():
    responses, true = world(0.7, questions=250, runs=8)
    law = variance_law(responses, seed=1)
    assert law.gate.passed
    slope = law.slopes("these")
    assert slope.mean() == pytest.approx(np.polyfit(*true.T, 1)[0], abs=3 * slope.std())
    assert law.slopes("like-these").std() > 1.2 * slope.std()
    assert law.data["posterior"]["tau"].values.mean() == pytest.approx(0.4, abs=0.1)


def test_intervals_for_questions_like_these_hold_the_truth():
    inside = 0
    for seed in range(24):
        responses, _ = world(0.5, questions=60, seed=seed)
        low, high = np.quantile(variance_law(responses, seed=seed, draws=100).slopes(), [0.05, 0.95])
        inside += low < 0.5 < high
    assert 18 <= inside <= 24  # 21.6 expected; the chance of fewer than 18 is below 2% at 90%


def test_the_claim_follows_the_slope_and_shows_its_guards():
    up = hm.test("embedding-variance-rises-with-length", world(0.8, questions=80, models=2)[0], seed=1)
    assert up.verdict == "supported" and up.metric == "embedding"
    assert up.guards["negative_control"]["rank"] == 1 and up.guards["agreement"]["passed"]
    assert "no right answer and no bias" in up.sentence and "association" in up.sentence
    down = hm.test("embedding-variance-rises-with-length", world(-0.8, questions=80)[0], seed=1)
    assert down.verdict == "contradicted"
    flat = hm.test("embedding-variance-rises-with-length", world(0.0, questions=80)[0], seed=1)
    assert flat.verdict == "inconclusive"


def test_claims_about_errors_say_that_there_is_no_target():
    verdict = hm.test("incoherence-rises-with-length", world(0.5)[0], draws=50)
    assert verdict.verdict == "not testable" and "no target" in verdict.sentence


def test_what_the_data_lack_is_said():
    responses, _ = world(0.5, questions=12)
    same = responses.table.assign(embedding=[np.ones(4)] * len(responses.table))
    with pytest.raises(NotTestable, match="all answers are the same"):
        variance_table(validate(same))
    with pytest.raises(NotTestable, match="no length column"):
        variance_table(validate(responses.table.drop(columns="reasoning_tokens")))
    with pytest.raises(NotTestable, match="10 questions"):
        variance_table(world(0.5, questions=9)[0])


def texts():
    rng = np.random.default_rng(0)
    rows = []
    for q in range(15):
        words = 3 + q
        for _ in range(5):
            text = " ".join(rng.choice(["yes", "no", "perhaps", "never", "always", "sometimes"], words))
            rows.append({"model": "m", "question": q, "text": text, "target": "yes", "reasoning_tokens": 10 * words})
    return validate(pd.DataFrame(rows))


def letters(texts):
    return np.array([[t.count(c) for c in "aeiouynst"] for t in texts]) + 0.01


def size(texts):
    return np.array([[1.0, len(t)] for t in texts])


def test_two_embedders_are_compared():
    table = compare_embedders(texts(), [letters, size], draws=100)
    assert table["embedder"].tolist() == ["letters", "size"]
    assert abs(table["slope"][0] - table["slope"][1]) > 0.1


def test_embedders_that_are_none_are_refused():
    with pytest.raises(BadInput, match="no embedder 'glove'"):
        embed(texts(), "glove")
    with pytest.raises(BadInput, match="nothing is downloaded"):
        embed(texts(), "sentence-transformers:no-such-folder")
    with pytest.raises(BadInput, match="not a finite vector for each"):
        embed(texts(), lambda t: np.zeros(3))


@pytest.mark.skipif(importlib.util.find_spec("wordllama") is None, reason="wordllama (the extra embed) is not there")
def test_wordllama_embeds_without_a_network():
    responses = embed(texts(), "wordllama")
    assert np.linalg.norm(responses.table["embedding"][0]) == pytest.approx(1)
