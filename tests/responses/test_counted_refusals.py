"""What is refused where responses are counted, and what is looked at before: as where they are loaded whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from counted_cases import RNG, kept, letters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hotmess as hm


@pytest.mark.parametrize("samples", [np.arange, lambda n: np.arange(n) * 1000, lambda n: np.arange(n).astype(str)])
def test_duplicates_are_found_however_samples_are_numbered(tmp_path, samples):
    frame = pd.DataFrame(
        {"model": "m", "question": "q", "answer": RNG.integers(0, 2, 130), "target": 0, "n_choices": 2}
    )
    frame["sample"] = samples(130)
    frame.to_parquet(tmp_path / "fine.parquet")
    assert int(hm.read(tmp_path / "fine.parquet", engine="duckdb").table["copies"].sum()) == 130
    # Two different answers under one number, and the same answer twice.
    for at in (np.flatnonzero(frame["answer"] == 0)[:1], np.flatnonzero(frame["answer"] == 1)[:1]):
        bad = frame.copy()
        bad.loc[129, "sample"] = bad["sample"].iloc[int(at[0])]
        bad.to_parquet(tmp_path / "bad.parquet")
        with pytest.raises(hm.BadInput, match="duplicates: two responses of model 'm' to question 'q'"):
            hm.read(tmp_path / "bad.parquet", engine="duckdb")
        # In another context the number may come again.
        bad.assign(context=np.r_[np.zeros(129), 1]).to_parquet(tmp_path / "bad.parquet")
        assert hm.read(tmp_path / "bad.parquet", engine="duckdb").counted


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"where": "modle = 1"}, "refuses the query: Binder Error"),
        ({"where": "model = 'none'"}, "No row is left by the condition"),
        ({"where": "exists (from read_csv('/etc/passwd'))"}, "looks at a table of its own"),
        ({"columns": {"reasoning_tokens": "token"}}, "no column 'token' in the files.*did you mean 'tokens'"),
        ({"outcome": "anser"}, "no outcome 'anser'"),
        ({"metric": "coverage"}, "needs the outcome tests"),
        ({"length": "words"}, "no column 'words'"),
        ({"keep": ["topci"]}, "no column 'topci'"),
        ({"engine": "duckdb://?memory_limt=1GB"}, "cannot be used: .*memory_limt"),
        ({"scorer": "s"}, "leave out scorer"),
        ({"columns": {"target": "sample"}}, "Column target holds option 3 in count"),
        ({"columns": {"reasoning_tokens": "answer"}}, "holds a length below 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_one_sentence(tmp_path, options, words):
    letters().to_parquet(tmp_path / "r.parquet")
    with pytest.raises(hm.BadInput, match=words) as refused:
        hm.read(tmp_path / "r.parquet", **{"engine": "duckdb", **options})
    assert "\n" not in str(refused.value)


def test_only_parquet_is_counted(tmp_path):
    letters().to_csv(tmp_path / "r.csv")
    for name, words in (("r.csv", "An engine reads Parquet"), ("none", "no file or folder")):
        with pytest.raises(hm.BadInput, match=words):
            hm.read(tmp_path / name, engine="duckdb")
    with pytest.raises(hm.BadInput, match="No file was given"):
        hm.read([], engine="duckdb")


VALUES = {
    "answer": [[0, 1, 2], [0, 1, -1, None], ["A", "b", "(C)"], ["A", "", None], ["A", "essay"], [0, 7], [1.0, None]],
    "target": [[0], [1], ["B"], [None], [0, 1]],
    "n_choices": [[3], [3.0], ["3"], [1], [2, 3]],
    "sample": [None, list("abcdefghijklmnop"), [0, 1], [1.5, None], [10**9, 0], [-2, -1]],
    "context": [[0, 1], [None], [None, 1], ["x", "y"]],
    "tokens": [[5, 90, 0], [3.5, float("nan")], [-1, 4], [10**13], [None], [float("inf"), 2.0], ["12", "7"], ["many"]],
    "budget": [[1024], [1024.0, None], ["low", ""]],
    "model_size_b": [[0.5], [None], [1, 2], [-1.0]],
    "family": [["f"], [None]],
    "benchmark": [["x", None]],
    "finish_reason": [["stop", "length"], [None]],
    "probs": [[[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]], [[0.5, 0.25, 0.25], None], [[0.5, 0.1]], [[1.0, 2.0, -2.0]]],
    "score": [[0.0, 0.5, 1.0], [float("nan"), 1.0], [2.0]],
}  # fmt: skip
"""What a column may hold, taken in turns by the rows; None: rows numbered within their question."""


@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_counted_or_refused_as_when_it_is_loaded(tmp_path, data):
    size = data.draw(st.integers(1, 12))
    table = pd.DataFrame({"model": "m", "question": [f"q{row // 3}" for row in range(size)]})
    sound = {"answer": [0, 1, 2, 1], "target": [0], "n_choices": [3], "sample": None}
    others = data.draw(st.sets(st.sampled_from(sorted(VALUES)), max_size=3))
    for name, values in {**sound, **{name: data.draw(st.sampled_from(VALUES[name])) for name in others}}.items():
        column = [row % 3 for row in range(size)] if values is None else [values[r % len(values)] for r in range(size)]
        table[name] = pd.Series(column, dtype=object if any(isinstance(v, str | list) for v in column) else None)
    path = tmp_path / "t.parquet"
    table.to_parquet(path)
    options = {"columns": {"reasoning_tokens": "tokens"} if "tokens" in table else None}
    results: list[hm.Responses | None] = []
    for more in ({"allow_copies": True}, {"engine": "duckdb"}):
        try:
            results.append(hm.read(path, **options, **more))
        except hm.BadInput as error:
            results.append(None)
            assert "\n" not in str(error)
    whole, counted = results
    assert (whole is None) == (counted is None), (whole, counted, table)
    if whole is not None and counted is not None:
        assert whole.outcome == counted.outcome
        one, other = hm.reduce(whole), hm.reduce(counted)
        pd.testing.assert_frame_equal(one.table, other.table, check_dtype=False)


def test_answers_without_a_benchmark_are_held_against_their_grades(tmp_path):
    row = {"model": "m", "question": ["q0", "q0"], "sample": [0, 1], "answer": [0, 1], "target": 0, "n_choices": 3}
    table = pd.DataFrame({**row, "benchmark": ["x", None], "score": [float("nan"), 1.0]})
    for more in ({}, {"engine": "duckdb"}):
        with pytest.raises(hm.BadInput, match="1 of 1 answers to all contradict their grades"):
            hm.read(kept(table, tmp_path / "t.parquet"), **more)


def test_copies_are_looked_for_in_the_responses_to_some_questions(tmp_path):
    rng = np.random.default_rng(0)
    rows = [("m", f"q{q:03}", s, rng.integers(3), 0, 3, rng.integers(50, 5_000)) for q in range(120) for s in range(4)]
    names = ["model", "question", "sample", "answer", "target", "n_choices", "reasoning_tokens"]
    frame = pd.DataFrame(rows, columns=names)
    *_, honest = hm.read(kept(frame, tmp_path / "a.parquet"), engine="duckdb").notes
    assert honest == "Whether repeats are copies of each other was told from the responses to 40 questions."
    same = frame.groupby("question")[["answer", "reasoning_tokens"]].transform("first")
    copies = kept(frame.assign(**same), tmp_path / "b.parquet")
    with pytest.raises(hm.BadInput, match=r"repeats of m look like copies .* --allow-copies"):
        hm.read(copies, engine="duckdb")
    notes = hm.read(copies, engine="duckdb", allow_copies=True).notes
    assert any(note.startswith("Repeats that look like copies are taken as they are") for note in notes)
    two = pd.concat([frame, frame.assign(model="m ", sample=frame["sample"] + 4)])
    with pytest.raises(hm.BadInput, match="look like copies of each other"):  # the names differ by a blank
        hm.read(kept(two, tmp_path / "c.parquet"), engine="duckdb")
    by_name = hm.read(kept(frame.drop(columns="reasoning_tokens"), tmp_path / "d.parquet"), engine="duckdb").notes
    assert any("cannot be told: there are no lengths" in note for note in by_name)


@pytest.mark.parametrize(("outcome", "right", "wrong"), [("answer", 0, 1), ("text", "x y", "z")])
def test_all_answers_are_held_against_their_grades_by_their_number(tmp_path, outcome, right, wrong):
    """Contradictions beyond the first questions, which alone are looked at for copies; as where all is loaded."""
    frame = pd.DataFrame([(f"q{q:03}", s) for q in range(200) for s in range(4)], columns=["question", "sample"])
    frame = frame.assign(model="m", benchmark="b", target=right, score=1.0, length=np.arange(len(frame)))
    frame[outcome] = right
    if outcome == "answer":
        frame["n_choices"] = 3
    late = frame["question"] > "q150"
    few, many = frame.copy(), frame.copy()
    few.loc[late & (frame["sample"] == 0) & (frame["question"] < "q155"), outcome] = wrong  # 4 of 800
    many.loc[late & (frame["sample"] == 0), outcome] = wrong
    for options in ({"allow_copies": True}, {"engine": "duckdb", "allow_copies": True}):
        hm.read(kept(few, tmp_path / "few.parquet"), outcome=outcome, **options)
        with pytest.raises(hm.BadInput, match=r"49 of 800 answers to b contradict their grades, the first to .* q151"):
            hm.read(kept(many, tmp_path / "many.parquet"), outcome=outcome, **options)


def test_what_is_looked_at_of_too_many_goes_by_number_and_place(tmp_path, monkeypatch):
    """The kinds of answers of the most responses; the first questions of every benchmark: not what comes to hand."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame([(f"q{q:02}", s) for q in range(30) for s in range(40)], columns=["question", "sample"])
    frame = frame.assign(model="m", benchmark=np.where(frame["question"] < "q15", "b", "a"), target=0, n_choices=40)
    frame = frame.assign(answer=frame["sample"], reasoning_tokens=rng.permutation(len(frame)))
    many = (frame["benchmark"] == "a") & (frame["sample"] >= 20)  # 300 of one kind; all other kinds have 15 each
    frame.loc[many, "answer"] = 20
    frame["score"] = (frame["answer"] == 0).astype(float)
    wrong = kept(
        frame.assign(score=frame["score"].mask(many, 1.0)).sample(frac=1, random_state=0), tmp_path / "w.parquet"
    )
    monkeypatch.setattr("hotmess.responses.counted_grades.MOST", 1)
    with pytest.raises(hm.BadInput, match="answers to a contradict their grades"):
        hm.read(wrong, engine="duckdb", allow_copies=True)
    honest = kept(frame.sample(frac=1, random_state=1), tmp_path / "h.parquet")
    monkeypatch.setattr("hotmess.responses.counted_grades.MOST", 5)
    monkeypatch.setattr("hotmess.responses.counted_copies.ROWS", 80)
    notes = hm.read(honest, engine="duckdb", allow_copies=True).notes
    assert any("told from the responses to 2 questions" in note for note in notes), (
        notes
    )  # one of a and one of b, whole
    assert any("told from 360 responses" in note for note in notes)


def test_grades_of_another_range_are_brought_to_it_before_they_are_compared(tmp_path):
    frame = pd.DataFrame([(f"q{q}", s) for q in range(20) for s in range(4)], columns=["question", "sample"])
    frame = frame.assign(model="m", target=0, answer=np.arange(80) % 2, n_choices=3, length=np.arange(80))
    graded = frame.assign(score=np.where(frame["answer"] == 0, 10, 1))
    options = {"outcome": "answer", "scale": (1, 10), "allow_copies": True}
    for more in ({}, {"engine": "duckdb"}):
        assert hm.read(kept(graded, tmp_path / "ten.parquet"), **options, **more).outcome == "answer"
        with pytest.raises(hm.BadInput, match="contradict their grades"):
            hm.read(kept(graded.assign(score=11 - graded["score"]), tmp_path / "turned.parquet"), **options, **more)
    with pytest.raises(hm.BadInput, match="there is no column score"):
        hm.read(kept(frame, tmp_path / "none.parquet"), engine="duckdb", scale=(1, 10))
