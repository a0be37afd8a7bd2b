"""Modes of failure against enumeration of pairs, the unbiased decomposition, and worlds of known mistakes."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.cli import main
from hotmess.errors import BadInput, NotTestable


def letters(answers, **more):
    """Rows of one model; a list of answers per question, right is 0, −1 is none."""
    rows = [
        {"model": "m", "question": q, "sample": s, "answer": a, "target": 0, "n_choices": 5}
        for q, own in enumerate(answers)
        for s, a in enumerate(own)
    ]
    return hm.read(pd.DataFrame(rows).assign(**more), allow_copies=True)


def part(found, name):
    return found.table.set_index("part").loc[name, "value"]


def test_parts_are_chances_of_pairs():
    answers = [[0, 0, 1, 2, -1], [1, 1, 1, -1, -1], [0, 3, 4, 3, 2]]
    found = hm.modes(letters(answers))
    want = {"right or wrong": [], "answered or not": [], "among wrong answers": []}
    same, both = [], []
    for own in answers:
        pairs = list(combinations(own, 2))
        want["right or wrong"].append(np.mean([(a == 0) != (b == 0) for a, b in pairs]))
        want["answered or not"].append(np.mean([(a == -1) != (b == -1) and 0 not in (a, b) for a, b in pairs]))
        want["among wrong answers"].append(np.mean([a != b and min(a, b) > 0 for a, b in pairs]))
        both.append(np.mean([min(a, b) > 0 for a, b in pairs]))
        same.append(np.mean([a == b and a > 0 for a, b in pairs]))
    for name, values in want.items():
        assert part(found, name) == pytest.approx(np.mean(values)), name
    assert part(found, "effective wrong answers") == pytest.approx(np.mean(both) / np.mean(same))


def test_parts_add_up_to_the_unbiased_variance():
    rng = np.random.default_rng(0)
    responses = letters(rng.integers(-1, 5, (40, 6)).tolist())
    table = hm.modes(responses).table
    unbiased = hm.decompose(responses, by=["model"], estimator="unbiased", unparsable="wrong").records[0]
    assert table["value"].iloc[:3].sum() == pytest.approx(unbiased["variance"])
    assert table["share"].iloc[:3].sum() == pytest.approx(1)


@pytest.mark.parametrize("mistakes, modes", [([1], 1), ([1, 2], 2), ([1, 2, 3], 3)])
def test_favourite_mistakes_are_counted(mistakes, modes):
    rng = np.random.default_rng(len(mistakes))
    found = hm.modes(letters(rng.choice(mistakes, (60, 40)).tolist()))
    assert (found.questions["modes"] == modes).mean() > 0.9
    low, high = (found.table.set_index("part").loc["effective wrong answers", end] for end in ("low", "high"))
    assert low <= modes <= high or modes == 1


def test_shares_of_the_favourite_are_covered():
    """Letters whose wrong options have Dirichlet(½) shares: 90% intervals of the largest hold it in 90% of 300."""
    rng = np.random.default_rng(5)
    shares = rng.dirichlet(np.full(4, 0.5), 300)
    found = hm.modes(letters([rng.choice(4, 12, p=p) + 1 for p in shares])).questions
    shares = shares[found["question"].astype(int)]
    held = (found["first_low"] <= shares.max(1)) & (shares.max(1) <= found["first_high"])
    assert abs(held.mean() - 0.9) < 4 * np.sqrt(0.09 / 300)


def test_texts_count_by_their_canonical_form():
    rows = [("7", "7"), (" 7 ", "7"), ("eight", "7"), ("EIGHT", "7"), ("", "7"), ("nine", "7")]
    frame = pd.DataFrame(rows, columns=["text", "target"]).assign(model="m", question=0, sample=range(6))
    row = hm.modes(hm.read(frame, allow_copies=True)).questions.iloc[0]
    assert (row["wrong"], row["no_answer"]) == (3, 1)


def test_scores_have_no_modes(tmp_path, capsys):
    frame = pd.DataFrame({"model": "m", "question": [0, 0], "sample": [0, 1], "score": [0.0, 1.0]})
    with pytest.raises(NotTestable, match="is score, and the table has no column answer or text"):
        hm.modes(hm.read(frame))
    with pytest.raises(NotTestable, match="is score; choose another, as --outcome text"):
        hm.modes(hm.read(frame.assign(text=["a", "b"], target="a"), outcome="score"))
    vectors = hm.read(frame.drop(columns="score").assign(probs=[[0.5, 0.5], [0.2, 0.8]], target=0))
    with pytest.raises(NotTestable, match="outcome probs is none, and the table has no column answer, text, tests"):
        hm.reliability(vectors)
    letters([[0, 1, 1], [0, 2, 0]]).table.to_parquet(tmp_path / "r.parquet")
    assert main(["reliability", str(tmp_path / "r.parquet"), "--modes", "--allow-copies"]) == 0
    assert "among wrong answers" in capsys.readouterr().out


def test_where_no_answer_is_wrong_there_is_no_number_of_wrong_answers():
    frame = pd.DataFrame({"model": "m", "question": np.repeat(range(5), 3), "sample": [*range(3)] * 5, "answer": 0})
    found = hm.modes(hm.read(frame.assign(target=0, n_choices=4), allow_copies=True)).table.set_index("part")
    assert found.loc["effective wrong answers", ["value", "low", "high"]].isna().all()


def test_wrong_answers_that_never_repeat_are_no_number():
    """Where no two wrong answers of a question are ever the same the ratio is infinite, ends too, without a warning."""
    rows = [
        {"model": "m", "question": f"q{q}", "sample": s, "answer": s + 1, "target": 0, "n_choices": 9}
        for q in range(6)
        for s in range(4)
    ]
    found = hm.modes(hm.read(pd.DataFrame(rows), allow_copies=True)).table
    row = found[found["part"] == "effective wrong answers"].iloc[0]
    assert np.isinf(row[["value", "low", "high"]].to_numpy(float)).all()


def test_questions_have_the_columns_that_were_asked_for():
    table = letters([[0, 1, 1], [0, 2, 0], [1, 1, 2]]).table.assign(topic=["a"] * 3 + ["b"] * 6, wrong="x")
    responses = hm.read(table, allow_copies=True)
    found = hm.modes(responses, ["model", "topic"]).questions
    assert found[["question", "topic"]].to_numpy().tolist() == [["0", "a"], ["1", "b"], ["2", "b"]]
    with pytest.raises(BadInput, match="a column wrong of its own"):
        hm.modes(responses, ["wrong"])


def test_what_no_question_showed_may_yet_be():
    """All 40 questions were answered each time: pairs of which one is no answer have the upper end 1 − α^(1/40)."""
    rng = np.random.default_rng(0)
    found = hm.modes(letters(rng.integers(0, 4, (40, 3)))).table.set_index("part")
    low, high = found.loc["answered or not", ["low", "high"]]
    assert low == 0 and high == pytest.approx(1 - 0.05 ** (1 / 40), rel=0.05)
