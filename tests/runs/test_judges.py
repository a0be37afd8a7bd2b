"""A judge's errors taken out: exact in expectation, covered, and refused where the judge says nothing."""

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hotmess as hm
from hotmess.cli import main
from hotmess.decompose.intervals import question_shares
from hotmess.errors import BadInput, NotTestable
from hotmess.runs.pairs import pair_sums

S, T = 0.9, 0.8


def judge(rng, right):
    return np.where(rng.random(right.shape) < np.where(right, S, 1 - T), 1, 0)


def validation(rng, size=400):
    truth = rng.random(size) < 0.5
    return pd.DataFrame({"score": judge(rng, truth), "truth": truth.astype(int)})


def world(rng, questions=200, samples=6, accuracy=None):
    a = rng.beta(0.8, 0.8, questions) if accuracy is None else np.asarray(accuracy)
    right = rng.random((len(a), samples)) < a[:, None]
    question, sample = (x.ravel() for x in np.indices(right.shape))
    frame = pd.DataFrame({"model": "m", "question": question, "sample": sample})
    return hm.read(frame.assign(score=judge(rng, right).ravel()), allow_copies=True), a


def test_a_perfect_judge_changes_nothing():
    responses, _ = world(np.random.default_rng(0))
    table = hm.judged(responses, pd.DataFrame({"score": [0, 1] * 50_000, "truth": [0, 1] * 50_000})).table
    unbiased = hm.decompose(responses, by=["model"], estimator="unbiased").records[0]
    for name in ("error", "bias2", "variance", "incoherence"):
        row = table.set_index("quantity").loc[name]
        assert row["as_judged"] == pytest.approx(unbiased[name])
        assert row["value"] == pytest.approx(row["as_judged"], abs=0.02)


def test_what_is_corrected_is_covered_and_what_is_not_is_far_off():
    """Among 60 worlds of systematic failures the corrected incoherence is covered; as judged it is a hot mess."""
    rng, held, naive = np.random.default_rng(1), 0, []
    accuracy = np.repeat([0.02, 0.98], 100)
    variance, error = (accuracy * (1 - accuracy)).mean(), (1 - accuracy).mean()
    for seed in range(60):
        responses, _ = world(rng, accuracy=accuracy)
        table = hm.judged(responses, validation(rng), seed=seed, draws=500).table.set_index("quantity")
        row = table.loc["incoherence"]
        held += row["low"] <= variance / error <= row["high"]
        naive.append(row["as_judged"])
    assert held >= 0.9 * 60 - 3.5 * np.sqrt(60 * 0.09)
    assert min(naive) > 3 * variance / error


def test_the_judge_s_own_uncertainty_widens():
    rng = np.random.default_rng(2)
    responses, _ = world(rng)
    wide, narrow = (
        hm.judged(responses, validation(np.random.default_rng(3), size)).table.set_index("quantity").loc["bias2"]
        for size in (60, 6000)
    )
    assert wide["high"] - wide["low"] > 1.5 * (narrow["high"] - narrow["low"])


def test_a_judge_who_guesses_says_nothing():
    rng = np.random.default_rng(4)
    responses, _ = world(rng)
    guess = pd.DataFrame({"score": rng.integers(0, 2, 100), "truth": rng.integers(0, 2, 100)})
    with pytest.raises(NotTestable, match="guesses"):
        hm.judged(responses, guess)
    with pytest.raises(NotTestable, match="No validated response is wrong"):
        hm.judged(responses, pd.DataFrame({"score": [1, 0], "truth": [1, 1]}))
    with pytest.raises(BadInput, match="row 2, not 0"):
        hm.judged(responses, pd.DataFrame({"score": [1, 0.5], "truth": [1, 1]}))
    with pytest.raises(BadInput, match="no column 'truth'"):
        hm.judged(responses, pd.DataFrame({"score": [1, 0]}))


def test_the_command(tmp_path, capsys):
    rng = np.random.default_rng(6)
    responses, _ = world(rng, questions=60)
    responses.table.to_parquet(tmp_path / "r.parquet")
    validation(rng).to_csv(tmp_path / "checked.csv", index=False)
    words = ["reliability", str(tmp_path / "r.parquet"), "--allow-copies", "--validation"]
    assert main([*words, str(tmp_path / "checked.csv")]) == 0
    assert "as_judged" in capsys.readouterr().out
    assert main([*words, str(tmp_path / "none.csv")]) == 2


@pytest.mark.parametrize("accuracy", [0.3, 0.8])
def test_repeated_judgements_are_told_from_scatter_of_responses_exactly_in_expectation(accuracy):
    """Two responses judged twice each, all 64 outcomes: judging has E m (1 − m), responses have J² a (1 − a)."""
    judging = responses = 0.0
    for right in product([0, 1], repeat=2):
        for said in product([0, 1], repeat=4):
            chance = np.prod([accuracy if r else 1 - accuracy for r in right])
            for i, verdict in enumerate(said):
                yes = S if right[i // 2] else 1 - T
                chance *= yes if verdict else 1 - yes
            z = np.array(said, float)[:, None]
            sums = pair_sums(z, np.zeros(4, int), [np.array([0, 0, 1, 1])])
            d = dict(zip(sums.shared, sums.distance()[:, 0]))
            judging += chance * d[frozenset({0})]
            responses += chance * (d[frozenset()] - d[frozenset({0})])
    assert judging == pytest.approx(accuracy * S * (1 - S) + (1 - accuracy) * T * (1 - T))
    assert responses == pytest.approx((S + T - 1) ** 2 * accuracy * (1 - accuracy))


def test_few_questions_have_wider_intervals():
    """Below 50 questions distances from the median grow by t_{Q−1}/z √((Q + 1)/(Q − 1)), as for all that is counted."""
    responses, _ = world(np.random.default_rng(1), accuracy=np.linspace(0.1, 0.9, 12))
    perfect = pd.DataFrame({"score": [0, 1] * 50_000, "truth": [0, 1] * 50_000})
    row = hm.judged(responses, perfect, seed=1).table.set_index("quantity").loc["error"]
    mean = responses.table.groupby("question")["score"].mean().to_numpy()
    plain = np.quantile(1 - question_shares(12, 4000, 1) @ mean, [0.05, 0.95])
    factor = stats.t.isf(0.05, 11) / stats.norm.isf(0.05) * np.sqrt(13 / 11)
    assert row["high"] - row["low"] == pytest.approx(factor * (plain[1] - plain[0]), rel=0.01)


def test_a_judged_response_is_one_of_its_own_question_whatever_it_is_called():
    """Stories 0, 1, 2 of every question are no sources that questions share."""
    rng = np.random.default_rng(5)
    q, story, judgement = (i.ravel() for i in np.indices((20, 3, 2)))
    score = np.clip(rng.normal(0.5, 0.1, (20, 3))[q, story] + rng.normal(0, 0.03, len(q)), 0, 1)
    frame = pd.DataFrame({"model": "m", "question": q, "sample": story, "judge_run": judgement, "score": score})
    with pytest.raises(BadInput, match=r"--column sample=sample,judge_run --column judged_response=sample"):
        hm.read(frame)
    named = {"sample": "sample,judge_run", "judged_response": "sample"}
    alike = hm.read(frame, columns=named)
    own = hm.read(
        frame.assign(judged_response=[f"{a}.{b}" for a, b in zip(q, story)]), columns={"sample": named["sample"]}
    )
    found, hand = (hm.sources(r, ["judged_response"]).table for r in (alike, own))
    pd.testing.assert_frame_equal(found, hand)
    read = hm.read(frame, columns=named, sources=["judged_response"])
    assert read.table["context"].nunique() == 60
    pd.testing.assert_frame_equal(hm.sources(read, ["judged_response"]).table, hand)
    designs = [hm.decision_study(r, {"judged_response": [2]}, samples=[2]) for r in (alike, own)]
    pd.testing.assert_frame_equal(*designs)


@pytest.mark.parametrize(
    "words",
    [
        ["--source", "judge", "--k", "2"],
        ["--modes", "--differences"],
        ["--levels", "judge=2", "--modes"],
        ["--estimator", "latent", "--source", "judge", "--right", "0.5"],
        ["--source", "judge", "--cost", "judge=1"],
    ],
)
def test_options_that_change_nothing_are_refused(words, capsys):
    assert main(["reliability", "nothing.parquet", *words]) == 2
    said = capsys.readouterr().err
    assert "leave out one of them" in said or "belongs to --levels" in said


def test_judgements_of_one_response_are_no_pairs_of_responses():
    """Products are those of pairs of different responses, by enumeration; names count within their question only."""
    given = {0: {"a": [1, 1], "b": [0, 1, 1]}, 1: {"a": [0], "b": [0, 1], "c": [1, 1]}, 2: {"a": [1, 0]}}
    rows = [
        {"model": "m", "question": q, "judged_response": r, "sample": f"{r}{j}", "score": float(x)}
        for q, own in given.items()
        for r, judged in own.items()
        for j, x in enumerate(judged)
    ]
    checked = pd.DataFrame({"score": [0, 1] * 500, "truth": [0, 1] * 500})
    responses = hm.read(pd.DataFrame(rows), allow_copies=True)
    assert any("judged more than once" in note for note in responses.notes)
    found = hm.judged(responses, checked).table.set_index("quantity")["as_judged"]
    means, products = [], []
    for own in (given[0], given[1]):  # question 2 has one response, judged twice
        means.append(np.mean(np.concatenate(list(own.values()))))
        products.append(np.mean([x * y for a, b in permutations(own, 2) for x, y in product(own[a], own[b])]))
    assert found["accuracy"] == pytest.approx(np.mean(means))
    assert found["variance"] == pytest.approx(np.mean(means) - np.mean(products))
    named = hm.read(pd.DataFrame(rows), allow_copies=True, sources=["judged_response"])
    assert not any("judged more than once" in note for note in named.notes)
    assert hm.judged(named, checked).table.set_index("quantity")["as_judged"].equals(found)


def test_a_share_of_no_error_has_no_value_and_an_impossible_accuracy_is_said():
    responses, _ = world(np.random.default_rng(3), questions=10, accuracy=[1.0] * 10)
    always = hm.read(responses.table.assign(score=1.0), allow_copies=True)
    found = hm.judged(always, validation(np.random.default_rng(4)))
    assert found.table.set_index("quantity").loc["incoherence", ["value", "low", "high"]].isna().all()
    assert any("not told from 0" in note for note in found.notes)
    assert any("not between 0 and 1" in note for note in found.notes)
