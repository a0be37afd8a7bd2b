"""Quantities whose terms share cells: the joint draws, by closed moments and with every question drawn."""

import numpy as np
import pandas as pd
import pytest

import hotmess.answers.closed_sets as closing
from hotmess.claims.expression import parse
from hotmess.claims.quantities import quantity_of
from hotmess.claims.study import Study
from hotmess.responses.validate import validate


@pytest.fixture(scope="module")
def responses():
    rng = np.random.default_rng(4)
    questions, samples = 320, 6
    rows = []
    for model, budget in ((m, b) for m in "AB" for b in ("low", "high")):
        right = rng.beta(1.0, 0.7, questions)
        answer = np.where(
            rng.random((questions, samples)) < right[:, None], 0, rng.integers(1, 4, (questions, samples))
        )
        question, sample = (x.ravel() for x in np.indices(answer.shape))
        part = {"model": model, "budget": budget, "question": question.astype(str), "sample": sample}
        rows.append(pd.DataFrame({**part, "answer": answer.ravel()}))
    return validate(pd.concat(rows).assign(benchmark="b", target=0, n_choices=4))


@pytest.mark.parametrize("population", ["these", "like-these"])
@pytest.mark.parametrize(
    "text",
    [
        "error(model='A') - error(budget='low')",
        "incoherence(model='A') - incoherence()",
        "accuracy(model='A', budget='low') - accuracy(model='A')",
    ],
)
def test_terms_that_share_cells_share_their_uncertainty(responses, text, population, monkeypatch):
    expression = parse(text)
    closed, drawn = [], []
    for enough, out in ((300, closed), (10**9, drawn)):
        monkeypatch.setattr(closing, "ENOUGH", enough)
        out.append(quantity_of(Study(responses, seed=1, draws=500), expression, population, 1.0).draws.ravel())
    one, other = closed[0], drawn[0]
    error = np.sqrt((one.var() + other.var()) / len(one))
    assert abs(one.mean() - other.mean()) < 4 * error
    assert abs(np.log(one.std() / other.std())) < 4 * np.sqrt(1 / len(one))
