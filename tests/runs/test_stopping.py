"""Whether how often a question was asked went with its answers: level of the test, columns that say it, too few."""

import numpy as np
import pandas as pd

import hotmess as hm
from hotmess.runs import stopping
from hotmess.runs.scores import runs


def rows(rng, numbers, **names):
    """Letters of questions asked so many times each, by chance of a right answer that differs between them."""
    question = np.repeat(np.arange(len(numbers)), numbers)
    right = rng.random(len(question)) < rng.beta(2, 1, len(numbers))[question]
    sample = np.concatenate([np.arange(n) for n in numbers])
    return pd.DataFrame({"question": question, "sample": sample, "answer": 1 - right.astype(int), **names})


def read(frame):
    return hm.read(frame.assign(target=0, n_choices=2), allow_copies=True)


def test_stopping_by_lot_is_called_no_oftener_than_the_level(monkeypatch):
    """Numbers of responses that are drawn without a look: 60 models at a level of 0.2 in place of 0.001."""
    monkeypatch.setattr(stopping, "level", lambda tested: 0.1)  # of each of two histories
    rng = np.random.default_rng(0)
    frame = pd.concat([rows(rng, rng.integers(2, 6, 40), model=f"m{i}") for i in range(60)])
    found = runs(read(frame))
    cells = [np.flatnonzero(found.table["model"] == f"m{i}") for i in range(60)]
    called = sum(stopping.outcome_dependent(found, at) is not None for at in cells)
    assert 0 < called <= 12 + 3 * np.sqrt(60 * 0.2 * 0.8)


def test_the_column_that_goes_with_unequal_numbers_is_named():
    rng = np.random.default_rng(1)
    parts = []
    for i in range(7):
        numbers = rng.integers(1, 6, 30) if i % 2 else np.full(30, 4)
        parts.append(rows(rng, numbers, model=f"m{i}", design="until sure" if i % 2 else "fixed", run=i % 5))
    frame = pd.concat(parts)
    said = stopping.deciding_column(runs(read(frame)), read(frame).table)
    assert said.startswith("Column design goes with") and "in all 3 groups where it is 'until sure'" in said
    assert "\"design = 'fixed'\"" in said and "all rows pooled" in said
    assert said in hm.reliability(read(frame), k=[1], draws=200, differences=False).notes
    mixed = frame.assign(design=np.where(frame["model"] == "m1", "fixed", frame["design"]))
    assert stopping.deciding_column(runs(read(mixed)), read(mixed).table) == ""
    inside = frame.assign(design=np.where(frame["question"] == 0, "fixed", frame["design"]))
    assert stopping.deciding_column(runs(read(inside)), read(inside).table) == ""
    even = frame[frame["design"] == "fixed"]
    assert stopping.deciding_column(runs(read(even)), read(even).table) == ""


def test_too_few_repeats_are_said_to_tell_nothing():
    rng = np.random.default_rng(2)
    few = runs(read(rows(rng, np.r_[np.full(5, 3), np.ones(45, int)], model="m")))
    said = stopping.too_few_to_tell(few, np.arange(50))
    assert "the 5 of 50 with two or more are too few to tell" in said
    for numbers in (np.full(50, 3), np.r_[np.full(40, 3), np.ones(10, int)], np.r_[np.full(3, 3), 2]):
        found = runs(read(rows(rng, numbers, model="m")))
        many = stopping.too_few_to_tell(found, np.arange(len(numbers)))
        assert bool(many) == (len(numbers) == 4)
