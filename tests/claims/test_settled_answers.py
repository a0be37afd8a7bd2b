"""Responses that are all right, or all wrong alike: the next step is not what the data hold already."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hotmess.claims.catalogue import CATALOGUE
from hotmess.claims.study import Study
from hotmess.claims.test import test_claims as run_claims
from hotmess.responses.validate import validate

NAMES = [
    "incoherence-rises-with-length",
    "answers-get-hotter-with-length",
    "natural-overthinking",
    "incoherence-rises-within-questions",
    "ensembling-divides-variance",
    "thirty-samples-suffice",
]


def settled(answer: str, apart: int = 60) -> Study:
    rows = [
        {"benchmark": "b", "model": "m", "question": f"q{q}", "sample": s, "answer": answer, "target": "A"}
        | {"n_choices": 4, "reasoning_tokens": 100 + apart * q + 7 * ((5 * q + 3 * s) % 11)}
        for q in range(12)
        for s in range(6)
    ]
    return Study(validate(pd.DataFrame(rows)), draws=100)


def test_where_all_is_right_the_next_step_is_no_list_of_what_is_there() -> None:
    verdicts = run_claims(settled("A"), NAMES, sensitivity=False)
    assert {v.verdict for v in verdicts} == {"not testable"}
    for v in verdicts:
        assert v.next_step.startswith("Ask ") and "needs" not in v.next_step, v.claim.name
    assert "too few errors" in verdicts[0].sentence and "wrong now and then" in verdicts[0].next_step
    assert "No question has different answers" in verdicts[1].sentence


def test_lengths_no_further_apart_than_runs_ask_for_other_lengths() -> None:
    v = run_claims(settled("B", apart=0), NAMES[:1], sensitivity=False)[0]
    assert v.verdict == "not testable" and "lengths lie further apart" in v.next_step


def test_answers_that_never_differ_are_not_said_to_want_more_draws() -> None:
    v = run_claims(settled("B"), ["incoherence-rises-within-questions"], sensitivity=False)[0]
    assert v.verdict == "not testable" and "No question has different answers" in v.sentence
    assert "--draws" not in v.sentence + v.next_step and v.next_step.startswith("Ask ")


@pytest.mark.parametrize("population", ["like-these", "these"])
def test_no_standard_deviation_lies_below_zero(population: str) -> None:
    study = settled("B")
    quantity = CATALOGUE["thirty-samples-suffice"].quantity(study, population)
    assert (quantity.draws > 0).all() and all((x > 0).all() for x in quantity.each.values())
    v = run_claims(study, ["thirty-samples-suffice"], population=population, sensitivity=False)[0]
    assert v.low is not None and v.probability is not None and v.low > 0
    assert abs(v.probability - np.mean(v.draws[population] < 0.01)) < 0.05  # none is lost below the region
