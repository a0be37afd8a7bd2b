"""Copies among bare answers: probabilities by enumeration, copies found, honest draws never."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import hotmess as hm
from hotmess.responses.bare import agreeing, another_name, sequences, tail
from hotmess.responses.copies import check_copies, find_copies
from hotmess.responses.repeats import Draws


def draws_of(answers):
    """Draws and groups from answers of shape (groups, questions, samples)."""
    group, question, sample = (index.ravel() for index in np.indices(answers.shape))
    none, unknown = np.full(answers.size, -1), np.full(answers.size, np.nan)
    text = np.zeros(answers.size, dtype=bool)
    return Draws(question, none, sample, answers.ravel(), unknown, answers.ravel(), text, unknown, none), group


def table_of(answers, **more):
    group, question, sample = (index.ravel() for index in np.indices(answers.shape))
    columns = {"model": [f"m{g}" for g in group], "question": [f"q{q:02}" for q in question], "sample": sample}
    return pd.DataFrame({**columns, "answer": answers.ravel(), "target": 0, "n_choices": 5, **more})


def honest(rng, models, questions, n, options, *, alike=False):
    p = rng.dirichlet(np.full(options, rng.choice([0.3, 1.0, 10.0])), size=(1 if alike else models, questions))
    p = np.broadcast_to(p, (models, questions, options))
    return (rng.random((models, questions, n, 1)) >= p.cumsum(-1)[:, :, None, :-1]).sum(-1)


def by_count(answers):
    """The same answers, the most frequent of each question first, as rows made from counts are."""
    count = (answers[..., None] == answers[..., None, :]).sum(-1)
    return np.take_along_axis(answers, np.lexsort((answers, -count)), axis=-1)


@pytest.mark.parametrize("row", [(0, 1), (0, 0, 1), (0, 1, 2), (0, 0, 1, 1), (0, 0, 1, 2), (0, 0, 0, 1)])
def test_probabilities_of_equal_answers_are_those_of_enumeration(row):
    n = len(row)
    orders = [(order[:n], order[n:]) for order in permutations(row + row)]
    found = sequences(*draws_of(np.array([[row], [row]])))
    same = np.mean([sorted(one) == sorted(other) for one, other in orders])
    assert np.exp(found.same[0, 0]) == pytest.approx(same)
    assert np.exp(found.same[0, 0] + found.order[0, 0]) == pytest.approx(np.mean([a == b for a, b in orders]))
    assert same <= n / (2 * n - 1) + 1e-12


def test_the_tail_is_binomial_where_all_are_alike():
    assert tail(np.full(30, 0.2), 24) == pytest.approx(binom.sf(23, 30, 0.2), rel=1e-6)


def test_answers_of_one_model_under_another_name_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    answers = np.concatenate([honest(rng, 2, 9, 4, 4, alike=True), np.zeros((1, 9, 4), dtype=int)])
    answers[:2] = rng.permuted(np.broadcast_to([0, 1, 2, 0], (2, 9, 4)), axis=-1)
    assert check_copies(table_of(answers)) == ()
    answers[2] = answers[0]
    with pytest.raises(hm.BadInput, match=r"those of model 'm2' are those of model 'm0'; .* --allow-copies"):
        check_copies(table_of(answers))
    path = tmp_path / "t.parquet"
    table_of(answers).to_parquet(path)
    for more in ({}, {"engine": "duckdb"}):
        with pytest.raises(hm.BadInput, match="copied under another name"):
            hm.read(path, **more)
        assert any("in 100% of the questions" in note for note in hm.read(path, allow_copies=True, **more).notes)
    assert not find_copies(table_of(answers, temperature=0.0))


@pytest.mark.parametrize("kind", ["as they were", "shuffled", "sorted", "renumbered", "a tenth changed"])
def test_copies_are_found_in_any_order(kind):
    rng = np.random.default_rng(1)
    answers = honest(rng, 4, 60, 5, 4)
    copy = answers[1].copy()
    if kind == "shuffled":
        copy = rng.permuted(copy, axis=-1)
    if kind == "sorted":
        answers, copy = np.sort(answers, axis=-1), np.sort(copy, axis=-1)
    if kind == "a tenth changed":
        copy[::10] = 3 - copy[::10]
    answers[3] = copy
    table = table_of(answers)
    if kind == "renumbered":
        table["sample"] += 5 * (table["model"] == "m3")
    (found,) = find_copies(table)
    assert "those of model 'm3' are those of model 'm1'" in found.what


def test_two_draws_that_always_agree_are_found():
    rng = np.random.default_rng(2)
    answers = honest(rng, 1, 60, 6, 4)
    assert agreeing(draws_of(answers)[0]) is None
    answers[..., 4] = answers[..., 1]
    assert agreeing(draws_of(answers)[0]) == (2, 5)
    with pytest.raises(hm.BadInput, match="draws 2 and 5 agree in all questions that get more than one"):
        check_copies(table_of(answers))


def test_draws_ranked_by_likelihood_are_no_copies():
    """Neighbours agree in nine questions of ten, the first and the last in a third."""
    rng = np.random.default_rng(4)
    answers = honest(rng, 1, 300, 8, 2)
    likely = (answers[..., None] == answers[..., None, :]).mean(-1)
    ranked = np.take_along_axis(answers, np.argsort(-likely + 0.3 * rng.random(answers.shape), axis=-1), axis=-1)
    varied = ranked[0][np.ptp(ranked[0], axis=-1) > 0]
    assert np.mean(varied[:, 0] == varied[:, 1]) > 0.85
    assert agreeing(draws_of(ranked)[0]) is None


@pytest.mark.parametrize("order", [np.array, np.sort, by_count], ids=["drawn", "sorted", "by count"])
@pytest.mark.parametrize("alike", [False, True])
def test_honest_answers_are_never_taken_for_copies(order, alike):
    rng = np.random.default_rng(3)
    for _ in range(60):
        models, questions, n, options = rng.integers([2, 5, 2, 2], [10, 60, 8, 5])
        answers = order(honest(rng, models, questions, n, options, alike=alike))
        assert another_name(sequences(*draws_of(answers))) is None
        assert all(agreeing(draws_of(one[None])[0]) is None for one in answers)
