"""Changed answers, against every selection of responses."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotmess.decompose.changes import answer_changes, change_rates
from hotmess.decompose.squared import unbiased
from hotmess.errors import BadInput, NotTestable
from hotmess.responses.cells import reduce
from hotmess.responses.validate import validate

contexts = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=4), min_size=1, max_size=4)


@settings(max_examples=50, deadline=None)
@given(contexts, st.integers(2, 3))
def test_rates_are_those_of_all_selections(answers, r):
    counts = np.array([np.bincount(a, minlength=3) for a in answers])
    inside, across = (x[0] for x in change_rates(counts, np.zeros(len(counts), int), 1, responses=r))
    changed = [len(set(c)) > 1 for a in answers for c in combinations(a, r)]
    assert inside == pytest.approx(np.mean(changed)) if changed else np.isnan(inside)
    several = [np.mean([len(set(one)) > 1 for one in product(*chosen)]) for chosen in combinations(answers, r)]
    assert across == pytest.approx(np.mean(several)) if several else np.isnan(across)


def table(models=2, questions=30, each=6, repeats=3, seed=0):
    rng = np.random.default_rng(seed)
    m, q, c, s = (a.ravel() for a in np.indices((models, questions, each, repeats)))
    usual = rng.integers(0, 3, (models, questions, each))[m, q, c]
    answer = np.where(rng.random(len(m)) < 0.7, usual, rng.integers(0, 3, len(m)))
    frame = pd.DataFrame({"model": [f"m{i}" for i in m], "question": [f"q{i}" for i in q], "answer": answer})
    return frame.assign(sample=s, context=[f"c{i}" for i in c], target=0, n_choices=3)


def test_two_responses_change_as_often_as_the_brier_variance_says():
    responses = validate(table())
    rows = answer_changes(responses).set_index(["model", "kind"])["share"]
    cells = reduce(responses)
    terms = unbiased(cells.points)
    for model in ("m0", "m1"):
        own = (cells.table["model"] == model).to_numpy()
        assert rows[model, "both"] == pytest.approx(terms.variance[own].mean())
        assert rows[model, "resampling"] == pytest.approx(terms.sampling_variance[own].mean())
        assert rows[model, "context"] == pytest.approx(terms.context_variance[own].mean())


def test_without_shared_contexts_there_is_resampling_only():
    rows = answer_changes(validate(table(repeats=1).drop(columns="context").assign(sample=np.tile(range(6), 60))))
    assert rows["kind"].tolist() == ["resampling"] * 2
    assert (rows["share_low"] < rows["share"]).all() and (rows["share"] < rows["share_high"]).all()
    three = answer_changes(validate(table()), responses=3).set_index(["model", "kind"])["share"]
    two = answer_changes(validate(table())).set_index(["model", "kind"])["share"]
    assert (three[:, "both"] > two[:, "both"]).all()


def test_what_cannot_change_is_said():
    with pytest.raises(BadInput, match="at least 2"):
        answer_changes(validate(table()), responses=1)
    scores = pd.DataFrame({"model": "m", "question": ["a", "a"], "score": [0.5, 0.6]})
    with pytest.raises(NotTestable, match="asked of letters"):
        answer_changes(validate(scores))
    once = table(repeats=1, each=1).drop(columns="context")
    with pytest.raises(NotTestable, match="No question has 2"):
        answer_changes(validate(once))
