"""Answers without a target: agreement, entropy and variance by enumeration, and a sentence for what needs a target."""

import json
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.cli import main
from hotmess.errors import BadInput, NotTestable

TEXTS = [["x", "x", "y", " y "], ["x", None, None, "z"], ["0.50", "0.5", "2", "2"]]


def replies(**more):
    rows = [
        {"model": "m", "question": f"q{q}", "sample": s, "prompt": s // 2, "reply": text}
        for q, answers in enumerate(TEXTS)
        for s, text in enumerate(answers)
    ]
    return pd.DataFrame(rows).assign(**more)


def test_agreement_and_variance_are_those_of_all_pairs():
    """Equal texts are equal in canonical form; no answer is an answer of its own, the same as none."""
    responses = hm.read(replies(), allow_copies=True, sources=["prompt"])
    codes = [[0, 0, 1, 1], [0, 1, 1, 2], [0, 0, 1, 1]]
    pairs = [np.mean([a == b for a, b in permutations(c, 2)]) for c in codes]
    found = hm.reliability(responses).table.set_index("quantity")
    assert found.index.tolist() == ["agreement", "entropy"]
    assert found.loc["agreement", "value"] == pytest.approx(np.mean(pairs))
    whole = hm.decompose(responses, by=["model"], estimator="unbiased").records[0]
    across = [np.mean([c[i] != c[j] for i in (0, 1) for j in (2, 3)]) for c in codes]
    assert whole["variance"] == pytest.approx(np.mean(across))  # prompts are the clusters
    assert (whole["error"], whole["bias2"], whole["incoherence"]) == (None, None, None)
    parts = hm.sources(responses, ["prompt"]).table.set_index("part")
    within = [np.mean([c[0] != c[1], c[2] != c[3]]) for c in codes]
    assert parts.loc["sampling", "value"] == pytest.approx(np.mean(within))
    assert parts.loc["total", "value"] == pytest.approx(np.mean(across))


def test_letters_without_a_target_say_what_is_left():
    table = replies().rename(columns={"reply": "answer"}).assign(n_choices=4)
    with pytest.raises(BadInput, match=r"needs a column 'target'.*--column reply=answer"):
        hm.read(table, allow_copies=True, merge=["prompt"])


def test_what_needs_a_target_says_so():
    responses = hm.read(replies(), allow_copies=True, merge=["prompt"])
    with pytest.raises(BadInput, match="replies have no target; leave out --k"):
        hm.reliability(responses, k=[2])
    with pytest.raises(NotTestable, match="no target"):
        hm.decision_study(responses, {"prompt": [1, 2]})
    with pytest.raises(NotTestable, match="Only scores of 0 and 1"):
        hm.judged(responses, pd.DataFrame({"score": [0, 1], "truth": [0, 1]}))
    with pytest.raises(NotTestable, match="outcome is reply"):
        hm.modes(responses)


def test_questions_asked_until_answers_agree_are_recognised_without_a_target():
    """The sentence says what is seen, and has no score in it."""
    rng, rows = np.random.default_rng(0), []
    for q in range(400):
        said = [rng.integers(2), rng.integers(2)]
        if said[0] != said[1]:
            said += rng.integers(2, size=2).tolist()
        rows += [{"model": "m", "question": q, "sample": i, "reply": a} for i, a in enumerate(said)]
    notes = hm.reliability(hm.read(pd.DataFrame(rows), allow_copies=True)).notes
    assert any("fewer responses where those so far agree" in note and "Keep the part" in note for note in notes)


def test_at_the_shell(tmp_path, capsys):
    table = replies().rename(columns={"reply": "answer"}).drop(columns="prompt")
    file = tmp_path / "answers.csv"
    table.to_csv(file, index=False)
    assert main(["reliability", str(file), "--column", "reply=answer", "--allow-copies", "--json"]) == 0
    assert [one["quantity"] for one in json.loads(capsys.readouterr().out)] == ["agreement", "entropy"]


def test_responses_without_a_reply_are_said():
    rows = [{"model": "m", "question": q, "sample": s, "reply": "a" if s else None} for q in "xy" for s in range(4)]
    notes = hm.reliability(hm.read(pd.DataFrame(rows), allow_copies=True)).notes
    assert "25.0% of the responses of m are no reply; they count as one more answer, equal to each other." in notes
