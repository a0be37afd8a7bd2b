"""Questions asked again for what they had been answered: what is off, and what is not pulled towards it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import prod

import numpy as np
import pandas as pd
import pytest

import hotmess as hm
from hotmess.decompose.records import decompose
from hotmess.looks.chosen import NOTE, asked_by_answers
from hotmess.looks.record import Look, Looks
from hotmess.statements.means import incoherence

FIRST, AGAIN = 4, 16


def truth(accuracy: float, kappa: float, wrong: int) -> tuple[float, float]:
    """Brier error and variance of questions with Beta accuracies and Dirichlet(1, …, 1) wrong answers."""
    right, missed = (x * (x * kappa + 1) / (kappa + 1) for x in (accuracy, 1 - accuracy))
    return 2 * (1 - accuracy), 1 - right - missed * 2 / (wrong + 1)


def grown(seed: int, questions: int = 250, accuracy: float = 0.75, kappa: float = 2.0) -> pd.DataFrame:
    """Responses of a world that the model describes: those questions are asked again whose first answers differ."""
    rng = np.random.default_rng(seed)
    rows = []
    for q in range(questions):
        a = rng.beta(accuracy * kappa, (1 - accuracy) * kappa)
        p = [a, *(1 - a) * rng.dirichlet(np.ones(3))]
        answers = rng.choice(4, FIRST + AGAIN, p=p)
        n = FIRST + AGAIN * (len(set(answers[:FIRST])) > 1)
        rows += [(f"q{q}", s, answers[s], "1" if s < FIRST else "2") for s in range(n)]
    table = pd.DataFrame(rows, columns=["question", "sample", "answer", "round"])
    return table.assign(
        model="m", benchmark="b", target=0, n_choices=4, reasoning_tokens=rng.integers(20, 4000, len(table))
    )


def test_the_unbiased_variance_is_too_small_by_enumeration() -> None:
    """One question of accuracy 0.7: two responses, and two more where they differ; E v̂ over all sixteen histories."""
    p, total = (0.7, 0.3), 0.0
    for history in itertools.product((0, 1), repeat=4):
        answers = history[:2] if history[0] == history[1] else history
        share = np.mean(answers)
        total += prod(p[z] for z in history) * 2 * share * (1 - share) * len(answers) / (len(answers) - 1)
    assert total < 0.85 * 2 * 0.7 * 0.3
    rounds = ["1", "1", "2", "2"]
    rows = [
        {"question": "".join(map(str, history)), "answer": z, "round": r}
        for history in itertools.product((0, 1), repeat=4)
        for z, r in zip(history if history[0] != history[1] else history[:2], rounds)
    ]
    # The package's estimator is the one that is off: the mean over questions, each history as often as it occurs.
    table = pd.DataFrame(rows).assign(model="m", benchmark="b", target=0, n_choices=2)
    found = decompose(hm.read(table, allow_copies=True), by=["question"], estimator="unbiased").frame()
    weights = [prod(p[int(z)] for z in question) for question in found["question"]]
    assert np.dot(weights, found["variance"]) == pytest.approx(total)


def test_the_posterior_is_not_pulled_to_what_is_off() -> None:
    error, variance = truth(0.75, 2.0, 3)
    responses = hm.read(grown(1))
    assert NOTE in responses.notes
    fit = hm.fit(responses, draws=250, seed=0)
    found = fit.statement().settle(incoherence)
    known = replace(fit, cells=replace(fit.cells, chosen=False), made={}).statement().settle(incoherence)
    low, high = np.quantile(found.draws, [0.025, 0.975])
    assert low < variance / error < high and found.guard[0] == 0 and np.isnan(found.z[0])
    # As without the rounds: pulled by most of the way, to where the truth is far outside.
    assert known.guard[0] > 0.5 and known.z[0] > 3
    low, high = np.quantile(known.draws, [0.025, 0.975])
    assert not low < variance / error < high


def test_rounding_and_failures_are_no_choice() -> None:
    table = grown(0, questions=40).assign(condition="", budget="")
    alike = table[table["question"].isin(table.loc[table["round"] == "2", "question"])]
    assert asked_by_answers(table, None) and not asked_by_answers(alike, None)
    assert not asked_by_answers(alike.drop(alike.index[[5, 19]]), None)
    assert not asked_by_answers(table.drop(columns="round"), None)
    found = {"information": 1.0, "fraction": 0.5, "threshold": 0.99, "probability": 0.5, "verdict": "inconclusive"}
    looks = Looks(claim="natural-overthinking", most_responses=10_000, history=(Look(responses=FIRST * 40, **found),))
    assert asked_by_answers(table.drop(columns="round"), looks)
    assert not asked_by_answers(table[table["round"] == "1"], looks)


def test_agreement_with_an_estimate_that_is_off_is_not_asked() -> None:
    table = grown(2, questions=60)
    table = table.assign(budget=np.where(table["sample"] % 2, "high", "low"))
    looks = Looks(claim="budget-lowers-incoherence", most_responses=10_000)
    found = {"information": 1.0, "threshold": 0.99, "probability": 0.5, "verdict": "inconclusive"}
    history = (Look(responses=240, fraction=0.2, **found), Look(responses=len(table), fraction=0.9, **found))
    responses = replace(hm.read(table), looks=looks.model_copy(update={"history": history}))
    verdict = hm.test("budget-lowers-incoherence", responses, draws=250)
    assert verdict.guards["agreement"]["unbiased"] is None
    assert "no estimate without a model is unbiased" in dict(verdict.lines())["Agreement"]
