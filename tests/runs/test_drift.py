"""Order of repeats: trends by hand, sorted outputs recognised, exchangeable ones left alone."""

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.runs import drift as module
from hotmess.runs.drift import drift
from hotmess.runs.scores import runs


def texts(sort, *, questions=60, samples=8, seed=0):
    """Texts of four answers to a question, the commonest first where they are sorted."""
    rng, rows = np.random.default_rng(seed), []
    for q in range(questions):
        said = rng.choice(4, samples, p=rng.dirichlet(np.full(4, 0.5)))
        if sort:
            counts = np.bincount(said, minlength=4)
            said = said[np.argsort(-counts[said], kind="stable")]
        rows += [("m", q, s, f"answer {a}", "answer 0") for s, a in enumerate(said)]
    frame = pd.DataFrame(rows, columns=["model", "question", "sample", "text", "target"])
    return hm.read(frame, allow_copies=True)


def test_sorted_outputs_are_recognised_and_said():
    found = drift(runs(texts(True)), np.arange(60))
    assert found is not None and found.of == "agreement" and found.slope < 0 and found.first > found.last
    assert any(
        "never the first k" in note and "agree with the others" in note for note in hm.reliability(texts(True)).notes
    )


def test_exchangeable_repeats_are_rarely_called():
    called = sum(drift(runs(texts(False, seed=s)), np.arange(60)) is not None for s in range(60))
    assert called <= 1


def test_of_many_models_no_more_are_called_than_of_one():
    """A trend that is said of one model is not among two hundred, and a certain one still is."""
    found = runs(texts(True))
    p = drift(found, np.arange(60)).p
    assert p < module.level(200) < module.level(10) == module.level(1) == 0.0005
    for seed in range(400):
        few = drift(runs(texts(True, questions=14, samples=4, seed=seed)), np.arange(14))
        if few is not None and few.p > module.level(200):
            break
    weak = runs(texts(True, questions=14, samples=4, seed=seed))
    assert drift(weak, np.arange(14)) is not None and drift(weak, np.arange(14), tested=200) is None


def test_a_trend_of_scores_is_that_of_least_squares(monkeypatch):
    monkeypatch.setattr(module, "level", lambda tested: 1.0)
    rng = np.random.default_rng(3)
    score = np.clip(0.5 - 0.03 * np.arange(6) + rng.normal(0, 0.1, (20, 6)), 0, 1)
    q, s = np.indices(score.shape)
    frame = pd.DataFrame({"model": "m", "question": q.ravel(), "sample": s.ravel(), "score": score.ravel()})
    found = drift(runs(hm.read(frame, allow_copies=True)), np.arange(20))
    slopes = [np.polyfit(np.arange(6), one, 1)[0] for one in score]
    assert found is not None and found.of == "score"
    assert found.slope == pytest.approx(np.mean(slopes))
    assert (found.first, found.last) == pytest.approx((score[:, 0].mean(), score[:, -1].mean()))


def test_answers_that_never_differ_though_questions_were_asked_unequally_often_are_named():
    rng, rows = np.random.default_rng(6), []
    for q in range(60):
        said = rng.integers(0, 2, 12)
        stop = int(np.argmax(said != said[0])) or 12  # the first that differs ends it and is not kept
        rows += [("m", q, s, a, 0, 4) for s, a in enumerate(said[:stop])]
    columns = ["model", "question", "sample", "answer", "target", "n_choices"]
    frame = pd.DataFrame(rows, columns=columns)
    assert any("not kept" in note for note in hm.reliability(hm.read(frame, allow_copies=True)).notes)
    equal = frame[frame["sample"] < 2].groupby("question").filter(lambda g: len(g) == 2)
    assert not any("not kept" in note for note in hm.reliability(hm.read(equal, allow_copies=True)).notes)


def test_the_levels_of_a_source_in_their_order_are_no_drift():
    """Three prompts, the easiest first, for all questions: a trend of theirs; of one question each: drift."""
    rng, rows = np.random.default_rng(4), []
    for q in range(60):
        for s in range(9):
            rows.append(("m", q, s, f"p{s // 3}", float(rng.random() < 0.9 - 0.4 * (s // 3))))
    frame = pd.DataFrame(rows, columns=["model", "question", "sample", "prompt", "score"])
    named = hm.reliability(hm.read(frame, sources=["prompt"], allow_copies=True), k=[1]).notes
    assert not any("stand in an order" in note for note in named) and any("levels of prompt" in n for n in named)
    assert any(
        "stand in an order" in note
        for note in hm.reliability(hm.read(frame.drop(columns="prompt"), allow_copies=True), k=[1]).notes
    )
    own = frame.assign(prompt=frame["prompt"] + "-" + frame["question"].astype(str))
    notes = hm.reliability(hm.read(own, sources=["prompt"], allow_copies=True), k=[1]).notes
    assert any("stand in an order" in note for note in notes)


@pytest.mark.parametrize("of", [hm.reliability, hm.modes])
def test_what_shared_contexts_do_to_all_questions_is_said_not_to_be_in_intervals(of):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"question": np.repeat(range(20), 6), "context": np.tile([0, 1, 2], 40), "target": 0})
    frame = frame.assign(model="m", answer=rng.integers(0, 3, 120), n_choices=3)

    def said(table):
        return any("not in these intervals" in note for note in of(hm.read(table)).notes)

    assert said(frame)
    assert not said(frame.assign(context=frame["question"] * 3 + frame["context"]))  # of each question's own
    assert not said(frame.assign(context=0))  # one, which every statement is about
